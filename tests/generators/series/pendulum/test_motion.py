"""Datasets of pendulums: contents, noise, refusals, rows that depend on themselves alone."""

import numpy as np
import pytest
import xarray as xr

from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

FAMILY = FAMILIES["pendulum"]


def recipe(*profiles, observation=(), noise=0.0, **parameters):
    return recipe_from(
        {
            "family": "pendulum",
            "name": "some",
            "title": "Some",
            "description": "For tests.",
            "licence": "CC-BY-4.0",
            "citation": "none",
            "seed": 3,
            "samples": 100,
            "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
            "task": "regression",
            "targets": ["natural_frequency"],
            "observation": {"duration": 5, "outputs": 51} | dict(observation),
            "noise": {"angle": noise},
            "sources": {f"kind{i}": {"profile": p, **parameters} for i, p in enumerate(profiles)},
        }
    )


@pytest.mark.parametrize("profile", FAMILY.objects)
def test_every_kind_fills_a_dataset(profile):
    pendulums = generate_as_stored(recipe(profile), 0, 8)
    assert pendulums.angle.dims == ("sample", "time")
    assert pendulums.time.attrs["units"] == "s"
    np.testing.assert_allclose(pendulums.angle[:, 0], pendulums.initial_angle, rtol=2e-4)
    xr.testing.assert_equal(pendulums.angle, pendulums.observed_angle)
    for name, data in pendulums.data_vars.items():
        assert np.isfinite(data).all(), name


def test_both_ways_without_friction_agree():
    exact, stepped = (
        generate_as_stored(recipe(name, initial_angle=2.0), 0, 8)
        for name in ("pendulum", "hamiltonian_pendulum")
    )
    np.testing.assert_allclose(exact.angle, stepped.angle, atol=5e-4)


def test_the_noise_has_its_size_and_is_its_own():
    pendulums = generate_as_stored(recipe("damped_pendulum", noise=0.25), 0, 100)
    noise = (pendulums.observed_angle - pendulums.angle).values
    # 5100 values: the standard deviation is known to 1 %, a correlation to 0.014.
    assert noise.std() == pytest.approx(0.25, rel=0.04)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.06


def test_rungs_that_change_the_noise_keep_the_pendulums():
    noisy, clean = generate_as_stored("pendulum", 5, 9), generate_as_stored("pendulum/clean", 5, 9)
    xr.testing.assert_identical(
        noisy.angle.drop_vars("angle_noise"), clean.angle.drop_vars("angle_noise")
    )
    np.testing.assert_array_equal(clean.observed_angle, clean.angle)


def test_rows_depend_on_themselves_alone():
    made = recipe(*FAMILY.objects, noise=0.1)
    xr.testing.assert_identical(
        generate_as_stored(made, 4, 30).isel(sample=slice(3, 5)), generate_as_stored(made, 7, 9)
    )


def test_it_is_rendered_again_from_what_is_recorded():
    made = load_recipe("pendulum")
    pendulums = generate_as_stored(made, 40, 52)
    again = FAMILY.render(made, pendulums.drop_vars(list(pendulums.data_vars)))
    for name, values in again.items():
        np.testing.assert_array_equal(values, pendulums[name])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial_angle": 3.14159}, r"initial_angle can be 3.14159 .*\[-3.12, 3.12\]"),
        ({"pendulum_length": 0}, "pendulum_length can be 0"),
        ({"gravity": -1}, "gravity can be -1"),
        ({"observation": {"outputs": 1}}, "outputs"),
        ({"observation": {"duration": 0}}, "duration"),
        ({"noise": -0.1}, "noise.angle can be -0.1"),
        ({"damping": 0.1}, "unknown parameter of pendulum 'damping'"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe("pendulum", **changes)
