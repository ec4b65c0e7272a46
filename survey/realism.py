"""The realism test on whatever holds cutouts: files, datasets, recipes."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from skybench.errors import ParameterError
from skybench.generators.recipe_file import load_recipe
from skybench.generators.schema import main_variable
from skybench.learning.networks.table import chosen_networks
from skybench.learning.realism.cutouts import Cutouts
from skybench.learning.realism.realism import EPOCHS, Realism, compare
from skybench.registry.open import open as open_version
from skybench.survey.cutout_sample import CutoutSample, read_sample
from skybench.survey.match import simulated

Given = str | PathLike[str] | ArrayLike | xr.Dataset | CutoutSample | Cutouts

_RECIPES = (".yaml", ".yml")

_FRAME = "frame"
"""Coordinate of an injected dataset that says where each cutout is from."""


def realism(
    real: Given,
    fake: Given,
    *,
    network: str | None = "obiwan",
    real_frames: Sequence[Any] | None = None,
    fake_frames: Sequence[Any] | None = None,
    psf_fwhm: float | None = None,
    use_weights: bool = False,
    epochs: int = EPOCHS,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
    **reading: Any,
) -> Realism:
    """Return whether simulated cutouts are told from real ones, and by what.

    Two judges see them: boosted trees on some twenty statistics, and a network that sees pixels.
    Both are judged by frames that they did not learn from. Beside the AUC of each stand its nulls,
    halves of one sample against each other, and its control, the fakes against themselves under a
    PSF that is a tenth broader; without these an AUC near 0.5 means nothing.

    Parameters
    ----------
    real, fake : path, str, array, Dataset, CutoutSample or Cutouts
        Arrays are (sample, [band,] y, x); a Dataset has ``image``, and ``frame`` if it has
        frames; a path is a folder or file as `skybench.survey.cutout_sample.read_sample` reads,
        ``.zarr``, or for `fake` a recipe's ``.yaml``; a str may be a version such as ``sky@1``.
    network : str, optional
        A key of `skybench.learning.networks.table.NETWORKS`; None leaves the trees alone.
    real_frames, fake_frames : (sample,) sequence, optional
        The frame of each cutout, of the same name where both are of one frame. Default: what the
        samples say, else each cutout is of its own.
    psf_fwhm : float, optional
        Of the fakes' PSF in pixels. Default: by the sharpest tenth of them.
    use_weights : bool
        Whether inverse variances of Datasets are planes of the network, too.
    epochs : int
        Of each training of the network.
    seed : int
        Of folds, weights and halves: the same call finds the same.
    report : callable, optional
        Gets a line at each step.
    **reading
        As for `read_sample`: ``bands``, ``crop``, ``tile``, ``gain`` and others.

    Raises
    ------
    ParameterError
        Samples are not alike in size and bands, too small, or lack too many pixels.
    NotFoundError
        There is nothing to read.
    MissingDependencyError
        torch and lightning are not installed, and a network is asked for.

    Examples
    --------
    >>> import skybench
    >>> found = skybench.realism("cutouts", "mine.yaml", crop=48)      # doctest: +SKIP
    >>> print(found.summary())                                         # doctest: +SKIP
    """
    first = _cutouts(real, "real", real_frames, use_weights, reading)
    like = first if isinstance(first, CutoutSample) else None
    second = _cutouts(fake, "fake", fake_frames, use_weights, reading, like=like, seed=seed)
    return compare(
        _as_cutouts(first, "real", real_frames),
        _as_cutouts(second, "fake", fake_frames),
        names=(_named(real, "real"), _named(fake, "fake")),
        network=None if network is None else chosen_networks([network])[0],
        psf_fwhm=psf_fwhm,
        epochs=epochs,
        seed=seed,
        report=report,
    )


def _cutouts(
    given: Given,
    name: str,
    frames: Sequence[Any] | None,
    use_weights: bool,
    reading: dict[str, Any],
    *,
    like: CutoutSample | None = None,
    seed: int = 0,
) -> Cutouts | CutoutSample:
    """Return what was given as cutouts, or as the sample that a recipe can be drawn like."""
    if isinstance(given, Cutouts | CutoutSample):
        return given
    if isinstance(given, xr.Dataset):
        return _of_dataset(given, name, frames, use_weights)
    if not isinstance(given, str | PathLike):
        own = {key: reading[key] for key in ("bands", "reference") if key in reading}
        return Cutouts.of(given, name=name, frames=frames, **own)
    path = Path(given)
    if path.suffix in _RECIPES:
        return _of_recipe(path, like, seed)
    if path.suffix == ".zarr":
        with xr.open_zarr(path) as ds:
            return _of_dataset(ds, name, frames, use_weights)
    if "@" in str(given) and not path.exists():
        return _of_dataset(open_version(str(given)), name, frames, use_weights)
    return read_sample(path, **reading)


def _of_recipe(path: Path, like: CutoutSample | None, seed: int) -> CutoutSample:
    if like is None:
        msg = (
            f"{path} is drawn in the counts of the real sample, which must be files or a "
            "CutoutSample that say what a count is; give the fakes as an array instead."
        )
        raise ParameterError(msg)
    return simulated(path, like, seed)


def _of_dataset(
    ds: xr.Dataset, name: str, frames: Sequence[Any] | None, use_weights: bool
) -> Cutouts:
    image = ds[main_variable(ds)]
    shared = frames is None and _FRAME in ds.variables
    meanings = str(ds[_FRAME].attrs.get("flag_meanings", "")).split() if shared else []
    if shared:
        codes = ds[_FRAME].to_numpy()
        frames = [meanings[code] for code in codes] if meanings else codes.tolist()
    return Cutouts.of(
        image.to_numpy(),
        name=name,
        frames=frames,
        bands=_bands(ds) if image.ndim == 4 else None,
        weights=ds["ivar"].to_numpy() if use_weights else None,
        mask=ds["mask"].to_numpy() if "mask" in ds.data_vars else None,
    )


def _bands(ds: xr.Dataset) -> tuple[str, ...] | None:
    if "band" not in ds.variables:
        return None
    words = str(ds["band"].attrs.get("flag_meanings", "")).split()
    return tuple(words) if words else tuple(map(str, ds["band"].to_numpy()))


def _as_cutouts(sample: Cutouts | CutoutSample, name: str, frames: Any) -> Cutouts:
    if isinstance(sample, Cutouts):
        return sample
    if frames is None and sample.origin is not None:
        frames = [f"{name} {number}" for number in sample.origin]
    return Cutouts.of(
        sample.images, name=name, frames=frames, bands=sample.bands, reference=sample.reference
    )


def _named(given: Given, name: str) -> str:
    """Return what a certificate calls a sample: recipes and versions by their dataset."""
    if not isinstance(given, str | PathLike):
        return name
    path = Path(given)
    if path.suffix in _RECIPES:
        return load_recipe(path).name
    return path.name.partition("@")[0]
