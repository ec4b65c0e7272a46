"""The kernels of light curves: numpy's values, the same bits at every level, in any company."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from series.light_curve import reference_light_curves as reference

from skybench.generators.generate import generate_as_stored
from skybench.generators.native import compiling, library
from skybench.generators.native.library import kernel
from skybench.generators.series.light_curve.objects import LIGHT_CURVE_OBJECTS
from skybench.generators.series.light_curve.observation import damped_walk, instants
from skybench.generators.series.light_curve.passage import blocked

REFERENCES = {
    "transit": reference.passage,
    "eclipsing_binary": reference.passage,
    "rr_lyrae": reference.pulsator,
    "cepheid": reference.pulsator,
    "flare": reference.flare,
    "supernova": reference.supernova,
}

each_level = pytest.mark.usefixtures("each_level")
fuzz = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def drawn(kind, count, seed):
    """Return stars as the defaults draw them, a row each."""
    random = np.random.default_rng(seed)
    stars = {}
    for name, distribution in LIGHT_CURVE_OBJECTS[kind].defaults.items():
        stars[name] = distribution.quantile(random.uniform(size=count), stars)
    return {name: values[:, None] for name, values in stars.items()}


@each_level
@pytest.mark.parametrize("kind", REFERENCES)
@fuzz
@given(seed=st.integers(0, 2**32), points=st.integers(0, 600))
def test_the_flux_is_the_references(kind, seed, points):
    stars = drawn(kind, 3, seed)
    dark = dict.fromkeys(("surface_brightness_ratio", "ellipsoidal_amplitude"), np.zeros((3, 1)))
    times = np.random.default_rng(seed).uniform(0, 40, (3, points))
    found = LIGHT_CURVE_OBJECTS[kind].relative_flux(stars, times)
    np.testing.assert_allclose(found, REFERENCES[kind](dark | stars, times), rtol=0, atol=2e-11)


@each_level
@fuzz
@given(
    seed=st.integers(0, 2**32),
    points=st.integers(1, 600),
    jitter=st.floats(0, 1),
    night=st.floats(0.01, 1),
)
def test_instants_are_the_references_bit_for_bit(seed, points, jitter, night):
    random = np.random.default_rng(seed)
    given = {
        "baseline": 30.0,
        "jitter": jitter,
        "night_fraction": night,
        "gap_start": random.uniform(0, 15, 3),
        "gap_length": random.uniform(0, 9, 3),
    }
    uniform = random.uniform(size=(3, points))
    np.testing.assert_array_equal(instants(uniform, **given), reference.instants(uniform, **given))


@each_level
@fuzz
@given(seed=st.integers(0, 2**32), points=st.integers(1, 600), scale=st.floats(-6, 6))
def test_red_noise_is_the_references(seed, points, scale):
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(0, 40, (3, points)))
    rest = random.normal(size=times.shape), times, np.full(3, 0.5), np.full(3, 10.0**scale)
    np.testing.assert_allclose(damped_walk(*rest), reference.damped_walk(*rest), atol=1e-13)


def contacts():
    """Return separations and radius ratios near every contact, and the limb darkening."""
    r = np.concatenate([np.geomspace(1e-6, 1, 40), np.linspace(0.05, 3, 60), [0.5]])
    near = np.array([0, 1e-16, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
    near = np.concatenate([near, -near])
    at = np.concatenate([[np.zeros_like(r), np.abs(1 - r), 1 + r, r]])
    b = np.abs(at[:, :, None] + near).ravel()
    r = np.broadcast_to(r[:, None], (len(at), r.size, near.size)).ravel()
    return b, r


@each_level
@pytest.mark.parametrize("darkening", [(0, 0), (1, 0), (0, 1), (0.4, 0.25), (1, -0.5)])
def test_the_blocked_light_is_right_at_every_contact(darkening):
    b, r = contacts()
    u1, u2 = (np.full(b.size, float(u)) for u in darkening)
    share = blocked(b, r, u1, u2)
    # Equal discs that lie on each other to the last bit touch in two ways at once.
    error = np.abs(share - reference.blocked(b, r, u1, u2))
    assert (error < np.where(b + np.abs(1 - r) < 1e-11, 1e-8, 1e-10)).all()
    assert ((share >= 0) & (share <= 1)).all()


def test_every_level_has_the_same_bits(monkeypatch):
    known = compiling.levels()
    times = np.linspace(0, 40, 2001)[None].repeat(20, axis=0)
    bits = {}
    for level in known[: known.index(library.level()) + 1]:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        curves = generate_as_stored("lightcurves", 0, 60)
        made = [curves[name].values for name in curves.data_vars]
        made += [LIGHT_CURVE_OBJECTS[k].relative_flux(drawn(k, 20, 1), times) for k in REFERENCES]
        bits[level] = b"".join(values.tobytes() for values in made)
    monkeypatch.undo()
    library.forget()
    assert len(set(bits.values())) == 1


def test_sizes_that_do_not_fit_are_refused():
    times = np.zeros((2, 5))
    for name in ("passages", "pulsators", "flares", "transients"):
        with pytest.raises(ValueError, match=f"{name} refused its sizes"):
            kernel(name)(np.zeros((2, 2)), times, np.empty((2, 5)), 2, 5)
    with pytest.raises(ValueError, match="instants refused"):
        kernel("instants")(times, np.zeros(2), np.zeros(3), np.empty((2, 5)), 40.0, 0.0, 1.0, 32)
