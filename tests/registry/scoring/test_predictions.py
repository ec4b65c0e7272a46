import io
import re

import numpy as np
import pandas as pd
import pytest

from skybench.errors import PredictionsError
from skybench.registry.scoring.predictions import read_predictions, write_predictions
from skybench.registry.scoring.question import Question

SINGLE = Question(
    task="classification",
    names=("star", "elliptical", "spiral"),
    ids=np.array([3, 5, 8]),
    other_ids={"train": np.array([0, 1, 2]), "validation": np.array([4])},
)
SEVERAL = Question(task="multilabel", names=("star", "spiral"), ids=np.array([3, 5]))
GOOD = "sample_id,star,elliptical,spiral\n8,0,0,1\n3,0.5,0.25,0.25\n5,0.1,0.8,0.1\n"


def csv_file(tmp_path, text):
    path = tmp_path / "predictions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path, text, question=SINGLE):
    with pytest.raises(PredictionsError) as error:
        read_predictions(csv_file(tmp_path, text), question)
    return str(error.value)


def test_probabilities_come_in_the_order_of_the_split(tmp_path):
    answer = read_predictions(csv_file(tmp_path, GOOD), SINGLE)
    assert answer.by_seed[0].tolist() == [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0, 0, 1]]
    assert answer.content is None


@pytest.mark.parametrize("labels", ["star spiral elliptical", "0 2 1", "0.0 2.0 1.0"])
def test_labels_may_be_names_or_codes(tmp_path, labels):
    rows = zip([3, 8, 5], labels.split(), strict=True)
    text = "label,sample_id\n" + "".join(f"{label},{i}\n" for i, label in rows)
    answer = read_predictions(csv_file(tmp_path, text), SINGLE)
    assert answer.by_seed[0].argmax(axis=1).tolist() == [0, 1, 2]


def test_multilabel_takes_zeros_and_ones_or_probabilities(tmp_path):
    answer = read_predictions(
        csv_file(tmp_path, "sample_id,spiral,star\n5,1,0\n3,0.2,0.9\n"), SEVERAL
    )
    assert answer.by_seed[0].tolist() == [[0.9, 0.2], [0, 1]]


def test_byte_order_mark_spaces_blank_lines_and_windows_line_ends_are_fine(tmp_path):
    text = "\ufeff" + GOOD.replace(",", " , ").replace("\n", "\r\n") + "\r\n\r\n"
    assert read_predictions(csv_file(tmp_path, text), SINGLE).by_seed[0].shape == (3, 3)


def test_csv_may_say_which_content_it_was_made_for(tmp_path):
    answer = read_predictions(csv_file(tmp_path, "# content=sha256:ab\n" + GOOD), SINGLE)
    assert answer.content == "sha256:ab"


def test_parquet_keeps_seeds_and_content(tmp_path):
    path = tmp_path / "p.parquet"
    runs = {2: np.eye(3), 7: np.eye(3)[::-1]}
    write_predictions(path, SINGLE, runs, {"content": "sha256:ab"})
    answer = read_predictions(path, SINGLE)
    assert answer.content == "sha256:ab"
    assert {seed: p.tolist() for seed, p in answer.by_seed.items()} == {
        seed: p.tolist() for seed, p in runs.items()
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("8,0,0,1", "8,0,0,", "spiral must be a finite number in every row, got nothing in line 2"),
        ("8,0,0,1", "8,0,0,nan", "got 'nan' in line 2 of"),
        ("8,0,0,1", "8,0,inf,1", "elliptical must be a finite number in every row, got 'inf'"),
        ("8,0,0,1", "8,-2.5,0,3.5", "star must be a probability from 0 to 1, got '-2.5' in line 2"),
        ("8,0,0,1", "8,0,0,100", "divide percentages by 100"),
        ("8,0,0,1", "8,-4,0,1", "put logits through a softmax first"),
        ("8,0,0,1", "8,0,0.2,1", "must sum to 1 within 0.01, got 1.2 in line 2"),
        ("8,0,0,1", "8,0,0,1,1", "line 2 of .* has 5 fields, expected 4"),
        ("8,0,0,1", "8.5,0,0,1", "sample_id must be whole numbers, got '8.5' in line 2"),
        ("8,0,0,1", "5,0,0,1", "sample_id 5 is in line 2 and in line 4"),
        ("8,0,0,1\n", "", r"lacks 1 of its 3 ids \(8\)"),
        ("8,0,0,1", "1,0,0,1", r"has 1 other ids \(1; 1 is of the train split\)"),
        ("8,0,0,1", "99,0,0,1", r"lacks 1 of its 3 ids \(8\) and has 1 other ids \(99\)"),
        ("spiral", "spirals", "has an unknown column 'spirals' \\(did you mean 'spiral'\\?\\)"),
        ("sample_id", "id", "lacks sample_id; has an unknown column 'id'"),
        ("spiral", "star", "has the column 'star' twice"),
        ("star,", "", "line 2 of .* has 4 fields, expected 3"),
    ],
)
def test_wrong_files_are_refused_with_place_and_fix(tmp_path, old, new, expected):
    message = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert re.search(expected, message), message


def test_label_that_is_no_class_gets_the_nearest(tmp_path):
    message = refusal(tmp_path, "sample_id,label\n3,star\n5,Spirall\n8,galaxy\n")
    assert "got 'Spirall' in line 3" in message
    assert "and 1 more" in message
    assert "did you mean 'spiral'?" in message


