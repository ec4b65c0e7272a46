"""Words of other tools are understood, and answered with ours."""

import pickle

import pytest

from skybench import errors
from skybench.generators import Circle, DampedPendulum, Sersic, Star
from skybench.generators.families import FAMILIES
from skybench.generators.recipe_file import recipe_from
from skybench.generators.synonyms import _MEANINGS

OURS = {word for family in FAMILIES.values() for word in (*family.objects, *family.variables())}
KEYS = {
    *("fwhm", "beta", "sky_level", "read_noise", "zeropoint", "pixel_scale_arcsec", "shape"),
    *("samples", "count", "seed", "licence", "profile", "x", "y"),
}


@pytest.mark.parametrize(
    ("kind", "word", "hint"),
    [
        (Star, "seeing", "write 'fwhm' (in pixels: arcseconds over"),
        (Star, "mag", "write 'flux' (10 ** (0.4 * (zeropoint - magnitude)) electrons"),
        (Star, "sky", "a recipe says it in noise.sky_level"),
        (Star, "x_0", "write 'x'"),
        (Sersic, "n", "write 'sersic_index'"),
        (Sersic, "ellipticity", "write 'axis_ratio' (1 - e where e = 1 - b/a"),
        (Sersic, "r_eff", "write 'half_light_radius' (in pixels along the major axis"),
        (Sersic, "PA", "write 'position_angle' (in degrees"),
        (Sersic, "q", "write 'axis_ratio'. It can be"),
        (Circle, "amplitude", "write 'brightness'"),
        (Circle, "raduis", "did you mean 'radius'?"),
        (DampedPendulum, "elephant", "it can be damping, gravity"),
    ],
)
def test_an_object_answers_in_its_own_words(kind, word, hint):
    with pytest.raises(errors.UnknownParameterError) as caught:
        kind(**{word: 0.5})
    assert f"unknown parameter of {kind.__name__} {word!r}; {hint}" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, errors.ParameterError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("profile", "hint"),
    [("gaussian", "'sersic' (with sersic_index 0.5"), ("point", "'star'"), ("disk", "index 1")],
)
def test_a_recipe_knows_profiles_of_others(profile, hint):
    with pytest.raises(ValueError, match="unknown profile") as caught:
        recipe_from({"name": "a", "task": "regression", "sources": {"a": {"profile": profile}}})
    assert hint in str(caught.value)


def test_every_hint_names_something_that_there_is():
    hinted = {word for meaning in _MEANINGS.values() for word in meaning.words}
    assert hinted <= OURS | KEYS
