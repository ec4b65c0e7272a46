"""Light at points: as much of it as there is, where it is, the same on every processor."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sky import reference_rays as reference

from skybench.generators.native import compiling, library
from skybench.generators.sky import fourier, lensed, lensed_arc, rays
from skybench.generators.sky.rays import Frame

SIZE = 32

LENS = {
    "einstein_radius": st.floats(0, 20),
    "axis_ratio": st.floats(0.05, 1),
    "position_angle": st.floats(0, 180),
    "shear": st.floats(0, 0.5),
    "shear_angle": st.floats(0, 180),
    "lensed_offset_x": st.floats(-5, 5),
    "lensed_offset_y": st.floats(-5, 5),
    "lensed_flux": st.floats(1, 1e6),
    "lensed_half_light_radius": st.floats(0.03, 30),
    "lensed_sersic_index": st.floats(0.5, 6),
    "lensed_axis_ratio": st.floats(0.05, 1),
    "lensed_position_angle": st.floats(0, 180),
}

ARC = {
    "flux": st.floats(1, 1e6),
    "arc_radius": st.floats(1e-3, 30),
    "arc_width": st.floats(0.05, 20),
    "arc_opening": st.floats(1, 360),
    "arc_direction": st.floats(-400, 400),
}


def lights(parameters, of):
    """Return a strategy of the light of a few sources."""
    few = st.lists(st.fixed_dictionaries(parameters), min_size=1, max_size=3)
    return few.map(lambda rows: of({n: np.array([row[n] for row in rows]) for n in parameters}))


def frame(light, fwhm, peak=20.0, size=SIZE, begins=0.0, at=None):
    """Return the planes of sources near the middle of their stamps."""
    zero = np.zeros(len(light.numbers))
    at = size / 2 + 0.3 * np.arange(zero.size) if at is None else at
    bounds = {"left": zero - 2, "right": zero + size, "low": zero + 1, "high": zero + size + 2}
    begins = {"from_x": zero + begins, "from_y": zero - 2 * begins}
    return Frame(x=at, y=at - 0.7, peak=zero + peak, fwhm=zero + fwhm, **bounds, **begins)


def spot(radius):
    """Return the light of round Gaussians of unit flux, with no lens before them."""
    radius = np.asarray(radius, dtype=np.float64)
    given = dict.fromkeys(LENS, np.zeros(radius.size)) | {
        "axis_ratio": np.ones(radius.size),
        "lensed_flux": np.ones(radius.size),
        "lensed_half_light_radius": radius,
        "lensed_sersic_index": np.full(radius.size, 0.5),
        "lensed_axis_ratio": np.ones(radius.size),
    }
    return lensed.light(given)


def apart(found, expected, peak=20.0):
    """Return the largest difference over the scale that errors are kept small of."""
    return np.abs(found - expected).max() / max(expected.max(), peak)


# Kernels against what they do in numpy

either = lights(LENS, lensed.light) | lights(ARC, lensed_arc.light)

fuzzed = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.usefixtures("each_level")
@fuzzed
@given(either)
def test_light_in_pixels_is_that_of_the_reference(light):
    planes = frame(light, 0.0)
    assert apart(rays.pixels(light, planes, SIZE), reference.pixels(light, planes, SIZE)) < 1e-4


@pytest.mark.usefixtures("each_level")
@fuzzed
@given(either, st.floats(0.3, 6), st.sampled_from([16, 30, 45]))
def test_light_on_lattices_is_that_of_the_reference(light, fwhm, last):
    on, planes = fourier.grid_up_to(SIZE, last), frame(light, fwhm, begins=-5.0)
    found = rays.lattices(light, planes, on, 2 * last)
    expected = reference.lattices(light, planes, SIZE, 2 * last, rays.merging_side(on))
    assert apart(found, expected) < 1e-4


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_other_sources_and_processors_change_no_bit(levels, fwhm):
    light, on = spot([2.0, 0.3, 1e-2]), fourier.grid_up_to(SIZE, SIZE - 1)

    def drawn(some):
        few = rays.Light(light.kind, light.numbers[some])
        planes = frame(few, fwhm, at=frame(light, fwhm).x[some])
        return rays.transform(few, planes, on) if fwhm else rays.pixels(few, planes, SIZE)

    together = [drawn(slice(None)) for _ in levels()]
    alone = [drawn(slice(1, 2)) for _ in levels()]
    assert len({found[1].tobytes() for found in together} | {one.tobytes() for one in alone}) == 1


@pytest.fixture
def levels(monkeypatch):
    """Return a function that yields with the kernels of each level of this processor in place."""
    known = compiling.levels()
    best = known.index(library.level())

    def each():
        for level in known[: best + 1]:
            monkeypatch.setenv("SKYBENCH_CPU", level)
            library.forget()
            yield level

    yield each
    monkeypatch.undo()
    library.forget()


# Known answers


@pytest.mark.parametrize("fwhm", [1.0, 2.5])
def test_the_transform_of_a_gaussian_is_one(fwhm):
    radius = np.array([1e-2, 0.3, 1, 3])
    light, on = spot(radius), fourier.grid_up_to(64, 63)
    planes = frame(light, fwhm, peak=0.1, size=64)
    # The half-light radius of a Gaussian is sqrt(2 ln 2) standard deviations.
    sigma = (radius / np.sqrt(2 * np.log(2)))[:, None, None]
    phase = on.kx * planes.x[:, None, None] + on.ky[:, None] * planes.y[:, None, None]
    squared = on.kx**2 + on.ky[:, None] ** 2
    error = np.abs(rays.transform(light, planes, on) - np.exp(-squared * sigma**2 / 2 - 1j * phase))
    # Splines keep what turns slowly from node to node: the first half of the frequencies.
    assert error[:, np.sqrt(squared) < on.kx[-1] / 2].max() < 0.03
    assert error[:, np.sqrt(squared) < on.kx[-1] / 4].max() < 1e-3


def test_pixels_hold_all_light_however_small_the_source_is():
    light = spot([1e-2, 0.1, 1, 2])
    assert rays.pixels(light, frame(light, 0.0), SIZE).sum(axis=(1, 2)) == pytest.approx(
        1, abs=1e-3
    )


def test_light_is_wanted_within_the_bounds_alone():
    light = spot([8.0])
    bounds = {"left": np.array([20.0]), "right": np.array([30.0])}
    image = rays.pixels(light, replace(frame(light, 0.0, peak=1e-3, size=64), **bounds), 64)[0]
    # Cells of eight pixels that touch the bounds: from 15.5 to 31.5.
    assert np.flatnonzero(image.sum(axis=0)).tolist() == list(range(16, 32))


def test_a_tighter_tolerance_errs_less(monkeypatch):
    light, errors = spot([0.7]), []
    exact = reference.pixels(light, frame(light, 0.0, peak=1e-6), SIZE)
    for tolerance in (1e-1, 1e-3, 1e-5):
        monkeypatch.setattr(rays, "TOLERANCE", tolerance)
        image = rays.pixels(light, frame(light, 0.0, peak=0.2), SIZE)
        errors.append(np.abs(image - exact).max())
    assert errors[0] > errors[1] > errors[2]


def test_sizes_are_checked_before_memory_is_touched():
    light = spot([1.0])
    with pytest.raises(ValueError, match="kernel rays_into_pixels refused"):
        rays.pixels(light, frame(light, 0.0), 30)  # not a multiple of eight
    wrong = rays.Light(light.kind, light.numbers[:, :-1].copy())
    with pytest.raises(ValueError, match="kernel rays_into_pixels refused"):
        rays.pixels(wrong, frame(light, 0.0), SIZE)
    with pytest.raises(ValueError, match="kernel rays_into_pixels refused"):
        rays.pixels(rays.Light(7, light.numbers), frame(light, 0.0), SIZE)


def test_what_is_not_a_number_stays_inside():
    light = rays.Light(rays.LENSED, np.full((1, 20), np.nan))
    assert not rays.pixels(light, frame(light, 0.0), SIZE).any()
