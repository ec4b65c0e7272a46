"""Images under a PSF with wide wings: no light of a periodic copy, and none that is lost.

The truth is points of light, seen one by one (`reference_light.py`): no Fourier transform of a
profile or a PSF, and no copy of anything.
"""

from dataclasses import replace

import numpy as np
import pytest
from accuracy import sky as kinds
from sky import reference_light as light

from skybench.generators import (
    BarredLenticular,
    BarredSpiral,
    BulgeDisc,
    DustyEdgeOn,
    EdgeOn,
    FlocculentSpiral,
    Lens,
    LensedArc,
    Lenticular,
    Merger,
    Ring,
    Sersic,
    Spiral,
    Star,
)
from skybench.generators.sky import components
from skybench.generators.sky.stamps import add

FLUX, PEAK = 1e-4, 1e-3
"""Largest errors of the flux on the image, over the flux, and of a pixel, over the peak."""


def thick_disc(galaxy, flux, height_ratio):
    """Return the points of exp(-r / h) sech^2(z / z0) / (4 pi h^2 z0), seen at an inclination.

    With z in steps of 0.6 z0, sums of sech^2 err by exp(-pi^2 / 0.6).
    """
    tilt, turn = np.deg2rad(galaxy.inclination), np.deg2rad(galaxy.position_angle)
    place = kinds.placed(galaxy, axis_ratio=np.cos(tilt))
    flat = kinds.sersic(flux, 1.0, place, galaxy.fwhm, 28)
    z = 0.6 * np.arange(-10, 11)
    up = galaxy.half_light_radius * height_ratio * z * np.sin(tilt)
    return light.together(
        light.Points(flat.x - np.sin(turn) * v, flat.y + np.cos(turn) * v, flat.flux * w)
        for v, w in zip(up, 0.3 / np.cosh(z) ** 2, strict=True)
    )


def edge_on(galaxy, side):
    flux = galaxy.flux * (1 - galaxy.bulge_fraction)
    disc = thick_disc(galaxy, flux, galaxy.scale_height_ratio)
    return light.together([disc, kinds.bulge(galaxy, side)])


def dusty(galaxy, side):
    """Return a disc less a thinner one: what is seen has the flux."""
    seen, thin = galaxy.flux * (1 - galaxy.bulge_fraction), galaxy.dust_height_ratio
    taken = (1 - np.exp(-galaxy.dust_optical_depth)) * thin
    before, height = seen / (1 - taken), galaxy.scale_height_ratio
    stars, dust = (
        thick_disc(galaxy, before, height),
        thick_disc(galaxy, -before * taken, height * thin),
    )
    return light.together([stars, dust, kinds.bulge(galaxy, side)])


def star(source, side):
    return light.Points(*(np.array([v]) for v in (source.x, source.y, source.flux)))


POINTS = {
    Star: star,
    Sersic: kinds.one_sersic,
    Spiral: kinds.spiral,
    BulgeDisc: kinds.bulge_and_disc,
    Ring: kinds.ring,
    BarredSpiral: kinds.barred_spiral,
    BarredLenticular: kinds.barred_lenticular,
    EdgeOn: edge_on,
    DustyEdgeOn: dusty,
    Merger: kinds.merging,
    FlocculentSpiral: kinds.flocculent,
    Lens: kinds.lensed,
    LensedArc: kinds.arc,
    Lenticular: kinds.lenticular,
}


def agrees(galaxy, side):
    """Tell whether an image is that of the points of its light."""
    image = galaxy.render((side, side)).values
    truth = light.seen(POINTS[type(galaxy)](galaxy, side), galaxy.fwhm, galaxy.beta, image.shape)
    assert image.min() >= 0
    assert abs(image.sum() - truth.sum()) < FLUX * galaxy.flux
    assert np.abs(image - truth).max() < PEAK * truth.max()


@pytest.mark.parametrize("kind", POINTS)
def test_every_object_is_the_points_of_its_light(kind):
    agrees(kind(fwhm=4, beta=1.05, x=10.7, y=14.2, seed=5), 28)


@pytest.mark.parametrize(
    ("kind", "fwhm", "beta"),
    [
        (Ring, 8, 1.5),
        (EdgeOn, 2.5, 1.5),
        (Merger, 2, 1.2),
        (Spiral, 2.5, 1.5),
        (Lenticular, 8, 2.0),
    ],
)
def test_so_are_those_of_sharper_and_of_wider_psfs(kind, fwhm, beta):
    agrees(kind(fwhm=fwhm, beta=beta, x=10.7, y=14.2, seed=5), 28)


@pytest.mark.parametrize(
    ("half_light_radius", "sersic_index", "axis_ratio", "fwhm", "beta"),
    [
        (1, 0.5, 0.3, 1.5, 2.2),
        (8, 0.5, 1.0, 1.5, 1.5),
        (3, 4.0, 0.6, 3.0, 2.0),
        (8, 6.0, 1.0, 1.5, 2.0),
        (8, 6.0, 1.0, 1.5, 1.2),
    ],
)
def test_a_galaxy_keeps_its_flux_where_nobody_sees_the_wings(
    half_light_radius, sersic_index, axis_ratio, fwhm, beta
):
    """Each pixel was right before, but their sum was wrong by up to 3e-4 of the flux."""
    galaxy = Sersic(
        flux=1,
        half_light_radius=half_light_radius,
        sersic_index=sersic_index,
        axis_ratio=axis_ratio,
        position_angle=25,
        fwhm=fwhm,
        beta=beta,
        x=31.3,
        y=32.8,
    )
    agrees(galaxy, 64)


@pytest.mark.parametrize("kind", [Ring, DustyEdgeOn, Spiral, FlocculentSpiral])
@pytest.mark.parametrize("beta", [1.5, 2.0])
def test_an_image_is_the_cut_of_a_larger_one(kind, beta):
    """On the larger, the rest of the PSF is laid beyond where the source is a point."""
    source = kind(fwhm=3, beta=beta, x=20.3, y=38.6, seed=2, bulge_fraction=0)
    image = source.render((64, 64)).values
    larger = replace(source, x=source.x + 270, y=source.y + 270).render((604, 604)).values
    cut = larger[270:334, 270:334]
    assert np.abs(image - cut).max() < 1e-5 * image.max()
    assert abs(image.sum() - cut.sum()) < 1e-5 * source.flux


def test_beyond_its_cut_a_psf_is_that_of_points_at_the_centroid():
    # Tides all on one side: the centroid of one Gaussian is ten pixels off the source.
    spots = components.Spots(*(np.array([[v]]) for v in (1.0, 8.0, -6.0, 2.0)))
    place = {"source_x": 300.0, "source_y": 300.0, "psf_fwhm": 3.0, "psf_beta": 2.0}
    sources = {name: np.array([value]) for name, value in place.items()}
    image = np.zeros((1, 600, 600))
    add(image, np.zeros(1, dtype=int), components.draw(spots, sources, (600, 600)))
    y, x = np.indices(image[0].shape)
    r2 = (x - 308) ** 2 + (y - 294) ** 2
    a = 3 / (2 * np.sqrt(2**0.5 - 1))
    far = r2 > 290**2  # outside of the stamp, whose floats have 24 bits
    r2 = np.maximum(r2, 1)
    # A Gaussian of variance 4 changes a wing r^-4 by 4 / 2 times its Laplacian, 16 r^-6.
    wing = (1 / (np.pi * a**2) * (1 + r2 / a**2) ** -2.0) * (1 + 32 / r2)
    np.testing.assert_allclose(image[0][far], wing[far], rtol=2e-3)
