import json
from pathlib import Path

import jsonschema
import pytest

from skybench.errors import IntegrityError, ParameterError, StoreError
from skybench.registry.scoring.records import (
    EpochScore,
    Record,
    SeedScore,
    check_record_name,
    record_schema,
    records_from_text,
    records_text,
    stored_records,
)
from skybench.registry.versions.index import find, read_index, read_manifest

DIGEST = "sha256:" + "0f" * 32


def record(**changes):
    curve = EpochScore(
        epoch=1,
        learning_rate=0.1,
        train_loss=0.5,
        validation_loss=0.4,
        validation_score=0.9,
    )
    measures = {"star": {"accuracy": 0.95, "f1": 0.9}, "spiral": {"accuracy": None, "f1": None}}
    scores = tuple(
        SeedScore(
            seed=seed,
            score=0.9,
            measures=measures,
            overall={"expected_calibration_error": 0.02},
            validation_score=0.9,
            best_epoch=1,
            weights_sha256=DIGEST,
            curve=(curve,),
        )
        for seed in (0, 1)
    )
    fields = {
        "name": "resnet50",
        "kind": "baseline",
        "dataset": "sky",
        "version": "0.1",
        "content": DIGEST,
        "split": "test",
        "split_content": DIGEST,
        "samples": 100,
        "task": "classification",
        "classes": ("star", "spiral"),
        "created": "2026-11-20T16:00:00Z",
        "model": "resnet50",
        "parameters": 23507907,
        "protocol": "default",
        "hyperparameters": {"learning_rate": 0.1, "augmentation": "dihedral"},
        "seeds": (0, 1),
        "epochs": 8,
        "score": 0.9,
        "interval": {"low": 0.85, "high": 0.95},
        "measures": measures,
        "overall": {"expected_calibration_error": 0.02},
        "confusion": ((95, 5), (0, 0)),
        "scores": scores,
        "weights": {"key": "baselines/resnet50.safetensors", "size": 1, "sha256": DIGEST},
    }
    return Record.model_validate(fields | changes)


def test_what_is_said_of_a_model_is_in_a_record_that_says_it_and_in_no_other():
    silent = json.loads(record().to_text())
    assert not {"code", "paper", "authors", "training_data", "pretraining"} & silent.keys()
    told = record(code="https://example.org/mynet", authors=["A. Name"])
    values = json.loads(told.to_text())
    assert values == silent | {"code": "https://example.org/mynet", "authors": ["A. Name"]}
    assert Record.from_text(told.to_text(), "it") == told


def test_record_survives_its_text():
    original = record()
    assert Record.from_text(original.to_text(), "here") == original
    assert records_from_text(records_text([original, original]), "here") == (original, original)


