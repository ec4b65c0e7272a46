"""Simulated volunteers: how many of them say which class, by how well it can be seen.

Their probabilities are known, so that the calibration of a classifier can be scored against them
rather than against labels alone. `Votes` has the formula.
"""

import numpy as np
import xarray as xr

from skybench.generators.arrays import Floats
from skybench.generators.codes import flag_names
from skybench.generators.random_streams import RowStreams
from skybench.generators.sky.recipe import SkyRecipe, Votes
from skybench.generators.sky.vocabulary import VOCABULARY


def with_votes(recipe: SkyRecipe, parameters: xr.Dataset, feature: Floats) -> xr.Dataset:
    """Return the parameters with ``vote_probability`` and ``vote_fraction`` on (sample, class).

    Parameters
    ----------
    recipe : SkyRecipe
        With votes.
    parameters : xr.Dataset
        Of some samples.
    feature : (sample,) array
        The feature's signal to noise of the first source of each.
    """
    assert recipe.votes is not None
    classes = list(flag_names(parameters["label"].variable).values())
    truth = np.eye(len(classes))[parameters["label"].values]
    unseen = np.full(len(classes), 1 / len(classes))
    if recipe.votes.unseen_as is not None:
        unseen = np.eye(len(classes))[classes.index(recipe.votes.unseen_as)]
    seen = _seen(recipe.votes, feature, _resolution(recipe, parameters))[:, None]
    likely = seen * truth + (1 - seen) * unseen
    likely = (1 - recipe.votes.lapses) * likely + recipe.votes.lapses / len(classes)
    probability = VOCABULARY["vote_probability"].holding(likely)
    rows = parameters["sample_id"].values.tolist()
    said = _counts(recipe, rows, probability.values.astype(np.float64))
    fraction = VOCABULARY["vote_fraction"].holding(said / recipe.votes.volunteers)
    return parameters.assign_coords(vote_probability=probability, vote_fraction=fraction)


def _seen(votes: Votes, feature: Floats, resolution: Floats) -> Floats:
    """Return the probability that a volunteer sees what tells the class."""
    odds = (feature / votes.seen) ** votes.steepness * resolution**votes.resolution
    return np.asarray(odds / (1 + odds))


def _resolution(recipe: SkyRecipe, parameters: xr.Dataset) -> Floats:
    """Return half-light radius over FWHM of the PSF in the reference band, 1 where one is none."""
    if "half_light_radius" not in parameters:
        return np.ones(parameters.sizes["sample"])
    fwhm = parameters["psf_fwhm"].values.astype(np.float64)
    if recipe.image.reference is not None:
        fwhm = fwhm[:, list(recipe.image.bands).index(recipe.image.reference)]
    size = parameters["half_light_radius"].values[:, 0].astype(np.float64)
    known = np.isfinite(size) & (fwhm > 0)
    return np.where(known, size / np.where(known, fwhm, 1), 1.0)


def _counts(recipe: SkyRecipe, rows: list[int], probability: Floats) -> Floats:
    """Return how many volunteers say each class."""
    assert recipe.votes is not None
    counts = np.empty(probability.shape)
    streams, upto = RowStreams(recipe.seed, "votes"), np.cumsum(probability, axis=1)
    for i, row in enumerate(rows):
        uniform = streams.uniforms(row, recipe.votes.volunteers) * upto[i, -1]
        said = np.searchsorted(upto[i, :-1], uniform, side="right")
        counts[i] = np.bincount(said, minlength=probability.shape[1])
    return counts
