"""Members of unlike shape in one collection, on a canvas."""

import numpy as np
import pytest

from skybench.errors import RecipeError
from skybench.generators.generate import generate, generate_as_stored
from skybench.generators.recipe_file import recipe_from

SIDES = {"small": (28, 28), "large": (41, 64)}


def member(side, family="sky"):
    source = (
        {"profile": "star", "flux": 5000}
        if family == "sky"
        else {"profile": "circle", "radius": 5, "brightness": 90}
    )
    own = {"name": "one", "family": family, "task": "segmentation", "sources": {"a": source}}
    if family == "geometric":
        return own | {"image": {"shape": list(side)}}
    return own | {"image": {"shape": list(side), "expected": True, "segmentation": True}}


def collection(canvas=(64, 50), families=("sky", "sky"), **changes):
    members = {
        name: {"recipe": member(side, family)}
        for (name, side), family in zip(SIDES.items(), families, strict=True)
    }
    content = {
        "family": "collection",
        "name": "both",
        "task": "classification",
        "samples": 60,
        "members": members,
        **changes,
    }
    return recipe_from(content | ({} if canvas is None else {"canvas": list(canvas)}))


def test_small_images_are_padded_and_large_ones_cropped_about_the_middle():
    recipe = collection()
    ds = generate_as_stored(recipe)
    assert ds.image.shape == (60, 64, 50)
    for code, (name, (ny, nx)) in enumerate(SIDES.items()):
        rows = np.flatnonzero(ds.image_type.values == code)
        alone = generate_as_stored(recipe.recipes[name]).isel(sample=rows)
        y, x = (64 - ny) // 2, (50 - nx) // 2
        wide = np.zeros((rows.size, 64 + 64, 50 + 64))
        wide[:, 32 + y : 32 + y + ny, 32 + x : 32 + x + nx] = alone.expected
        # Positions of the canvas have a bit or two less: 1e-5 of a pixel.
        np.testing.assert_allclose(
            ds.expected.values[rows], wide[:, 32:-32, 32:-32], atol=1e-3 * alone.expected.max()
        )
        np.testing.assert_allclose(ds.source_x.values[rows], alone.source_x.values + x, atol=1e-5)
        np.testing.assert_allclose(ds.source_y.values[rows], alone.source_y.values + y, atol=1e-5)


def test_stars_lie_where_their_coordinates_say():
    ds = generate_as_stored(collection(), 0, 60)
    peaks = ds.expected.values.reshape(60, -1).argmax(axis=1)
    y, x = np.divmod(peaks, 50)
    inside = (np.abs(ds.source_x.values[:, 0] - 24.5) < 22) & ds.expected.values.any(axis=(1, 2))
    assert np.abs(x - ds.source_x.values[:, 0])[inside].max() <= 1
    assert np.abs(y - ds.source_y.values[:, 0])[inside].max() <= 1


def test_rows_stand_alone_on_a_canvas():
    whole, part = (generate_as_stored(collection(), *rows) for rows in ((0, 60), (21, 34)))
    for name in ("image", "segmentation", "source_x"):
        np.testing.assert_array_equal(part[name], whole[name][21:34])


def test_shapes_and_skies_of_unlike_size_go_together():
    ds = generate(collection(families=("geometric", "sky")), 10)
    assert ds.image.shape == (10, 64, 50)
    assert ds.segmentation.shape == (10, 64, 50)


def test_without_a_canvas_unlike_shapes_are_refused_with_the_way_out():
    with pytest.raises(RecipeError, match=r"add 'canvas: \[ny, nx\]'"):
        generate(collection(canvas=None), 10)


def test_a_canvas_is_recorded_where_it_is_given():
    assert collection().model_dump()["canvas"] == (64, 50)
    assert "canvas" not in collection(canvas=None).model_dump()


def test_what_has_no_image_has_no_place_on_a_canvas():
    with pytest.raises(ValueError, match=r"members\.h has no image to lay on a canvas"):
        collection(members={"a": {"recipe": member((9, 9))}, "h": {"recipe": "lightcurves"}})
