"""The kernels before and after the harmonics, against numpy, at every level."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sphere import reference_maps

from skybench.generators.native.library import kernel
from skybench.generators.random_streams import key_of, normal_cells
from skybench.generators.sphere import sphere_field
from skybench.generators.sphere.harmonics import coefficient_count

once_a_level = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
rows_of = st.lists(st.integers(0, 2**40), min_size=0, max_size=3).map(np.array)


@pytest.mark.usefixtures("each_level")
@given(seed=st.integers(0, 2**63), rows=rows_of, lmax=st.integers(0, 70))
@once_a_level
def test_coefficients_are_those_of_the_reference(seed, rows, lmax):
    rows = rows.astype(np.int64)
    spectra = np.random.default_rng(1).uniform(0, 2, (rows.size, lmax + 1))
    fwhm = np.linspace(0, 3, rows.size)
    ours = sphere_field.coefficients(seed, rows, spectra, fwhm, lmax)
    assert ours.shape == (rows.size, coefficient_count(lmax))
    if rows.size:
        amplitudes = np.sqrt(spectra) * sphere_field.beam(fwhm, lmax)
        truth = reference_maps.coefficients(seed, rows, amplitudes, lmax)
        np.testing.assert_allclose(ours, truth, rtol=1e-15)


@pytest.mark.usefixtures("each_level")
@given(
    seed=st.integers(0, 2**63),
    rows=rows_of,
    pixels=st.integers(1, 3000),
    size=st.floats(-40, 30),
    bits=st.integers(1, 23),
    data=st.data(),
)
@once_a_level
def test_maps_are_stored_as_the_reference_stores_them(seed, rows, pixels, size, bits, data):
    rows, rng = rows.astype(np.int64), np.random.default_rng(2)
    maps = 10**size * rng.normal(size=(rows.size, pixels))
    levels = 10**size * data.draw(st.sampled_from([0.0, 1e-9, 1.0])) * np.arange(1.0, rows.size + 1)
    first = rng.integers(0, pixels + 1, rows.size)
    places = rng.permutation(pixels)
    stored = np.empty((rows.size, pixels), np.float32)
    masked = np.empty((rows.size, pixels), np.uint8)
    kernel("observe_maps")(
        key_of(seed, "n"), rows, normal_cells(), maps, levels, first, places.astype(np.int32),
        stored, masked, np.empty(pixels, np.float32), bits,
    )  # fmt: skip
    if rows.size:
        truth = reference_maps.observed(seed, "n", rows, maps, levels, first, places, bits)
        assert (stored == truth[0]).all()
        assert (masked == truth[1]).all()


@pytest.mark.parametrize(
    ("places", "first", "bits"),
    [([0, 3], 0, 12), ([-1, 0], 0, 12), ([0, 1], 3, 12), ([0, 1], 0, 0)],
)
def test_a_kernel_refuses_places_outside_of_the_map(places, first, bits):
    with pytest.raises(ValueError, match="observe_maps refused its sizes"):
        kernel("observe_maps")(
            key_of(1, "n"), np.arange(1), normal_cells(), np.zeros(2), np.zeros(1),
            np.array([first]), np.array(places, np.int32), np.zeros(2, np.float32),
            np.zeros(2, np.uint8), np.zeros(2, np.float32), bits,
        )  # fmt: skip
