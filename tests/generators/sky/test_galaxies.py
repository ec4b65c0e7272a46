"""The compiled galaxies against numpy's, at every level of the processor, and their bits."""

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sky import reference_fourier, reference_wings

from skybench.generators.native import compiling, library
from skybench.generators.sky import fourier, sersic, sersic_profile, wings
from skybench.generators.sky.sersic import Sersic
from skybench.generators.sky.stamps import STEP, WHOLE, add, nodes, windows

LANES = 16

FUZZ = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def galaxies(count, seed, **changes):
    """Return parameters from all over their domains."""
    rng = np.random.default_rng(seed)
    drawn = {
        "flux": np.ones(count),
        "half_light_radius": np.exp(rng.uniform(-2, 2.5, count)),
        "sersic_index": rng.uniform(0.3, 8, count),
        "axis_ratio": rng.uniform(0.05, 1, count),
        "position_angle": rng.uniform(-200, 400, count),
        "psf_fwhm": rng.uniform(0.8, 6, count),
        "psf_beta": 1 + np.exp(rng.uniform(-2, 3, count)),
        "source_x": rng.uniform(2, 25, count),
        "source_y": rng.uniform(2, 25, count),
    }
    return drawn | {name: np.full(count, float(value)) for name, value in changes.items()}


def planned(sources, shape):
    own = wings.known(sources)
    last = sersic.cutoff(own, own["half_light_radius"], own["sersic_index"])
    step, sizes, sides = sersic._plan(own, last, shape)
    own |= {"_step": step, "_tapered": (step != sersic_profile.UNTAPERED).astype(float)}
    return own, sizes, sides, fourier.frequencies(sizes, last, 8192)


def kept(last):
    """Return which frequencies of the plane are: no column that begins outside of a circle."""
    first = np.arange(last + 1) // LANES * LANES
    row = np.concatenate([np.arange(last + 1), np.arange(last, 0, -1)])
    return first**2 + row[:, None] ** 2 <= last**2


@FUZZ
@given(seed=st.integers(0, 10**6), fwhm=st.sampled_from([None, 1.0, 2.0]))
def test_galaxies_are_those_of_numpy(each_level, seed, fwhm):
    shape = (21, 28)
    sources = galaxies(4, seed, **({} if fwhm is None else {"psf_fwhm": fwhm}))
    own, sizes, sides, counts = planned(sources, shape)
    (stamps,) = Sersic.draw(sources, shape)
    at = windows(own, sides, shape, STEP)
    shed = reference_wings.copies(own, at, sizes)
    for one in range(4):
        on = fourier.grid_up_to(int(sizes[one]), int(counts[one]))
        alone = {name: values[[one]] for name, values in own.items()}
        size, index = alone["half_light_radius"], alone["sersic_index"]
        transforms = reference_fourier.ellipse(on, size, index, alone["_step"], alone)[0]
        transforms = transforms * kept(int(counts[one]))
        place = sources["source_x"][one], sources["source_y"][one]
        psf = sources["psf_fwhm"][one], sources["psf_beta"][one]
        exact = reference_fourier.convolved(transforms, place, psf, int(sizes[one]), shape)
        exact -= reference_wings.spread(shed[[one]], shape)[0]
        # The reference looks its profile up in a coarser table, linear between nodes 2 % apart.
        assert np.abs(stamps.pixels[one] - exact).max() < 2e-4 * own["_least_peak"][one]


@FUZZ
@given(seed=st.integers(0, 10**6))
def test_plans_are_those_of_numpy(each_level, seed):
    sources = wings.known(galaxies(50, seed))
    sizes = np.asarray(fourier.SIZES)
    found = wings.plan(sources, sizes, 64)
    np.testing.assert_allclose(found.radius, reference_wings.radius(sources), rtol=1e-12)
    np.testing.assert_array_equal(found.even, reference_wings.even_sizes(sources, sizes, 64))


@FUZZ
@given(seed=st.integers(0, 10**6))
def test_light_at_nodes_is_that_of_numpy(each_level, seed):
    sources = wings.known(galaxies(6, seed))
    x0 = y0 = np.array([0, -8, 16, 0, 8, 40])
    shape = (33, 48)
    found = wings.light(sources, x0, y0, shape)
    for one in range(6):
        alone = {name: values[[one]] for name, values in sources.items()}
        dx = nodes(shape[1]) + x0[one] - sources["source_x"][one]
        dy = nodes(shape[0]) + y0[one] - sources["source_y"][one]
        x, y = (part.ravel()[None] for part in np.meshgrid(dx, dy))
        exact = reference_wings.light(alone, x, y).reshape(found[one].shape)
        exact = np.minimum(exact, 4 * sources["_least_peak"][one])
        np.testing.assert_allclose(found[one], exact, rtol=2e-4, atol=1e-7 * exact.max())


def test_images_have_the_same_bits_at_every_level(monkeypatch):
    known = compiling.levels()
    here = known[: known.index(library.level()) + 1]
    found = set()
    for level in here:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        images = np.zeros((40, 75, 70))
        sources = galaxies(40, 3)
        sources["psf_fwhm"][:4] = 0
        add(images, np.arange(40), Sersic.draw(sources, (75, 70)))
        found.add(hashlib.sha256(images.tobytes()).hexdigest())
    monkeypatch.undo()
    library.forget()
    assert len(found) == 1


def test_companions_change_no_bit_of_a_galaxy():
    sources = galaxies(30, 5)
    images = np.zeros((30, 40, 50))
    add(images, np.arange(30), Sersic.draw(sources, (40, 50)))
    for one in (0, 13, 29):
        alone = np.zeros((1, 40, 50))
        few = {name: values[[one]] for name, values in sources.items()}
        add(alone, np.zeros(1, dtype=np.int64), Sersic.draw(few, (40, 50)))
        np.testing.assert_array_equal(alone[0], images[one])


def test_a_galaxy_of_other_columns_is_refused():
    sources = wings.known(galaxies(2, 1))
    assert (planned(galaxies(2, 1), (20, 20))[2] == WHOLE).all()
    with pytest.raises(ValueError, match="kernel wings refused"):
        library.kernel("wings")(
            wings.columns(sources)[:, :-1].copy(), np.zeros(2, np.int64), np.zeros(2, np.int64),
            8, 8, np.zeros(8), np.zeros((2, 4, 4), np.float32),
        )  # fmt: skip
