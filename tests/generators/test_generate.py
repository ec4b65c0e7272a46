"""What `skybench.generate` gives its users: rows as `range` counts them, labels by name."""

import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.errors import RecipeError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe_file import packaged_recipes

ROWS = 3


def ids(*rows, **named):
    return skybench.generate("objects", *rows, **named).sample_id.values.tolist()


@pytest.mark.parametrize("name", packaged_recipes())
def test_codes_come_as_strings_unless_they_are_asked_for(name):
    shown, coded = (skybench.generate(name, ROWS, decode=decode) for decode in (True, False))
    xr.testing.assert_identical(coded, generate_as_stored(name, 0, ROWS))
    flags = [n for n, variable in coded.variables.items() if "flag_values" in variable.attrs]
    assert "split" in flags
    for flag in flags:
        names = coded[flag].attrs["flag_meanings"].split()
        told = dict(zip(coded[flag].attrs["flag_values"].tolist(), names, strict=True))
        right = [told.get(code, "") for code in coded[flag].values.ravel().tolist()]
        assert shown[flag].values.ravel().tolist() == right
        assert shown[flag].attrs == {
            k: v for k, v in coded[flag].attrs.items() if k != "flag_values"
        }


def test_one_number_is_how_many_and_two_are_start_and_stop():
    assert ids(3) == [0, 1, 2]
    assert ids(4, 7) == ids(4, stop=7) == ids(7, start=4) == ids(start=4, stop=7) == [4, 5, 6]
    assert ids(np.int64(2)) == ids(stop=2) == [0, 1]
    assert ids(start=9998) == ids(9998, None) == [9998, 9999]
    assert ids(0) == []


@pytest.mark.parametrize(
    ("rows", "named", "message"),
    [
        ((1, 2, 3), {}, r"rows are a stop, or a start and a stop; got 1, 2, 3\."),
        ((1, 2), {"start": 3}, r"got 1, 2, start=3\."),
        ((2.5,), {}, r"whole numbers, got 0 and 2\.5"),
        ((-1,), {}, "rows 0 to -1 are not within the 10000 samples of objects"),
        ((5, 4), {}, "rows 5 to 4 are not within"),
    ],
)
def test_other_rows_are_refused(rows, named, message):
    with pytest.raises(RecipeError, match=message):
        ids(*rows, **named)


def test_samples_are_chosen_by_their_identity():
    ds = skybench.generate("objects", 100, 110)
    assert ds.sel(sample=107).sample_id == 107
    assert "sample" not in skybench.generate("objects", 2, decode=False).coords


def test_changes_are_made_and_told():
    quiet = skybench.generate("sky", 2, changes={"noise.scale": 0, "image.shape": [32, 48]})
    assert quiet.image.shape == (2, 32, 48)
    assert quiet.attrs["recipe"] == "sky_changed"
    assert quiet.attrs["title"].endswith("(noise.scale=0, image.shape=[32, 48])")
    clean = skybench.generate("sky/clean", 2)
    same = skybench.generate("sky", 2, changes={"noise.scale": 0})
    xr.testing.assert_identical(same.drop_attrs(), clean.drop_attrs())
