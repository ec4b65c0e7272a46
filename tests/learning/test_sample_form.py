import pytest

from skybench.learning.sample_form import SampleForm


@pytest.mark.parametrize(
    ("dims", "shape", "kind", "planes", "extent"),
    [
        (("y", "x"), (28, 20), "images", 1, (28, 20)),
        (("band", "y", "x"), (3, 64, 64), "images", 3, (64, 64)),
        (("z", "y", "x"), (32, 32, 32), "cubes", 1, (32, 32, 32)),
        (("time",), (512,), "series", 1, (512,)),
        (("time", "body", "axis"), (101, 3, 2), "series", 6, (101,)),
        (("pixel",), (12288,), "sphere maps", 1, (12288,)),
        (("body",), (8,), "arrays", 1, (8,)),
    ],
)
def test_dimensions_tell_what_a_sample_is(dims, shape, kind, planes, extent):
    form = SampleForm(dims=dims, shape=shape)
    assert (form.kind, form.planes, form.extent) == (kind, planes, extent)


def test_it_is_said_in_words():
    assert str(SampleForm(dims=("y", "x"), shape=(28, 20))) == "images (y 28, x 20)"
