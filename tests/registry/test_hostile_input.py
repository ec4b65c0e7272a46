"""What strangers may put into a store: refused in a sentence, nothing outside it touched."""

import io
import json
import os
import time
import zipfile
from pathlib import Path

import intake
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
import zarr

from skybench.catalogs.catalog_text import CatalogEntry, catalog_text
from skybench.errors import IntegrityError, PredictionsError, RecipeError, StoreError
from skybench.generators.recipe_file import parse_recipe
from skybench.registry.scoring.predictions import read_predictions
from skybench.registry.scoring.question import Question
from skybench.registry.scoring.records import Record
from skybench.registry.storage.store import Store
from skybench.registry.versions.index_lines import parse_lines
from skybench.registry.versions.manifest import Manifest

RELEASE = Path(__file__).parents[1] / "data" / "format-1"
VERSION = RELEASE / "tiny" / "1.0"
MANIFEST = json.loads((VERSION / "manifest.json").read_text())
RECORD = json.loads((VERSION / "baselines" / "majority-class.json").read_text())
RECIPE = (RELEASE.parent / "tiny.yaml").read_text()
FILE = MANIFEST["objects"][0]
CLASSES = Question(task="classification", names=("a", "b"), ids=np.arange(4))
MAPS = Question(task="segmentation", names=("background", "star"), ids=np.arange(4), shape=(4, 4))


def refused(values, says):
    with pytest.raises(IntegrityError, match=says) as caught:
        Manifest.from_text(json.dumps(values), "manifest.json")
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 2000


@pytest.mark.parametrize(
    "key",
    [
        *("../x", "/etc/passwd", "a/../b", "./a", "a//b", "a/", "", ".", "..", "a\\b", "C:x"),
        *("a\nb", "a\0b", "a*", "a?", "[a]", "{a}", "~", "%2e%2e/x", "a#b", "s3://b/x", "a b"),
        *("\u202ea", "ä", "x" * 256, "a/" * 300 + "a", "{{ a }}"),
    ],
)
def test_no_key_leads_out_or_means_something_else(key):
    refused({**MANIFEST, "objects": [{**FILE, "key": key}]}, "inside the version's folder")
    refused({**MANIFEST, "zarr": key}, "inside the version's folder")


@pytest.mark.parametrize(
    "keys",
    [("a", "A"), ("a", "a/b"), ("A/b", "a"), ("manifest.json",), ("card.md",), ("CROISSANT.json",)],
)
def test_no_file_takes_the_place_of_another(keys):
    refused({**MANIFEST, "objects": [{**FILE, "key": key} for key in keys]}, "keys that collide")


@pytest.mark.parametrize("sign", ["\x1b[2J", "\x07", "\x00", "\x7f", "\x9b", "\u202e", "\u2066"])
@pytest.mark.parametrize("key", ["title", "description", "licence", "citation", "task"])
def test_no_text_steers_a_terminal(key, sign):
    refused({**MANIFEST, key: f"a{sign}b"}, f"{key}.*control character")


@pytest.mark.parametrize("key", ["title", "licence", "task"])
def test_a_line_is_a_line(key):
    refused({**MANIFEST, key: "a\nb"}, "one line of plain text")


def test_half_a_character_is_no_text():
    refused({**MANIFEST, "title": "\ud800"}, "half a character")


def with_content(change):
    content = json.loads(json.dumps(MANIFEST["content"]))
    change(content, content["variables"]["image"], content["variables"]["image"]["header"])
    return {**MANIFEST, "content": content}


