"""Datasets of light curves: contents, noise, periods, refusals, purity of rows."""

import copy

import numpy as np
import pytest
import xarray as xr

from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

FAMILY = FAMILIES["light_curve"]

CONTENT = {
    "family": "light_curve",
    "name": "some",
    "title": "Some",
    "description": "For tests.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 3,
    "samples": 200,
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
    "task": "regression",
    "targets": ["photometric_error"],
}


def recipe(*profiles, cadence=(), noise=(), **parameters):
    return recipe_from(
        copy.deepcopy(CONTENT)
        | {
            "cadence": {"points": 300, "baseline": 40, "jitter": 0.9} | dict(cadence),
            "noise": {"error": 0.01} | dict(noise),
            "sources": {f"kind{i}": {"profile": p, **parameters} for i, p in enumerate(profiles)},
        }
    )


@pytest.mark.parametrize("profile", FAMILY.objects)
def test_every_kind_fills_a_dataset(profile):
    curves = generate_as_stored(recipe(profile, cadence={"gap_start": 9, "gap_length": 3}), 0, 6)
    for name in FAMILY.render(recipe(profile), curves):
        assert curves[name].dims == ("sample", "time")
        assert np.isfinite(curves[name]).all(), name
    assert not ((curves.observation_time > 9) & (curves.observation_time < 12)).any()
    assert curves.observation_time.attrs["units"] == "day"


@pytest.mark.parametrize("profile", ["rr_lyrae", "cepheid"])
def test_lomb_and_scargle_recover_the_period(profile):
    timeseries = pytest.importorskip("astropy.timeseries")
    curves = generate_as_stored(
        recipe(profile, cadence={"points": 500}, noise={"error": 0.02}), 0, 5
    )
    for i in range(5):
        search = timeseries.LombScargle(
            curves.observation_time[i].values,
            curves.relative_flux[i].values,
            curves.relative_flux_error[i].values,
        )
        frequency = np.linspace(0.05, 3, 12_000)
        best = 1 / frequency[search.power(frequency).argmax()]
        # Forty days resolve a frequency to about 1 / (40 x 20) a day.
        period = float(curves.period[i])
        assert abs(1 / best - 1 / period) < 1 / 800


def test_the_errors_are_the_size_of_the_noise():
    curves = generate_as_stored(recipe("constant", noise={"error_scatter": 0.5}), 0, 100)
    pull = (curves.relative_flux - 1) / curves.relative_flux_error
    # 30,000 values: the standard deviation is known to 0.4 %.
    assert float(pull.std()) == pytest.approx(1, rel=0.02)
    logarithm = np.log(curves.relative_flux_error / 0.01)
    assert float(logarithm.mean()) == pytest.approx(0, abs=0.015)
    assert float(logarithm.std()) == pytest.approx(0.5, rel=0.03)


def test_red_noise_has_its_amplitude():
    quiet = {"error": 0, "red_amplitude": 0.05, "red_timescale": 0.5}
    curves = generate_as_stored(recipe("constant", noise=quiet), 0, 100)
    assert float(curves.relative_flux.std()) == pytest.approx(0.05, rel=0.05)
    assert not curves.relative_flux_error.any()


def test_rungs_that_change_the_noise_keep_the_stars():
    noisy, clean = (
        generate_as_stored("lightcurves", 5, 25),
        generate_as_stored("lightcurves/clean", 5, 25),
    )
    for name in ("expected_relative_flux", "observation_time"):
        np.testing.assert_array_equal(noisy[name], clean[name])
    np.testing.assert_array_equal(clean.relative_flux, clean.expected_relative_flux)


def test_rows_depend_on_themselves_alone():
    made = load_recipe("lightcurves")
    xr.testing.assert_identical(
        generate_as_stored(made, 90, 130).isel(sample=slice(7, 9)), generate_as_stored(made, 97, 99)
    )


def test_it_is_rendered_again_from_what_is_recorded():
    made = load_recipe("lightcurves")
    curves = generate_as_stored(made, 40, 80)
    again = FAMILY.render(made, curves.drop_vars(list(curves.data_vars)))
    for name, values in again.items():
        np.testing.assert_array_equal(values, curves[name])


def test_every_event_of_the_packaged_recipe_shows():
    curves = generate_as_stored("lightcurves/clean", 0, 600)
    names = np.array(curves.label.attrs["flag_meanings"].split())[curves.label]
    change = np.ptp(curves.expected_relative_flux.values, axis=1)
    for kind in set(names) - {"constant"}:
        # Some flares fall into the gap, and a planet may pass between two looks each time.
        assert (change[names == kind] > 0.002).mean() > 0.85, kind
    assert not change[names == "constant"].any()


@pytest.mark.parametrize(
    ("profile", "changes", "message"),
    [
        ("transit", {"radius_ratio": 1.1}, r"radius_ratio can be 1.1 .*\[0, 1\]"),
        ("transit", {"semi_major_axis_ratio": 1}, "semi_major_axis_ratio can be 1"),
        ("transit", {"period": 0}, "period can be 0"),
        ("transit", {"impact_parameter": -0.1}, "impact_parameter can be -0.1"),
        (
            "transit",
            {"limb_darkening_u1": 0.7, "limb_darkening_u2": 0.4},
            "must be at most 1, got 0.7 . 0.4",
        ),
        ("supernova", {"fall_rise_ratio": 1}, "fall_rise_ratio can be 1"),
        ("supernova", {"epoch": 41}, "kind0.epoch can be 41 to 41, outside the 40 days"),
        ("flare", {"epoch": -1}, "kind0.epoch can be -1"),
        ("flare", {"flare_fwhm": 0}, "flare_fwhm can be 0"),
        ("constant", {"cadence": {"points": 0}}, "points"),
        ("constant", {"cadence": {"baseline": 0}}, "baseline"),
        ("constant", {"cadence": {"jitter": 1.5}}, "jitter"),
        ("constant", {"cadence": {"gap_start": 20, "gap_length": 20}}, "reach to day 40"),
        ("constant", {"noise": {"error": -1}}, "noise.error can be -1"),
        ("constant", {"noise": {"red_timescale": 0}}, "red_timescale can be 0"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(profile, changes, message):
    with pytest.raises(ValueError, match=message):
        recipe(profile, **changes)


def test_a_periodic_star_may_have_its_epoch_anywhere():
    curves = generate_as_stored(recipe("transit", epoch=-3, period=400), 0, 3)
    assert np.isfinite(curves.relative_flux).all()
