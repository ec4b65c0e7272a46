"""The kernels of arms and of sums of Gaussians against the formulas, at every level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sky import reference_arms, reference_fourier

from skybench.generators.native import library
from skybench.generators.native.library import kernel
from skybench.generators.sky import arms, components, fourier, sersic_profile


def galaxies(count, **changes):
    """Return discs that differ in all that they may."""
    rng = np.random.default_rng(count)
    sources = {
        "half_light_radius": rng.uniform(1, 8, count),
        "axis_ratio": rng.uniform(0.05, 1, count),
        "position_angle": rng.uniform(0, 180, count),
        "arm_handedness": rng.choice([-1.0, 1.0], count),
        "arm_count": rng.choice(np.arange(1.0, 9), count),
        "arm_angle": rng.uniform(0, 360, count),
        "arm_radius_ratio": rng.uniform(0.5, 2, count),
        "arm_bulge_ratio": rng.uniform(0.5, 2, count),
        "arm_contrast": rng.uniform(0, 1, count),
        "arm_sharpness": rng.uniform(0.1, 20, count),
        "pitch_angle": rng.uniform(8, 60, count),
    }
    sources |= {name: np.full(count, value) for name, value in changes.items()}
    shape = sources["arm_bulge_ratio"], sources["arm_radius_ratio"]
    return sources | {"arm_winding": arms.winding_of(sources["pitch_angle"], *shape)}


def within(on):
    """Return where a frequency is within the circle beyond which there is none."""
    return np.hypot(on.kx, on.ky[:, None]) <= on.kx[-1] * (1 + 1e-12)


def planned(sources, seen):
    """Return the galaxies with all that their transforms are made of."""
    count, flux = sources["arm_count"].size, 1 / sources["half_light_radius"]
    steps = np.full(count, sersic_profile.UNTAPERED)
    smooth = {"_disc_flux": flux, "_bulge_flux": flux / 4, "_disc_step": steps}
    bulges = {"_bulge_step": steps, "bulge_radius_ratio": np.full(count, 0.3)}
    bulges["bulge_sersic_index"] = 1 + flux
    waves = arms.long_arms(sources)
    plan = arms.planned(sources, waves, flux, np.full(count, seen))
    return sources | smooth | bulges | plan


def drawn(sources, on, transform=arms.transform):
    """Return the transforms, of a galaxy at a time: each has tables of its own shape."""
    real = bool((sources["arm_count"] % 2 == 0).all())
    every = planned(sources, on.kx[-1])
    each = ({n: v[[one]] for n, v in every.items()} for one in range(sources["arm_count"].size))
    return np.concatenate([transform(one, on, real=real) for one in each])


@pytest.mark.usefixtures("each_level")
def test_transforms_are_those_of_the_formula():
    on = fourier.grid_up_to(32, 24)
    sources = galaxies(4)
    found, expected = drawn(sources, on), drawn(sources, on, reference_arms.transform)
    # What a PSF of the width that such a grid is for leaves of the frequencies.
    left = np.exp(-6.9 * np.hypot(on.kx, on.ky[:, None]) / on.kx[-1])
    assert (np.abs(found - expected) * left)[:, within(on)].max() < 2e-4


@settings(deadline=None, max_examples=15)
@given(
    st.integers(1, 8),
    st.floats(0.5, 89),
    st.floats(0.05, 1),
    st.floats(0.01, 20),
    st.floats(-1, 1),
    st.floats(0.3, 6),
)
def test_any_galaxy_has_the_transform_of_the_formula(count, pitch, ratio, sharpness, scale, size):
    on = fourier.grid_up_to(32, 16)
    sources = galaxies(
        1,
        arm_count=float(count),
        pitch_angle=pitch,
        axis_ratio=ratio,
        arm_sharpness=sharpness,
        arm_radius_ratio=10**scale,
        half_light_radius=size,
    )
    found = drawn(sources, on)
    expected = drawn(sources, on, reference_arms.transform)
    left = np.exp(-6.9 * np.hypot(on.kx, on.ky[:, None]) / on.kx[-1])
    assert (np.abs(found - expected) * left)[:, within(on)].max() < 1e-3


def test_all_levels_have_the_same_bits(monkeypatch):
    on = fourier.grid_up_to(48, 30)
    known = library.compiling.levels()
    found = {}
    for level in known[: known.index(library.level()) + 1]:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        found[level] = drawn(galaxies(6), on).tobytes() + spots_at(on).tobytes()
    monkeypatch.undo()
    library.forget()
    assert len(set(found.values())) == 1


def test_companions_change_no_bit():
    on = fourier.grid_up_to(48, 30)
    alike = galaxies(6, half_light_radius=4.0, pitch_angle=30.0, arm_sharpness=2.0)
    together = planned(alike, on.kx[-1])
    assert (together["_tables"] == together["_tables"][0]).all()
    every = arms.transform(together, on, real=False)
    for one in range(6):
        own = {name: values[[one]] for name, values in alike.items()}
        alone = arms.transform(planned(own, on.kx[-1]), on, real=False)[0]
        np.testing.assert_array_equal(alone, every[one])


def test_arms_have_no_flux_and_even_ones_a_real_transform():
    on = fourier.grid_up_to(32, 16)
    sources = galaxies(3, arm_count=4.0)
    even = drawn(sources, on)
    assert even.dtype == np.float32
    np.testing.assert_allclose(even[:, 0, 0], 1.25 / sources["half_light_radius"], rtol=1e-6)
    assert drawn(galaxies(3, arm_count=3.0), on).dtype == np.complex64


@pytest.mark.usefixtures("each_level")
def test_without_arms_disc_and_bulge_have_the_transforms_of_their_profiles():
    on = fourier.grid_up_to(48, 30)
    sources = planned(galaxies(3, arm_contrast=0.0, half_light_radius=2.0), on.kx[-1])
    found = arms.transform(sources, on, real=True)
    for one in range(3):
        galaxy = {name: values[one] for name, values in sources.items()}
        expected = galaxy["_disc_flux"] * reference_arms.exponential(galaxy, on)
        size = sources["half_light_radius"] * sources["bulge_radius_ratio"]
        bulge = reference_fourier.ellipse(
            on, size, sources["bulge_sersic_index"], sources["_bulge_step"], sources
        )
        expected += galaxy["_bulge_flux"] * bulge[one]
        assert np.abs(found[one] - expected)[within(on)].max() < 5e-5


def spots_at(on, count=3):
    rng = np.random.default_rng(7)
    spots = rng.uniform(0.1, 1, (4, count, 5)) * np.array([1, 20, -20, 3])[:, None, None]
    return components.transform(components.Spots(*spots), on)


@pytest.mark.usefixtures("each_level")
@pytest.mark.parametrize("last", [1, 15, 16, 40])
def test_spots_have_the_transform_of_gaussians(last):
    on = fourier.grid_up_to(32, last)
    rng = np.random.default_rng(7)
    flux, x, y, sigma = rng.uniform(0.1, 1, (4, 3, 5)) * np.array([1, 20, -20, 3])[:, None, None]
    found = components.transform(components.Spots(flux, x, y, sigma), on)
    kx, ky = on.kx, on.ky[:, None]
    expected = np.zeros_like(found)
    for n in range(5):
        f, at_x, at_y, s = (v[:, n, None, None] for v in (flux, x, y, sigma))
        expected += f * np.exp(-(s**2) * (kx**2 + ky**2) / 2 - 1j * (kx * at_x + ky * at_y))
    seen = within(on)
    np.testing.assert_allclose(found[:, seen], expected[:, seen], atol=1e-6 * flux.sum())
    assert not found[:, ~seen].any()


def test_kernels_refuse_sizes_that_do_not_fit():
    on = fourier.grid_up_to(32, 8)
    space = np.empty(2 * 5 * (16 + 9), dtype=np.float32)
    numbers, result = np.empty(11, dtype=np.int64), np.empty(2 * 17 * 9, dtype=np.float32)
    with pytest.raises(ValueError, match="kernel spots refused its sizes"):
        kernel("spots")(np.zeros(21), 1, float(on.kx[1]), 8, space, numbers, result)
