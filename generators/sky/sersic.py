"""An elliptical galaxy: a Sersic profile, sheared to its axis ratio and turned to its angle."""

from collections.abc import Iterator

import numpy as np
from scipy.special import gammaincc

from skybench.generators.arrays import Floats, Integers
from skybench.generators.declaration import parameter
from skybench.generators.distributions import log_uniform, uniform
from skybench.generators.sky import cusp, fourier, moffat, sersic_profile, wings
from skybench.generators.sky.sky_object import RED, SkyObject
from skybench.generators.sky.stamps import (
    STEP,
    WHOLE,
    Sources,
    Stamps,
    interpolate,
    nodes,
    reach,
    windows,
)

_DROPPED = 5e-4
"""Share of the flux that may be cut off on an image larger than the galaxy."""

_PSF_OUTSIDE = 1e-3

_SHARPEST = 8 * np.pi
"""Last frequency without a PSF, where no last one would be enough and `cusp` sees to it."""

_UNEVEN = 0.03
"""Relative error of the uniform light that stands for all copies but the nearest."""


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


def psf_extent(sources: Sources) -> Floats:
    """Return the radius of the PSF's visible wings, 0 without a PSF."""
    return moffat.enclosing_radius(sources["psf_fwhm"], sources["psf_beta"], _PSF_OUTSIDE)


def ellipse(
    on: fourier.Grid, size: Floats, index: Floats, step: Integers, shape: Sources
) -> Floats:
    """Return the (m, ky, kx) transforms of unit-flux Sersic ellipses centred on the origin.

    Parameters
    ----------
    on : Grid
    size, index : (m,) arrays
        Half-light radius along the major axis in pixels, Sersic index.
    step : (m,) array
        Steps of the taper, `sersic_profile.UNTAPERED` for none.
    shape : Sources
        ``axis_ratio`` and ``position_angle``.
    """
    angle, minor = np.deg2rad(shape["position_angle"]), shape["axis_ratio"] * size
    cos, sin = np.cos(angle), np.sin(angle)
    squared = ((size * cos) ** 2 + (minor * sin) ** 2)[:, None] * on.squares[0]
    product = ((size**2 - minor**2) * cos * sin)[:, None] * on.squares[1]
    squared += product
    np.multiply(((size * sin) ** 2 + (minor * cos) ** 2)[:, None], on.squares[2], out=product)
    squared += product
    np.log(squared, out=squared)
    squared /= 2
    squared[:, 0] = -np.inf
    if (step == sersic_profile.UNTAPERED).all():
        transforms = sersic_profile.transforms().evaluate(index, squared)
    else:
        transforms = np.empty_like(squared)
        for one in np.unique(step).tolist():
            some = step == one
            transforms[some] = sersic_profile.transforms(one).evaluate(index[some], squared[some])
    return np.asarray(transforms.reshape(-1, on.ky.size, on.kx.size))


def cutoff(sources: Sources, size: Floats, index: Floats) -> Floats:
    """Return the frequency beyond which a Sersic profile under the PSF has no power."""

    def end(level: Floats) -> Floats:
        minor = size * sources["axis_ratio"]
        return np.asarray(sersic_profile.transforms().end(index, level) - np.log(minor))

    point = wings.least_peak(sources | {"half_light_radius": 0 * size})
    last = fourier.cutoff(sources, end, wings.least_peak(sources) / point)
    sharp = np.minimum(last, _SHARPEST)
    return np.where(sources["psf_fwhm"] > 0, last, sharp)


class Sersic(SkyObject):
    """Elliptical galaxy: a Sersic profile of any index from 0.5 to 6."""

    code = 2
    formula = "I(r) = exp(-b r^(1/n)) / (2 pi n q b^(-2n) Gamma(2n)), P(2n, b) = 1/2"
    reference = "Sersic (1968); Graham & Driver (2005), PASA 22, 118, equations 1 and 4"
    accuracy = "2e-4 of the peak and 3e-4 of the flux against GalSim at tight settings"
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
        if not sources["flux"].size:
            return
        own = sources | {"_b": sersic_profile.b_n(sources["sersic_index"])}
        last = cutoff(own, own["half_light_radius"], own["sersic_index"])
        step, sizes, sides = _plan(own, last, shape)
        own |= {"_step": step.astype(np.float64)}
        own |= {"_tapered": (step != sersic_profile.UNTAPERED).astype(np.float64)}
        at = windows(own, sides, shape, STEP)
        wrapped = wings.copies(own, at, sizes)
        smooth = np.flatnonzero(sides != WHOLE)
        if smooth.size:
            chosen = {name: values[smooth] for name, values in own.items()}
            yield Stamps(smooth, 0 * smooth, 0 * smooth, _on_mesh(chosen, shape), STEP)
        for group in fourier.groups(own, sizes, sides, last):
            for stamps in fourier.draw_group(own, group, shape, _spectrum, centred=True, step=STEP):
                pixels = stamps.pixels
                pixels -= wings.spread(wrapped[stamps.members], pixels.shape[1:])
                cusp.sharpen(stamps, sources)
                if group.side != WHOLE:
                    chosen = {name: values[stamps.members] for name, values in own.items()}
                    mesh = _on_mesh(chosen, pixels.shape[1:], stamps.x0, stamps.y0)
                    pixels -= interpolate(mesh, pixels.shape[1:])
                yield stamps


