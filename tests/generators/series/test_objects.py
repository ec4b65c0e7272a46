"""Single series: values that can be copied and compared, and what they show."""

import copy
import pickle

import numpy as np
import pytest
from series.nbody.ias15 import followed_by_ias15

from skybench import generators
from skybench.errors import ParameterError
from skybench.generators.families import variables
from skybench.generators.series.light_curve.objects import EclipsingBinary, LightCurve, Transit
from skybench.generators.series.nbody.objects import (
    BodySystem,
    FigureEight,
    FreeFall,
    StarCluster,
    Triple,
    TwoBodies,
)
from skybench.generators.series.pendulum.objects import (
    DampedPendulum,
    HamiltonianPendulum,
    Pendulum,
    PendulumObject,
)


def of(base):
    public = (getattr(generators, name) for name in generators.__all__)
    return [kind for kind in public if issubclass(kind, base)]


EACH = pytest.mark.parametrize("kind", [*of(LightCurve), *of(PendulumObject), *of(BodySystem)])


def test_all_are_public():
    assert len(of(LightCurve)) == 7
    assert len(of(PendulumObject)) == 3
    assert len(of(BodySystem)) == 5


@EACH
def test_is_a_value(kind):
    one = kind(seed=3)
    for twin in (
        copy.deepcopy(one),
        pickle.loads(pickle.dumps(one)),
        eval(repr(one), {kind.__name__: kind}),
    ):
        assert twin == one
        assert hash(twin) == hash(one)
    assert kind(seed=4) != one


@EACH
def test_every_parameter_is_a_coordinate_with_its_unit(kind):
    one = kind(seed=1)
    shown = (
        one.render(np.linspace(0, 5, 20))
        if isinstance(one, LightCurve)
        else one.render(**({"softening": 0.1} if isinstance(one, BodySystem) else {}))
    )
    for name in (*kind.defaults, *kind.derived):
        assert shown.coords[name].attrs.get("units") == variables()[name].units
    assert "units" in shown.time.attrs
    for values in [shown] if isinstance(one, LightCurve) else shown.data_vars.values():
        assert np.isfinite(values).all()


def test_a_transit_has_its_depth():
    planet = Transit(epoch=2, radius_ratio=0.2, limb_darkening_u1=0, limb_darkening_u2=0)
    flux = planet.render([0.0, 2.0])
    np.testing.assert_allclose(flux, [1, 0.96], atol=1e-12)
    assert float(flux.radius_ratio) == 0.2


def test_the_pendulums_agree():
    given = {"pendulum_length": 1, "gravity": 9.81, "initial_angle": 2}
    exact, stepped = (kind(**given).render(10, 101) for kind in (Pendulum, HamiltonianPendulum))
    np.testing.assert_allclose(exact.angle, stepped.angle, atol=5e-9)
    damped = DampedPendulum(**given, damping=0.5).render(10, 101)
    assert np.abs(damped.angle[50:]).max() < np.abs(exact.angle[50:]).max()


def test_a_circle_is_a_circle():
    pair = TwoBodies(eccentricity=0, semi_major_axis=2).render(20)
    apart = pair.position.isel(body=1) - pair.position.isel(body=0)
    # Masses are kept to 16 bits.
    np.testing.assert_allclose((apart**2).sum("axis"), 4, rtol=1e-5)


