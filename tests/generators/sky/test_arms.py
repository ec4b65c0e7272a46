"""The kernels of arms and of sums of Gaussians against the formulas, at every level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sky import reference_arms

from skybench.generators.native import library
from skybench.generators.native.library import kernel
from skybench.generators.sky import arms, components, fourier


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


def drawn(sources, on, transform=arms.transform):
    amount = np.linspace(0.5, 1, sources["arm_count"].size)
    rest = np.ones((amount.size, on.ky.size, on.kx.size))
    return transform(sources, arms.long_arms(sources), amount, amount / 2, on, rest)


@pytest.mark.usefixtures("each_level")
def test_transforms_are_those_of_the_formula():
    on = fourier.grid_up_to(32, 24)
    sources = galaxies(4)
    found, expected = drawn(sources, on), drawn(sources, on, reference_arms.transform)
    # What a PSF of the width that such a grid is for leaves of the frequencies.
    left = np.exp(-6.9 * np.hypot(on.kx, on.ky[:, None]) / on.kx[-1])
    assert (np.abs(found - expected) * left).max() < 2e-4


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
    assert (np.abs(found - expected) * left).max() < 1e-3


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
    together = galaxies(6)
    waves, amount = arms.long_arms(together), np.ones(6)
    rest = np.zeros((6, on.ky.size, on.kx.size))
    every = arms.transform(together, waves, amount, amount, on, rest)
    for one in range(6):
        own = {name: values[[one]] for name, values in together.items()}
        alone = arms.transform(own, arms.long_arms(own), amount[:1], amount[:1], on, rest[:1])
        np.testing.assert_array_equal(alone[0] + 0j, every[one])


def test_arms_have_no_flux_and_even_ones_a_real_transform():
    on = fourier.grid_up_to(32, 16)
    even = drawn(galaxies(3, arm_count=4.0), on)
    assert even.dtype == np.float64
    np.testing.assert_allclose(even[:, 0, 0], 1 + np.linspace(0.5, 1, 3) / 2, rtol=1e-6)
    assert drawn(galaxies(3, arm_count=3.0), on).dtype == np.complex128


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
    np.testing.assert_allclose(found, expected, atol=1e-6 * flux.sum())


def test_kernels_refuse_sizes_that_do_not_fit():
    on = fourier.grid_up_to(32, 8)
    space = np.empty(2 * 5 * (16 + 9), dtype=np.float32)
    with pytest.raises(ValueError, match="kernel spots refused its sizes"):
        kernel("spots")(np.zeros(21), 1, float(on.kx[1]), 8, space, np.empty(2 * 17 * 9))
