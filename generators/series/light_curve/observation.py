"""From the parameters of stars to their light curves, with noise and without."""

import numpy as np
import xarray as xr
from scipy.special import ndtri

from skybench.generators.arrays import Floats
from skybench.generators.drawn_object import columns
from skybench.generators.random_streams import RowStreams
from skybench.generators.series.light_curve.cadence import instants
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS
from skybench.generators.series.light_curve.recipe import LightCurveRecipe
from skybench.generators.series.light_curve.red_noise import damped_walk
from skybench.generators.series.light_curve.vocabulary import VOCABULARY


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
    error = drawn.column("photometric_error")[:, None] * np.exp(
        recipe.noise.error_scatter * drawn.normals("errors")
    )
    error = VOCABULARY["relative_flux_error"].store(error).astype(np.float64)
    red = damped_walk(
        drawn.normals("red_noise"),
        times,
        drawn.column("red_noise_amplitude"),
        drawn.column("red_noise_timescale"),
    )
    light = expected(parameters, times)
    return {
        "relative_flux": VOCABULARY["relative_flux"].holding(
            light + red + error * drawn.normals("noise")
        ),
        "observation_time": VOCABULARY["observation_time"].holding(times),
        "relative_flux_error": VOCABULARY["relative_flux_error"].holding(error),
        "expected_relative_flux": VOCABULARY["expected_relative_flux"].holding(light),
    }


class _Drawn:
    """The random numbers of some rows, and their parameters as float64."""

    def __init__(self, recipe: LightCurveRecipe, parameters: xr.Dataset) -> None:
        self._seed, self._points = recipe.seed, recipe.cadence.points
        self._rows = parameters["sample_id"].values.tolist()
        self._parameters = parameters

    def column(self, name: str) -> Floats:
        return self._parameters[name].values.astype(np.float64)

    def uniforms(self, stream: str) -> Floats:
        streams = RowStreams(self._seed, f"light_curve.{stream}")
        drawn = np.empty((len(self._rows), self._points))
        for place, row in enumerate(self._rows):
            drawn[place] = streams.uniforms(row, self._points)
        return drawn

    def normals(self, stream: str) -> Floats:
        return np.asarray(ndtri(self.uniforms(stream)))


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
