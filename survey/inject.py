"""Put simulated sources into a real frame: their light, its photon noise, and what that weighs.

The light of a source is drawn on a patch about it, under the frame's PSF there, in electrons; its
counts are Poisson numbers of that mean, divided by the gain. The variance of a pixel grows by that
of the added counts, light / gain^2, and pixels without weight stay without. What a source adds
depends on that source, the seed and the names of frame and band alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Singles
from skybench.generators.sky import psf_transform
from skybench.generators.sky.bands import in_band
from skybench.generators.sky.noise import Noise, observe
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.sky_object import light
from skybench.generators.sky.stamps import Stamps, add, nearest_pixel
from skybench.generators.variable import EXPECTED_BITS, round_mantissa
from skybench.survey.frame import Frame
from skybench.survey.places import is_free, nearest_place, random_places
from skybench.survey.population import Population, population
from skybench.survey.psf import FramePsf

_PATCH = 64
"""Side of the patches that are tried first, pixels."""

_UNSEEN = 0.05
"""Light at a patch's border over the noise of the frame's sky, at most."""

_LARGEST = 2048
"""Side of the largest patch: what a brighter source has beyond it is left out."""

_BLOCK = 1 << 20
"""Pixels that are drawn at a time, which stay in the cache's reach."""

_POISSON = Noise()


@dataclass(frozen=True, kw_only=True, eq=False)
class Injection:
    """A frame with sources, and the truth about them.

    Attributes
    ----------
    before, after : Frame
        As it was, and with the sources.
    sources : Dataset
        Coordinates on (sample, source), of the catalogue's rows or the recipe's samples;
        ``frame_x`` and ``frame_y`` (sample) are where they were put, ``population_row`` which they
        are. ``source_x`` and ``source_y`` are counted from there.
    light : (band, y, x) float64 array
        Their expected light, electrons.
    """

    before: Frame
    after: Frame
    sources: xr.Dataset
    light: Floats

    @property
    def image(self) -> Singles:
        """Counts with the sources, (band, y, x)."""
        return self.after.image

    @property
    def ivar(self) -> Singles:
        """Inverse variance with the sources', (band, y, x)."""
        return self.after.ivar


def inject(
    images: ArrayLike | Frame,
    ivar: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    psf: object = None,
    catalogue: object = None,
    *,
    count: int | None = None,
    first: int = 0,
    seed: int = 0,
    separation: float = 0.0,
    border: int = 0,
    clearance: int = 3,
    **frame: Any,
) -> Injection:
    """Return a frame with simulated sources in it.

    Parameters
    ----------
    images : ([band,] y, x) array or Frame
        Counts, in one band or several.
    ivar, mask : array, optional
        Inverse variance, and bits of what is wrong; or ``variance=``.
    psf : float, (fwhm, beta), image, path, or a list of those
        A FWHM in pixels, an image that sums to 1, or a FITS file of PSFEx or with an image.
    catalogue : DataFrame, table, mapping, path, recipe or its name
        Our parameters as columns: ``profile`` (else all are ``sersic``), ``half_light_radius``,
        ``sersic_index``, … , ``flux`` in electrons or ``magnitude``, with several bands
        ``magnitude_g``, …; and places as ``x`` and ``y`` or ``ra`` and ``dec``. Without places they
        are put at random.
    count : int, optional
        How many. Default: all rows of the catalogue.
    first : int
        The first of its rows, where they have no places.
    seed : int
        Of places and photon noise.
    separation, border, clearance : float, int, int
        Of random places, pixels: between any two, off the border, off masked pixels.
    **frame
        ``zeropoint``, ``gain``, ``bands``, ``wcs``, …: see `Frame.of`.

    Raises
    ------
    ParameterError
        Frame, PSF or catalogue are wrong, or there is no room.

    Examples
    --------
    >>> import numpy as np
    >>> sky = np.random.default_rng(0).normal(0, 5, (100, 100))
    >>> galaxies = {"magnitude": [20.0], "half_light_radius": [3.0], "sersic_index": [1.0],
    ...             "axis_ratio": [0.7], "position_angle": [30.0]}
    >>> made = inject(sky, np.full(sky.shape, 0.04), psf=4.0, catalogue=galaxies, zeropoint=27,
    ...               gain=4)
    >>> made.image.shape, made.sources.sizes["sample"]
    ((1, 100, 100), 1)
    """
    if isinstance(images, Frame):
        target = images
    else:
        target = Frame.of(images, ivar=ivar, mask=mask, psf=psf, **frame)
    if catalogue is None:
        msg = "say what is injected: a catalogue, or a recipe with a count"
        raise ParameterError(msg)
    chosen = population(catalogue, target, count=count, first=first)
    if chosen.places is None:
        room = {"separation": separation, "border": border, "clearance": clearance}
        places = random_places(target, chosen.rows.size, seed=seed, **room)  # type: ignore[arg-type]
    else:
        chosen = chosen.chosen(_on_frame(chosen.places, target, border, clearance))
        places = nearest_place(chosen.places)  # type: ignore[arg-type]
    return _injected(target, chosen, places, seed)


