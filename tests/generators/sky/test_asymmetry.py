"""Discs that are less than perfect: what the formulas say, recorded, and off without a trace."""

import numpy as np
import pytest
import xarray as xr
from accuracy.sky import armed_disc, bulge, long_arms, over_peak, together
from sky import reference_light as light

from skybench.generators import DustyEdgeOn, EdgeOn, FlocculentSpiral, Ring, Spiral
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import recipe_from
from skybench.generators.sky import asymmetry

SHAPE = (48, 48)


def rags_of(galaxy, fewest, most):
    sources = {"ragged_seed": np.array([galaxy.ragged_seed]), "flux": np.ones(1)}
    return (column[0] for column in asymmetry.rags(sources, fewest, most))


@pytest.mark.parametrize(
    ("side", "ragged", "handedness"), [(0.3, 0.0, 1), (0.0, 0.6, 1), (1.0, 0.0, -1), (0.4, 0.5, -1)]
)
def test_spirals_are_the_formula_at_points_of_light(side, ragged, handedness):
    galaxy = Spiral(
        flux=1e5, half_light_radius=7, axis_ratio=0.6, pitch_angle=25, arm_handedness=handedness,
        lopsidedness=side, lopsidedness_angle=70, raggedness=ragged, ragged_seed=11, seed=2,
        fwhm=2.5, x=23.6, y=24.2,
    )  # fmt: skip
    arms, parts = long_arms(galaxy), list(rags_of(galaxy, 1, 5))
    winding = (0.4 + 0.8 * parts[1]) / np.tan(np.deg2rad(25))

    def pattern(radius, azimuth):
        waves = [
            np.cos(m * (azimuth - nu * np.log(radius)) - delta)
            for m, nu, delta in zip(parts[0], winding, parts[2], strict=True)
        ]
        rest = (1 - ragged) * arms(radius, azimuth) + ragged * sum(waves) / len(waves)
        return (1 - side) * rest + side * np.cos(azimuth - handedness * np.deg2rad(70))

    disc = armed_disc(galaxy, galaxy.flux * (1 - galaxy.bulge_fraction), pattern, 48)
    truth = light.seen(together([disc, bulge(galaxy, 48)]), galaxy.fwhm, galaxy.beta, SHAPE)
    image = Spiral.render(galaxy, SHAPE).values
    assert over_peak(image, truth, galaxy.flux) < 5e-4
    assert image.min() >= 0


@pytest.mark.parametrize(("side", "ragged"), [(0.6, 0.0), (0.3, 0.8)])
def test_rings_are_integrals_of_the_formula(side, ragged):
    galaxy = Ring(
        flux=2e4, half_light_radius=12, axis_ratio=0.6, position_angle=30, ring_width=0.15,
        bulge_fraction=0, lopsidedness=side, lopsidedness_angle=110, raggedness=ragged,
        ragged_seed=5, fwhm=0, x=31.3, y=30.8,
    )  # fmt: skip
    points = (np.arange(64 * 16) + 0.5) / 16 - 0.5
    x, y = points - 31.3, (points - 30.8)[:, None]
    turn = np.deg2rad(30)
    major, minor = np.cos(turn) * x + np.sin(turn) * y, (np.cos(turn) * y - np.sin(turn) * x) / 0.6
    r, azimuth = np.maximum(np.hypot(major, minor) / 12, 1e-9), np.arctan2(minor, major)
    fine = np.exp(-(np.log(r) ** 2) / (2 * 0.15**2)) / ((2 * np.pi) ** 1.5 * 0.15 * 0.6 * r**2)
    number, _, phase = rags_of(galaxy, 2, 4)
    pairs = zip(number, phase, strict=True)
    waves = sum(np.cos(m * azimuth - delta) for m, delta in pairs) / len(number)
    fine *= 1 + (1 - side) * ragged * waves + side * np.cos(azimuth - np.deg2rad(110))
    truth = (galaxy.flux / 12**2 * fine).reshape(64, 16, 64, 16).mean(axis=(1, 3))
    assert np.abs(galaxy.render((64, 64)).values - truth).max() < 3e-4 * truth.max()


def ring_points(galaxy):
    """Return the light of a warped disc from the side, as points of tilted rings."""
    h, z0 = galaxy.half_light_radius / 1.6783469900166605, 0.1 * galaxy.half_light_radius
    start = galaxy.half_light_radius * galaxy.warp_radius_ratio
    nodes, weights = np.polynomial.legendre.leggauss(60)
    r, dr = 6 * h * (nodes + 1), 6 * h * weights
    azimuth = (np.arange(48) + 0.5) / 48 * np.pi
    heights = z0 * np.arctanh((np.arange(48) + 0.5) / 24 - 1)
    t = np.exp(-r / start)
    parts = []
    for ring, choose in enumerate((1, 8, 28, 56, 70, 56, 28, 8, 1)):
        share = choose * (1 - t) ** ring * t ** (8 - ring) * np.exp(-r / h) * r * dr / h**2
        tilt = ring * (ring - 1) / 56
        turn = np.deg2rad(galaxy.position_angle + galaxy.warp_angle * tilt)
        along, up = (r[:, None, None] * np.cos(azimuth)[:, None], heights)
        along, up, flux = np.broadcast_arrays(along, up, share[:, None, None] / azimuth.size / 48)
        x, y = np.cos(turn) * along - np.sin(turn) * up, np.sin(turn) * along + np.cos(turn) * up
        parts.append(light.Points(galaxy.x + x.ravel(), galaxy.y + y.ravel(), flux.ravel()))
    return together(parts)