def _plan(
    sources: Sources, last: Floats, shape: tuple[int, int]
) -> tuple[Integers, Integers, Integers]:
    """Return the taper, the side of the grid and that of the stamp, for each source."""
    far = np.maximum(*reach(sources, shape))
    alone = wings.radius(sources)
    # A larger grid has finer frequencies, and so lower ones if there are no more of them.
    affordable = np.searchsorted(fourier.SIZES, 2 * np.pi * fourier.LAST / last, side="right")
    largest = np.asarray(fourier.SIZES)[np.maximum(affordable, 1) - 1]
    even = np.minimum(_even_sizes(sources, max(shape)), largest)
    sides = fourier.fitting(2 * alone + STEP)
    whole = np.maximum(fourier.fitting(np.maximum(alone + far, max(shape))), even)
    stamp = np.maximum(fourier.fitting(np.maximum(alone + (sides + STEP) / 2, sides)), even)
    on_stamp = (stamp < whole) & (sides < max(shape))
    sizes = np.where(on_stamp, stamp, whole)
    # A galaxy far larger than the image is cut off outside instead.
    step = taper_step(sources, sources["half_light_radius"], sources["sersic_index"], shape)
    outer = sources["half_light_radius"] * sersic_profile.TAPER * sersic_profile.taper_radius(step)
    outer = outer + psf_extent(sources)
    cut = fourier.fitting(np.maximum(outer + far + 2, max(shape)))
    tapered = cut < sizes
    return (
        np.where(tapered, step, sersic_profile.UNTAPERED),
        np.where(tapered, cut, sizes),
        np.where(tapered | ~on_stamp, WHOLE, sides),
    )


def _even_sizes(sources: Sources, length: int) -> Integers:
    """Return the smallest grid on which the light of far copies may be taken for uniform."""
    sizes = np.asarray(fourier.SIZES)
    scale = sources["half_light_radius"] * np.sqrt(sources["axis_ratio"])
    n = sources["sersic_index"][:, None]
    share = gammaincc(2 * n, sources["_b"][:, None] * (1.5 * sizes / scale[:, None]) ** (1 / n))
    fwhm, beta = sources["psf_fwhm"][:, None], sources["psf_beta"][:, None]
    a = moffat.scale_radius(np.where(fwhm > 0, fwhm, 1e-9), beta)
    share += moffat.share_outside(1.5 * sizes, a, beta) * (fwhm > 0)
    wrong = _UNEVEN * share / sizes**2
    peak = wings.least_peak(sources)[:, None]
    enough = wrong < wings.TOLERANCE * np.minimum(peak, 2 / np.minimum(length, sizes) ** 2)
    enough[:, -1] = True
    return np.asarray(sizes[np.argmax(enough, axis=1)])


def _on_mesh(
    sources: Sources, shape: tuple[int, int], x0: Integers | int = 0, y0: Integers | int = 0
) -> Floats:
    """Return the light of the wings at the nodes of stamps."""
    along_x, along_y = nodes(shape[1]), nodes(shape[0])
    x, y = (part.ravel() for part in np.broadcast_arrays(along_x, along_y[:, None]))
    dx = x + (x0 - sources["source_x"])[:, None]
    dy = y + (y0 - sources["source_y"])[:, None]
    return wings.light(sources, dx, dy).reshape(-1, along_y.size, along_x.size)


def _spectrum(sources: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Floats:
    size, index = sources["half_light_radius"], sources["sersic_index"]
    transforms = ellipse(on, size, index, sources["_step"].astype(np.int64), sources)
    transforms *= sources["flux"][:, None, None]
    return transforms
