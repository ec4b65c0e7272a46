"""Expected images: the sum of a sample's sources, before any noise."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.sky.catalogue import PROFILES
from skybench.generators.sky.stamps import Sources, Stamps, add

Floats = NDArray[np.float64]

_OPTICS = ("psf_fwhm", "psf_beta")
_POSITION = ("source_x", "source_y")


def expected(parameters: xr.Dataset, shape: tuple[int, int]) -> Floats:
    """Return the noise-free images that the coordinates describe.

    Sources are added profile by profile in the order of the table, grid by grid, slot by
    slot: an order that depends on the sample alone, so the sums agree to the last bit
    whatever other samples are drawn along.

    Parameters
    ----------
    parameters : xr.Dataset
        Coordinates as `sample` draws them or as a store holds them.
    shape : (ny, nx)

    Returns
    -------
    (sample, y, x) float64 array, electrons
    """
    images = np.zeros((parameters.sizes["sample"], *shape))
    for owners, _, stamps in drawn(parameters, shape):
        add(images, owners, stamps)
    return images


def drawn(
    parameters: xr.Dataset, shape: tuple[int, int]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Iterator[Stamps]]]:
    """Yield the stamps of each profile's sources, with the samples and slots of these sources."""
    kinds = parameters["kind"].values
    for profile in PROFILES.values():
        owners, slots = np.nonzero(kinds == profile.code)
        if not owners.size:
            continue
        sources = _select(
            parameters, (*_POSITION, *profile.defaults, *profile.derived), owners, slots
        )
        yield owners, slots, profile.draw(sources, shape)


def _select(
    parameters: xr.Dataset,
    names: tuple[str, ...],
    owners: NDArray[np.intp],
    slots: NDArray[np.intp],
) -> Sources:
    columns = {n: parameters[n].values[owners, slots].astype(np.float64) for n in names}
    optics = {n: parameters[n].values[owners].astype(np.float64) for n in _OPTICS}
    return columns | optics
