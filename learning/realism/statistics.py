"""About twenty numbers that an astronomer would look at to tell a simulated cutout from a real one.

Light is that within a quarter of a side of the middle, sky what lies outside 0.35 of a side, less
what is brighter than three of its noises. The numbers of form are of one band; noise is of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skybench.generators.arrays import Flags, Floats
from skybench.learning.realism.cutouts import Cutouts

_APERTURE, _SKY = 0.25, 0.35
"""Radii about the middle, in sides: light is within the first, sky outside the second."""

_CLIP = 3.0
_ROUNDS = 4
_SEEN = 1.5
"""Noises above which a pixel belongs to a galaxy."""

_BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A number of a cutout.

    Attributes
    ----------
    name : str
    meaning : str
    source : str
        Who defined it, where it is not plain.
    value : callable
        Of light less sky, (sample,).
    """

    name: str
    meaning: str
    source: str = ""
    value: "Callable[[Light], Floats]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Light:
    """Some cutouts in a band, less their sky, with what several statistics need.

    Attributes
    ----------
    image : (sample, y, x) float64 array
        Less the sky; 0 where a pixel is missing.
    is_missing, is_sky : (sample, y, x) bool array
    sky, noise : (sample,) float64 array
    radius : (y, x) float64 array
        Pixels from the middle.
    """

    image: Floats
    is_missing: Flags
    is_sky: Flags
    sky: Floats
    noise: Floats
    radius: Floats

    @property
    def side(self) -> int:
        """The smaller one, pixels."""
        return int(min(self.image.shape[1:]))

    @property
    def aperture(self) -> Flags:
        """The pixels of light, (y, x)."""
        return self.radius <= _APERTURE * self.side

    @property
    def within(self) -> Floats:
        """The light's pixels, (sample, pixel)."""
        return np.asarray(self.image[:, self.aperture])

    @property
    def flux(self) -> Floats:
        """All light, at least the noise of one pixel."""
        return np.asarray(np.maximum(self.within.sum(axis=1), self.noise))

    @property
    def is_seen(self) -> Flags:
        """Which pixels of the light are of a galaxy, (sample, pixel); the brightest always is."""
        level = np.minimum(_SEEN * self.noise, self.within.max(axis=1))
        return np.asarray(self.within >= level[:, None])


