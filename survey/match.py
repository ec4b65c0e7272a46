"""A recipe whose images are like a sample of real ones, as far as both are measured.

What is measured of the real sample becomes the recipe's population: a table with a row for each
detection, its magnitude, its size less the seeing, its axis ratio and its flux in each band, so
that these are as correlated as on the sky. Faint sources are found with noise on them, and some
are not found. So images are simulated, measured in the same way, and the population is corrected
until percentiles agree: magnitudes, sizes and colours by the difference of their quantiles, the
number of sources by that of detections, the noise by its ratio and its correlations.

Images differ: in their noise, which goes along in all bands, and in what lies between sources, for
wings of bright ones and background residuals are smooth and correlate pixels at any lag. So each
measured image is a row, too, from which the sky of a simulated one is taken.
"""

from dataclasses import dataclass, field, replace
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import stats

from skybench.errors import ParameterError
from skybench.generators.arrays import Floats
from skybench.generators.generate import generate
from skybench.survey.agreement import Intervals, agreement
from skybench.survey.cutout_sample import CutoutSample
from skybench.survey.measure import HALF_LIGHT, THRESHOLD, Measurements, measure, seeing

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_SOURCES = 10
"""Of which a population can be made."""

_ENOUGH = 200
"""Sources that fill a population; fewer are smoothed."""

_BANDWIDTH = 0.25
"""Of the smoothing, in quartile ranges of a sample of one; less than is best for a density, as
quantiles are to stay."""

_QUANTILES = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
_STEP = 0.5
"""Most that a round changes a magnitude, a colour or the logarithm of a size."""

_CAUTION = 0.7
"""Share of a difference that a round takes away."""

_FAINT, _DEEPER, _GROWTH = 0.6, 2.0, 0.3
"""Share of the sources beyond the faintest detections, over so many magnitudes, and the slope of
their counts: they are what makes an image that seems empty, and the noise that is none."""

_LIMIT = 0.95
"""Quantile of the magnitudes of detections at which those begin."""

_POINT = 0.05
"""Half-light radius in pixels of what is not resolved."""

_DARKEST = 1e-3
"""Sky in electrons, where there is less noise than that of rounding."""

_FAINTEST_RATIO = 0.01
"""Flux of a source in a band over that in the reference band, where noise leaves less."""

_CLEAN = 0.25
"""Quantile of the autocorrelation at lag 2 that is of noise alone, without smooth light."""

_SECOND, _LEAST_POWER = (-0.2, 0.5), 0.03
"""Ends of the noise's own, and its least power over that of white noise at any wavelength."""

_MOST_SMOOTH = 0.9
"""Share of the variance between sources that may be smooth light."""

_LARGEST_RESIDUAL = 0.25
"""Of a recipe's `sky.residual`, so that no sky is negative."""

_SIZES = (_POINT, 400.0)
_AXIS_RATIOS = (0.1, 1.0)
_INDEX = {"distribution": "truncated_normal", "mean": 1.3, "sigma": 0.7, "low": 0.5, "high": 4}


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """A recipe, what it was made from, and how well it agrees.

    Attributes
    ----------
    recipe : Path
        The file; the population is the CSV file beside it.
    real, made : CutoutSample
    real_measured, made_measured : Measurements
    psf_fwhm : float
        In the reference band, pixels.
    agreement : DataFrame
        As `skybench.survey.agreement.agreement` returns it.
    rounds : int
        Of correction, after which marginals agreed best.
    """

    recipe: Path
    real: CutoutSample
    made: CutoutSample
    real_measured: Measurements = field(repr=False)
    made_measured: Measurements = field(repr=False)
    psf_fwhm: float
    agreement: "pd.DataFrame" = field(repr=False)
    rounds: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Model:
    """What is corrected from round to round: sources as they are to be detected, and the noise."""

    sources: "pd.DataFrame"
    """``magnitude``, ``log_size`` with the seeing, ``axis_ratio``, ``mag_BAND`` less magnitude."""
    images: "pd.DataFrame"
    """Logarithm of the electrons a pixel of noise, by band, and ``smooth``, the autocorrelation
    at lag 2: a row an image."""
    crowding: float = 1.0
    correlation: tuple[float, float] = (0.0, 0.0)
    """Of the noise alone at lags 1 and 2."""


