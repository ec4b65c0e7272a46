import json

import numpy as np
import pytest

import skybench
from skybench.registry.storage.store import Store
from skybench.site import explorer
from skybench.site.explorer import write_explorer
from skybench.site.version import read_versions


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes the explorer of a store, and gives folder and entries."""
    source = tmp_path / "source"
    source.mkdir()
    for name in explorer._FILES:
        (source / name).write_text(name)
    monkeypatch.setattr(explorer, "_SOURCE", source)

    def write(store, store_url=".."):
        place = Store(store)
        write_explorer(place, read_versions(place), tmp_path / "site", store_url=store_url)
        folder = tmp_path / "site" / "explorer"
        said = json.loads((folder / "datasets.json").read_text())
        assert said["store"] == store_url
        return folder, {entry["reference"]: entry for entry in said["datasets"]}

    return write


def test_its_code_and_style_are_copied(written, demo_store):
    folder, _ = written(demo_store)
    assert {name: (folder / name).read_text() for name in explorer._FILES} == {
        name: name for name in explorer._FILES
    }


def test_entries_say_where_the_zarr_is_and_who_answered(written, demo_store):
    _, entries = written(demo_store)
    assert set(entries) == {"objects@0.0", "sky@0.0"}
    entry = entries["objects@0.0"]
    assert (demo_store / entry["zarr"] / "zarr.json").exists()
    assert entry["variable"] == "image"
    assert entry["samples"] == 60
    board = skybench.leaderboard("objects@0.0", store=demo_store)
    assert [model["name"] for model in entry["models"]] == board.name.tolist()
    assert entry["models"][0]["score"] == f"accuracy {100 * board.accuracy[0]:.2f}%"


@pytest.mark.parametrize("name", ["objects", "sky"])
def test_answers_come_to_the_score_of_their_model(written, demo_store, name):
    folder, entries = written(demo_store)
    ds = skybench.open(f"{name}@0.0", store=demo_store)
    board = skybench.leaderboard(f"{name}@0.0", store=demo_store).set_index("name")
    for model in entries[f"{name}@0.0"]["models"]:
        said = json.loads((folder / model["answers"]).read_text())
        assert said["rows"] == np.flatnonzero(ds.split == "test").tolist()
        columns = said["columns"]
        assert set(columns) == {"answer", "confidence", "outcome"}
        assert {len(values) for values in columns.values()} == {len(said["rows"])}
        right = np.mean(np.array(columns["outcome"]) == "right")
        assert right == pytest.approx(board.accuracy[model["name"]], abs=1e-5)


def test_code_makes_a_sample_of_a_packaged_recipe_again(written, demo_store):
    _, entries = written(demo_store)
    for entry in entries.values():
        code = "\n".join(["import skybench", *entry["code"]])
        found = {}
        exec(code.format(row=23, next=24, store=demo_store), found)
        assert found["again"].sample_id.values.tolist() == [23]


def test_code_only_opens_what_no_packaged_recipe_makes(written, recorded_checkout):
    _, entries = written(recorded_checkout[1])
    code = entries["tiny@0.3"]["code"]
    assert code[0] == 'ds = skybench.open("tiny@0.3", store="{store}")'
    assert not any("generate" in line for line in code)


@pytest.mark.usefixtures("tiny_is_recorded")
def test_code_needs_no_store_for_what_is_recorded(written, recorded_checkout):
    _, entries = written(recorded_checkout[1])
    assert entries["tiny@0.3"]["code"][0] == 'ds = skybench.open("tiny@0.3")'