LIES = {
    "foreign algorithm": lambda c, v, h: c.update(algorithm="skyhash-9"),
    "other blocks": lambda c, v, h: c.update(block_rows=1),
    "no root": lambda c, v, h: c.update(root="sha256:../../x"),
    "path as a name": lambda c, v, h: c["variables"].update({"../x": v}),
    "name of another": lambda c, v, h: h.update(name="label"),
    "no dims": lambda c, v, h: h.pop("dims"),
    "dims in a text": lambda c, v, h: h.update(dims="sample"),
    "dim that is a path": lambda c, v, h: h.update(dims=["sample", "../y", "x"]),
    "same dim twice": lambda c, v, h: h.update(dims=["sample", "y", "y"]),
    "sample last": lambda c, v, h: h.update(dims=["y", "x", "sample"]),
    "shape beyond memory": lambda c, v, h: h.update(shape=[10**30, 12, 12]),
    "negative shape": lambda c, v, h: h.update(shape=[-60, 12, 12]),
    "shape of another length": lambda c, v, h: h.update(shape=[60]),
    "dtype of objects": lambda c, v, h: h.update(dtype="object"),
    "units that are none": lambda c, v, h: h.update(units=["electron"]),
    "units with an escape": lambda c, v, h: h.update(units="\x1b[2J"),
    "flags of words": lambda c, v, h: h.update(flag_values=["a"], flag_meanings="a"),
    "flags without meanings": lambda c, v, h: h.update(flag_values=[1, 2], flag_meanings="a"),
    "blocks of fewer rows": lambda c, v, h: h.update(shape=[600, 12, 12]),
    "block that is no digest": lambda c, v, h: v.update(blocks=["x" * 64]),
    "split of other variables": lambda c, v, h: c["splits"]["test"]["variables"].pop("image"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_content_hash_must_be_of_a_dataset(lie):
    refused(with_content(LIES[lie]), "content")


@pytest.mark.parametrize("name", ["{{ env(HOME) }}", "../test", "test\n", "", "te st", "Test"])
def test_a_split_is_a_name(name):
    def renamed(content, *_):
        content["splits"][name] = content["splits"].pop("test")

    splits = {name if key == "test" else key: n for key, n in MANIFEST["splits"].items()}
    refused({**with_content(renamed), "splits": splits}, "lower-case letters, digits")


def test_sizes_that_lie_are_refused():
    refused({**MANIFEST, "samples": 10**9 + 1}, "more than 1,000,000,000")
    refused({**MANIFEST, "samples": 10**300}, "more than 1,000,000,000")
    digests = next(o for o in MANIFEST["objects"] if o["key"] == MANIFEST["sample_digests"])
    others = [o for o in MANIFEST["objects"] if o is not digests]
    refused({**MANIFEST, "objects": [*others, {**digests, "size": 1921}]}, "not 32 a sample")


def test_templates_in_text_stay_text_in_the_catalog(tmp_path):
    shell = "{{ shell('touch ran') }} {% for x in y %} {# x #} {{ env('HOME') }}"
    manifest = Manifest.from_text(
        json.dumps({**MANIFEST, "title": shell, "citation": shell, "licence": shell}), "m"
    )
    text = catalog_text([CatalogEntry(manifest=manifest)])
    (tmp_path / "catalog.yaml").write_text(text)
    catalog = intake.open_catalog(str(tmp_path / "catalog.yaml"))
    assert catalog["tiny_v1_0"].metadata["citation"] == shell
    assert catalog["tiny_v1_0"].metadata["licence"] == shell
    assert not list(tmp_path.glob("**/ran"))
    assert yaml.safe_load(text)["sources"]["tiny_v1"]["driver"][0].startswith("skybench.")


@pytest.fixture
def linked(tmp_path):
    """A store with links that lead out of it, to a folder and to a file."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "sky").symlink_to(outside)
    (tmp_path / "store" / "index.jsonl").symlink_to(outside / "secret")
    return Store(tmp_path / "store")


def test_nothing_is_read_written_or_deleted_through_a_link_out_of_the_store(linked, tmp_path):
    for act in (
        lambda: linked.read_text("sky/secret"),
        lambda: linked.read_text("index.jsonl"),
        lambda: list(linked.pieces("sky/secret")),
        lambda: linked.write("sky/new", "x"),
        lambda: linked.write("index.jsonl", "x"),
        lambda: linked.remove("sky/secret"),
        lambda: linked.remove("sky"),
        lambda: linked.move("sky/secret", "mine"),
    ):
        with pytest.raises(StoreError, match="a link that leads out of the store"):
            act()
    outside = tmp_path / "outside"
    assert [file.name for file in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_links_inside_a_store_and_to_a_store_are_fine(tmp_path):
    (tmp_path / "disk" / "sky").mkdir(parents=True)
    (tmp_path / "disk" / "sky" / "a").write_text("a")
    (tmp_path / "disk" / "alias").symlink_to("sky")
    (tmp_path / "store").symlink_to("disk")
    assert Store(tmp_path / "store").read_text("alias/a") == "a"


def test_a_text_is_read_no_further_than_its_limit(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "index.jsonl").touch()
    os.truncate(tmp_path / "index.jsonl", 1 << 40)  # a hole: a terabyte that takes no room
    with pytest.raises(IntegrityError, match="is larger than 67,108,864 bytes"):
        store.read_text("index.jsonl")


@pytest.mark.parametrize("key", ["a\nb", "a\x1b[2J", "../a", "/a", "a\0", "a\\b"])
def test_a_key_is_a_printable_path_inside(tmp_path, key):
    with pytest.raises(StoreError, match="not a path inside a store"):
        Store(tmp_path).url_of(key)


def test_a_long_index_takes_time_by_its_length_only():
    # Each version on a line of its own; the time once grew with the square of the lines.
    lines, previous = [], "sha256:" + "0" * 64
    from skybench.registry.versions.index_lines import IndexEntry
    from skybench.registry.versions.manifest import digest_of

    for number in range(4000):
        line = IndexEntry(
            dataset="sky",
            version=f"1.{number}",
            manifest=previous,
            content=previous,
            time="2026-11-20T16:00:00Z",
            previous=previous,
        ).to_line()
        lines.append(line)
        previous = digest_of(line)
    started = time.process_time()
    assert len(parse_lines("".join(f"{line}\n" for line in lines), "index.jsonl")) == 4000
    assert time.process_time() - started < 3


# Recipes


def laughs(rows):
    lines = ["a0: &a0 [" + "x, " * 8 + "x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, rows)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (laughs(20), "aliases unfold to"),
        (RECIPE + laughs(20), "aliases unfold to"),
        ("a: &a [*a]", "an alias contains itself"),
        ("a: &a {b: *a}", "an alias contains itself"),
        ("a: !!python/object/apply:os.mkdir [ran]", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("!<tag:yaml.org,2002:python/module:os> x", "could not determine a constructor"),
        ("[" * 5000, "nested too deeply|not valid YAML"),
        ("- a", "a recipe is a mapping"),
        ("", "a recipe is a mapping"),
        ("a: 1\na: 2", "written twice"),
        (RECIPE.replace("title:", 'title: "a\\x1b[2J"\n#'), "control character"),
        (RECIPE.replace("title:", 'title: "a\\nb"\n#'), "one line of plain text"),
        (RECIPE.replace("name: tiny", "name: ../tiny"), "name: "),
        (RECIPE.replace("samples: 60", "samples: .inf"), "samples: "),
        (RECIPE.replace("samples: 60", "samples: 1e400"), "samples: "),
        (RECIPE.replace("fwhm: 2.5", "fwhm: .nan"), "psf.fwhm"),
        (RECIPE.replace("3.0e+3", "-.inf"), "flux"),
    ],
)
def test_hostile_yaml_is_a_wrong_recipe_and_nothing_more(text, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = time.process_time()
    with pytest.raises(RecipeError, match=says):
        parse_recipe(text, "recipe.yaml")
    assert time.process_time() - started < 2
    assert list(tmp_path.iterdir()) == []


def test_a_few_aliases_are_a_convenience():
    text = RECIPE.replace("flux: {", "flux: &flux {", 1).replace(
        "flux: {distribution: log_uniform, low: 3.0e+3, high: 1.0e+4}", "flux: *flux", 1
    )
    assert "*flux" in text
    assert parse_recipe(text, "r") == parse_recipe(RECIPE, "r")


# Records


@pytest.mark.parametrize("key", ["baselines/x.pt", "baselines/x.pkl", "baselines/x.ckpt", "x"])
def test_weights_that_could_be_code_are_refused(key):
    weights = {"key": key, "size": 1, "sha256": "sha256:" + "0" * 64}
    with pytest.raises(IntegrityError, match=r"weights must be \.safetensors"):
        Record.from_text(json.dumps({**RECORD, "weights": weights}), "record.json")


def test_no_record_steers_a_terminal():
    with pytest.raises(IntegrityError, match="control character"):
        Record.from_text(json.dumps({**RECORD, "model": "\x1b]0;title\x07"}), "record.json")


# Predictions


def npz(shape, descr="'|i1'", data=b"", copies=1):
    """Write an .npz whose header of the maps may say anything."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("sample_id.npy", "w") as member:
            np.save(member, np.arange(4))
        for _ in range(copies):
            header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".ljust(117)
            length = (len(header) + 1).to_bytes(2, "little")
            content = b"\x93NUMPY\x01\x00" + length + header.encode() + b"\n" + data
            archive.writestr("segmentation.npy", content)
    buffer.seek(0)
    return buffer


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        (lambda: npz("(10000000000000,)"), "unfolds to 10,000,000,000,000 bytes"),
        (lambda: npz("(100000000,)", data=bytes(10**7)), "unfolds to 100,000,000 bytes"),
        (lambda: npz("(-4, 4, 4)"), "cannot be read as maps"),
        (lambda: npz("(4, 4, 4)", data=b"short"), "cannot be read as maps"),
        (lambda: npz("(4, 4, 4)", "'|O'"), "Python objects, which would be code"),
        (lambda: npz("(4, 4, 4)", "[('a', '|O')]"), "Python objects, which would be code"),
        (lambda: npz("(4, 4, 4)", "__import__('os')"), "cannot be read as maps"),
        (lambda: npz("(4, 4, 4)", data=bytes(64), copies=2), "segmentation 2 times"),
        (lambda: io.BytesIO(b"\x80\x04."), "not a zip file"),
        (lambda: io.BytesIO(b""), "not a zip file"),
    ],
)
def test_maps_that_unfold_or_run_are_refused(file, says):
    with pytest.raises(PredictionsError, match=says):
        read_predictions(file(), MAPS)


