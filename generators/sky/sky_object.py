"""What all objects of the sky have: a PSF, an image without noise, and one with it.

The expected image of a sample is the sum of its sources, before any noise.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.declaration import setting
from skybench.generators.distributions import Constant, Distribution, truncated_normal
from skybench.generators.domains import checked
from skybench.generators.drawn_object import ImageObject
from skybench.generators.schema import variable
from skybench.generators.sky import spikes
from skybench.generators.sky.noise import Noise, observe
from skybench.generators.sky.stamps import Sources, Stamps, add
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.variable import SOURCE

RED = truncated_normal(0.75, 0.1, 0.4, 1.1)
BLUE = truncated_normal(0.45, 0.13, 0.0, 0.9)
LENSED = truncated_normal(0.2, 0.15, -0.2, 0.7)
"""g - r of galaxies without young stars, with them, and of far ones behind a lens."""

_OPTICS = ("psf_fwhm", "psf_beta")
_POSITION = ("source_x", "source_y")


class SkyObject(ImageObject):
    """A source on the sky with its PSF and position; use one of the subclasses.

    Attributes
    ----------
    colour : Distribution
        g - r of its flux in AB magnitudes, for recipes of several bands.
    other_colours : dict
        That of other fluxes, by name.
    """

    family = "sky"
    vocabulary = VOCABULARY
    dims = SOURCE

    colour: ClassVar[Distribution] = truncated_normal(0.6, 0.2, 0.0, 1.2)
    other_colours: ClassVar[dict[str, Distribution]] = {}

    fwhm: float = setting("psf_fwhm", default=3.0)
    beta: float = setting("psf_beta", default=3.0)

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of some such sources on images of a shape, PSF and pixel included."""
        raise NotImplementedError

    def render(self, shape: tuple[int, int] = (28, 28)) -> xr.DataArray:
        """Return the noise-free image.

        Parameters
        ----------
        shape : (ny, nx)
            Pixels of the image.

        Returns
        -------
        (y, x) float64 DataArray, electrons
            Convolved with the PSF, integrated over pixels, the parameters as coordinates.

        Examples
        --------
        >>> from skybench.generators import Star
        >>> image = Star(flux=1e4, fwhm=3.0).render((28, 28))
        >>> image.shape, float(image.flux)
        ((28, 28), 10000.0)
        """
        image = light(self._dataset(shape), shape, (type(self),))
        return self._labelled(image[0], shape, "electron")

    def observe(
        self,
        shape: tuple[int, int] = (28, 28),
        *,
        sky_level: float = 100.0,
        read_noise: float = 5.0,
        noise_seed: int = 0,
    ) -> xr.DataArray:
        """Return a noisy, sky-subtracted image.

        Parameters
        ----------
        shape : (ny, nx)
        sky_level : float
            Mean sky in electrons a pixel.
        read_noise : float
            Standard deviation in electrons; 0 for none.
        noise_seed : int
            Another seed, another realisation of the noise.

        Returns
        -------
        (y, x) int32 DataArray, electrons
        """
        levels = {
            name: checked(name, value, VOCABULARY[name])
            for name, value in (("sky_level", sky_level), ("read_noise", read_noise))
        }
        noise = Noise(
            sky_level=Constant(value=levels["sky_level"]),
            read_noise=Constant(value=levels["read_noise"]),
        )
        own = {name: VOCABULARY[name].holding([value]) for name, value in levels.items()}
        own["sample_id"] = variable("sample_id", [0])
        dataset = self._dataset(shape).assign_coords(own)
        alone = light(dataset, shape, (type(self),))
        image = observe(alone, dataset, noise, noise_seed)[0]
        return self._labelled(image, shape, "electron").assign_coords(self._labels(levels))


def light(
    parameters: xr.Dataset,
    shape: tuple[int, int],
    objects: Iterable[type[SkyObject]],
    scale: int = 1,
) -> Floats:
    """Return the noise-free images that the coordinates describe.

    Sources are added object by object in the order given, grid by grid, slot by
    slot: an order that depends on the sample alone, so the sums agree to the last bit
    whatever other samples are drawn along.

    Parameters
    ----------
    parameters : xr.Dataset
        Coordinates as `sample` draws them or as a store holds them.
    shape : (ny, nx)
    objects : iterable of types
        The kinds of sources that are drawn; others are left out.
    scale : int
        What positions and sizes are multiplied by, for pixels so many times finer; the PSF is that
        of the coordinates.

    Returns
    -------
    (sample, y, x) float64 array, electrons
        Nowhere negative.
    """
    if spikes.are_in(parameters):
        return spikes.spread(parameters, shape, partial(light, objects=objects))
    images = np.zeros((parameters.sizes["sample"], *shape))
    for owners, _, stamps in drawn(parameters, shape, objects, scale):
        add(images, owners, stamps)
    # What cut-off frequencies leave about a sharp source goes a little below nothing.
    return np.maximum(images, 0, out=images)


def drawn(
    parameters: xr.Dataset,
    shape: tuple[int, int],
    objects: Iterable[type[SkyObject]],
    scale: int = 1,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], Iterator[Stamps]]]:
    """Yield the stamps of each kind of sources, with the samples and slots of these sources."""
    kinds = parameters["kind"].values
    for kind in objects:
        owners, slots = np.nonzero(kinds == kind.code)
        if not owners.size:
            continue
        sources = _select(parameters, (*_POSITION, *kind.variables), owners, slots)
        if scale != 1:
            sources |= {n: scale * sources[n] for n in (*_POSITION, *_lengths(kind))}
        yield owners, slots, kind.draw(sources, shape)


def _lengths(kind: type[SkyObject]) -> tuple[str, ...]:
    return tuple(name for name, row in kind.variables.items() if row.units == "pixel")


def _select(
    parameters: xr.Dataset,
    names: tuple[str, ...],
    owners: NDArray[np.intp],
    slots: NDArray[np.intp],
) -> Sources:
    columns = {n: parameters[n].values[owners, slots].astype(np.float64) for n in names}
    optics = {n: parameters[n].values[owners].astype(np.float64) for n in _OPTICS}
    return columns | optics