def match(
    real: CutoutSample,
    recipe: str | PathLike[str],
    *,
    psf_fwhm: float | None = None,
    rounds: int = 8,
    fewest: int = 400,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Match:
    """Write a recipe whose images are like those of a sample, and return how well they agree.

    Parameters
    ----------
    real : CutoutSample
    recipe : path
        Of the YAML file; its stem names the recipe, and ``STEM-sources.csv`` is the population.
    psf_fwhm : float, optional
        In pixels. Default: by the sharpest bright sources, see `seeing`.
    rounds : int
        Of correction, 0 or more; that after which marginals agree best is taken.
    fewest : int
        Images that are simulated in a round, however small the real sample is.
    threshold : float
        Of detection, in noise levels.
    seed : int
        Of the recipe; the agreement is that of another, which was not corrected on.

    Raises
    ------
    ParameterError
        There are too few sources.
    """
    found = measure(real, threshold)
    if len(found.sources) < _FEWEST_SOURCES:
        msg = (
            f"{len(found.sources)} sources were detected, too few for a population; give more "
            f"images or a threshold below {threshold:g}."
        )
        raise ParameterError(msg)
    fwhm = seeing(found) if psf_fwhm is None else psf_fwhm
    path, model = Path(recipe), _first(real, found, seed)
    count = max(len(real.images), fewest)
    tried, intervals = [], Intervals.of(found)
    for number in range(rounds + 1):
        _write(path, real, found, model, fwhm, seed)
        made = measure(simulated(path, real, count, seed + 1 + number), threshold)
        tried.append((intervals.misfit(made), number, model))
        model = _corrected(model, found, made, real)
    _, best, model = min(tried, key=itemgetter(0))
    _write(path, real, found, model, fwhm, seed)
    fresh = simulated(path, real, count, seed + 2 + rounds)
    made = measure(fresh, threshold)
    return Match(
        recipe=path,
        real=real,
        made=fresh,
        real_measured=found,
        made_measured=made,
        psf_fwhm=fwhm,
        agreement=agreement(found, made, seed),
        rounds=best,
    )


def _columns(sample: CutoutSample, found: Measurements) -> "pd.DataFrame":
    """Return what of the sources is corrected."""
    import pandas as pd  # late: it takes a while

    table, zeropoint = found.sources, sample.zeropoint
    magnitude = table["magnitude"].to_numpy()
    columns = {"magnitude": magnitude, "log_size": np.log(table["half_light_radius"].to_numpy())}
    for band, zero in zip(sample.bands, zeropoint, strict=True):
        if band != sample.reference:
            flux = table[f"flux_{band}"].to_numpy()
            dim = zero - 2.5 * np.log10(np.where(flux > 0, flux, np.nan)) - magnitude
            columns[f"mag_{band}"] = dim
    columns["axis_ratio"] = table["axis_ratio"].to_numpy()
    return pd.DataFrame(columns)


def _first(sample: CutoutSample, found: Measurements, seed: int) -> _Model:
    return _Model(
        sources=_smoothed(_columns(sample, found), seed),
        images=_true_spread(_images(sample, found), found),
        correlation=_possible(_departure(found), _second(found)),
    )


def _smoothed(table: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """Return few sources as more of them, scattered about themselves (Silverman 1986, 6.4.1)."""
    times = -(-_ENOUGH // len(table))
    if times == 1:
        return table
    more = table.loc[table.index.repeat(times)].reset_index(drop=True)
    width = _BANDWIDTH * len(table) ** -0.2 * (table.quantile(0.75) - table.quantile(0.25))
    scatter = np.random.default_rng(seed).normal(size=more.shape)
    return more.add(scatter * width.to_numpy())


def _images(sample: CutoutSample, found: Measurements) -> "pd.DataFrame":
    """Return what of the images is corrected."""
    counts = found.images[[f"noise_{band}" for band in sample.bands]]
    noise = counts.set_axis(list(sample.bands), axis=1).mul(sample.gain).apply(np.log)
    smooth = found.images[["x2", "y2"]].mean(axis=1)
    return noise.assign(smooth=smooth.fillna(smooth.median()).fillna(0.0))


def _true_spread(images: "pd.DataFrame", found: Measurements) -> "pd.DataFrame":
    """Return images that differ as these do, less what measuring a few pixels adds.

    Of n pixels the standard deviation is known to 1 / sqrt(2 n) of itself, more where they are
    correlated, and the mean of two autocorrelations to 1 / sqrt(2 n).
    """
    error = float((0.5 / found.images["between"]).mean())
    middle, spread = images.median(), images.var(ddof=0)
    kept = np.sqrt(np.clip(1 - error / np.maximum(spread, 1e-12), 0, 1))
    return (images - middle) * kept + middle


def _departure(found: Measurements) -> float:
    """Return the median of (1 - r) / (1 - s), r and s the autocorrelations at lags 1 and 2.

    Smooth light of any share f makes them f + (1 - f) r and f + (1 - f) s, so it does not matter.
    """
    each = [(1 - found.images[f"{axis}1"]) / (1 - found.images[f"{axis}2"]) for axis in "xy"]
    return float(np.nanmedian(each))


def _second(found: Measurements) -> float:
    """Return the autocorrelation at lag 2 where there is little smooth light."""
    return float(np.nanquantile(found.images[["x2", "y2"]], _CLEAN))


def _possible(departure: float, second: float) -> tuple[float, float]:
    """Return the correlations at lags 1 and 2 that a recipe can have, closest to those given.

    There are none where no image has enough pixels to tell them.
    """
    if not np.isfinite(departure + second):
        return 0.0, 0.0
    second = float(np.clip(second, *_SECOND))
    first = float(np.clip(1 - departure * (1 - second), *_first_ends(second)))
    return first, second


def _first_ends(second: float) -> tuple[float, float]:
    """Return between what the first correlation may lie, so that waves of all lengths have power.

    1 + 2 r cos w + 2 s cos 2 w is least at cos w = -r / (4 s) or at the ends.
    """
    least = 1 - _LEAST_POWER
    end = least / 2 + second
    if end > 4 * second:
        return -end, end
    inside = float(np.sqrt(4 * second * (least - 2 * second)))
    return -inside, inside


def _corrected(
    model: _Model, real: Measurements, made: Measurements, sample: CutoutSample
) -> _Model:
    """Return the model after a round."""
    first, second = model.correlation
    departure = (1 - first) / (1 - second) + _CAUTION * (_departure(real) - _departure(made))
    ratio = real.images["density"].mean() / max(1e-9, made.images["density"].mean())
    return replace(
        model,
        sources=_shifted(model.sources, _columns(sample, real), _columns(sample, made)),
        images=_shifted(model.images, _images(sample, real), _images(sample, made)),
        crowding=model.crowding * float(np.clip(ratio, 0.5, 2)) ** _CAUTION,
        correlation=_possible(departure, second + _CAUTION * (_second(real) - _second(made))),
    )


def _shifted(table: "pd.DataFrame", wanted: "pd.DataFrame", got: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table with each value moved so that quantiles agree better."""
    moved = table.copy()
    for name in moved.columns:
        ours, theirs = (
            each[name].quantile(_QUANTILES).to_numpy(np.float64) for each in (got, wanted)
        )
        step = _CAUTION * np.clip(theirs - ours, -_STEP, _STEP)
        moved[name] += np.interp(moved[name], ours, step)
    return moved


def _write(
    path: Path, sample: CutoutSample, found: Measurements, model: _Model, fwhm: float, seed: int
) -> None:
    """Write the recipe and, beside it, the population."""
    table = path.with_name(f"{path.stem}-sources.csv")
    _rows(sample, model, fwhm, seed).to_csv(table, index=False, float_format="%.5g")
    content = _content(sample, found, model, fwhm, seed) | {
        "name": _word(path.stem),
        "catalogue": {"file": table.name},
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=100), encoding="utf-8")


def _word(stem: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in stem.lower()).strip("_") or "matched"


def _rows(sample: CutoutSample, model: _Model, fwhm: float, seed: int) -> "pd.DataFrame":
    """Return sources and, beside them, images: each again until there is a row for all."""
    import pandas as pd  # late: it takes a while

    parts = (_population(sample, model, fwhm, seed), _skies(sample, model))
    count = max(map(len, parts))
    return pd.concat(
        [part.take(np.arange(count) % len(part)).reset_index(drop=True) for part in parts], axis=1
    )


def _skies(sample: CutoutSample, model: _Model) -> "pd.DataFrame":
    """Return the sky of each image in electrons, and what is left of it: smooth light.

    Of a variance a share f is smooth light, with the amplitude r sky, and the rest photon noise
    with the variance sky. The former has an autocorrelation of nearly 1.
    """
    import pandas as pd  # late: it takes a while

    variance = (2 * model.images[list(sample.bands)]).apply(np.exp)
    _, second = model.correlation
    share = np.clip((model.images["smooth"] - second) / (1 - second), 0, _MOST_SMOOTH)
    own = variance[sample.reference] * (1 - share)
    residual = np.minimum(np.sqrt(share / (1 - share) / own), _LARGEST_RESIDUAL)
    # The root of sky + (residual sky)^2 = variance.
    root = np.sqrt(1 + 4 * variance.mul(residual**2, axis=0))
    sky = np.maximum(2 * variance / (1 + root), _DARKEST)
    return pd.DataFrame(
        {f"sky_{band}": sky[band] for band in sample.bands} | {"residual": residual}
    )


def _population(sample: CutoutSample, model: _Model, fwhm: float, seed: int) -> "pd.DataFrame":
    """Return the sources as recipes have them: sizes and axis ratios less the seeing."""
    import pandas as pd  # late: it takes a while

    sources, star = model.sources, HALF_LIGHT * fwhm
    if not sample.is_centred:
        sources = pd.concat([sources, _fainter(sources, seed)], ignore_index=True)
    seen, q = np.exp(sources["log_size"]), np.clip(sources["axis_ratio"], *_AXIS_RATIOS)
    # The half-light radius of a circle of the ellipse's area; seeing adds in quadrature.
    major2 = np.maximum(seen**2 / q - star**2, _POINT**2)
    minor2 = np.maximum(seen**2 * q - star**2, (_AXIS_RATIOS[0] ** 2) * major2)
    columns = {
        "magnitude": sources["magnitude"],
        "half_light_radius": np.clip(np.sqrt(major2), *_SIZES),
        "axis_ratio": np.clip(np.sqrt(minor2 / major2), *_AXIS_RATIOS),
    }
    for band in sample.bands:
        if band != sample.reference:
            ratio = 10 ** (-0.4 * sources[f"mag_{band}"].fillna(np.inf))
            columns[f"ratio_{band}"] = np.maximum(ratio, _FAINTEST_RATIO)
    return pd.DataFrame(columns)


def _fainter(sources: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """Return sources beyond the faintest detections, otherwise like the fainter half of these."""
    random, limit = np.random.default_rng(seed), sources["magnitude"].quantile(_LIMIT)
    half = sources[sources["magnitude"] >= sources["magnitude"].median()]
    count = round(len(sources) * _FAINT / (1 - _FAINT))
    growth = np.log(10) * _GROWTH
    more = np.log1p(random.random(count) * np.expm1(growth * _DEEPER)) / growth
    faint = half.sample(count, replace=True, random_state=seed)
    return faint.assign(magnitude=limit + more)


def _content(
    sample: CutoutSample, found: Measurements, model: _Model, fwhm: float, seed: int
) -> dict[str, Any]:
    electron = sample.zeropoint + 2.5 * np.log10(sample.gain)
    side = int(min(sample.images.shape[2:]))
    image: dict[str, Any] = {
        "shape": list(sample.images.shape[2:]),
        "pixel_scale_arcsec": sample.pixel_scale_arcsec,
        "zeropoint": round(float(electron[sample.plane]), 4),
        "segmentation": True,
    }
    if len(sample.bands) > 1:
        image["reference_band"] = sample.reference
        image["bands"] = {
            band: _band(sample, band, round(float(zero), 4), fwhm)
            for band, zero in zip(sample.bands, electron, strict=True)
        }
    scene: dict[str, Any] = {"count": _counts(sample, found, model.crowding)}
    if sample.is_centred:
        scene["first_margin"] = side // 2 - 2
    return {
        "title": "Images like those of a measured sample",
        "task": "segmentation",
        "seed": seed,
        "samples": 10_000,
        "image": image,
        "psf": {"fwhm": round(fwhm, 3), "beta": 3},
        "noise": {
            "sky_level": _column(f"sky_{sample.reference}"),
            "read_noise": 0,
            "correlation": [round(lag, 4) for lag in model.correlation],
        },
        "sky": {"residual": _column("residual"), "length": round(side / 2, 1)},
        "scene": scene,
        "sources": {
            "object": {
                "profile": "sersic",
                "sersic_index": _INDEX,
                **{n: _column(n) for n in ("magnitude", "half_light_radius", "axis_ratio")},
            }
        },
    }


def _band(sample: CutoutSample, band: str, zeropoint: float, fwhm: float) -> dict[str, Any]:
    sky = _column(f"sky_{band}")
    own = {"zeropoint": zeropoint, "sky_level": sky, "read_noise": 0, "fwhm": round(fwhm, 3)}
    if band == sample.reference:
        return own
    return own | {"flux_ratio": {"object": _column(f"ratio_{band}")}}


def _column(name: str) -> dict[str, str]:
    return {"distribution": "column", "column": name}


def _counts(sample: CutoutSample, found: Measurements, crowding: float) -> dict[str, Any]:
    """Return how many sources an image has: negative binomial, as scattered as detections are.

    Cutouts about a galaxy have as many as were detected, and one at least.
    """
    seen = found.images["count"].to_numpy(np.float64)
    if sample.is_centred:
        values, counts = np.unique(np.maximum(np.rint(seen * crowding), 1), return_counts=True)
        return _choice(values, counts / len(seen))
    mean, excess = seen.mean(), max(0.0, seen.var() - seen.mean()) / seen.mean() ** 2
    total = crowding * mean / (1 - _FAINT)
    values = np.arange(20 + int(total + 8 * np.sqrt(total + excess * total**2)))
    shape = 1 / max(excess, 1e-6)
    return _choice(values, stats.nbinom.pmf(values, shape, shape / (shape + total)))


def _choice(values: NDArray[Any], weights: Floats) -> dict[str, Any]:
    kept = weights > 1e-4 * weights.max()
    return {
        "distribution": "choice",
        "values": [int(value) for value in values[kept]],
        "weights": [float(f"{weight:.4g}") for weight in weights[kept]],
    }


def simulated(path: Path, real: CutoutSample, count: int, seed: int) -> CutoutSample:
    """Return images of the recipe, in counts, less their sky."""
    made = generate(path, 0, count, changes={"seed": seed, "samples": count})
    electrons = made["image"].values.reshape(count, len(real.bands), *real.images.shape[2:])
    images = (electrons / real.gain[:, None, None]).astype(np.float32)
    return replace(real, images=images, origin=None)
