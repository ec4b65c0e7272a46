"""Objects take astropy's quantities as numbers in their own units, and give them back."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from astropy import units as u

from skybench.errors import ParameterError
from skybench.generators import Circle, Halo, Pendulum, Sersic, SphereField, Star, Transit
from skybench.generators.families import FAMILIES, variables
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import packaged_recipes

OBJECTS = [kind for family in FAMILIES.values() for kind in family.objects.values()]
EACH = pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)

DECAM = 0.263 * u.arcsec


def test_every_unit_of_the_house_is_one_of_astropy():
    words = {row.units for row in variables().values()} - {None}
    for recipe in packaged_recipes():
        held = generate_as_stored(recipe, 0, 1).variables.values()
        words |= {v.attrs["units"] for v in held if "units" in v.attrs}
    assert len(words) > 10
    for word in words:
        u.Unit(word, parse_strict="raise")


@EACH
def test_a_quantity_in_its_own_unit_is_the_number(kind):
    plain = kind(seed=1)
    given = {n: getattr(plain, n) for n in (*kind.defaults, *kind.settings)}
    numbers = {n: value for n, value in given.items() if value is not None}
    rows = {**kind.variables, **kind.settings}
    quantities = {n: u.Quantity(value, rows[n].units or "") for n, value in numbers.items()}
    made = kind(seed=1, **quantities)
    assert made == kind(seed=1, **numbers) == plain
    assert repr(made) == repr(plain)
    assert hash(made) == hash(plain)
    assert {type(value) for value in vars(made).values()} <= {int, float, type(None)}
    assert pickle.loads(pickle.dumps(made)) == plain
    for name, value in quantities.items():
        assert made.quantity(name) == value
        assert made.quantity(name).unit == value.unit


@EACH
def test_a_unit_of_another_kind_is_refused_with_the_one_that_is_expected(kind):
    rows = {**kind.variables, **kind.settings}
    for name in (*kind.defaults, *kind.settings):
        expected = rows[name].units
        says = f"in {expected}" if expected not in (None, "1") else "a number without a unit"
        with pytest.raises(ParameterError) as told:
            kind(**{name: 3 * u.K})
        assert str(told.value) == f"{name} must be {says}, got 3.0 K."


def test_units_of_the_same_kind_are_converted():
    assert Sersic(seed=1, position_angle=np.pi / 2 * u.rad).position_angle == pytest.approx(90)
    assert Sersic(seed=1, sersic_index=250 * u.percent).sersic_index == 2.5
    assert Transit(period=36 * u.hour).period == 1.5
    assert Pendulum(pendulum_length=50 * u.cm).pendulum_length == 0.5
    assert Halo(halo_mass=1e14 * u.solMass, x=3 * u.pix) == Halo(halo_mass=1e14, x=3)


@pytest.mark.parametrize("scale", [DECAM, DECAM / u.pix, 0.263, (DECAM / u.pix).to(u.deg / u.pix)])
def test_angles_become_pixels_by_the_pixel_scale(scale):
    star = Star(flux=1e4, fwhm=0.789 * u.arcsec, x=2.63 * u.arcsec, pixel_scale=scale)
    assert star.fwhm == pytest.approx(3)
    assert star.x == pytest.approx(10)
    assert star.pixel_scale == pytest.approx(0.263)
    assert star.quantity("fwhm").unit == u.pix
    assert star.quantity("fwhm", "arcsec").to_value(u.mas) == pytest.approx(789)
    assert dataclasses.replace(star, fwhm=0.526 * u.arcsec).fwhm == pytest.approx(2)
    # Angles stay angles.
    tilted = Sersic(position_angle=1 * u.deg, half_light_radius=1 * u.arcmin, pixel_scale=1)
    assert (tilted.position_angle, tilted.half_light_radius) == (1, pytest.approx(60))
    assert Circle(radius=2.63 * u.arcsec, pixel_scale=DECAM).radius == pytest.approx(10)


def test_the_pixel_scale_is_no_part_of_the_star_and_is_told_by_its_image():
    star, plain = Star(seed=1, pixel_scale=DECAM), Star(seed=1)
    assert star == plain
    assert hash(star) == hash(plain)
    assert repr(star) == repr(plain)
    image = star.render((20, 20))
    assert image.attrs.pop("pixel_scale_arcsec") == 0.263
    xr.testing.assert_identical(image, plain.render((20, 20)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"fwhm": 0.7 * u.arcsec}, "got 0.7 arcsec; for an angle give the pixel scale, too, such"),
        ({"fwhm": 0.7 * u.s, "pixel_scale": DECAM}, "fwhm must be in pixel, got 0.7 s"),
        ({"pixel_scale": 3 * u.pix}, "pixel_scale must be in arcsec, got 3.0 pix"),
        ({"pixel_scale": 0 * u.arcsec}, r"pixel_scale must be a finite number in \(0, inf\)"),
        ({"flux": [1, 2] * u.electron}, r"flux must be a finite number in .*, got <Quantity \["),
        ({"fwhm": 900 * u.arcsec, "pixel_scale": 1}, r"fwhm must be .* in 0 or \[0.05, 100\]"),
    ],
)
def test_what_is_wrong_is_told_with_the_parameter(wrong, says):
    with pytest.raises(ParameterError, match=says):
        Star(**wrong)


def test_what_has_no_value_yet_or_is_no_parameter_is_told():
    with pytest.raises(ParameterError, match="x follows from the image; give it to the star"):
        Star().quantity("x")
    with pytest.raises(ParameterError, match="parameter of a star 'fwmh'; did you mean 'fwhm'"):
        Star().quantity("fwmh")
    with pytest.raises(u.UnitConversionError):
        Star().quantity("fwhm", "arcsec")


def test_what_is_derived_is_a_quantity_too():
    swung = Pendulum(pendulum_length=1 * u.m, gravity=9.81 * u.m / u.s**2)
    assert swung.quantity("natural_frequency").unit == u.rad / u.s


def test_rendering_takes_quantities():
    transit = Transit(seed=1)
    xr.testing.assert_identical(transit.render([12, 24] * u.hour), transit.render([0.5, 1]))
    with pytest.raises(ParameterError, match=r"times must be in day, got \[1\. 2\.\] m"):
        transit.render([1, 2] * u.m)
    swung = Pendulum(seed=1)
    xr.testing.assert_identical(swung.render(0.5 * u.min, 11), swung.render(30, 11))
    halo = Halo(halo_mass=1e13)
    xr.testing.assert_identical(halo.render(16, 8000 * u.kpc), halo.render(16, 8))
    fields = (kind for kind in OBJECTS if issubclass(kind, SphereField))
    field = next(fields)(seed=1)
    assert field.render(8, fwhm=60 * u.arcmin).equals(field.render(8, fwhm=1))
    star = Star(seed=1)
    assert star.observe(sky_level=50 * u.electron).equals(star.observe(sky_level=50))


def test_numbers_do_not_load_astropy():
    code = "import sys; from skybench.generators import Star; Star(fwhm=3).render()"
    code += "; sys.exit('astropy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
