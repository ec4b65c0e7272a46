"""Predictions are scored on a store, a recipe, a rung or a dataset as on a released version."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import skybench
from skybench.errors import IntegrityError, NotFoundError, PredictionsError, RecipeError
from skybench.generators.families import FAMILIES
from skybench.generators.recipe_file import load_recipe, recipe_from
from skybench.registry.exports.export import format_named, write_dataset
from skybench.registry.ground_truth import ground_truth
from skybench.registry.scoring.tasks import TASKS, Maps
from skybench.release.building.build import build

TASKS_BY_RECIPE = {
    "shapes2": "classification",
    "collection": "classification",
    "grz": "classification",
    "geometric": "multilabel",
    "halos": "regression",
    "sphere": "classification",
    "orbits": "regression",
    "lightcurves": "classification",
}


def right_answers(truth):
    """Return predictions that have all right, as a user would send them."""
    key = truth.key
    if isinstance(TASKS[key.task].form, Maps):
        return truth.answers
    ids = {"sample_id": truth.question.ids}
    if key.task == "classification":
        return pd.DataFrame(ids | {"label": truth.answers})
    return pd.DataFrame(ids | dict(zip(key.names, truth.answers.T, strict=True)))


@pytest.fixture
def nowhere(tmp_path):
    return tmp_path / "empty-store"


def small(name, samples=200):
    return load_recipe(name).model_copy(update={"samples": samples})


@pytest.mark.parametrize(("name", "task"), TASKS_BY_RECIPE.items())
def test_a_recipe_is_a_truth_of_every_task_and_form(name, task, nowhere):
    recipe = small(name)
    truth = ground_truth(recipe)
    assert truth.key.task == task
    assert len(truth.rows) == 40
    found = skybench.evaluate(recipe, right_answers(truth), store=nowhere)
    assert found.score == 1
    assert (found.record, found.comparisons) == (None, ())
    assert str(found).startswith(f"submission on {name}: ")


def test_maps_of_a_recipe_are_rendered_for_the_samples_that_are_asked_about(nowhere):
    recipe = small("fields", 20)
    truth = ground_truth(recipe)
    whole = skybench.generate(recipe)
    test = whole.isel(sample=np.flatnonzero(whole.split == "test"))
    assert truth.ds.sample_id.values.tolist() == test.sample_id.values.tolist()
    assert (truth.ds.segmentation.values == test.segmentation.values).all()
    found = skybench.evaluate(recipe, right_answers(truth), store=nowhere)
    assert found.score == 1
    assert found.confusion().to_numpy().trace() == truth.answers.size


@pytest.mark.parametrize("name", ["shapes2", "grz", "halos", "lightcurves", "fields"])
def test_samples_of_a_recipe_are_those_that_it_generates(name):
    recipe = small(name, 20)
    truth = ground_truth(recipe)
    chosen = truth.samples(np.array([0, 2]))
    rows = truth.ds.sample_id.values[truth.rows[[0, 2]]]
    expected = skybench.generate(recipe).isel(sample=rows)
    for variable in expected.data_vars:
        xr.testing.assert_equal(chosen[variable].variable, expected[variable].variable)


def test_nothing_is_rendered_where_the_answers_are_parameters(monkeypatch, nowhere):
    def refuse(*_):
        raise AssertionError

    for family in FAMILIES.values():
        monkeypatch.setitem(family.__dict__, "render", refuse)
    truth = ground_truth("shapes2")
    assert skybench.evaluate("shapes2", right_answers(truth), store=nowhere).score == 1


def test_a_rung_and_its_recipe_have_the_same_answers(nowhere):
    truth = ground_truth("shapes2")
    found = skybench.evaluate("shapes2/hard", right_answers(truth), store=nowhere)
    assert found.score == 1
    assert "on shapes2/hard: accuracy 100.00%" in str(found)


def test_a_recipe_file_is_a_truth(tmp_path, nowhere):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "family: geometric\nname: mine\ntitle: Mine\ndescription: Mine.\nlicence: CC0-1.0\n"
        "citation: Me.\nseed: 1\nsamples: 100\ntask: classification\nimage: {shape: [16, 16]}\n"
        "scene: {count: 1, placement: {margin: 5}}\n"
        "sources:\n  a: {profile: circle, radius: 3}\n  b: {profile: circle, radius: 2}\n"
        "classes: {a: {sources: [a]}, b: {sources: [b]}}\n"
        "splits: {train: 0.6, validation: 0.2, test: 0.2}\n"
    )
    found = skybench.evaluate(path, right_answers(ground_truth(path)), store=nowhere)
    assert found.score == 1
    assert found.by("label").index.tolist() == ["a", "b"]


def test_a_name_of_both_means_the_version(published):
    truth = ground_truth("sky", published)
    assert truth.manifest.reference == "sky@0.2"
    assert ground_truth("shapes2", published).manifest is None


def test_a_store_without_a_manifest_is_a_truth(published):
    version = ground_truth("sky@0.1", published)
    manifest = version.manifest
    path = published.local_path(f"{manifest.key}/{manifest.zarr}")
    found = skybench.evaluate(path, right_answers(version))
    assert found.score == 1
    assert found.by("label").equals(
        skybench.evaluate("sky@0.1", right_answers(version), store=published).by("label")
    )


@pytest.mark.parametrize("decode", [True, False])
def test_an_opened_dataset_is_a_truth_with_names_or_codes(published, decode):
    version = ground_truth("sky@0.1", published)
    for split in (None, "test"):
        ds = skybench.open("sky@0.1", store=published, decode=decode, split=split)
        found = skybench.evaluate(ds, right_answers(version))
        assert found.score == 1
        assert found.record is None
        assert found.by("label").index.tolist() == ["spiral", "star"]


def test_a_dataset_of_one_split_is_scored_on_that(published):
    ds = skybench.open("sky@0.1", store=published, split="validation")
    truth = ground_truth(ds)
    assert truth.split == "validation"
    assert skybench.evaluate(ds, right_answers(truth)).score == 1
    with pytest.raises(PredictionsError, match="exactly the ids of the validation split"):
        skybench.evaluate(ds, right_answers(truth).iloc[1:])


def test_generated_samples_are_a_truth(nowhere):
    ds = skybench.generate("sky", 0, 100)
    truth = ground_truth(ds)
    assert len(truth.rows) == 20
    assert skybench.evaluate(ds, right_answers(truth), store=nowhere).score == 1
    alone = ds.isel(sample=slice(0, 7)).drop_vars("split")
    assert len(ground_truth(alone).rows) == 7


def test_only_a_version_can_be_submitted_to(nowhere):
    answers = right_answers(ground_truth("shapes2"))
    with pytest.raises(PredictionsError, match="shapes2 is not a released version, so it has no l"):
        skybench.evaluate("shapes2", answers, store=nowhere, submit=True, name="x")


def test_a_hash_that_nothing_can_be_compared_with_is_told(nowhere):
    answers = right_answers(ground_truth("shapes2"))
    found = skybench.evaluate("shapes2", answers, store=nowhere, content_hash="sha256:00")
    assert found.notes == (
        "made for content sha256:00; shapes2 has no recorded hash to compare it with",
    )


def test_what_is_no_truth_is_refused(published, tmp_path):
    ds = skybench.open("sky@0.1", store=published, decode=False)
    with pytest.raises(IntegrityError, match="has no variable sample_id"):
        ground_truth(ds.drop_vars("sample_id"))
    with pytest.raises(PredictionsError, match=r"no samples of the test split \(train and valid"):
        ground_truth(ds.isel(sample=np.flatnonzero(ds.split != 2)))
    with pytest.raises(NotFoundError):
        ground_truth(tmp_path / "none.zarr")
    with pytest.raises(NotFoundError, match="nosuch"):
        ground_truth("nosuch", published)
    with pytest.raises(RecipeError, match="unknown rung 'hardest'"):
        ground_truth("sky/hardest", published)


def test_what_build_and_generate_write_is_a_truth(tmp_path, nowhere):
    recipe = small("shapes2", 100)
    built = build(recipe, str(tmp_path / "built.zarr"), progress=False)
    answers = right_answers(ground_truth(recipe))
    assert skybench.evaluate(built.url, answers, store=nowhere).score == 1
    written = tmp_path / "written.zarr"
    write_dataset(skybench.generate(recipe, decode=False), written, format_named("zarr"))
    found = skybench.evaluate(written, answers, store=nowhere)
    assert found.by("radius", bins=3).samples.sum() == (found.by("label").samples["circle"])


def blends(**changes):
    return recipe_from(
        {
            "name": "blends",
            "task": "deblending",
            "samples": 40,
            "image": {"shape": [16, 20], "light": True, "bands": ["g", "r"]},
            "scene": {"count": {"distribution": "choice", "values": [1, 3]}},
            "sources": {"star": {"profile": "star"}, "disc": {"profile": "sersic"}},
            **changes,
        }
    )


def test_the_light_of_sources_is_a_truth(tmp_path, nowhere):
    recipe = blends()
    truth = ground_truth(recipe)
    assert truth.question.shape == (3, 2, 16, 20)
    light = truth.answers[:, ::-1].copy()
    found = skybench.evaluate(recipe, light, store=nowhere)
    assert found.score == 1
    build(recipe, str(tmp_path / "blends.zarr"))
    stored = skybench.evaluate(str(tmp_path / "blends.zarr"), light / 2, store=nowhere)
    assert stored.score == pytest.approx(0.5, abs=1e-6)
    assert list(stored.worst(1)[["truth", "answer"]].to_numpy().ravel()) in ([1, 1], [3, 3])
