"""What is left of the sky once its mean is subtracted: a plane, and waves where a fit went wrong.

The sky of an image is

    S(x, y) = sky_level (1 + g p(x, y) + r w(x, y)),

of which ``sky_level`` alone is subtracted. The plane p goes from -1/2 to 1/2 across the image along
its direction, as moonlight and what a flat field leaves do; w are six cosines of random directions
and phases of mean square 1, with wavelengths from the length of a fit's mesh to four times that:
what a background that is fitted on a mesh (Bertin & Arnouts 1996, A&AS 117, 393, section 7.1) does
not follow, or takes for sky where a galaxy is. Its photons are as noisy as others.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.distributions import Constant, Distribution, Positive, uniform
from skybench.generators.random_streams import RowStreams
from skybench.generators.recipe import Condition, Part
from skybench.generators.sky.vocabulary import VOCABULARY

_WAVES, _LONGEST = 6, 4.0
"""Number of waves; wavelength of the longest over that of the shortest."""

_LARGEST_WAVE = float(np.sqrt(2 * _WAVES))
"""What waves of mean square 1 add up to at most."""

_LARGEST = 0.9
"""Share of the sky that may be missing somewhere: a sky is never negative."""


class SkyResidual(Part):
    """What is left of the sky once its mean is subtracted, in shares of the sky of each band.

    ``gradient`` is its difference from one side of the image to the other, towards ``angle``;
    ``residual`` the standard deviation of smooth waves, the shortest of ``length`` pixels. It is in
    the ``expected`` image: what the sky has too much is signal, and noisy as such.
    """

    gradient: Distribution = Constant(value=0)
    angle: Distribution = uniform(0, 360)
    residual: Distribution = Constant(value=0)
    length: Positive = 64.0

    @property
    def conditions(self) -> Iterator[Condition]:
        """What is drawn of it once a sample."""
        for key in ("gradient", "angle", "residual"):
            yield Condition(f"sky.{key}", VOCABULARY[f"sky_{key}"], getattr(self, key))

    def mistakes(self) -> Iterator[str]:
        """Yield what would make a sky negative."""
        if self.gradient.depends_on or self.residual.depends_on:
            return
        gradient, residual = (d.support({})[1] for d in (self.gradient, self.residual))
        missing = gradient / np.sqrt(2) + _LARGEST_WAVE * residual
        if missing > _LARGEST:
            yield (
                f"sky: a gradient of {gradient:g} and a residual of {residual:g} can take "
                f"{missing:.3g} of the sky away somewhere; at most {_LARGEST:g} can be missing"
            )


def left(sky: SkyResidual, parameters: xr.Dataset, shape: tuple[int, int], seed: int) -> Floats:
    """Return what is left of the sky, over its mean: (sample, y, x).

    Parameters
    ----------
    sky : SkyResidual
    parameters : xr.Dataset
        ``sample_id``, ``sky_gradient``, ``sky_angle`` and ``sky_residual`` are read.
    shape : (ny, nx)
    seed : int
    """
    ny, nx = shape
    y, x = (np.arange(ny) - (ny - 1) / 2)[:, None], np.arange(nx) - (nx - 1) / 2
    drawn = RowStreams(seed, "sky.residual").uniforms_of(parameters["sample_id"].values, 3 * _WAVES)
    gradient, angle, residual = (
        parameters[f"sky_{key}"].values.astype(np.float64)[:, None, None]
        for key in ("gradient", "angle", "residual")
    )
    turn = np.deg2rad(angle)
    shares = gradient * (np.cos(turn) * x / nx + np.sin(turn) * y / ny)
    direction, wavelength, phase = np.moveaxis(drawn.reshape(-1, _WAVES, 3), 2, 0)[..., None, None]
    k = 2 * np.pi / (sky.length * _LONGEST**wavelength)
    for wave in range(_WAVES):
        towards = 2 * np.pi * direction[:, wave]
        across = k[:, wave] * np.cos(towards) * x + 2 * np.pi * phase[:, wave]
        up = k[:, wave] * np.sin(towards) * y
        # The cosine of a sum: of lines and columns alone.
        crest = np.cos(up) * np.cos(across) - np.sin(up) * np.sin(across)
        shares += residual * np.sqrt(2 / _WAVES) * crest
    return np.asarray(shares)


def lifted(
    light: Floats, shares: Floats, parameters: xr.Dataset
) -> tuple[Floats, xr.Dataset, NDArray[np.int32]]:
    """Return light with what is left of the sky, the parameters below it, and how far below.

    A sky that is lower by whole electrons, which the light then has more, leaves nothing
    negative; photons are counted as before, and the electrons are taken off again.
    """
    sky = parameters["sky_level"].values.astype(np.float64)[..., None, None]
    excess = sky * (shares if light.ndim == 3 else shares[:, None])
    missing = np.ceil(-np.minimum(excess.min(axis=(-2, -1), keepdims=True), 0))
    levels = parameters["sky_level"].copy(data=(sky - missing)[..., 0, 0])
    below = parameters.assign_coords(sky_level=levels)
    return light + excess + missing, below, missing.astype(np.int32)
