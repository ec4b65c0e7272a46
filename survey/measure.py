"""What the images of a sample are like: sources, their density, and the noise between them.

Sources are found and measured by Source Extractor's algorithms as `sep` has them (Bertin & Arnouts
1996, A&AS 117, 393; Barbary 2016, JOSS 1, 58). Real and simulated images are measured by the same
code, so that its biases are common to both.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats, Singles
from skybench.survey.cutout_sample import CutoutSample, source_extractor

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 1.5
"""Noise levels above which pixels are detected."""

LAGS = {"x1": (0, 1), "x2": (0, 2), "y1": (1, 0), "y2": (2, 0)}
"""Along y and x, of the noise's autocorrelation."""

_APART = 3
"""Pixels about a source in which its light may lie below the threshold."""

_PAIRS = 50
"""Of pixels that tell an autocorrelation."""

_BRIGHT = 20.0
"""Signal to noise of what may be taken for a star."""

_FEWEST = 8
"""Bright sources that tell the seeing."""

_SHARPEST = 0.1
"""Quantile of the sizes of bright sources that is a star's."""

_WITHIN_THREE = 0.98658
"""Standard deviation of a normal distribution cut at 3 of its own."""

_QUARTER = np.float32(np.pi / 2) - np.float32(1e-6)

HALF_LIGHT = 0.6313
"""Half-light radius of a Moffat of beta 3 over its FWHM: sqrt((2^1/2 - 1) / (2^1/3 - 1)) / 2."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurements:
    """What a sample is like.

    Attributes
    ----------
    sources : DataFrame
        A row a detection: ``image``, ``x``, ``y``, ``flux`` (counts in a Kron ellipse of 2.5
        radii), ``magnitude``, ``half_light_radius`` (pixels, seeing included), ``axis_ratio``
        (likewise), ``signal_to_noise``, with bands ``flux_BAND`` in the same ellipse and the
        colour of each band and the next, ``g - r``.
    images : DataFrame
        A row an image: ``count``, ``between`` (pixels away from sources), ``density`` (detections
        per 10^4 pixels), ``noise`` and ``noise_BAND`` (counts a pixel), and ``x1``, ``x2``,
        ``y1``, ``y2``, the autocorrelation of the noise at lags 1 and 2.

    Notes
    -----
    The signal to noise is (F / 2) / sqrt(pi r^2 s^2 + (F / 2) / gain), r the half-light radius
    and s the noise of a pixel: half of the light over its error in the half-light aperture, as
    `visibility` has it for simulated sources.
    """

    sources: "pd.DataFrame"
    images: "pd.DataFrame"


def measure(sample: CutoutSample, threshold: float = THRESHOLD) -> Measurements:
    """Return what a sample is like.

    Parameters
    ----------
    sample : CutoutSample
    threshold : float
        Of detection, in noise levels.

    Raises
    ------
    MissingDependencyError
        sep is not installed.
    ParameterError
        An image has no pixel between its sources.
    """
    import pandas as pd  # late: it takes a while

    sources, images = [], []
    for number, planes in enumerate(sample.images):
        found, about = _measured(sample, planes, threshold, number)
        sources.append(pd.DataFrame({"image": number} | found))
        images.append(about)
    return Measurements(sources=pd.concat(sources, ignore_index=True), images=pd.DataFrame(images))


def _measured(
    sample: CutoutSample, planes: Singles, threshold: float, number: int
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Return the columns of an image's sources, and the row of the image."""
    bad = np.asarray(~np.isfinite(planes).all(axis=0))
    free = _between_sources(np.where(bad, 0, planes[sample.plane]), bad, threshold)
    if not free.any():
        msg = f"image {number} has no pixel between its sources; give larger cutouts"
        raise ParameterError(msg)
    skies = [float(np.median(plane[free])) for plane in planes]
    noises = {band: _scatter(p[free]) for band, p in zip(sample.bands, planes, strict=True)}
    clean = [np.where(bad, 0, p - s).astype(np.float32) for p, s in zip(planes, skies, strict=True)]
    noise = noises[sample.reference]
    found = _sources(sample, clean, bad, noise, threshold)
    count = found["flux"].size
    row = {
        "count": count,
        "between": int(free.sum()),
        "density": 1e4 * count / (~bad).sum(),
        "noise": noise,
    }
    row |= {f"noise_{band}": value for band, value in noises.items()}
    return found, row | _autocorrelation(clean[sample.plane], free)