@pytest.mark.parametrize(
    ("system", "duration", "settings", "most"),
    [
        (TwoBodies(eccentricity=0.99, secondary_mass=1e-6, mean_anomaly=0), 60, {}, 4e-7),
        (TwoBodies(eccentricity=0.6, secondary_mass=1e3, mean_anomaly=0), 5, {}, 2e-11),
        (Triple(stability_ratio=100, seed=4), 50, {}, 2e-13),
        (Triple(stability_ratio=0.3, seed=6), 50, {}, 1e-7),
        (Triple(eccentricity=0.9, outer_eccentricity=0.9, mutual_inclination=90), 30, {}, 1e-9),
        (FreeFall(seed=1), 20, {}, 1e-5),
        (FreeFall(seed=1), 40, {"softening": 0.1}, 1e-5),
        (FigureEight(velocity_factor=2), 60, {}, 5e-11),
        (StarCluster(seed=1), 10, {"softening": 0.05, "bodies": 16}, 4e-11),
        (StarCluster(seed=1), 1, {"softening": 0.1, "bodies": 64}, 1e-13),
    ],
)
def test_trusted_paths_are_those_of_ias15(system, duration, settings, most):
    found = system.render(duration, 21, **({"steps_per_output": 1000} | settings))
    trusted = found.isel(time=found.time.values <= float(found.trusted_until))
    position, velocity = (found[name].values[0] for name in ("position", "velocity"))
    exact = followed_by_ias15(
        position,
        velocity,
        found.body_mass.values,
        trusted.time.values,
        settings.get("softening", 0),
    )
    size = np.linalg.norm(position, axis=-1).max()
    assert trusted.sizes["time"] > 10
    assert np.abs(trusted.position.values - exact).max() / size < most


def test_burraus_bodies_are_trusted_until_chaos_parts_them():
    burrau = FreeFall(
        primary_mass=3, secondary_mass=4, tertiary_mass=5, base_length=5, apex_x=0.14, apex_y=0.48
    )
    assert float(burrau.render(25, softening=0).trusted_until) == 25
    pair = TwoBodies(eccentricity=0.9).render(100)
    assert float(pair.trusted_until) == 100
    cluster = StarCluster(seed=1, virial_ratio=0.3).render(40, bodies=6, softening=0.02)
    assert 1 < float(cluster.trusted_until) < 40


def test_the_seed_draws_the_cluster():
    one, other = (
        StarCluster(seed=s, total_mass=1, cluster_radius=1, virial_ratio=0.5) for s in (1, 2)
    )
    settings = {"softening": 0.2, "bodies": 5, "duration": 1, "outputs": 3}
    assert not one.render(**settings).equals(other.render(**settings))
    assert one.render(**settings).identical(one.render(**settings))


@pytest.mark.parametrize(
    ("act", "parts"),
    [
        (lambda: Transit(radius_ratio=1.2), ["radius_ratio", "[0, 1]", "got 1.2"]),
        (lambda: Transit(period="long"), ["period", "'long'"]),
        (lambda: Transit(limb_darkening_u1=0.8, limb_darkening_u2=0.3), ["0.8 + 0.3"]),
        (lambda: EclipsingBinary(period=0), ["period", "got 0"]),
        (lambda: Transit().render([np.nan]), ["times must be a row of finite numbers"]),
        (lambda: Transit().render([[1.0]]), ["(1, 1)"]),
        (lambda: Pendulum(initial_angle=3.15), ["initial_angle", "3.12"]),
        (lambda: Pendulum(gravity=0), ["gravity", "got 0"]),
        (lambda: Pendulum().render(outputs=1), ["outputs at least 2"]),
        (lambda: Pendulum().render(duration=0), ["duration must be above 0"]),
        (lambda: DampedPendulum().render(duration=1e6), ["cannot be followed"]),
        (lambda: TwoBodies(eccentricity=1), ["eccentricity", "[0, 0.99]", "got 1"]),
        (lambda: TwoBodies(eccentricity=0.99).render(20, 11, steps_per_output=10), ["energy"]),
        (lambda: TwoBodies().render(duration=-1), ["duration", "got -1"]),
        (lambda: FigureEight().render(bodies=4), ["figure_eight has 3 bodies, got 4"]),
        (lambda: FigureEight().render(dimensions=1), ["dimensions", "got 1"]),
        (lambda: FreeFall(apex_x=0.5, apex_y=0).render(), ["point masses meet"]),
        (lambda: StarCluster().render(bodies=1), ["bodies", "got 1"]),
    ],
)
def test_what_makes_no_sense_is_refused(act, parts):
    with pytest.raises(ParameterError) as caught:
        act()
    for part in parts:
        assert part in str(caught.value)
