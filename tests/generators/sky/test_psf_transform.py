"""PSFs known by their transforms, against GalSim and against what is drawn without transforms."""

from functools import partial

import galsim
import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.generators import Sersic, Star
from skybench.generators.sky.objects import SKY_OBJECTS
from skybench.generators.sky.psf_transform import Airy, Kolmogorov, PsfImage, under
from skybench.generators.sky.sky_object import light

SHAPE, PLACE = (40, 44), (20.3, 17.8)
DRAW = partial(light, objects=SKY_OBJECTS.values())
TIGHT = galsim.GSParams(
    maximum_fft_size=16384, kvalue_accuracy=1e-7, maxk_threshold=1e-5, folding_threshold=5e-4
)


def seen_by_galsim(psf, galaxy=None, method="auto"):
    source = psf if galaxy is None else galsim.Convolve(galaxy, psf)
    image = galsim.Image(SHAPE[1], SHAPE[0], scale=1.0, xmin=0, ymin=0)
    at = galsim.PositionD(*PLACE)
    source.withGSParams(TIGHT).withFlux(1e5).drawImage(image, center=at, method=method)
    return image.array


def fwhm_of(psf):
    """Return where the light of a PSF has fallen to half, to 1e-4."""
    radii = np.linspace(0.3, 0.7, 4001)
    light = np.array([psf.xValue(radius, 0) for radius in radii])
    return 2 * radii[np.argmin(np.abs(light - psf.xValue(0, 0) / 2))]


def seen(psf, source, shape=SHAPE):
    return under(psf, source._dataset(shape), shape, DRAW)[0]


def star():
    return Star(flux=1e5, x=PLACE[0], y=PLACE[1])


def galaxy(index):
    own = {"half_light_radius": 4.0, "sersic_index": index, "axis_ratio": 0.6}
    ours = Sersic(flux=1e5, **own, position_angle=30.0, x=PLACE[0], y=PLACE[1])
    round_ = galsim.Sersic(n=index, half_light_radius=4 * np.sqrt(0.6), gsparams=TIGHT)
    return ours, round_.shear(q=0.6, beta=30 * galsim.degrees)


@pytest.mark.parametrize("fwhm", [1.0, 2.1, 5.0])
@pytest.mark.parametrize("obscuration", [None, 0.0, 0.33])
def test_stars_and_galaxies_are_galsims(fwhm, obscuration):
    if obscuration is None:
        ours, theirs = Kolmogorov(fwhm=fwhm), galsim.Kolmogorov(fwhm=fwhm)
    else:
        ours = Airy(fwhm=fwhm, obscuration=obscuration)
        unit = fwhm / fwhm_of(galsim.Airy(lam_over_diam=1, obscuration=obscuration))
        theirs = galsim.Airy(lam_over_diam=unit, obscuration=obscuration)
    sersic, reference = galaxy(1.0)
    for source, truth in (
        (star(), seen_by_galsim(theirs)),
        (sersic, seen_by_galsim(theirs, reference)),
    ):
        image = seen(ours, source)
        assert np.abs(image - truth).max() < 1e-3 * truth.max()
        assert image.sum() == pytest.approx(truth.sum(), rel=1e-3)
        assert image.min() >= 0


class Gauss:
    """A Gaussian by its transform, which every object can be drawn under without."""

    def __init__(self, fwhm):
        self.sigma, self.reach = fwhm / np.sqrt(8 * np.log(2)), 3 * fwhm

    def transform(self, kx, ky):
        pixel = np.sinc(kx / 2 / np.pi) * np.sinc(ky / 2 / np.pi)[:, None]
        return np.exp(-(np.hypot(kx, ky[:, None]) ** 2) * self.sigma**2 / 2) * pixel


@pytest.mark.parametrize("kind", SKY_OBJECTS.values(), ids=list(SKY_OBJECTS))
def test_every_object_is_the_same_by_the_transform_and_without(kind):
    source = kind(seed=3, fwhm=2.6, beta=1e6)
    truth = source.render((48, 48)).values
    image = seen(Gauss(2.6), source, (48, 48))
    assert np.abs(image - truth).max() < 1e-3 * truth.max()


def test_light_comes_in_from_beyond_the_border():
    outside = Sersic(
        flux=1e5, half_light_radius=3.0, sersic_index=1.0, x=-6.0, y=20.0, fwhm=2.6, beta=1e6
    )
    truth = outside.render(SHAPE).values
    assert np.abs(seen(Gauss(2.6), outside) - truth).max() < 1e-3 * truth.max()


@pytest.mark.parametrize("oversampling", [1, 2, 4])
def test_an_image_of_a_psf_is_galsims(oversampling):
    # Lopsided, so that an axis or a sign taken for another shows.
    lopsided = galsim.Gaussian(fwhm=2.6).shear(g1=0.1, g2=0.2) + 0.3 * galsim.Gaussian(
        fwhm=3.4
    ).shift(1.2, -0.7)
    model = galsim.Convolve(lopsided, galsim.Pixel(1.0)).withFlux(1)
    side = 24 * oversampling + 1
    array = model.drawImage(nx=side, ny=side, scale=1 / oversampling, method="no_pixel").array
    sersic, reference = galaxy(2.0)
    truth = seen_by_galsim(lopsided.withFlux(1), reference)
    image = seen(PsfImage(array, oversampling), sersic)
    assert np.abs(image - truth).max() < 1e-3 * truth.max()


def test_an_image_without_the_pixels_response_gets_it():
    bare = galsim.Gaussian(fwhm=2.6)
    array = bare.drawImage(nx=97, ny=97, scale=0.25, method="no_pixel").array
    image = seen(PsfImage(array, 4, has_pixel=False), star())
    truth = seen_by_galsim(bare)
    assert np.abs(image - truth).max() < 1e-3 * truth.max()


def test_a_sample_is_the_same_whatever_else_is_drawn():
    one = star()._dataset(SHAPE)
    several = one.isel(sample=[0, 0, 0])
    psfs = [Kolmogorov(fwhm=5.0), Kolmogorov(fwhm=2.0), Airy(fwhm=2.0)]
    together = under(psfs, several, SHAPE, DRAW)
    for psf, image in zip(psfs, together, strict=True):
        np.testing.assert_array_equal(image, under(psf, one, SHAPE, DRAW)[0])


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(5), "two dimensions"),
        (np.full((5, 5), np.nan), "must be finite"),
        (np.zeros((5, 5)), "positive sum"),
    ],
)
def test_what_is_no_image_of_a_psf_is_refused(array, said):
    with pytest.raises(ParameterError, match=said):
        PsfImage(array)
    with pytest.raises(ParameterError, match="oversampling must be above 0"):
        PsfImage(np.ones((3, 3)), 0)
