"""Simulated volunteers: probabilities that are known, and the votes that follow them."""

import numpy as np
import pytest

from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from

SEEN = {"seen": 6.0, "steepness": 2.0, "resolution": 1.5, "lapses": 0.02}
CLASSIFIED = {"task": "classification"}
FLUX = {"distribution": "log_uniform", "low": 300, "high": 1e5}


def recipe(votes, **changes):
    content = {
        "name": "zoo",
        "task": "classification",
        "samples": 500,
        "image": {"shape": [48, 48]},
        "visibility": {},
        "votes": votes,
        "sources": {
            "elliptical": {
                "profile": "sersic",
                "flux": {"distribution": "log_uniform", "low": 300, "high": 3e4},
            },
            "spiral": {
                "profile": "spiral",
                "flux": {"distribution": "log_uniform", "low": 300, "high": 1e5},
            },
            "star": {"profile": "star", "flux": 1e4},
        },
    }
    return recipe_from(content | changes)


def test_probabilities_follow_the_formula():
    ds = generate_as_stored(recipe(SEEN | {"unseen_as": "elliptical"}), 0, 100)
    size = np.nan_to_num(ds.half_light_radius.values[:, 0] / ds.psf_fwhm.values, nan=1.0)
    odds = (ds.feature_signal_to_noise.values[:, 0] / 6) ** 2 * size**1.5
    seen = odds / (1 + odds)
    own = ds.vote_probability.values[np.arange(100), ds.label.values]
    elliptical = ds.label.values == 0
    expected = 0.98 * np.where(elliptical, 1, seen) + 0.02 / 3
    assert own == pytest.approx(expected, abs=2e-5)
    assert ds.vote_probability.values[:, 0] == pytest.approx(
        0.98 * np.where(elliptical, 1, 1 - seen) + 0.02 / 3, abs=2e-5
    )
    assert ds.vote_probability.values.sum(axis=1) == pytest.approx(1, abs=5e-5)


def test_who_sees_nothing_guesses():
    dark = recipe({"lapses": 0.0}, noise={"sky_level": 1e9})
    ds = generate_as_stored(dark, 0, 30)
    assert ds.vote_probability.values == pytest.approx(1 / 3, abs=1e-3)


def test_fractions_are_votes_of_so_many_volunteers():
    ds = generate_as_stored(recipe({"volunteers": 40}), 0, 500)
    counts = ds.vote_fraction.values * 40
    assert counts == pytest.approx(np.rint(counts), abs=1e-3)
    assert ds.vote_fraction.values.sum(axis=1) == pytest.approx(1, abs=1e-4)
    probability = ds.vote_probability.values.astype(float)
    spread = np.sqrt(probability * (1 - probability) / 40)
    pull = ((ds.vote_fraction.values - probability) / spread)[:, :2]
    # Over 1,000 binomial numbers: mean 0, variance 1.
    assert abs(pull.mean()) < 0.12
    assert pull.var() == pytest.approx(1, abs=0.2)


def test_better_seen_spirals_have_more_votes_and_the_label_stays_the_truth():
    ds = generate_as_stored(recipe({"unseen_as": "elliptical"}), 0, 300)
    spiral = ds.label.values == 1
    seen = ds.feature_signal_to_noise.values[spiral, 0]
    votes = ds.vote_fraction.values[spiral, 1]
    faint, bright = votes[seen < 3].mean(), votes[seen > 15].mean()
    assert faint < 0.4 < 0.9 < bright


def test_votes_make_the_evaluation_sets_of_a_survey():
    cut = "vote_fraction_spiral > 0.985 or vote_fraction_elliptical > 0.926"
    spec = recipe({}, sets={"hp": {"split": "test", "where": cut}})
    ds = generate_as_stored(spec, 0, 300)
    inside = ds.in_set.values[:, 0] == 1
    votes = ds.vote_fraction.values
    assert (
        inside == ((ds.split.values == 2) & ((votes[:, 1] > 0.985) | (votes[:, 0] > 0.926)))
    ).all()
    assert 0 < inside.sum() < (ds.split.values == 2).sum()


def test_a_row_depends_on_itself_alone():
    whole = generate_as_stored(recipe({}), 0, 40)
    assert whole.isel(sample=slice(11, 19)).identical(generate_as_stored(recipe({}), 11, 19))


@pytest.mark.parametrize(
    ("votes", "changes", "message"),
    [
        ({"unseen_as": "spira"}, {}, "votes.unseen_as: unknown class 'spira'"),
        ({}, {"task": "multilabel"}, "votes are for the classes of a classification"),
    ],
)
def test_votes_that_make_no_sense_are_refused(votes, changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(votes, **changes)


def test_a_collection_has_other_classes_than_the_votes_of_its_members():
    member = recipe({}).model_dump(mode="json")
    members = {"one": {"recipe": member}, "two": {"recipe": {**member, "votes": None}}}
    with pytest.raises(ValueError, match=r"members\.one: votes are for its own classes"):
        recipe_from({"family": "collection", "name": "both", **CLASSIFIED, "members": members})
