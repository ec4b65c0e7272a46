"""Merging pairs: two galaxies and their tides, all of the light, about the centroid."""

import numpy as np
import pytest

from skybench.generators import Merger, Sersic
from skybench.generators.sky import components, fourier, merger


def make(**changes):
    """Return a pair in which everything is given, so that a test states what it changes."""
    return Merger(
        **{
            "flux": 2e4,
            "half_light_radius": 4.0,
            "sersic_index": 1.0,
            "axis_ratio": 0.5,
            "position_angle": 30.0,
            "flux_ratio": 0.5,
            "separation_ratio": 3.0,
            "separation_angle": 70.0,
            "companion_axis_ratio": 0.8,
            "companion_position_angle": 100.0,
            "tail_fraction": 0.3,
            "tail_length_ratio": 4.0,
            "tail_curl": 120.0,
            "fwhm": 2.5,
            "beta": 6,
        }
        | changes
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"flux_ratio": 0.05}, {"tail_curl": -360}, {"separation_ratio": 0}, {"fwhm": 0}],
)
def test_flux_centroid_and_quarter_turns(changes):
    image = make(x=80.3, y=79.6, **changes).render((161, 161)).values
    assert image.sum() == pytest.approx(2e4, rel=1e-3)
    assert image.min() > -1e-4 * image.max()
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(80.3, abs=0.01)
    assert (image * y).sum() / image.sum() == pytest.approx(79.6, abs=0.01)
    angles = ("position_angle", "separation_angle", "companion_position_angle")
    turn = {name: getattr(make(), name) + 90 for name in angles}
    turned = make(x=160 - 79.6, y=80.3, **turn, **changes).render((161, 161)).values
    np.testing.assert_allclose(turned, np.rot90(image, -1), atol=1e-5 * image.max())


def test_without_tides_it_is_two_galaxies_about_their_centroid():
    image = make(tail_fraction=0, x=32, y=30).render((64, 64)).values
    # Masses 2 to 1, 12 pixels apart: 4 and 8 pixels from the centroid; radii as sqrt(1 / 2).
    dx, dy = 12 * np.cos(np.deg2rad(70)), 12 * np.sin(np.deg2rad(70))
    common = {"sersic_index": 1, "fwhm": 2.5, "beta": 6}
    first = Sersic(
        flux=2e4 * 2 / 3,
        half_light_radius=4,
        axis_ratio=0.5,
        position_angle=30,
        x=32 - dx / 3,
        y=30 - dy / 3,
        **common,
    )
    second = Sersic(
        flux=2e4 / 3,
        half_light_radius=4 * np.sqrt(0.5),
        axis_ratio=0.8,
        position_angle=100,
        x=32 + dx * 2 / 3,
        y=30 + dy * 2 / 3,
        **common,
    )
    parts = first.render((64, 64)).values + second.render((64, 64)).values
    np.testing.assert_allclose(image, parts, atol=1e-5 * image.max())


def test_tails_leave_outwards_and_turn_as_asked():
    source = {name: np.array([value]) for name, value in make().parameters((64, 64)).items()}
    pair = merger.layout(source)
    tides = pair.tides
    assert tides.flux.sum() == pytest.approx(2e4 * 0.3)
    links = tides.x.shape[1] // 3
    for first, root, away in ((0, pair.primary, 250), (links, pair.companion, 70)):
        x, y = (values[0, first : first + links] for values in (tides.x, tides.y))
        heading = np.unwrap(np.arctan2(np.diff(y), np.diff(x)))
        # Between the middles of 32 links, the turn is 30 / 32 of that from root to tip.
        assert np.rad2deg(heading[-1] - heading[0]) == pytest.approx(120 * 30 / 32)
        assert abs((np.rad2deg(heading[0]) - away + 180) % 360 - 180) < 45
        length = np.hypot(np.diff(x), np.diff(y)).sum()
        radius = 4.0 if first == 0 else 4 * np.sqrt(0.5)
        assert length == pytest.approx(4 * radius * 31 / 32)
        assert np.hypot(x[0] - root[0, 0], y[0] - root[0, 1]) < radius


def test_tides_are_seen_outside_the_galaxies():
    bare, tidal = (make(tail_fraction=f).render((64, 64)).values for f in (0.0, 0.3))
    faint = bare < 0.02 * bare.max()
    assert tidal[faint].sum() > 1.5 * bare[faint].sum()


def test_a_chain_of_gaussians_is_their_sum():
    spots = components.Spots(
        *(np.array([row]) for row in ([1.0, 2.0], [0.5, -3.0], [1.0, 2.0], [1.5, 3.0]))
    )
    on = fourier.grid_up_to(64, 63)
    transform = components.transform(spots, on)[0]
    k2 = on.kx**2 + on.ky[:, None] ** 2
    exact = sum(
        f * np.exp(-k2 * s**2 / 2 - 1j * (on.kx * x + on.ky[:, None] * y))
        for f, x, y, s in zip(*(row[0] for row in spots), strict=True)
    )
    np.testing.assert_allclose(transform, exact, atol=1e-6 * spots.flux.sum())
    assert components.extent(spots)[0] == pytest.approx(np.hypot(3, 2) + 4.5 * 3)


def test_brightness_is_proportional_to_flux():
    image = make().render((64, 64)).values
    np.testing.assert_allclose(
        make(flux=4e4).render((64, 64)).values, 2 * image, rtol=1e-9, atol=1e-4
    )
    assert not make(flux=0).render((64, 64)).values.any()