def test_a_warped_disc_is_its_tilted_rings():
    galaxy = EdgeOn(
        flux=1.0, half_light_radius=7, inclination=90, scale_height_ratio=0.1, position_angle=20,
        bulge_fraction=0, warp_angle=25, warp_radius_ratio=1.5, fwhm=3, beta=4, x=23.6,
        y=24.2,
    )  # fmt: skip
    truth = light.seen(ring_points(galaxy), 3, 4, SHAPE)
    image = galaxy.render(SHAPE).values
    # 48 heights stand for the hyperbolic secant.
    assert np.abs(image - truth).max() < 2e-3 * truth.max()
    flat = EdgeOn(**galaxy.all_parameters() | {"warp_angle": 0}, fwhm=3, beta=4, x=23.6, y=24.2)
    flat = flat.render(SHAPE)
    assert np.abs(flat.values - truth).max() > 0.02 * truth.max()
    assert image.sum() == pytest.approx(truth.sum(), rel=1e-3)


def test_the_plane_of_a_warp_leaves_the_middle_as_it_says():
    galaxy = EdgeOn(
        flux=1e5, half_light_radius=16, inclination=90, scale_height_ratio=0.05, position_angle=0,
        bulge_fraction=0, warp_angle=20, warp_radius_ratio=1.5, fwhm=2,
    )  # fmt: skip
    image = galaxy.render((129, 129)).values
    middle = (image * (np.arange(129) - 64)[:, None]).sum(axis=0) / image.sum(axis=0)
    # An integral sign: up on one side, down on the other, and little off the plane within, where
    # outer parts are seen in front of the disc and behind it.
    np.testing.assert_allclose(middle, -middle[::-1], atol=0.02)
    assert abs(middle[64 + 10]) < 1
    assert 2 < middle[64 + 45] < 45 * np.tan(np.deg2rad(20))


@pytest.mark.parametrize("kind", [EdgeOn, DustyEdgeOn])
def test_no_warp_makes_light_negative(kind):
    for warp in (-45, 45):
        image = kind(flux=1e5, warp_angle=warp, warp_radius_ratio=0.5, seed=4).render((64, 64))
        assert image.values.min() >= 0


RECIPE = {
    "name": "uneven",
    "task": "classification",
    "samples": 100,
    "image": {"shape": [40, 40], "expected": True},
    "sources": {
        "spiral": {"profile": "spiral"},
        "flocculent": {"profile": "flocculent_spiral"},
        "ring": {"profile": "ring"},
        "edge": {"profile": "edge_on"},
    },
}
ON = {
    "spiral": {"lopsidedness": {"distribution": "uniform", "low": 0, "high": 0.3}},
    "flocculent": {"raggedness": 0.5},
    "ring": {"lopsidedness": 0.4, "raggedness": 0.3},
    "edge": {"warp_angle": 15},
}


def recipe(*on):
    sources = {
        name: spec | (ON[name] if name in on else {}) for name, spec in RECIPE["sources"].items()
    }
    return recipe_from({**RECIPE, "sources": sources})


def test_recipes_without_them_know_nothing_of_them():
    plain = generate_as_stored(recipe(), 0, 40)
    words = {n for kind in (Spiral, Ring, EdgeOn) for n in kind.switches}
    assert words == {
        *("lopsidedness", "lopsidedness_angle", "raggedness", "ragged_seed"),
        *("warp_angle", "warp_radius_ratio"),
    }
    assert not words & set(plain.variables)
    assert not any(word in recipe().model_dump_json() for word in words)


def test_others_keep_their_bits_and_samples_are_pure():
    plain, whole = (generate_as_stored(recipe(*on), 0, 40) for on in ((), tuple(ON)))
    alone = generate_as_stored(recipe("ring"), 0, 40)
    is_ring = plain.label.values == 2
    np.testing.assert_array_equal(alone.image[~is_ring], plain.image[~is_ring])
    for one in np.flatnonzero(is_ring):
        assert (alone.image[one] != plain.image[one]).any()
    np.testing.assert_array_equal(alone.expected[is_ring], whole.expected[is_ring])
    assert np.isnan(alone.lopsidedness.values[~is_ring]).all()
    np.testing.assert_allclose(alone.lopsidedness.values[is_ring], 0.4, rtol=1e-5)
    for one in (3, 17):
        part = generate_as_stored(recipe(*ON), one, one + 1)
        xr.testing.assert_identical(whole.isel(sample=[one]), part)


def test_a_spiral_beside_a_lopsided_one_keeps_its_bits():
    spec = {"profile": "spiral", "arm_count": {"distribution": "choice", "values": [2, 3]}}
    both = [
        {"one": spec, "other": spec | {"lopsidedness": side, "raggedness": side}}
        for side in (0, 0.5)
    ]
    even, mixed = (
        generate_as_stored(recipe_from({**RECIPE, "sources": sources}), 0, 60) for sources in both
    )
    same = even.label.values == 0
    np.testing.assert_array_equal(mixed.expected[same], even.expected[same])
    assert (mixed.expected[~same] != even.expected[~same]).any(("y", "x")).all()


def test_what_has_no_effect_is_refused():
    bare = {"spiral": {"profile": "spiral", "ragged_seed": 3}, "ring": {"profile": "ring"}}
    with pytest.raises(ValueError, match="ragged_seed has no effect without raggedness"):
        recipe_from({**RECIPE, "sources": bare})


def test_flocculent_discs_stay_positive_when_they_are_uneven():
    image = FlocculentSpiral(lopsidedness=0.8, raggedness=1, seed=3).render((64, 64))
    assert image.values.min() >= 0
