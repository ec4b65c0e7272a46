"""From the parameters of stars to their light curves: when they are looked at, with which noise."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.arrays import Floats
from skybench.generators.drawn_object import columns
from skybench.generators.native.library import kernel
from skybench.generators.random_streams import RowStreams
from skybench.generators.series.instants import TIME_BITS
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS
from skybench.generators.series.light_curve.recipe import LightCurveRecipe
from skybench.generators.series.light_curve.vocabulary import FLUX_BITS, VOCABULARY
from skybench.generators.variable import EXPECTED_BITS

_instants, _damped_walks, _observe = (
    kernel(name) for name in ("instants", "damped_walks", "observe_stars")
)


def render(recipe: LightCurveRecipe, parameters: xr.Dataset) -> dict[str, xr.Variable]:
    """Return instants, fluxes, errors and noise-free fluxes of the stars described."""
    drawn = _Drawn(recipe, parameters)
    cadence = recipe.cadence
    times = instants(
        drawn.uniforms("instants"),
        baseline=cadence.baseline,
        jitter=cadence.jitter,
        night_fraction=cadence.night_fraction,
        gap_start=drawn.column("gap_start"),
        gap_length=drawn.column("gap_length"),
    )
    red = damped_walk(
        drawn.normals("red_noise"),
        times,
        drawn.column("red_noise_amplitude"),
        drawn.column("red_noise_timescale"),
    )
    observed = {name: np.empty(times.shape, dtype=VOCABULARY[name].dtype) for name in _OBSERVED}
    _observe(
        expected(parameters, times),
        red,
        drawn.normals("errors"),
        drawn.normals("noise"),
        drawn.column("photometric_error"),
        *observed.values(),
        recipe.noise.error_scatter,
        FLUX_BITS,
        EXPECTED_BITS,
    )
    made = {"observation_time": times} | observed
    return {name: _as_stored(name, made[name]) for name in _DATA}


_OBSERVED = ("relative_flux", "relative_flux_error", "expected_relative_flux")
"""What the kernel writes, in its order."""

_DATA = ("relative_flux", "observation_time", "relative_flux_error", "expected_relative_flux")


def _as_stored(name: str, values: NDArray[Any]) -> xr.Variable:
    """Return a variable of values that are rounded already."""
    return xr.Variable(VOCABULARY[name].dims, values, VOCABULARY[name].attributes())


class _Drawn:
    """The random numbers of some rows, and their parameters as float64."""

    def __init__(self, recipe: LightCurveRecipe, parameters: xr.Dataset) -> None:
        self._seed, self._points = recipe.seed, recipe.cadence.points
        self._rows = parameters["sample_id"].values
        self._parameters = parameters

    def column(self, name: str) -> Floats:
        return self._parameters[name].values.astype(np.float64)

    def uniforms(self, stream: str) -> Floats:
        return self._streams(stream).uniforms_of(self._rows, self._points)

    def normals(self, stream: str) -> Floats:
        return self._streams(stream).normals_of(self._rows, self._points)

    def _streams(self, stream: str) -> RowStreams:
        return RowStreams(self._seed, f"light_curve.{stream}")


def expected(parameters: xr.Dataset, times: Floats) -> Floats:
    """Return the noise-free fluxes of all samples over those of the quiet stars.

    Parameters
    ----------
    parameters : xr.Dataset
        With ``kind`` and what the stars are made of.
    times : (sample, time) array
        Days.
    """
    kinds = parameters["kind"].values
    light = np.ones_like(times)
    for kind in LIGHT_CURVE_OBJECTS.values():
        mine = np.flatnonzero(kinds == kind.code)
        if mine.size:
            own = columns(parameters, kind, mine)
            stars = {name: values[:, None] for name, values in own.items()}
            light[mine] = kind.relative_flux(stars, times[mine])
    return light


def instants(
    uniform: Floats,
    *,
    baseline: float,
    jitter: float,
    night_fraction: float,
    gap_start: Floats,
    gap_length: Floats,
) -> Floats:
    """Return rising instants in days, from 0 to the baseline.

    The time outside the gap is cut into as many equal parts as there are instants; each has
    one, in its middle but for the jitter. Days then shrink to their nights: the gap and the
    number of the day stay, the hours are pressed into the first part of the day.

    Parameters
    ----------
    uniform : (star, time) array
        Random numbers in (0, 1).
    baseline : float
        Days from the first possible instant to the last.
    jitter : float
        Share of its part within which an instant is random: 0 for an even cadence, 1 for
        anywhere.
    night_fraction : float
        Share of a day in which the star can be seen.
    gap_start, gap_length : (star,) arrays
        Days; the gap ends before the baseline does.
    """
    times = np.empty(uniform.shape)
    _instants(uniform, gap_start, gap_length, times, baseline, jitter, night_fraction, TIME_BITS)
    return times


def damped_walk(normal: Floats, times: Floats, amplitude: Floats, timescale: Floats) -> Floats:
    """Return an Ornstein-Uhlenbeck process at any instants, exactly.

    x(t + h) = x(t) exp(-h / timescale) + amplitude sqrt(1 - exp(-2h / timescale)) n, with n
    a normal deviate: mean 0, the same variance throughout, correlation exp(-h / timescale).

    Parameters
    ----------
    normal : (star, time) array
        Independent normal deviates.
    times : (star, time) array
        Rising instants.
    amplitude, timescale : (star,) arrays
        Standard deviation; time to forget to 1/e.

    References
    ----------
    Kelly, Bechtold & Siemiginowska (2009), ApJ 698, 895, equations 1 to 5.
    """
    walks = np.empty_like(normal)
    _damped_walks(normal, np.ascontiguousarray(times), amplitude, timescale, walks)
    return walks
