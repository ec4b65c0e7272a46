"""Discs at any inclination against GalSim and the projection in closed form."""

import galsim
import numpy as np
import pytest
from scipy.special import k1

from skybench.generators import EdgeOn, Sersic

TIGHT = galsim.GSParams(
    folding_threshold=1e-4, maxk_threshold=1e-5, kvalue_accuracy=1e-7, maximum_fft_size=20000
)


def make(**changes):
    """Return a disc in which everything is given, so that a test states what it changes."""
    return EdgeOn(
        **{
            "flux": 2e4,
            "half_light_radius": 7.0,
            "inclination": 86.0,
            "scale_height_ratio": 0.12,
            "position_angle": 30.0,
            "bulge_fraction": 0.0,
            "bulge_radius_ratio": 0.2,
            "bulge_sersic_index": 2.0,
            "bulge_axis_ratio": 0.8,
            "fwhm": 2.5,
            "beta": 4,
        }
        | changes
    )


@pytest.mark.parametrize("inclination", [0.0, 45.0, 80.0, 90.0])
@pytest.mark.parametrize("height", [0.05, 0.3])
def test_discs_agree_with_galsim(inclination, height):
    source = make(inclination=inclination, scale_height_ratio=height, x=31.3, y=30.8)
    disc = galsim.InclinedExponential(
        inclination * galsim.degrees,
        half_light_radius=source.half_light_radius,
        scale_height=height * source.half_light_radius,
        flux=source.flux,
        gsparams=TIGHT,
    ).rotate(source.position_angle * galsim.degrees)
    psf = galsim.Moffat(beta=source.beta, fwhm=source.fwhm, gsparams=TIGHT)
    drawn = galsim.Convolve(disc, psf, gsparams=TIGHT)
    reference = drawn.drawImage(
        galsim.ImageD(64, 64, scale=1), center=galsim.PositionD(32.3, 31.8)
    ).array
    image = source.render((64, 64)).values
    assert np.abs(image - reference).max() < 2e-4 * reference.max()
    assert image.sum() == pytest.approx(reference.sum(), rel=3e-4)


def test_from_the_side_it_is_the_projection_in_closed_form():
    source = make(
        inclination=90, position_angle=0, fwhm=0, half_light_radius=20, scale_height_ratio=0.3
    )
    image = source.render((101, 101)).values
    h, z0 = 20 / 1.6783469900166605, 6.0
    points = (np.arange(101 * 8) + 0.5) / 8 - 50.5
    along = np.abs(points) / h * k1(np.abs(points) / h) / (np.pi * h)
    up = 1 / (2 * z0 * np.cosh(points / z0) ** 2)
    fine = source.flux * along * up[:, None]
    reference = fine.reshape(101, 8, 101, 8).mean(axis=(1, 3))
    assert np.abs(image - reference).max() < 5e-4 * reference.max()


def test_face_on_it_is_an_exponential_disc():
    disc = Sersic(
        flux=2e4,
        half_light_radius=7,
        sersic_index=1,
        axis_ratio=1,
        position_angle=0,
        fwhm=2.5,
        beta=4,
    )
    reference = disc.render((48, 48)).values
    image = make(inclination=0).render((48, 48)).values
    assert np.abs(image - reference).max() < 1e-4 * reference.max()


@pytest.mark.parametrize(
    "changes",
    [{}, {"bulge_fraction": 0.3}, {"inclination": 90, "scale_height_ratio": 0.01}, {"fwhm": 1}],
)
def test_flux_centre_and_quarter_turns(changes):
    source = make(x=80.3, y=79.6, **changes)
    image = source.render((161, 161)).values
    assert image.sum() == pytest.approx(2e4, rel=1e-3)
    assert image.min() > -1e-4 * image.max()
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(80.3, abs=5e-3)
    assert (image * y).sum() / image.sum() == pytest.approx(79.6, abs=5e-3)
    turned = make(x=160 - 79.6, y=80.3, position_angle=120, **changes).render((161, 161)).values
    np.testing.assert_allclose(turned, np.rot90(image, -1), atol=1e-5 * image.max())
