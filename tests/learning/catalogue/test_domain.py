"""Datasets become domains, whatever they come as, and are joined to learn one from another."""

import numpy as np
import pytest

import skybench
from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.learning.catalogue.domain import in_stretch_of, joined, read_domain
from skybench.learning.labelled import TEST, TRAIN, UNLABELLED, VALIDATION
from skybench.learning.stretch import Stretch


def test_a_recipe_a_dataset_and_their_named_sets_are_domains():
    recipe = skybench.load_recipe("sdss_des/des").model_copy(update={"samples": 24})
    of_recipe = read_domain(recipe, parts=("test", "unlabelled"))
    whole = skybench.generate("sdss_des/des", 24)
    of_dataset = read_domain(whole, parts=("fo", "unlabelled"))
    np.testing.assert_array_equal(of_recipe.images, of_dataset.images)
    kept = np.isin(whole.split, ["test", "unlabelled"])
    np.testing.assert_array_equal(of_dataset.ids, whole.sample_id[kept])
    names = np.array(of_dataset.classes)
    assert (names[of_dataset.labels] == whole.label.values[kept]).all()
    assert {"hp", "fo", "test"} <= of_dataset.parts.keys()


def test_images_without_labels_or_splits_are_a_domain(far):
    bare = read_domain(far.drop_vars(["label", "split"]), name="bare")
    assert bare.classes == ()
    assert set(bare.labels) == {-1}
    assert len(bare.rows("all")) == 400
    with pytest.raises(NotFoundError, match="bare has no samples of 'unlabelled'; it has all"):
        bare.rows("unlabelled")


def test_what_is_no_classification_is_refused(near):
    with pytest.raises(IntegrityError, match="near has a regression"):
        read_domain(near.assign_attrs(task="regression"), name="near")
    with pytest.raises(IntegrityError, match="no sample_id"):
        read_domain(near.drop_vars("sample_id"), name="near")


def test_the_first_domain_teaches_and_all_are_tested(near, far):
    both = joined(read_domain(near, name="near"), read_domain(far, name="far"), cut="turn > 0")
    split = both.labelled.split
    turn = near.turn.values
    np.testing.assert_array_equal(split[:400] == TRAIN, (near.split.values == 0) & (turn > 0))
    assert (split[400:] == UNLABELLED).sum() == 80
    assert not np.isin(split[400:], (TRAIN, VALIDATION)).any()
    np.testing.assert_array_equal(both.rows("test", "far"), 400 + np.arange(300, 400))
    assert set(both.labelled.rows(TEST)) == {*range(300, 400), *range(700, 800)}
    with pytest.raises(NotFoundError, match="there is no domain 'further'; there are near, far"):
        both.rows("test", "further")


def test_the_truth_of_unlabelled_samples_is_hidden(both, far):
    hidden = both.labelled.split == UNLABELLED
    assert set(both.labelled.truth[hidden]) == {0}
    assert set(both.true_labels[hidden]) == {0, 1}


def test_a_cut_of_what_is_not_there_and_other_shapes_are_refused(near, far):
    first = read_domain(near, name="near")
    with pytest.raises(ParameterError, match="the cut 'turm > 0' of near"):
        joined(first, cut="turm > 0")
    with pytest.raises(NotFoundError, match="0 of 160 train samples of near"):
        joined(first, cut="turn > 99")
    narrow = read_domain(far.isel(x=slice(8)), name="narrow")
    with pytest.raises(ParameterError, match=r"narrow has images \(12, 8\), near \(12, 12\)"):
        joined(first, narrow)


def test_images_look_under_another_stretch_as_under_their_own():
    images = np.random.default_rng(0).normal(100, 400, (5, 8, 8))
    own = Stretch(scale=40.0, mean=0.5, deviation=1.5)
    other = Stretch(scale=3.0, mean=-0.2, deviation=0.4)
    moved = in_stretch_of(images, own, other)
    np.testing.assert_allclose(other.applied(moved), own.applied(images), atol=2e-5)


def test_the_content_names_images_and_identities_alone(near):
    known = read_domain(near, name="near").content()
    assert read_domain(near.drop_vars(["label", "turn", "split"]), name="x").content() == known
    other = near.copy(deep=True)
    other.image[3, 4, 5] += 1
    assert read_domain(other, name="near").content() != known
