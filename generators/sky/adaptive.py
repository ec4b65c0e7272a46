"""Sources without a Fourier transform of their own: sampled adaptively, convolved once."""

from collections.abc import Callable, Iterator

import numpy as np

from skybench.generators.arrays import Complexes, Floats
from skybench.generators.sky import fourier, moffat, rays
from skybench.generators.sky.stamps import Sources, Stamps, nearest_pixel, reach

_ALONE = 0.25
"""How much smaller errors must be without a PSF than with one."""

_MARGINS = (4, 16)
"""FWHM of the PSF around the image from which light is carried into it, at least and at most."""

_OUTSIDE = 5e-4
"""Share of the PSF that may lie farther out, and its brightness there over that of its centre."""

Light = Callable[[Sources], rays.Light]
"""The brightness of some sources."""


def draw(
    sources: Sources,
    shape: tuple[int, int],
    *,
    dark: Floats,
    flux: Floats,
    area: Floats,
    light: Light,
) -> Iterator[Stamps]:
    """Yield the stamps of sources, PSF and pixel included.

    Parameters
    ----------
    sources : Sources
    shape : (ny, nx)
        Of the image.
    dark : (m,) array
        Radius in pixels beyond which a source is dark.
    flux, area : (m,) arrays
        Light, and the square pixels that it covers before the PSF spreads it: errors are
        kept small compared with the brightness that comes of them.
    light : callable
        The brightness of some of the sources.
    """
    margin = _margin(sources)
    far = np.maximum(*reach(sources, shape))
    internal = sources | {
        "_flux": flux,
        "_area": area,
        "_margin": margin,
        "_width": np.full(margin.shape, float(shape[1])),
        "_height": np.full(margin.shape, float(shape[0])),
        "_lit": np.minimum(dark, far + margin),
        "_far": far,
    }
    blurred = sources["psf_fwhm"] > 0
    for drawn, some in ((_blurred, blurred), (_sharp, ~blurred)):
        members = np.flatnonzero(some)
        chosen = {name: values[members] for name, values in internal.items()}
        for stamps in drawn(chosen, shape, light):
            # Where the PSF is cut off, at 1e-3 of its power, transforms ring about zero.
            np.maximum(stamps.pixels, 0, out=stamps.pixels)
            yield stamps._replace(members=members[stamps.members])


def _margin(sources: Sources) -> Floats:
    """Return how far around the image light is that the PSF carries into it."""
    fwhm, beta = sources["psf_fwhm"], sources["psf_beta"]
    least, most = (fwhm * times for times in _MARGINS)
    share = np.minimum(moffat.enclosing_radius(fwhm, beta, _OUTSIDE), most)
    faint = moffat.scale_radius(fwhm, beta) * np.sqrt(np.expm1(-np.log(_OUTSIDE) / beta))
    return np.asarray(1 + np.maximum(np.maximum(share, faint), least))


def _blurred(sources: Sources, shape: tuple[int, int], light: Light) -> Iterator[Stamps]:
    """Yield the stamps of sources under a PSF."""

    def spectrum(some: Sources, on: fourier.Grid, x: Floats, y: Floats) -> Complexes:
        return rays.transform(light(some), _frame(some, on.size, x, y), on)

    return fourier.draw(sources, sources["_lit"], shape, spectrum)


def _sharp(sources: Sources, shape: tuple[int, int], light: Light) -> Iterator[Stamps]:
    """Yield the stamps of sources without a PSF."""
    sizes = fourier.stamp_sizes(sources["_lit"], sources["_far"])
    for size in np.unique(sizes).tolist():
        members = np.flatnonzero(sizes == size)
        step = max(1, fourier.BLOCK // size**2)
        for first in range(0, members.size, step):
            some = members[first : first + step]
            chosen = {name: values[some] for name, values in sources.items()}
            x0, y0 = (nearest_pixel(chosen[f"source_{axis}"]) - size // 2 for axis in "xy")
            x, y = chosen["source_x"] - x0, chosen["source_y"] - y0
            found = rays.pixels(light(chosen), _frame(chosen, size, x, y), size)
            yield Stamps(some, x0, y0, found)


def _frame(sources: Sources, size: int, x: Floats, y: Floats) -> rays.Frame:
    """Return where light is searched for: on the image and its margin.

    The plane that is searched lies about the source, wherever the stamp begins.
    """
    from_x, from_y = (np.floor(at + 0.5) - size // 2 for at in (x, y))
    left, low = x - sources["source_x"] - from_x, y - sources["source_y"] - from_y
    margin, width, height = (sources[name] for name in ("_margin", "_width", "_height"))
    # A Gaussian of variance v has the peak 0.16 / v; here of PSF and pixel.
    area = sources["_area"] + (0.6 * sources["psf_fwhm"]) ** 2 + 0.25
    peak = 0.16 * sources["_flux"] / area
    return rays.Frame(
        x=x - from_x,
        y=y - from_y,
        left=left - margin,
        right=left + width + margin,
        low=low - margin,
        high=low + height + margin,
        # Errors of neighbouring cells cancel in part where the PSF adds them up.
        peak=peak * np.minimum(1, _ALONE + 0.3 * sources["psf_fwhm"]),
        fwhm=sources["psf_fwhm"],
        from_x=from_x,
        from_y=from_y,
    )
