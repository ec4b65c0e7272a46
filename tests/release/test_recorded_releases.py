"""The releases recorded in this repository are real: their data can be made again from it."""

from pathlib import Path

import pytest

from skybench.generators.codes import SAMPLE_DIM
from skybench.generators.generate import GENERATOR, generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.registry.hashing.content_hash import BLOCK_ROWS, hash_dataset
from skybench.registry.scoring.records import records_from_text
from skybench.registry.versions.manifest import Manifest

FOLDER = Path(__file__).parent.parent.parent / "registry" / "releases"
RECORDED = sorted(FOLDER.glob("*/*.manifest.json"))
EACH = pytest.mark.parametrize("path", RECORDED, ids=lambda p: f"{p.parent.name}-{p.name}")


def manifest_at(path):
    return Manifest.from_text(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_each_version_is_recorded(version):
    names = {path.name for path in RECORDED if path.parent.name == version}
    assert names == {"objects.manifest.json", "sky.manifest.json"}


@EACH
def test_its_first_block_of_rows_is_what_the_recorded_recipe_gives(path):
    manifest = manifest_at(path)
    rows = generate_as_stored(recipe_from(manifest.recipe_in_order), 0, BLOCK_ROWS)
    made = hash_dataset(rows).variables
    assert made.keys() == manifest.content.variables.keys()
    # Each generator until now draws the same parameters as those before, and other pixels.
    older = manifest.generator.get("generator", "skybench-generator-1") != GENERATOR
    for name in made.keys() - ({"image"} if older else set()):
        recorded = manifest.content.variables[name]
        if SAMPLE_DIM in rows[name].dims:
            assert made[name].blocks == recorded.blocks[:1], name
        else:
            assert made[name] == recorded, name


@EACH
def test_its_records_are_bound_to_it_and_complete(path):
    manifest = manifest_at(path)
    beside = path.with_name(path.name.replace("manifest", "baselines"))
    records = {r.name: r for r in records_from_text(beside.read_text("utf-8"), str(beside))}
    assert {"resnet50", "logistic-regression", "majority-class"} <= set(records)
    for record in records.values():
        assert record.mismatch(manifest) is None
    if manifest.version == "0.4":  # a short run, which says so
        assert records["resnet50"].incomplete_because == "1 of 3 seeds"
        assert records["histogram"].score + 0.12 < records["resnet50"].score
        return
    assert "resnet50-paper" in records
    assert all(record.complete for record in records.values())
    assert len(records["resnet50"].seeds) >= 3
    assert 0.93 <= records["resnet50"].score <= 0.985