def test_an_array_beside_the_answer_is_not_even_read():
    buffer = npz("(4, 4, 4)", data=bytes(64))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("bomb.npy", b"no array at all")
    assert read_predictions(buffer, MAPS).by_seed[0].shape == (4, 4, 4)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"shape": (10**9, 64, 64), "chunks": (1, 4, 4)}, "unfolds to"),
        ({"shape": (4, 4, 4), "chunks": (10**6, 64, 64)}, "a chunk of segmentation unfolds to"),
    ],
)
def test_zarr_maps_that_unfold_are_refused(tmp_path, options, says):
    group = zarr.open_group(tmp_path / "maps.zarr", mode="w")
    group.create_array("sample_id", data=np.arange(4))
    group.create_array("segmentation", dtype="int8", **options)
    with pytest.raises(PredictionsError, match=says):
        read_predictions(tmp_path / "maps.zarr", MAPS)


def test_zarr_maps_name_only_codecs_of_numbers(tmp_path):
    group = zarr.open_group(tmp_path / "maps.zarr", mode="w", zarr_format=2)
    group.create_array("segmentation", data=np.zeros((4, 4, 4), np.int8), chunks=(4, 4, 4))
    file = tmp_path / "maps.zarr" / "segmentation" / ".zarray"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"compressor": {"id": "pickle"}}))
    with pytest.raises(PredictionsError, match="pickle"):
        read_predictions(tmp_path / "maps.zarr", MAPS)