def _between_sources(plane: Singles, bad: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """Return where there is neither a source nor a bad pixel; the noise is found as this is."""
    sep, free = source_extractor(), ~bad
    for _ in range(3):
        if not free.any():
            break
        clean = (plane - np.median(plane[free])).astype(np.float32)
        sigma = _scatter(plane[free])
        _, at = sep.extract(clean, threshold, err=sigma, mask=bad, segmentation_map=True)
        free = ~bad & ~ndimage.binary_dilation(at > 0, iterations=_APART)
    return np.asarray(free)


def _scatter(values: NDArray[Any]) -> float:
    """Return a standard deviation that wings do not move: of what lies within three of them.

    The median deviation alone would come in steps where counts are whole numbers.
    """
    away = np.abs(values - np.median(values)).astype(np.float64)
    within = away[away <= 3 * 1.4826 * np.median(away)]
    return float(np.sqrt(np.mean(within**2))) / _WITHIN_THREE or 1e-30


def _autocorrelation(clean: Singles, free: NDArray[np.bool_]) -> dict[str, float]:
    found = {}
    for name, (down, along) in LAGS.items():
        ny, nx = clean.shape[0] - down, clean.shape[1] - along
        both = free[:ny, :nx] & free[down:, along:]
        first, second = clean[:ny, :nx][both], clean[down:, along:][both]
        power = float(np.sqrt((first**2).sum() * (second**2).sum()))
        is_told = first.size >= _PAIRS and power > 0
        found[name] = float((first * second).sum()) / power if is_told else np.nan
    return found


def kron_ellipses(image: Singles, found: Any, bad: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Return Kron ellipses of 2.5 radii about detections: x, y, a, b, theta and their scale."""
    shape = (found["x"], found["y"], found["a"], found["b"], found["theta"])
    sixes = np.full(len(found), 6.0)
    kron, _ = source_extractor().kron_radius(image, *shape, sixes, mask=bad)
    return *shape, 2.5 * np.maximum(np.nan_to_num(kron, nan=1.4), 1.4)


def flux_and_size(
    image: Singles, found: Any, bad: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the flux of detections in their Kron ellipse, and the radius of half of it, pixels."""
    sep, ellipses = source_extractor(), kron_ellipses(image, found, bad)
    flux, _, _ = sep.sum_ellipse(image, *ellipses, mask=bad)
    size, _ = sep.flux_radius(
        image, found["x"], found["y"], 6 * found["a"], 0.5, normflux=flux, mask=bad
    )
    return flux, size


def _sources(
    sample: CutoutSample,
    clean: list[Singles],
    bad: NDArray[np.bool_],
    noise: float,
    threshold: float,
) -> dict[str, Floats]:
    sep, plane = source_extractor(), sample.plane
    found = sep.extract(clean[plane], threshold, err=noise, mask=bad)
    found = found[(found["b"] > 0) & (found["a"] >= found["b"])]
    found["theta"] = np.clip(found["theta"], -_QUARTER, _QUARTER)  # rounding may lie outside
    flux, size = flux_and_size(clean[plane], found, bad)
    found, flux, size = (each[(flux > 0) & (size > 0)] for each in (found, flux, size))
    variance = np.pi * size**2 * noise**2 + flux / 2 / sample.gain[plane]
    ellipses = kron_ellipses(clean[plane], found, bad)
    columns = {
        "x": found["x"],
        "y": found["y"],
        "flux": flux,
        "magnitude": sample.zeropoint[plane] - 2.5 * np.log10(flux),
        "half_light_radius": size,
        "axis_ratio": np.minimum(found["b"] / found["a"], 1),
        "signal_to_noise": flux / 2 / np.sqrt(variance),
    }
    for band, image in zip(sample.bands, clean, strict=True):
        columns[f"flux_{band}"] = sep.sum_ellipse(image, *ellipses, mask=bad)[0]
    return columns | _colours(sample, columns)


def _colours(sample: CutoutSample, columns: dict[str, Any]) -> dict[str, Floats]:
    """Return the colour of each band and the next; a flux of 0 or less has none."""
    fluxes = [columns[f"flux_{band}"] for band in sample.bands]
    magnitudes = [
        zero - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
        for zero, flux in zip(sample.zeropoint, fluxes, strict=True)
    ]
    pairs = zip(sample.bands[:-1], sample.bands[1:], strict=True)
    return {f"{a} - {b}": magnitudes[i] - magnitudes[i + 1] for i, (a, b) in enumerate(pairs)}


def seeing(found: Measurements) -> float:
    """Return the FWHM of the PSF in pixels, by the sharpest tenth of the bright sources.

    Raises
    ------
    ParameterError
        There are too few of them.
    """
    bright = found.sources.query(f"signal_to_noise > {_BRIGHT}")
    if len(bright) < _FEWEST:
        msg = (
            f"{len(bright)} sources have a signal to noise above {_BRIGHT:g}, too few to tell the "
            "seeing; give the FWHM of the PSF in pixels."
        )
        raise ParameterError(msg)
    return float(bright["half_light_radius"].quantile(_SHARPEST)) / HALF_LIGHT
