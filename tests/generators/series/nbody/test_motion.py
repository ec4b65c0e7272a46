"""Datasets of N-body systems: contents, refusals, and rows that depend on themselves alone."""

import copy

import numpy as np
import pytest
import xarray as xr
from series.nbody.ias15 import followed_by_ias15

from skybench.errors import ParameterError
from skybench.generators.families import FAMILIES
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from
from skybench.generators.sampling import sample
from skybench.generators.series.nbody.motion import followed
from skybench.generators.series.nbody.render import start
from skybench.generators.series.nbody.taylor import integrate

FAMILY = FAMILIES["nbody"]

HEADER = {
    "name": "systems",
    "title": "Some systems",
    "description": "For tests.",
    "licence": "CC-BY-4.0",
    "citation": "none",
    "seed": 3,
    "samples": 200,
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
}


def recipe(profile, integration=(), task="regression", **parameters):
    content = copy.deepcopy(HEADER) | {
        "family": "nbody",
        "task": task,
        "targets": [next(iter(FAMILY.objects[profile].defaults))],
        "integration": {
            "bodies": FAMILY.objects[profile].bodies or 5,
            "duration": 2.0,
            "outputs": 5,
            "steps_per_output": 200,
            "softening": 0.2,
        }
        | dict(integration),
        "sources": {"one": {"profile": profile, **parameters}},
    }
    return recipe_from(content)


@pytest.mark.parametrize("profile", FAMILY.objects)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_kind_fills_a_dataset(profile, dimensions):
    flat = {"mutual_inclination": 0} if profile == "triple" else {}
    made = recipe(profile, {"dimensions": dimensions}, **flat)
    systems = generate_as_stored(made, 0, 6)
    bodies = made.integration.bodies
    assert systems.position.dims == ("sample", "time", "body", "axis")
    assert systems.position.shape == systems.velocity.shape == (6, 5, bodies, dimensions)
    np.testing.assert_array_equal(systems.time, [0, 0.5, 1, 1.5, 2])
    for name, data in systems.data_vars.items():
        assert np.isfinite(data).all(), name
    total = systems.kinetic_energy + systems.potential_energy
    size = systems.kinetic_energy[:, 0] - systems.potential_energy[:, 0]
    assert float((abs(total - total[:, 0]) / size).max()) < 0.01


@pytest.mark.parametrize("profile", FAMILY.objects)
def test_rows_depend_on_themselves_alone(profile):
    made = recipe(profile)
    xr.testing.assert_identical(
        generate_as_stored(made, 4, 9).isel(sample=slice(1, 3)), generate_as_stored(made, 5, 7)
    )


def test_it_is_rendered_again_from_what_is_recorded():
    made = load_recipe("nbody")
    systems = generate_as_stored(made, 40, 52)
    again = FAMILY.render(made, systems.drop_vars(list(systems.data_vars)))
    for name, values in again.items():
        np.testing.assert_array_equal(values, systems[name])


def errors(systems, row):
    """Return how far a stored path is from IAS15's of its stored start, over time and its size."""
    one = systems.isel(sample=row)
    start = (one[name].values[0].astype(float) for name in ("position", "velocity"))
    exact = followed_by_ias15(*start, one.body_mass.values, one.time.values, one.softening)
    size = np.sqrt((one.position.values[0] ** 2).sum(axis=-1)).max()
    return np.abs(one.position.values - exact).max(axis=(1, 2)) / size


def test_stored_paths_are_those_of_their_stored_starts_until_trust_ends():
    # Free falls are the most chaotic; the last of these ten are trusted to the end no more.
    systems = generate_as_stored("nbody/long", 0, 400)
    systems = systems.assign_coords(softening=systems.attrs["softening"])
    falls = np.flatnonzero(systems.kind == FAMILY.objects["free_fall"].code)
    rows = falls[systems.trusted_until.values[falls].argsort()[::-1][[0, 30, 60, -4, -3, -2, -1]]]
    for row in rows:
        trusted = systems.time.values <= systems.trusted_until.values[row]
        found = errors(systems, row)
        # A stored coordinate is rounded to twelve bits, 1.2e-4 of it.
        assert found[trusted].max() < 1.5e-3
    assert not trusted.all()
    assert found.max() > 5e-3


