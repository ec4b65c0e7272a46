"""What all objects of the sky have: a PSF, an image without noise, and one with it.

The expected image of a sample is the sum of its sources, before any noise.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.declaration import setting
from skybench.generators.distributions import Distribution, truncated_normal
from skybench.generators.drawn_object import ImageObject
from skybench.generators.sky import psf_transform, spikes
from skybench.generators.sky.instrument import seen_by
from skybench.generators.sky.scene import Summand, observed
from skybench.generators.sky.stamps import Sources, Stamps, add
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.variable import SOURCE

RED = truncated_normal(0.75, 0.1, 0.4, 1.1)
BLUE = truncated_normal(0.45, 0.13, 0.0, 0.9)
LENSED = truncated_normal(0.2, 0.15, -0.2, 0.7)
"""g - r of galaxies without young stars, with them, and of far ones behind a lens."""


class Smooth(NamedTuple):
    """What is left of an object without its defining feature.

    Attributes
    ----------
    kind : type, optional
        The object that it then is, of the parameters that it has. Default: its own kind.
    changes : mapping
        Parameters and what they become: a number, or a function of the sources.
    """

    kind: "type[SkyObject] | None" = None
    changes: Mapping[str, float | Callable[[Sources], Floats]] = MappingProxyType({})


_OPTICS = ("psf_fwhm", "psf_beta")
_POSITION = ("source_x", "source_y")


class SkyObject(Summand, ImageObject):
    """A source on the sky with its PSF and position; use one of the subclasses.

    Attributes
    ----------
    colour : Distribution
        g - r of its flux in AB magnitudes, for recipes of several bands.
    other_colours : dict
        That of other fluxes, by name.
    smooth : Smooth or None
        Its twin without what tells it from others, which `visibility` measures: of a spiral that
        without arms. None where all of its light does.
    """

    family = "sky"
    vocabulary = VOCABULARY
    dims = SOURCE

    colour: ClassVar[Distribution] = truncated_normal(0.6, 0.2, 0.0, 1.2)
    other_colours: ClassVar[dict[str, Distribution]] = {}
    smooth: ClassVar[Smooth | None] = None

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
        instrument: str | None = None,
        band: str | None = None,
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
        instrument : str, optional
            One of `skybench instruments`: its sky, read noise and PSF in a band take the place of
            ``sky_level``, ``read_noise`` and of the object's own PSF. Positions, sizes and fluxes
            stay pixels and electrons.
        band : str, optional
            Default: the instrument's first.

        Returns
        -------
        (y, x) int32 DataArray, electrons
        """
        optics: dict[str, float] = {}
        if instrument is not None:
            optics, (sky_level, read_noise) = seen_by(instrument, band)
        own = {name: VOCABULARY[name].holding([value]) for name, value in optics.items()}
        alone = light(self._dataset(shape).assign_coords(own), shape, (type(self),))[0]
        image, levels = observed(alone, sky_level, read_noise, noise_seed)
        labelled = self._labelled(image, shape, "electron")
        return labelled.assign_coords(levels | self._labels(optics))


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
    if psf_transform.are_in(parameters):
        return psf_transform.spread(parameters, shape, partial(light, objects=objects))
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
        there = (n for n in kind.variables if n in parameters or n not in kind.switches)
        sources = _select(parameters, (*_POSITION, *there), owners, slots)
        for name in kind.switches.keys() & sources.keys():
            # Where another source alone was given it.
            sources[name] = np.nan_to_num(sources[name])
        if scale != 1:
            lengths = (n for n in _lengths(kind) if n in sources)
            sources |= {n: scale * sources[n] for n in (*_POSITION, *lengths)}
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
