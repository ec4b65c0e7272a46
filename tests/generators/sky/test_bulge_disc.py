"""Bulge and disc: the sum of two Sersic profiles, and of nothing else."""

import galsim
import numpy as np
import pytest

from skybench.generators import BulgeDisc, Sersic


def make(**changes):
    """Return a galaxy in which everything is given, so that a test states what it changes."""
    return BulgeDisc(
        **{
            "flux": 2e4,
            "half_light_radius": 7.0,
            "axis_ratio": 0.4,
            "position_angle": 30.0,
            "bulge_fraction": 0.3,
            "bulge_radius_ratio": 0.25,
            "bulge_sersic_index": 3.0,
            "bulge_axis_ratio": 0.8,
            "fwhm": 2.5,
            "beta": 4,
        }
        | changes
    )


@pytest.mark.parametrize("fwhm", [0.0, 2.5])
def test_it_is_the_sum_of_its_parts(fwhm):
    common = {"position_angle": 30, "fwhm": fwhm, "beta": 4, "x": 23.2, "y": 24.9}
    disc = Sersic(flux=1.4e4, half_light_radius=7, sersic_index=1, axis_ratio=0.4, **common)
    bulge = Sersic(flux=6e3, half_light_radius=1.75, sersic_index=3, axis_ratio=0.8, **common)
    image = make(fwhm=fwhm, x=23.2, y=24.9).render((48, 48)).values
    parts = disc.render((48, 48)).values + bulge.render((48, 48)).values
    # In single precision, and what a part alone has below nothing is cut off.
    np.testing.assert_allclose(image, parts, rtol=0, atol=1e-6 * image.max())


def test_it_agrees_with_galsim():
    # A de Vaucouleurs bulge and an exponential disc, in GalSim's circularised radii.
    source = make(bulge_sersic_index=4.0)
    parts = []
    for share, radius, index, q in ((0.7, 7.0, 1.0, 0.4), (0.3, 1.75, 4.0, 0.8)):
        part = galsim.Sersic(index, half_light_radius=radius * np.sqrt(q), flux=2e4 * share)
        parts.append(part.shear(q=q, beta=30 * galsim.degrees))
    drawn = galsim.Convolve(galsim.Add(parts), galsim.Moffat(beta=4, fwhm=2.5))
    reference = drawn.drawImage(galsim.ImageD(48, 48, scale=1)).array
    image = source.render((48, 48)).values
    assert np.abs(image - reference).max() < 2e-3 * reference.max()


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_share_of_nothing_leaves_the_other(fraction):
    q, radius, index = (0.8, 1.75, 3.0) if fraction else (0.4, 7.0, 1.0)
    other = Sersic(
        flux=2e4,
        half_light_radius=radius,
        sersic_index=index,
        axis_ratio=q,
        position_angle=30,
        fwhm=2.5,
        beta=4,
    )
    image = make(bulge_fraction=fraction).render((48, 48)).values
    np.testing.assert_allclose(image, other.render((48, 48)).values, atol=1e-9 * image.max())


def test_flux_centre_and_quarter_turns():
    image = make(x=80.3, y=79.6).render((161, 161)).values
    assert image.sum() == pytest.approx(2e4, rel=1e-3)
    y, x = np.indices(image.shape)
    assert (image * x).sum() / image.sum() == pytest.approx(80.3, abs=5e-3)
    assert (image * y).sum() / image.sum() == pytest.approx(79.6, abs=5e-3)
    turned = make(x=160 - 79.6, y=80.3, position_angle=120).render((161, 161)).values
    np.testing.assert_allclose(turned, np.rot90(image, -1), atol=1e-5 * image.max())
