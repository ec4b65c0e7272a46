"""The table of variables, and the contract that every object keeps with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skybench.errors import ParameterError
from skybench.generators import Star
from skybench.generators.domains import evaluation_order, outside_domains
from skybench.generators.families import FAMILIES, variables
from skybench.generators.sky.recipe import SkyRecipe as Recipe
from skybench.generators.variable import OneOf, flags, numbered, round_mantissa

PHYSICAL = {"flux", "half_light_radius", "psf_fwhm", "sky_level", "read_noise", "position_angle"}


@given(
    value=st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30),
    bits=st.integers(1, 40),
)
def test_rounding_keeps_the_leading_bits(value, bits):
    rounded = float(round_mantissa(np.array(value), bits))
    assert abs(rounded - value) <= abs(value) * 2.0 ** -(bits + 1)
    assert float(round_mantissa(np.array(rounded), bits)) == rounded
    mantissa = np.frexp(rounded)[0] * 2 ** (bits + 1)
    assert mantissa == np.rint(mantissa)


def test_rounding_leaves_what_has_no_mantissa():
    special = np.array([np.nan, np.inf, -np.inf, 0.0])
    np.testing.assert_array_equal(round_mantissa(special, 12), special)


@pytest.mark.parametrize("name", variables())
def test_every_variable_is_described(name):
    row = variables()[name]
    assert row.name == name
    assert row.long_name
    assert np.dtype(row.dtype).kind in "iuf"
    if name in PHYSICAL:
        assert row.units


OBJECTS = [(f, o) for f in FAMILIES.values() for o in f.objects.values()]


@pytest.mark.parametrize(("family", "kind"), OBJECTS, ids=lambda x: x.name)
def test_every_object_keeps_the_contract(family, kind):
    assert family.objects[kind.name] is kind
    assert kind.summary.endswith(".")
    assert kind.formula
    assert kind.reference
    assert kind.accuracy
    assert set(kind.variables) <= set(variables())
    assert not list(outside_domains(kind.defaults, kind.variables))
    assert sorted(evaluation_order(kind.defaults)) == sorted(kind.defaults)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_codes_are_unique_within_a_family(family):
    codes = [kind.code for kind in family.objects.values()]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes


def test_codes_are_named_once_and_for_all():
    # A published store says 2 and means sersic for ever.
    sky = FAMILIES["sky"].objects
    assert [sky[name].code for name in ("star", "sersic", "spiral")] == [1, 2, 3]
    assert flags(numbered(("none", "star"), -1))["flag_values"].tolist() == [-1, 0]


def test_a_value_outside_its_domain_names_sample_and_source():
    values = np.full((4, 3), 0.5)
    values[1, 0] = np.nan
    values[3, 2] = 1.4
    with pytest.raises(ParameterError, match=r"axis_ratio must be in .* got 1\.4 for sample 3, s"):
        variables()["axis_ratio"].check(values)
    values[3, 2] = 1.0
    variables()["axis_ratio"].check(values)


def test_an_open_end_keeps_away_what_would_be_rounded_to_it():
    row = variables()["psf_beta"]
    assert row.domain.contains([1, 1 + 1e-6, 1 + 1e-4]).tolist() == [False, False, True]
    assert float(row.store(1 + 1e-4)) > 1


def test_a_domain_of_separate_values():
    domain = OneOf(values=(-1, 1))
    assert domain.contains([-1, 0, 1]).tolist() == [True, False, True]
    assert str(domain) == "{-1, 1}"


def test_a_psf_sharper_than_the_pixel_integral_can_carry_is_out_of_its_domain(small):
    domain = variables()["psf_fwhm"].domain
    assert str(domain) == "0 or [0.05, 100]"
    assert domain.contains([0, 0.05, 3]).all()
    assert not domain.contains([1e-6, 0.049, -1]).any()
    assert not domain.covers(0, 3)
    small["psf"]["fwhm"] = {"distribution": "uniform", "low": 0, "high": 3}
    with pytest.raises(ValueError, match=r"psf.fwhm can be 0 to 3, outside its domain 0 or \[0.05"):
        Recipe.model_validate(small)
    with pytest.raises(ParameterError, match=r"fwhm must be .* 0 or \[0.05, 100\], got 1e-06"):
        Star(fwhm=1e-6)


@pytest.mark.parametrize("fwhm", [0, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("beta", [2.5, 5])
def test_a_sharp_star_keeps_its_light_wherever_it_lies(fwhm, beta):
    for x in (14.0, 14.31, 14.5):
        image = Star(flux=1000, fwhm=fwhm, beta=beta, x=x, y=13.9).render((29, 29))
        assert float(image.sum()) == pytest.approx(1000, rel=1e-3)
