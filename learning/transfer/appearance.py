"""How images look once each is seen by its own light: how noisy they are, and how large.

What a simulation shows differently from the pictures that it stands for, a network takes for a part
of its classes. Both numbers need no label, so that a recipe may be changed until they agree.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skybench.learning.labelled import load_training_data
from skybench.learning.readable import Readable, read
from skybench.learning.transfer.per_image import border, by_own_light
from skybench.registry.storage.store import Store

QUANTILES = (0.1, 0.5, 0.9)

_DEVIATION = 1.4826
"""Of a normal distribution, over its median absolute deviation."""

_FEW = 2000


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Quantiles 10, 50 and 90 % of what images look like.

    Attributes
    ----------
    noise : tuple of float
        Deviation of a pixel of the border, by differences of neighbours, over the peak.
    half_light_radius : tuple of float
        About the middle, as a share of the side, of the light within the inscribed circle.
    """

    noise: tuple[float, ...]
    half_light_radius: tuple[float, ...]

    def __str__(self) -> str:
        """Say both in a line."""
        noise, radius = (
            "{1:.3f} [{0:.3f}, {2:.3f}]".format(*found)
            for found in (self.noise, self.half_light_radius)
        )
        return f"noise over peak {noise}, half-light radius over side {radius}"


def appearance(reference: Readable, *, store: str | Store | None = None) -> Appearance:
    """Measure how the images of a dataset look, in at most 2,000 of them and the mean of planes.

    Parameters
    ----------
    reference : str, path, Recipe or Dataset
        As for `skybench.transfer`.
    store : str or Store, optional

    Raises
    ------
    ParameterError
        The samples are no images.
    NotFoundError, IntegrityError
        As `skybench.transfer`.

    Examples
    --------
    >>> from skybench.learning.transfer.appearance import appearance
    >>> print(appearance("real.zarr"))                                  # doctest: +SKIP
    >>> print(appearance("morphology/easy"))                            # doctest: +SKIP
    """
    data = by_own_light(load_training_data(read(reference, store)).labelled)
    step = max(1, -(-len(data.images) // _FEW))
    planes = np.moveaxis(data.images[::step], [axis + 1 for axis in data.form.axes], (-2, -1))
    images = planes.reshape(len(planes), -1, *planes.shape[-2:]).mean(axis=1)
    return Appearance(
        noise=_quantiles(_noise(images)), half_light_radius=_quantiles(_half_light_radius(images))
    )


def _quantiles(values: npt.NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, QUANTILES))


def _noise(images: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    steps = np.diff(border(images, (1, 2)), axis=1)
    middle = np.median(steps, axis=1, keepdims=True)
    apart = np.median(np.abs(steps - middle), axis=1)
    return np.asarray(_DEVIATION * apart / np.sqrt(2))


def _half_light_radius(images: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    ny, nx = images.shape[1:]
    y, x = np.mgrid[:ny, :nx]
    radius = np.hypot(y - (ny - 1) / 2, x - (nx - 1) / 2).ravel()
    inside = np.argsort(radius, kind="stable")[: np.count_nonzero(radius < min(ny, nx) / 2)]
    light = images.reshape(len(images), -1)[:, inside].clip(0).cumsum(axis=1)
    half = (light >= light[:, -1:] / 2).argmax(axis=1)
    return np.asarray(radius[inside][half] / min(ny, nx))