def light_of(planes: NDArray[np.float32]) -> Light:
    """Return cutouts (sample, y, x) less their sky."""
    pixels = planes.astype(np.float64)
    missing = ~np.isfinite(pixels)
    y, x = (np.arange(n) - (n // 2) for n in pixels.shape[1:])
    radius = np.hypot(y[:, None], x)
    outside = radius > _SKY * min(pixels.shape[1:])
    is_sky = outside & ~missing
    for _ in range(_ROUNDS):
        sky, noise = _middle_and_spread(pixels, is_sky)
        away = np.abs(np.where(missing, np.inf, pixels) - sky[:, None, None])
        is_sky = outside & (away <= _CLIP * noise[:, None, None])
    image = np.where(missing, 0, pixels - sky[:, None, None])
    return Light(
        image=image, is_missing=missing, is_sky=is_sky, sky=sky, noise=noise, radius=radius
    )


def _middle_and_spread(pixels: Floats, chosen: Flags) -> tuple[Floats, Floats]:
    """Return median and 1.4826 median deviations of chosen pixels, the spread above zero."""
    masked = np.where(chosen, pixels, np.nan).reshape(len(pixels), -1)
    has_any = chosen.reshape(len(pixels), -1).any(axis=1)
    masked[~has_any] = 0
    middle = np.nanmedian(masked, axis=1)
    spread = 1.4826 * np.nanmedian(np.abs(masked - middle[:, None]), axis=1)
    return middle, np.maximum(spread, 1e-30)


def noise_correlation(seen: Light) -> Floats:
    """Return the correlation of neighbouring pixels of the sky, (sample,)."""
    return np.asarray(np.mean([_lagged(seen, axis) for axis in (1, 2)], axis=0))


def _lagged(seen: Light, axis: int) -> Floats:
    first = [slice(None)] * 3
    second = [slice(None)] * 3
    first[axis], second[axis] = slice(None, -1), slice(1, None)
    one, two = tuple(first), tuple(second)
    both = seen.is_sky[one] & seen.is_sky[two]
    a, b = np.where(both, seen.image[one], 0), np.where(both, seen.image[two], 0)
    power = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    return np.asarray((a * b).sum(axis=(1, 2)) / np.maximum(power, 1e-30))


def _gradient(seen: Light) -> Floats:
    """Return how much a plane through the sky rises over a side, in noises."""
    ny, nx = seen.image.shape[1:]
    y, x = (np.linspace(-0.5, 0.5, n) for n in (ny, nx))
    slopes = []
    for line in (y[:, None] + 0 * x, 0 * y[:, None] + x):
        along = np.where(seen.is_sky, line, 0)
        power = np.maximum((along**2).sum(axis=(1, 2)), 1e-30)
        slopes.append((along * seen.image).sum(axis=(1, 2)) / power)
    return np.asarray(np.hypot(*slopes) / seen.noise)


def _tails(seen: Light) -> Floats:
    """Return the excess kurtosis of the sky within its clips."""
    inside = np.where(seen.is_sky, seen.image, 0)
    count = np.maximum(seen.is_sky.sum(axis=(1, 2)), 1)
    second, fourth = ((inside**p).sum(axis=(1, 2)) / count for p in (2, 4))
    return np.asarray(fourth / np.maximum(second, 1e-60) ** 2 - 3)


def _neighbours(seen: Light) -> Floats:
    """Return the share of pixels about the light that are above three noises."""
    outside = ~seen.aperture & ~seen.is_missing
    bright = seen.image > _CLIP * seen.noise[:, None, None]
    return np.asarray((outside & bright).sum(axis=(1, 2)) / np.maximum(outside.sum(axis=(1, 2)), 1))


def _signal_to_noise(seen: Light) -> Floats:
    return np.asarray(np.arcsinh(seen.flux / (seen.noise * np.sqrt(seen.aperture.sum()))))


def _peak(seen: Light) -> Floats:
    return np.asarray(seen.within.max(axis=1) / seen.flux)


def _radius_of(seen: Light, share: float) -> Floats:
    """Return the radius that holds a share of the light, pixels, between those of pixels."""
    order = np.argsort(seen.radius[seen.aperture], kind="stable")
    radii = np.sqrt((np.arange(order.size) + 1) / np.pi)
    grown = np.maximum.accumulate(np.cumsum(seen.within[:, order], axis=1), axis=1)
    total = np.maximum(grown[:, -1], 1e-30)
    at = np.minimum((grown < share * total[:, None]).sum(axis=1), order.size - 1)
    rows = np.arange(len(grown))
    before = np.where(at > 0, grown[rows, at - 1], 0)
    step = np.clip((share * total - before) / np.maximum(grown[rows, at] - before, 1e-30), 0, 1)
    inner = np.where(at > 0, radii[at - 1], 0)
    return np.asarray(np.sqrt(inner**2 + step * (radii[at] ** 2 - inner**2)))


def _concentration(seen: Light) -> Floats:
    return np.asarray(5 * np.log10(_radius_of(seen, 0.8) / np.maximum(_radius_of(seen, 0.2), 1e-3)))


def _turned(seen: Light) -> Floats:
    """Return cutouts turned by half a turn about their middle pixel."""
    ny, nx = seen.image.shape[1:]
    return np.roll(seen.image[:, ::-1, ::-1], (1 - ny % 2, 1 - nx % 2), axis=(1, 2))


def _asymmetry(seen: Light) -> Floats:
    """Return it less that of as much noise: of two normal numbers, 2 / sqrt(pi) noises apart."""
    apart = np.abs(seen.within - _turned(seen)[:, seen.aperture]).sum(axis=1)
    return np.asarray(
        (apart - 2 / np.sqrt(np.pi) * seen.noise * seen.aperture.sum()) / (2 * seen.flux)
    )


def _smoothness(seen: Light) -> Floats:
    """Return the positive rest over a mean of 5 x 5, outside the very middle, less the noise's."""
    rest = seen.image - _mean_filtered(seen.image, 5)
    where = seen.aperture & (seen.radius > 2)
    clumps = np.maximum(rest[:, where], 0).sum(axis=1)
    expected = seen.noise * np.sqrt(1 - 1 / 25) / np.sqrt(2 * np.pi) * where.sum()
    return np.asarray((clumps - expected) / seen.flux)


def _mean_filtered(image: Floats, width: int) -> Floats:
    reach = width // 2
    edged = np.pad(image, ((0, 0), (reach + 1, reach), (reach + 1, reach)), mode="edge")
    sums = edged.cumsum(axis=1).cumsum(axis=2)
    w = width
    boxes = sums[:, w:, w:] - sums[:, :-w, w:] - sums[:, w:, :-w] + sums[:, :-w, :-w]
    return np.asarray(boxes / width**2)


def _gini(seen: Light) -> Floats:
    values = np.sort(np.where(seen.is_seen, np.abs(seen.within), 0), axis=1)
    count = seen.is_seen.sum(axis=1)
    # Pixels that are not seen are zeros before all others, so ranks are counted from the end.
    rank = np.arange(1, values.shape[1] + 1) - (values.shape[1] - count)[:, None]
    weighted = ((2 * rank - count[:, None] - 1) * values).sum(axis=1)
    return np.asarray(weighted / np.maximum(values.sum(axis=1) * np.maximum(count - 1, 1), 1e-30))


def _m20(seen: Light) -> Floats:
    y, x = np.nonzero(seen.aperture)
    light = np.where(seen.is_seen, seen.within, 0)
    total = np.maximum(light.sum(axis=1), 1e-30)
    cy, cx = (light @ y) / total, (light @ x) / total
    moment = light * ((y - cy[:, None]) ** 2 + (x - cx[:, None]) ** 2)
    order = np.argsort(-light, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(light, order, axis=1), axis=1)
    brightest = before - np.take_along_axis(light, order, axis=1) < 0.2 * total[:, None]
    part = (np.take_along_axis(moment, order, axis=1) * brightest).sum(axis=1)
    return np.asarray(np.log10(np.maximum(part, 1e-4) / np.maximum(moment.sum(axis=1), 1e-3)))


def _moments(seen: Light) -> tuple[Floats, Floats, Floats, Floats]:
    """Return offset from the middle, and second moments, under a Gaussian of a sixth of a side."""
    ny, nx = seen.image.shape[1:]
    y, x = np.nonzero(seen.aperture)
    y, x = y - ny // 2, x - nx // 2
    light = np.where(seen.is_seen, seen.within, 0) * np.exp(
        -0.5 * (y**2 + x**2) / (seen.side / 6) ** 2
    )
    total = np.maximum(light.sum(axis=1), 1e-30)
    cy, cx = (light @ y) / total, (light @ x) / total
    dy, dx = y - cy[:, None], x - cx[:, None]
    xx, yy, xy = ((light * u).sum(axis=1) / total for u in (dx * dx, dy * dy, dx * dy))
    return np.hypot(cy, cx), xx, yy, xy


def _ellipticity(seen: Light) -> Floats:
    _, xx, yy, xy = _moments(seen)
    return np.asarray(np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-12))


STATISTICS = (
    Statistic(name="sky", meaning="level of the sky, counts", value=lambda s: s.sky),
    Statistic(
        name="sky_gradient",
        meaning="rise of a plane through the sky over a side, in noises",
        value=_gradient,
    ),
    Statistic(name="noise_tails", meaning="excess kurtosis of the clipped sky", value=_tails),
    Statistic(
        name="neighbours",
        meaning="share of pixels outside the light that are above three noises",
        value=_neighbours,
    ),
    Statistic(
        name="missing",
        meaning="share of pixels without a value",
        value=lambda s: s.is_missing.mean(axis=(1, 2)),
    ),
    Statistic(
        name="darkest",
        meaning="darkest pixel, in noises below the sky",
        value=lambda s: -s.image.min(axis=(1, 2)) / s.noise,
    ),
    Statistic(
        name="signal_to_noise",
        meaning="asinh of light over its noise",
        value=_signal_to_noise,
    ),
    Statistic(name="peak", meaning="brightest pixel over the light", value=_peak),
    Statistic(
        name="half_light_radius",
        meaning="radius of half the light, seeing included, pixels",
        value=lambda s: _radius_of(s, 0.5),
    ),
    Statistic(
        name="concentration",
        meaning="5 log10 of the radii of 80 and 20 % of the light",
        source="Bershady et al. 2000, AJ 119, 2645",
        value=_concentration,
    ),
    Statistic(
        name="asymmetry",
        meaning="difference from itself turned by 180 degrees over twice the light, less noise",
        source="Conselice et al. 2000, ApJ 529, 886",
        value=_asymmetry,
    ),
    Statistic(
        name="smoothness",
        meaning="positive rest over a mean of 5 x 5 pixels over the light, less noise",
        source="Conselice 2003, ApJS 147, 1",
        value=_smoothness,
    ),
    Statistic(
        name="gini",
        meaning="inequality of the pixels of a galaxy",
        source="Lotz et al. 2004, AJ 128, 163",
        value=_gini,
    ),
    Statistic(
        name="m20",
        meaning="log10 of the second moment of the brightest 20 % over that of all",
        source="Lotz et al. 2004, AJ 128, 163",
        value=_m20,
    ),
    Statistic(
        name="ellipticity",
        meaning="(1 - q^2) / (1 + q^2) of weighted second moments",
        source="Kaiser et al. 1995, ApJ 449, 460",
        value=_ellipticity,
    ),
    Statistic(
        name="offset",
        meaning="of the centroid from the middle pixel, pixels",
        value=lambda s: _moments(s)[0],
    ),
)
"""Those of one band; `statistics` adds noise and its correlation of each band, and colours."""


def statistic_names(bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of all statistics of cutouts in some bands, in their order."""
    noises = [f"{word}{_of(band, bands)}" for band in bands for word in _NOISES]
    colours = [f"{a} - {b}" for a, b in pairwise(bands)]
    return (*(one.name for one in STATISTICS), *noises, *colours)


_NOISES = {
    "noise": "noise of a pixel of the sky, counts",
    "noise_correlation": "of neighbouring pixels of the sky",
}


def meaning_of(name: str) -> str:
    """Say what a statistic is, by its name."""
    known = {one.name: one.meaning for one in STATISTICS} | _NOISES
    words = [known[word] for word in (name, *_NOISES) if word in known and name.startswith(word)]
    return words[-1] if words else "colour of the light, magnitudes of counts"


def _of(band: str, bands: tuple[str, ...]) -> str:
    return "" if len(bands) == 1 else f"_{band}"


def statistics(cutouts: Cutouts) -> Floats:
    """Return the statistics of cutouts, (sample, statistic), finite whatever they hold.

    Their names are those of `statistic_names`.

    Examples
    --------
    >>> blank = Cutouts.of(np.zeros((20, 32, 32)))
    >>> statistics(blank).shape, len(statistic_names(blank.bands))
    ((20, 18), 18)
    """
    blocks = [
        _of_block(cutouts.images[first : first + _BLOCK], cutouts.plane)
        for first in range(0, len(cutouts), _BLOCK)
    ]
    return np.nan_to_num(np.concatenate(blocks), posinf=0, neginf=0)


def _of_block(images: NDArray[np.float32], plane: int) -> Floats:
    each = [light_of(images[:, band]) for band in range(images.shape[1])]
    columns = [one.value(each[plane]) for one in STATISTICS]
    for seen in each:
        columns += [seen.noise, noise_correlation(seen)]
    columns += [_colour(a, b) for a, b in pairwise(each)]
    return np.stack(columns, axis=1)


def _colour(first: Light, second: Light) -> Floats:
    return np.asarray(-2.5 * np.log10(first.flux / second.flux))
