"""Sampling in nested windows: transforms that are known in closed form."""

import numpy as np
import pytest

from skybench.generators.sky import fourier, nested

WIDTHS = np.array([3.0, 0.5, 1.6])
CENTRES = np.array([[0.0, 0.0], [0.7, -0.4], [2.0, 1.1]])


def blobs(members, x, y):
    """Return unit-flux Gaussians about their centres, at a point and at its opposite."""
    width = WIDTHS[members, None, None]
    cx, cy = (CENTRES[members, axis, None, None] for axis in (0, 1))
    norm = 1 / (2 * np.pi * width**2)
    both = (np.exp(-((s * x - cx) ** 2 + (s * y - cy) ** 2) / (2 * width**2)) for s in (1, -1))
    here, opposite = both
    return norm * here, norm * opposite


def exact(on, one):
    k2 = on.kx**2 + on.ky[:, None] ** 2
    phase = on.kx * CENTRES[one, 0] + (on.ky * CENTRES[one, 1])[:, None]
    return np.exp(-k2 * WIDTHS[one] ** 2 / 2 - 1j * phase)


def layout(coarsest, finest, doublings):
    """Return the same levels for each blob."""
    each = (np.full(3, value) for value in (coarsest, finest, doublings))
    return nested.Levels(np.full(3, 20.0), *each)


@pytest.mark.parametrize(
    "levels",
    [layout(-2, -2, 0), layout(0, -2, 0), layout(-1, -3, 0), layout(0, -2, 1), layout(0, -3, 2)],
)
def test_blobs_have_the_transform_that_they_should(levels):
    on = fourier.grid(64, 2)
    transforms = nested.transform(blobs, levels, on)
    filled = (np.abs(on.kx) < 1.4 * np.pi) & (np.abs(on.ky) < 1.4 * np.pi)[:, None]
    for one in range(3):
        error = np.abs(transforms[one] - exact(on, one))[filled].max()
        # The steps of a window cost the most: they are 8 coarse samples wide.
        assert error < 6e-4, one


def test_a_window_replaces_what_coarse_samples_miss():
    on = fourier.grid(64, 2)
    coarse = nested.transform(blobs, layout(0, 0, 0), on)
    assert np.abs(coarse[1] - exact(on, 1))[:8, :8].max() > 0.02
    fine = nested.transform(blobs, layout(0, -2, 0), on)
    assert np.abs(fine[1] - exact(on, 1))[:8, :8].max() < 1e-4


def test_companions_change_no_bit():
    on = fourier.grid(48, 2)
    levels = nested.Levels(
        np.array([20.0, 9.0, 17.0]),
        np.array([0, 0, -1]),
        np.array([-1, -2, -2]),
        np.array([0, 1, 1]),
    )
    together = nested.transform(blobs, levels, on)
    for one in range(3):
        alone = nested.transform(
            lambda members, x, y, one=one: blobs(members + one, x, y),
            nested.Levels(*(part[[one]] for part in levels)),
            on,
        )
        np.testing.assert_array_equal(alone[0], together[one])


def test_levels_honour_what_is_wanted_with_few_samples():
    radius = np.geomspace(0.5, 30, 40)[None]
    wanted = np.clip(radius / 8, 0.2, None)
    levels = nested.levels(np.array([30.0]), radius, wanted)
    (half_width,), (coarsest,), (finest,), (doublings,) = levels
    assert half_width == 30
    assert 2.0**finest <= 0.2 < 2.0 ** (finest + 1)
    assert coarsest > finest
    # Where a window is no longer 1, the coarser spacing beyond it is what was wanted.
    for level in range(finest + 1, coarsest + 1):
        outside = radius > nested._INNER * 2.0 ** (level + doublings)
        assert (wanted[outside] >= 2.0**level).all()


def test_light_of_one_fineness_is_sampled_in_one_level():
    radius, wanted = np.linspace(1, 30, 30)[None], np.full((1, 30), 0.5)
    levels = nested.levels(np.array([30.0]), radius, wanted)
    assert levels.coarsest == levels.finest == -1


def test_a_huge_source_is_sampled_as_finely_as_is_affordable():
    radius, wanted = np.linspace(1, 2000, 30)[None], np.full((1, 30), 1e-3)
    levels = nested.levels(np.array([2000.0]), radius, wanted)
    assert 2000 / 2.0 ** int(levels.finest[0]) <= nested._AFFORDABLE


def test_of_symmetric_light_only_one_half_is_looked_at():
    on = fourier.grid(64, 2)

    def centred(members, x, y):
        here, _ = blobs(members, x, y)
        return here, np.full_like(here, np.nan)

    levels = nested.Levels(*(part[:1] for part in layout(0, -1, 0)))
    transform = nested.transform(centred, levels, on, symmetric=True)
    assert transform.dtype == np.float64
    np.testing.assert_allclose(transform, nested.transform(blobs, levels, on), atol=1e-12)