def _on_frame(places: Floats, frame: Frame, border: int, clearance: int) -> NDArray[np.intp]:
    """Return which places are on free pixels of the frame."""
    x, y = np.round(places)
    inside = (x >= 0) & (y >= 0) & (x < frame.shape[1]) & (y < frame.shape[0])
    which = np.flatnonzero(inside)
    free = is_free(frame, border=border, clearance=clearance)
    return np.asarray(which[free[y[which].astype(np.int64), x[which].astype(np.int64)]])


def _injected(frame: Frame, chosen: Population, places: Floats, seed: int) -> Injection:
    x, y = places
    sources = chosen.sources.assign_coords(
        frame_x=("sample", x, {"long_name": "position on the frame along x", "units": "pixel"}),
        frame_y=("sample", y, {"long_name": "position on the frame along y", "units": "pixel"}),
        population_row=("sample", chosen.rows, {"long_name": "row of what was injected"}),
    ).assign_coords(_optics(frame, x, y))
    seen = np.zeros(frame.image.shape)
    image, weights = np.empty_like(frame.image), np.empty_like(frame.ivar)
    for band, gain in enumerate(frame.gain.tolist()):
        counts = np.zeros((1, *frame.shape))
        for patch in _patches(frame, sources, band, places):
            photons = _photons(patch.light, chosen.rows[patch.members], frame, band, seed)
            _add(seen[band : band + 1], patch, patch.light)
            _add(counts, patch, photons.astype(np.float64))
        image[band] = frame.image[band] + counts[0] / gain
        weights[band] = _weights(frame.ivar[band], seen[band] / gain**2)
    after = replace(frame, image=image, ivar=weights)
    return Injection(before=frame, after=after, sources=sources, light=seen)


def _weights(ivar: Singles, variance: Floats) -> Floats:
    """Return 1 / (1 / ivar + variance): unchanged where nothing was added, 0 where it was 0."""
    return np.asarray(ivar / (1 + ivar * variance))


def _optics(frame: Frame, x: Floats, y: Floats) -> dict[str, tuple[Any, ...]]:
    """Return the seeing of Moffats, (sample, band); none where a band has another PSF."""
    found = [psf.moffats(x, y) for psf in frame.psf]
    known = [pair for pair in found if pair is not None]
    if len(known) < len(found):
        return {}
    names = {"psf_fwhm": "full width at half maximum", "psf_beta": "Moffat exponent"}
    units = {"psf_fwhm": {"units": "pixel"}, "psf_beta": {}}
    return {
        name: (
            ("sample", "band"),
            np.stack([pair[i] for pair in known], axis=1).astype(np.float32),
            {"long_name": f"{text} of the point-spread function"} | units[name],
        )
        for i, (name, text) in enumerate(names.items())
    }