def parquet(table):
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    buffer.seek(0)
    return buffer


ANSWER = pa.table({"sample_id": np.arange(4), "label": ["a", "b", "a", "b"]})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            pa.table({"sample_id": np.zeros(10**6, np.int64), "label": np.zeros(10**6, np.int8)}),
            "1,000,000 rows of 2 columns, far more than",
        ),
        (pa.table({f"c{n}": np.arange(4) for n in range(100)}), "4 rows of 100 columns"),
        (pa.table({"sample_id": np.arange(4), "label": [[1]] * 4}), "column 'label' of list"),
        (pa.table({"sample_id": np.arange(4), "label": [b"a"] * 4}), "column 'label' of binary"),
        (
            pa.table([np.arange(4), np.zeros(4), np.zeros(4)], ["sample_id", "label", "label"]),
            "'label' twice",
        ),
        (ANSWER.replace_schema_metadata({b"skybench": b"{"}), "not valid JSON"),
        (ANSWER.replace_schema_metadata({b"skybench": b"\xff"}), "utf-8"),
        (pa.table({"sample_id": [0, 1, 2, 1e300], "label": [0] * 4}), "whole numbers"),
        (pa.table({"sample_id": [0, 1, 2, 2.0**63], "label": [0] * 4}), "whole numbers"),
    ],
)
def test_tables_that_are_far_from_an_answer_are_refused(table, says):
    with pytest.raises(PredictionsError, match=says):
        read_predictions(parquet(table), CLASSES)


def test_metadata_that_say_nothing_are_none():
    table = ANSWER.replace_schema_metadata({b"skybench": b"[]"})
    assert read_predictions(parquet(table), CLASSES).content is None


def test_a_long_label_many_times_takes_its_memory_once():
    # A gigabyte, were each of the thousand labels written out.
    labels = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), ["x" * 10**6])
    table = pa.table({"sample_id": np.arange(1000), "label": labels})
    with pytest.raises(PredictionsError, match="must be one of a, b"):
        read_predictions(
            parquet(table), Question(task="classification", names=("a", "b"), ids=np.arange(1000))
        )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sample_id,label\n" + "0,a\n" * 2000, "far more than the 4 test samples"),
        (",".join(f"c{n}" for n in range(10**5)) + "\n", "100,000 columns"),
        ("sample_id,label\n0," + "x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_csv_that_never_ends_is_refused_on_the_way(tmp_path, text, says):
    (tmp_path / "p.csv").write_text(text)
    started = time.process_time()
    with pytest.raises(PredictionsError, match=says):
        read_predictions(tmp_path / "p.csv", CLASSES)
    assert time.process_time() - started < 2