def test_other_separators_are_recognised(tmp_path):
    assert "separate columns by commas, not ';'" in refusal(tmp_path, GOOD.replace(",", ";"))


def test_multilabel_has_no_label_column(tmp_path):
    message = refusal(tmp_path, "sample_id,label\n3,star\n5,star\n", SEVERAL)
    assert "lacks star, spiral" in message
    assert "one column a class (star, spiral) with probabilities or 0 and 1" in message


def test_each_seed_needs_every_id():
    frame = pd.DataFrame({"sample_id": [3, 5, 8, 3, 5], "seed": [0, 0, 0, 1, 1], "label": 0})
    with pytest.raises(
        PredictionsError, match="the test split for seed 1, but it lacks 1 of its 3"
    ):
        read_predictions(frame, SINGLE)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.csv", b"", "is empty"),
        ("p.csv", b"\xff\xfe\x00", "cannot be read as CSV in UTF-8"),
        ("p.parquet", b"not parquet", "cannot be read as Parquet"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PredictionsError, match=expected):
        read_predictions(tmp_path / name, SINGLE)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(PredictionsError, match=r"none\.csv is not a file"):
        read_predictions(tmp_path / "none.csv", SINGLE)


def rows(*probabilities):
    """Return a table that says the same of each sample."""
    table = pd.DataFrame([probabilities] * 3, columns=SINGLE.names)
    return table.assign(sample_id=SINGLE.ids)


@pytest.mark.parametrize(
    "probabilities",
    [
        (0.333, 0.333, 0.333),
        (0.334, 0.334, 0.333),
        (0.33, 0.33, 0.33),  # 0.99 departs from 1 by more than 0.01 in its last bit, and so
        (0.34, 0.34, 0.33),  # does 1.01
    ],
)
def test_probabilities_of_a_few_decimals_are_divided_by_their_sum(probabilities):
    answer = read_predictions(rows(*probabilities), SINGLE)
    expected = np.array(probabilities) / sum(probabilities)
    assert answer.by_seed[0] == pytest.approx(np.tile(expected, (3, 1)), abs=1e-15)
    (note,) = answer.notes
    total = f"{sum(probabilities):.7g}"
    assert note == f"probabilities that sum to {total} were divided by their sum in 3 of 3 rows"


@pytest.mark.parametrize(
    "probabilities", [(0, 0, 1.0000001), (-1e-9, 0.5, 0.5), (0, 0, 1.000001), (-1e-6, 0.5, 0.5)]
)
def test_round_off_beyond_zero_and_one_is_clipped_and_noted(probabilities):
    answer = read_predictions(rows(*probabilities), SINGLE)
    assert answer.by_seed[0].min() == 0
    assert answer.by_seed[0].sum(axis=1).tolist() == [1, 1, 1]
    assert re.fullmatch(
        "probabilities beyond 0 or 1 by round-off, .* were clipped in 3 of 3 rows", *answer.notes
    )


def test_round_off_of_several_classes_is_clipped():
    frame = pd.DataFrame({"sample_id": [3, 5], "star": [1 + 5e-7, 0.5], "spiral": [-5e-7, 0.5]})
    answer = read_predictions(frame, SEVERAL)
    assert answer.by_seed[0].tolist() == [[1, 0], [0.5, 0.5]]
    assert "at most 5e-07, were clipped in 1 of 2 rows" in answer.notes[0]


def test_a_softmax_in_float32_stays_as_it_is():
    logits = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = pd.DataFrame(softmax, columns=SINGLE.names).assign(sample_id=SINGLE.ids)
    answer = read_predictions(table, SINGLE)
    assert np.array_equal(answer.by_seed[0], softmax)
    assert answer.notes == ()


def test_what_was_divided_is_not_divided_again_when_it_comes_from_the_store():
    first = read_predictions(rows(0.33, 0.33, 0.33), SINGLE)
    buffer = io.BytesIO()
    write_predictions(buffer, SINGLE, first.by_seed, {})
    buffer.seek(0)
    second = read_predictions(buffer, SINGLE)
    assert second.notes == ()
    assert np.array_equal(second.by_seed[0], first.by_seed[0].astype(np.float32))


@pytest.mark.parametrize(
    ("probabilities", "says"),
    [
        ((0, 0, 1.00001), r"got 1\.00001 in row 0 of the DataFrame and 2 more; .* than round-off"),
        ((0, -0.001, 1), r"got -0\.001 in row 0 .* than round-off"),
        ((0, -3, 4), r"got -3 in row 0 .* put logits through a softmax first"),
        ((0, -2.5, 4), r"got -2\.5 in row 0 .* put logits through a softmax first"),
        ((np.float32(0.1), np.float32(0.2), 1), r"within 0\.01, got 1\.3 in row 0"),
        ((0.3, 0.3, 0.38), r"within 0\.01, got 0\.98 in row 0 .* divide each row by its sum"),
    ],
)
def test_numbers_are_told_plainly_with_the_advice_that_fits(probabilities, says):
    with pytest.raises(PredictionsError) as error:
        read_predictions(rows(*probabilities), SINGLE)
    assert re.search(says, str(error.value)), error.value
    assert "np." not in str(error.value)


@pytest.mark.parametrize("values", [pd.to_datetime(["2020-01-01"] * 3), [1 + 2j] * 3])
def test_dates_and_complex_numbers_are_no_probabilities(values):
    with pytest.raises(PredictionsError, match="star must be a finite number in every row, got"):
        read_predictions(rows(0, 0, 1).assign(star=values), SINGLE)
