"""An elliptical galaxy: a Sersic profile, sheared to its axis ratio and turned to its angle."""

from collections.abc import Callable, Iterator

import numpy as np

from skybench.generators.arrays import Flags, Floats, Integers, Singles
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.native.library import kernel
from skybench.generators.sky import cusp, fourier, moffat, sersic_profile, wings
from skybench.generators.sky.sky_object import RED, SkyObject
from skybench.generators.sky.stamps import (
    STEP,
    WHOLE,
    Sources,
    Stamps,
    reach,
    take_smooth,
    windows,
)

_DROPPED = 1e-4
"""Share of the flux that may be cut off on an image larger than the galaxy."""

_SHARE = 0.2
"""Of `fourier.NEGLIGIBLE`: here frequencies are not rounded up to those that others share."""

_LAST = 8192
"""Most frequencies along half an axis: needles under a sharp PSF need them."""

_BLOCK = 1 << 22
"""Pixels of the stamps that are held at once: 16 MB."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_RULE = np.concatenate([1 / np.cos((_NODES + 1) * np.pi / 8), _WEIGHTS / 2])
"""Secants of angles over an eighth of a turn, and their weights."""

_galaxies = kernel("galaxies")

Draw = Callable[[Sources, tuple[int, int]], Iterator[Stamps]]


def taper_step(sources: Sources, size: Floats, index: Floats, shape: tuple[int, int]) -> Integers:
    """Return the step of the taper outside which nothing of the profile is visible.

    The profile ends where its flux does, or where even its minor axis has left the
    image's corner by two widths of the PSF, which carries light back inwards.
    """
    corner = np.hypot(*reach(sources, shape)) + 2 * sources["psf_fwhm"]
    seen = corner / (sources["axis_ratio"] * size)
    return sersic_profile.taper_step(
        np.minimum(sersic_profile.enclosing_radius(index, _DROPPED), seen)
    )


def cutoff(sources: Sources, size: Floats, index: Floats) -> Floats:
    """Return the frequency beyond which a Sersic profile under the PSF has no power."""

    def end(level: Floats) -> Floats:
        minor = size * sources["axis_ratio"]
        return np.asarray(sersic_profile.transforms().end(np.log(index), level) - np.log(minor))

    point = wings.least_peak(sources | {"half_light_radius": 0 * size})
    return fourier.cutoff(sources, end, _SHARE * wings.least_peak(sources) / point)


class Sersic(SkyObject):
    """Elliptical galaxy: a Sersic profile of any index from 0.3 to 8."""

    code = 2
    formula = "I(r) = exp(-b r^(1/n)) / (2 pi n q b^(-2n) Gamma(2n)), P(2n, b) = 1/2"
    reference = "Sersic (1968); Graham & Driver (2005), PASA 22, 118, equations 1 and 4"
    accuracy = "the formula at points of light, seen one by one through the PSF and the pixel"
    example = "Sersic(flux=5e4, half_light_radius=6, axis_ratio=0.6, seed=1).render((64, 64))"
    colour = RED

    flux: float = parameter(default=log_uniform(5e3, 1e5))
    half_light_radius: float = parameter(default=log_uniform(2, 6))
    sersic_index: float = parameter(default=uniform(0.5, 6))
    axis_ratio: float = parameter(default=uniform(0.3, 1))
    position_angle: float = parameter(default=uniform(0, 180))

    @staticmethod
    def draw(sources: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
        """Yield the stamps of elliptical galaxies."""
        own = wings.known(sources)
        yield from _chosen(own, sources["psf_fwhm"] == 0, shape, cusp.draw)
        yield from _chosen(own, sources["psf_fwhm"] > 0, shape, _blurred)


def _chosen(
    galaxies: Sources, which: Flags, shape: tuple[int, int], draw: Draw
) -> Iterator[Stamps]:
    """Yield the stamps of some of the galaxies."""
    members = np.flatnonzero(which)
    if members.size:
        some = {name: values[members] for name, values in galaxies.items()}
        for stamps in draw(some, shape):
            yield stamps._replace(members=members[stamps.members])


def _blurred(own: Sources, shape: tuple[int, int]) -> Iterator[Stamps]:
    """Yield the stamps of galaxies under a PSF, those of wide wings less what the mesh carries."""
    last = cutoff(own, own["half_light_radius"], own["sersic_index"])
    step, sizes, sides = _plan(own, last, shape)
    tapered = step != sersic_profile.UNTAPERED
    counts = fourier.frequencies(sizes, last, _LAST)
    for name, values in (
        ("_step", step), ("_tapered", tapered), ("_size", sizes), ("_last", counts),
    ):  # fmt: skip
        own[name] = values.astype(np.float64)
    for side in np.unique(sides).tolist():
        members = np.flatnonzero(sides == side)
        chosen = {name: values[members] for name, values in own.items()}
        if side != WHOLE:
            corner = np.zeros(members.size, dtype=np.int64)
            yield Stamps(members, corner, corner, wings.light(chosen, corner, corner, shape), STEP)
        at_once = max(1, _BLOCK // (shape[0] * shape[1] if side == WHOLE else side**2))
        for first in range(0, members.size, at_once):
            some = slice(first, first + at_once)
            yield _drawn({n: v[some] for n, v in chosen.items()}, members[some], side, shape)


def _drawn(galaxies: Sources, members: Integers, side: int, shape: tuple[int, int]) -> Stamps:
    """Return stamps of one side."""
    at = windows(galaxies, np.full(members.shape, side), shape, STEP)
    pixels = np.empty((members.size, int(at.height[0]), int(at.width[0])), dtype=np.float32)
    for step in np.unique(galaxies["_step"]).tolist():
        alike = galaxies["_step"] == step
        if alike.all():
            _fill(galaxies, at.x0, at.y0, int(step), pixels)
            break
        some = {name: values[alike] for name, values in galaxies.items()}
        part = np.empty((alike.sum(), *pixels.shape[1:]), dtype=np.float32)
        _fill(some, at.x0[alike], at.y0[alike], int(step), part)
        pixels[alike] = part
    stamps = Stamps(members, at.x0, at.y0, pixels)
    if side != WHOLE:
        take_smooth(wings.light(galaxies, at.x0, at.y0, (side, side)), pixels)
    return stamps


def _fill(galaxies: Sources, x0: Integers, y0: Integers, step: int, pixels: Singles) -> None:
    """Draw galaxies of one step of the taper, less what their copies shed."""
    height, width = pixels.shape[1:]
    turns, begin = fourier.all_twiddles()
    size, last = (galaxies[name].astype(np.int64) for name in ("_size", "_last"))
    start = begin[np.searchsorted(fourier.SIZES, size)]
    memory = fourier.scratch(int(size.max()), int(last.max()), height)
    _galaxies(
        wings.columns(galaxies), wings.places(galaxies, fourier.psf(galaxies).place), x0, y0,
        np.stack([size, last, start], axis=1), sersic_profile.transforms(step).singles,
        moffat.transforms().singles, sersic_profile.shares().singles, _RULE, turns,
        height, width, np.empty(5 * (height + width), dtype=np.float32), memory, pixels,
    )  # fmt: skip


def _plan(
    sources: Sources, last: Floats, shape: tuple[int, int]
) -> tuple[Integers, Integers, Integers]:
    """Return the taper, the side of the grid and that of the stamp, for each source."""
    far = np.maximum(*reach(sources, shape))
    alone, even = wings.plan(sources, np.asarray(fourier.SIZES), max(shape))
    # A larger grid has finer frequencies, and so lower ones if there are no more of them.
    affordable = np.searchsorted(fourier.SIZES, 2 * np.pi * _LAST / last, side="right")
    largest = np.asarray(fourier.SIZES)[np.maximum(affordable, 1) - 1]
    even = np.minimum(even, largest)
    sides = fourier.fitting(2 * alone + STEP)
    whole = np.maximum(fourier.fitting(np.maximum(alone + far, max(shape))), even)
    stamp = np.maximum(fourier.fitting(np.maximum(alone + (sides + STEP) / 2, sides)), even)
    on_stamp = (stamp < whole) & (sides < max(shape))
    sizes = np.where(on_stamp, stamp, whole)
    # A galaxy far larger than the image is cut off outside instead.
    step = taper_step(sources, sources["half_light_radius"], sources["sersic_index"], shape)
    outer = sources["half_light_radius"] * sersic_profile.TAPER * sersic_profile.taper_radius(step)
    outer = outer + fourier.psf_extent(sources)
    cut = fourier.fitting(np.maximum(outer + far + 2, max(shape)))
    tapered = cut < sizes
    return (
        np.where(tapered, step, sersic_profile.UNTAPERED),
        np.where(tapered, cut, sizes),
        np.where(tapered | ~on_stamp, WHOLE, sides),
    )
