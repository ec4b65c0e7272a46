"""Single objects: values that can be copied and compared, and images with their parameters."""

import copy
import pickle

import numpy as np
import pytest

from skybench import generators
from skybench.errors import ParameterError
from skybench.generators import Sersic, Spiral, Star
from skybench.generators.families import variables
from skybench.generators.sky.objects import SkyObject

CLASSES = [
    value
    for value in (getattr(generators, name) for name in generators.__all__)
    if issubclass(value, SkyObject)
]
EACH = pytest.mark.parametrize("kind", CLASSES)


@EACH
def test_is_a_value(kind):
    one = kind(seed=3, fwhm=2.5, x=10.25)
    for twin in (
        copy.deepcopy(one),
        pickle.loads(pickle.dumps(one)),
        eval(repr(one), {kind.__name__: kind}),
    ):
        assert twin == one
        assert hash(twin) == hash(one)
    assert kind(seed=4, fwhm=2.5, x=10.25) != one
    with pytest.raises(AttributeError):
        one.flux = 1.0


def test_numbers_of_any_kind_are_kept_as_floats():
    star = Star(flux=np.float32(1000), fwhm=3, x=np.int64(4), beta=np.array(2.5))
    assert star == Star(flux=1000.0, fwhm=3.0, x=4.0, beta=2.5)
    assert eval(repr(star)) == star
    # The coordinates of an image make the same object again.
    image = star.render((9, 9))
    again = Star(flux=image.flux, fwhm=image.psf_fwhm, beta=image.psf_beta, x=4, y=image.source_y)
    assert image.equals(again.render((9, 9)))


@EACH
def test_image_carries_every_parameter_with_its_unit(kind):
    image = kind(seed=1).render((20, 30))
    assert image.dims == ("y", "x")
    assert image.shape == (20, 30)
    assert image.attrs["units"] == "electron"
    for name in (*kind.defaults, *kind.derived, "source_x", "psf_fwhm"):
        assert image.coords[name].attrs.get("units") == variables()[name].units
    assert float(image.source_x) == 14.5
    assert float(image.source_y) == 9.5


@EACH
def test_defaults_come_from_the_seed_and_do_not_depend_on_what_is_given(kind):
    assert kind(seed=5) == kind(seed=5)
    assert kind(seed=5).flux != kind(seed=6).flux
    given = kind(seed=5, flux=1234.0)
    for name in set(kind.defaults) - {"flux"}:
        assert getattr(given, name) == getattr(kind(seed=5), name)


@EACH
def test_all_the_flux_is_on_a_large_image(kind):
    # The flux of a lens is that of its own light: without a galaxy behind it, there is no more.
    alone = {"lensed_flux": 0.0} if "lensed_flux" in kind.defaults else {}
    image = kind(seed=2, flux=1e4, **alone).render((256, 256))
    assert float(image.sum()) == pytest.approx(1e4, rel=5e-3)


def test_observed_images_are_noisy_integers_of_the_same_object():
    star = Star(flux=2e4, fwhm=3.0)
    one, two = (star.observe((28, 28), noise_seed=seed) for seed in (0, 1))
    assert one.dtype == np.int32
    assert not one.equals(two)
    assert float(one.read_noise) == 5.0
    assert one.sky_level.attrs["units"] == "electron"
    noise_free = star.observe((28, 28), sky_level=0.0, read_noise=0.0)
    assert float(noise_free.sum()) == pytest.approx(float(star.render((28, 28)).sum()), rel=0.05)


def test_the_pitch_of_a_spiral_becomes_its_winding():
    open_arms, tight_arms = (Spiral(seed=0, pitch_angle=p).render((8, 8)) for p in (35.0, 12.0))
    assert float(tight_arms.arm_winding) > float(open_arms.arm_winding) > 0


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: Sersic(axis_ratio=1.4), ["axis_ratio", "[0.05, 1]", "got 1.4"]),
        (lambda: Sersic(sersic_index=9), ["sersic_index", "[0.3, 8]", "got 9"]),
        (lambda: Sersic(half_light_radius=0), ["half_light_radius", "(0, 500]", "got 0"]),
        (lambda: Star(flux=-1.0), ["flux", "[0, 1e+12]", "got -1"]),
        (lambda: Star(flux=float("nan")), ["flux", "finite", "got nan"]),
        (lambda: Star(flux="bright"), ["flux must be", "number in [0, 1e+12]", "'bright'"]),
        (lambda: Star(flux="3"), ["flux", "got '3'"]),
        (lambda: Star(flux=True), ["flux", "got True"]),
        (lambda: Star(flux=[1, 2]), ["flux", "got [1, 2]"]),
        (lambda: Star(fwhm="3"), ["fwhm", "got '3'"]),
        (lambda: Star(x="left"), ["x must be a finite number", "got 'left'"]),
        (lambda: Star(fwhm=-2), ["fwhm", "got -2"]),
        (lambda: Star(beta=1.0), ["beta", "(1, 1e+06]", "got 1"]),
        (lambda: Star(x=float("inf")), ["x must be a finite number"]),
        (lambda: Spiral(arm_count=2.5), ["arm_count", "{1, 2, 3", "got 2.5"]),
        (lambda: Spiral(arm_handedness=0), ["arm_handedness", "{-1, 1}", "got 0"]),
        (lambda: Star().observe(sky_level=-1), ["sky_level", "got -1"]),
        (lambda: Star().observe(read_noise=float("nan")), ["read_noise", "got nan"]),
        (lambda: Star().observe(sky_level="dark"), ["sky_level", "got 'dark'"]),
        (lambda: Star().render(28), ["shape must be rows and columns like (28, 28), got 28"]),
        (lambda: Star().observe((28, 28, 3)), ["like (28, 28), got (28, 28, 3)"]),
        (lambda: Star().render((28, 2.5)), ["got (28, 2.5)"]),
    ],
)
def test_a_wrong_value_is_named_with_its_domain(make, parts):
    with pytest.raises(ParameterError) as caught:
        make()
    for part in parts:
        assert part in str(caught.value)