def test_multilabel_confusion_survives_its_text():
    original = record(task="multilabel", confusion=[[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    assert Record.from_text(original.to_text(), "here").confusion == (
        ((1, 2), (3, 4)),
        ((5, 6), (7, 8)),
    )


def test_published_schema_is_a_schema_that_records_fulfil():
    schema = record_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(record().to_text()), schema)


def test_regression_record_survives_its_text_and_fulfils_the_schema():
    measures = {"flux": {"rmse": 120.5, "mae": 80, "r2": -0.5, "bias": -3}}
    scores = [{"seed": seed, "score": -0.5, "measures": measures} for seed in (0, 1)]
    original = record(
        task="regression",
        metric="r2",
        classes=(),
        targets=("flux",),
        score=-0.5,
        interval={"low": -0.7, "high": -0.4},
        measures=measures,
        confusion=(),
        scores=scores,
    )
    text = original.to_text()
    assert Record.from_text(text, "here") == original
    jsonschema.validate(json.loads(text), record_schema())


def test_a_record_says_each_thing_once():
    values = json.loads(record().to_text())
    assert not {name for name in values if name.startswith("accuracy")}
    assert "validation_accuracy" not in values["scores"][0]["curve"][0]
    assert record().by_part["star"] == {"accuracy": 0.95, "f1": 0.9}


RELEASES = Path(__file__).parents[3] / "registry" / "releases"
TINY = Path(__file__).parents[2] / "data" / "format-1" / "tiny" / "1.0" / "baselines"


def old_records():
    """What releases recorded in the first format: with accuracy alone, then with score beside."""
    for path in (*sorted(RELEASES.glob("0.[12]/*.baselines.json")), *sorted(TINY.glob("*.json"))):
        values = json.loads(path.read_text(encoding="utf-8"))
        for value in values if isinstance(values, list) else [values]:
            yield pytest.param(value, id=f"{path.parent.name}-{path.stem}-{value['name']}")


@pytest.mark.parametrize("values", list(old_records()))
def test_records_of_the_first_format_are_read_and_fulfil_the_schema(values):
    jsonschema.validate(values, record_schema())
    read = Record.from_text(json.dumps(values), "here")
    assert (read.metric, read.score) == ("accuracy", values["accuracy"])
    shares = {name: measures["accuracy"] for name, measures in read.by_part.items()}
    assert shares == values["accuracy_by_class"]
    for seed, expected in zip(read.scores, values["scores"], strict=True):
        assert seed.score == expected["accuracy"]
        assert seed.validation_score == expected["validation_accuracy"]
        points = [point["validation_accuracy"] for point in expected["curve"]]
        assert [point.validation_score for point in seed.curve] == points


@pytest.mark.parametrize("values", list(old_records()))
def test_records_of_the_first_format_are_written_again_as_they_were(values):
    again = json.loads(Record.from_text(json.dumps(values), "here").to_text())
    assert {name: again[name] for name in values if name != "scores"} == {
        name: value for name, value in values.items() if name != "scores"
    }
    # Before 0.2 there was no score; it is added.
    assert again.keys() - values.keys() <= {"score", "metric", "measures", "targets"}
    jsonschema.validate(again, record_schema())


@pytest.mark.parametrize(
    "path", sorted(RELEASES.glob("0.2/*.baselines.json")), ids=lambda p: p.stem
)
def test_records_of_0_2_keep_every_byte(path):
    text = path.read_text(encoding="utf-8")
    assert records_text(records_from_text(text, str(path))) == text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seeds": (0, 2)}, "seeds and scores disagree"),
        ({"complete": False}, "incomplete_because is given exactly where complete is false"),
        ({"incomplete_because": "1 of 3 seeds"}, "exactly where complete is false"),
        ({"score": 0.99}, "score lies outside its interval"),
        ({"accuracy": 0.9}, "accuracy is a field of skybench-record-1; give score"),
        (
            {"format": "skybench-record-1", "accuracy": 0.89},
            "0.89 is not the score of the metric accuracy",
        ),
        ({"format": "skybench-record-0"}, "format"),
        ({"accuracy": 1.5}, "less than or equal to 1"),
        ({"content": "sha1:00"}, "content"),
        ({"merit": 1}, "merit"),
        ({"name": "../x"}, "did you mean 'x'"),
    ],
)
def test_records_that_contradict_themselves_are_refused(changes, expected):
    values = json.loads(record().to_text()) | changes
    with pytest.raises(IntegrityError, match=expected):
        Record.from_text(json.dumps(values), "resnet50.json")


def test_a_record_of_a_newer_format_asks_for_a_newer_skybench():
    values = json.loads(record().to_text()) | {"format": "skybench-record-3", "merit": 1}
    with pytest.raises(StoreError, match=r"format skybench-record-3 .* pip install --upgrade"):
        Record.from_text(json.dumps(values), "resnet50.json")
    with pytest.raises(StoreError, match=r"record 0 of sky\.baselines\.json has format"):
        records_from_text(json.dumps([values]), "sky.baselines.json")


def test_a_manifest_is_written_where_it_was_given_and_nowhere_else():
    assert "manifest" not in json.loads(record().to_text())
    submitted = record(kind="submission", manifest=DIGEST)
    assert json.loads(submitted.to_text())["manifest"] == DIGEST
    assert Record.from_text(submitted.to_text(), "mine.json") == submitted


def test_names_are_those_of_files():
    assert check_record_name("MyNet-v2.1_big+aug") == "MyNet-v2.1_big+aug"
    with pytest.raises(ParameterError, match=r"got 'My Net/2'; did you mean 'My-Net-2'\?"):
        check_record_name("My Net/2")
    with pytest.raises(ParameterError, match=r"got ''$"):
        check_record_name("")
    with pytest.raises(ParameterError, match=r"'aux\.v2' is a name of a file that Windows"):
        check_record_name("aux.v2")


def test_file_of_records_must_be_a_list():
    with pytest.raises(IntegrityError, match=r"sky\.baselines\.json must hold a list"):
        records_from_text("{}", "sky.baselines.json")


def test_record_belongs_where_the_test_split_is_the_same(published):
    manifest = read_manifest(published, find(read_index(published), "sky", "0.1"))
    test_root = manifest.content.splits["test"].root
    assert record(split_content=test_root).mismatch(manifest) is None
    fault = record().mismatch(manifest)
    assert DIGEST in fault
    assert test_root in fault


def test_stored_records_are_those_in_json_files(published):
    published.write("sky/0.1/baselines/resnet50.json", record().to_text())
    published.write("sky/0.1/baselines/resnet50-predictions.parquet", b"")
    assert stored_records(published, "sky/0.1/baselines") == (record(),)
    assert stored_records(published, "sky/0.1/submissions") == ()