def test_trust_ends_where_closer_steps_end_it():
    # The steps three times as long, that come first, must not confirm what these would not.
    made = load_recipe("nbody/long")
    table, on = sample(made, 0, 300), made.integration
    state = start(table, on.bodies, on.dimensions, made.seed)
    motion = followed(state, table.sample_id.values, on)
    closer = integrate(state, motion.time, softening=on.softening, stretch=4 / 3).position
    size = np.sqrt((motion.position[:, 0] ** 2).sum(axis=-1).max(axis=-1))
    agrees = np.abs(motion.position - closer).max(axis=(2, 3)) <= 1e-3 * size[:, None]
    until = np.where(agrees.all(axis=1), -1, agrees.argmin(axis=1) - 1)
    np.testing.assert_array_equal(motion.trusted_until, motion.time[until])
    assert 5 < (until >= 0).sum() < 60


def test_what_is_not_chaotic_is_trusted_to_the_end():
    for name in ("orbits", "clusters", "nbody"):
        systems = generate_as_stored(name, 0, 200)
        end = float(systems.time[-1])
        quiet = systems.kind != FAMILY.objects["free_fall"].code
        assert (systems.trusted_until[quiet] == end).all()
        assert (systems.trusted_until == end).mean() > 0.99


def test_trust_is_a_coordinate_of_samples():
    systems = generate_as_stored("nbody", 0, 3)
    assert systems.coords["trusted_until"].dims == ("sample",)
    assert systems.trusted_until.dtype == np.float64
    assert set(systems.trusted_until.values) <= set(systems.time.values)


def test_the_packaged_classes_differ_in_stability():
    systems = generate_as_stored("nbody", 0, 100)
    names = systems.label.attrs["flag_meanings"].split()
    kept = dict(
        zip(
            names,
            (systems.stability_ratio.values[systems.label == i] for i in range(4)),
            strict=True,
        )
    )
    assert kept["stable"].min() > 1 > kept["unstable"].max()
    assert np.isnan(kept["figure_eight"]).all()


def test_no_random_number_of_a_cluster_is_shared():
    systems = generate_as_stored(recipe("star_cluster"), 0, 50)
    starts = systems.position.values[:, 0].reshape(50, -1)
    # A few agree by chance in their twelve bits.
    assert len(np.unique(starts)) > 0.97 * starts.size


@pytest.mark.parametrize(
    ("made", "integration", "parts"),
    [
        # The apex on an end of the base: two bodies at one point.
        (("free_fall", {"apex_x": 0.5, "apex_y": 0}), {"softening": 0}, ["point masses meet"]),
        # Head-on along the base: they fall through each other.
        (("free_fall", {"apex_x": 0, "apex_y": 0}), {"softening": 0, "duration": 20}, ["sample 2"]),
        (
            ("two_bodies", {"eccentricity": 0.99}),
            {"softening": 0, "duration": 20, "steps_per_output": 5},
            ["sample 2 ", "takes more than 20 steps", "steps_per_output (5)"],
        ),
    ],
)
def test_systems_that_cannot_be_integrated_are_refused(made, integration, parts):
    profile, parameters = made
    with pytest.raises(ParameterError) as caught:
        generate_as_stored(recipe(profile, integration, **parameters), 2, 5)
    for part in parts:
        assert part in str(caught.value)


def test_coincident_bodies_pass_through_each_other_where_gravity_is_softened():
    systems = generate_as_stored(recipe("free_fall", apex_x=0.5, apex_y=0), 0, 3)
    assert np.isfinite(systems.position).all()


@pytest.mark.parametrize(
    ("profile", "integration", "parameters", "message"),
    [
        ("two_bodies", {}, {"eccentricity": 1.0}, r"eccentricity can be 1 to 1, outside .*0\.99"),
        ("two_bodies", {}, {"primary_mass": 0}, "primary_mass can be 0"),
        ("triple", {"bodies": 4}, {}, "a triple has 3 bodies, but integration.bodies is 4"),
        ("triple", {"dimensions": 2}, {}, "mutual_inclination must be 0 in two dimensions"),
        (
            "two_bodies",
            {"dimensions": 2},
            {"system_inclination": 10},
            "system_inclination must be 0 in two",
        ),
        ("two_bodies", {"dimensions": 4}, {}, "dimensions"),
        ("two_bodies", {"outputs": 1}, {}, "outputs"),
        ("two_bodies", {"duration": 0}, {}, "duration"),
        ("two_bodies", {"softening": -1}, {}, "softening"),
        ("two_bodies", {"outputs": 50000, "steps_per_output": 50000}, {}, "lower steps_per_output"),
        ("star_cluster", {"bodies": 1}, {}, "bodies"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(profile, integration, parameters, message):
    with pytest.raises(ValueError, match=message):
        recipe(profile, integration, **parameters)


def test_the_parameters_come_on_samples():
    table = sample(recipe("two_bodies"), 0, 4)
    assert all(c.dims == ("sample",) for c in table.coords.values())