class _Patch(NamedTuple):
    """The light of some sources, (member, y, x), and the pixels at which it begins."""

    members: NDArray[np.intp]
    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    light: Floats

    def chosen(self, which: NDArray[np.bool_]) -> "_Patch":
        """Return those of some sources."""
        members, x0, y0, light = self
        return _Patch(members[which], x0[which], y0[which], light[which])


def _patches(frame: Frame, sources: xr.Dataset, band: int, places: Floats) -> Iterator[_Patch]:
    """Yield the light of all sources in a band, on patches as large as it is seen."""
    faint = _UNSEEN * _noise(frame, band)
    # What the objects draw from; codes and labels of the population are not.
    parameters = in_band(sources.drop_vars(["psf_fwhm", "psf_beta"], errors="ignore"), band)
    largest = min(_LARGEST, 2 * max(frame.shape) + _PATCH)
    left, side = np.arange(sources.sizes["sample"]), _PATCH
    while left.size:
        wide = []
        step = max(1, _BLOCK // side**2)
        for first in range(0, left.size, step):
            some = left[first : first + step]
            patch = _drawn(frame.psf[band], parameters, some, places, side)
            small = np.zeros(some.size, np.bool_)
            if 2 * side <= largest:
                small = _border(patch.light) > faint
            wide.append(some[small])
            yield patch.chosen(~small)
        left, side = np.concatenate(wide), 2 * side


def _noise(frame: Frame, band: int) -> float:
    """Return the noise of a pixel of the sky, electrons."""
    weights = frame.ivar[band]
    return float(frame.gain[band] / np.sqrt(np.median(weights[weights > 0])))


def _border(light: Floats) -> Floats:
    """Return the most light on the border of each patch."""
    ends = (light[:, 0], light[:, -1], light[:, :, 0], light[:, :, -1])
    return np.asarray(np.max([end.max(axis=1) for end in ends], axis=0))


def _drawn(
    psf: FramePsf, parameters: xr.Dataset, some: NDArray[np.intp], places: Floats, side: int
) -> _Patch:
    x, y = places[:, some]
    x0, y0 = nearest_pixel(x) - side // 2, nearest_pixel(y) - side // 2
    own = parameters.isel(sample=some)
    on_patch = own.assign_coords(
        source_x=own["source_x"].astype(np.float64) + (x - x0)[:, None],
        source_y=own["source_y"].astype(np.float64) + (y - y0)[:, None],
    )
    seen = _seen(psf, on_patch, (side, side), x, y)
    return _Patch(some, x0, y0, round_mantissa(seen, EXPECTED_BITS))


def _seen(
    psf: FramePsf, parameters: xr.Dataset, shape: tuple[int, int], x: Floats, y: Floats
) -> Floats:
    draw = partial(light, objects=tuple(SKY_OBJECTS.values()))
    moffats = psf.moffats(x, y)
    if moffats is None:
        return psf_transform.under(psf.images(x, y), parameters, shape, draw)
    fwhm, beta = moffats
    optics = {"psf_fwhm": ("sample", fwhm), "psf_beta": ("sample", beta)}
    return draw(parameters.assign_coords(optics), shape)


def _photons(
    seen: Floats, rows: NDArray[np.int64], frame: Frame, band: int, seed: int
) -> NDArray[np.int32]:
    """Return Poisson numbers, a stream of random numbers for each row in this frame and band."""
    nothing = ("sample", np.zeros(rows.size))
    levels = xr.Dataset(
        coords={"sample_id": ("sample", rows), "sky_level": nothing, "read_noise": nothing}
    )
    names = [f"{frame.name}.{frame.bands[band]}"]
    return observe(seen[:, None], levels, _POISSON, seed, names)[:, 0]


def _add(planes: Floats, patch: _Patch, values: Floats) -> None:
    members = np.arange(patch.members.size)
    stamps = Stamps(members, patch.x0, patch.y0, np.ascontiguousarray(values))
    add(planes, np.zeros(members.size, np.intp), [stamps])
