"""The kernels of shapes: numpy's pixels, also where shapes are vast or thin, and the same bits."""

import numpy as np
import pytest
from geometric import reference_raster as reference
from geometric.test_raster import parameters

from skybench.errors import ParameterError
from skybench.generators import Circle, Ellipse
from skybench.generators.generate import generate_as_stored
from skybench.generators.geometric.edges import EdgeList, Edges, listed
from skybench.generators.geometric.objects import GEOMETRIC_OBJECTS
from skybench.generators.geometric.raster import boxes, coverage, inside
from skybench.generators.native import compiling, library
from skybench.generators.native.library import kernel

each_level = pytest.mark.usefixtures("each_level")


def precise(edges):
    """Return the same edges as long doubles."""
    fields = (field.astype(np.longdouble) for field in edges.edge)
    return EdgeList(edges.shapes, edges.owner, Edges._make(fields))


def edges_of(name, values):
    count = values["source_x"].size
    return listed([(np.arange(count), GEOMETRIC_OBJECTS[name].boundary(values))], count)


@each_level
@pytest.mark.parametrize("name", GEOMETRIC_OBJECTS)
def test_the_pixels_are_the_references(name):
    edges = edges_of(name, parameters(np.random.default_rng(11), 200))
    within = boxes(edges, (0, 0, 24, 24))
    np.testing.assert_array_equal(inside(edges, within), reference.inside(edges, within))
    truth = reference.coverage(precise(edges), within)
    np.testing.assert_allclose(coverage(edges, within), truth, rtol=0, atol=1e-9)


def vast(random, count):
    """Return shapes of up to ten thousand pixels, many of them thin, that cross an image."""
    radius = 10 ** random.uniform(2, 4, count)
    turn, ratio = random.uniform(0, 2 * np.pi, count), 10 ** random.uniform(-3, 0, count)
    return {
        "radius": radius,
        "width": radius,
        "height": radius * ratio,
        "length": radius,
        "line_width": 10 ** random.uniform(-3, 2, count),
        "thickness": random.choice([0, 0.01, 30], count),
        "source_x": 12 + random.choice([0, 0.5, 0.999, 1], count) * radius * np.cos(turn),
        "source_y": 12 + random.choice([0, 0.5, 0.999, 1], count) * radius * np.sin(turn),
        "position_angle": random.choice([0, 1e-6, 0.01, 45, 90, 133.3], count),
        "axis_ratio": np.maximum(ratio, 0.01),
        "side_count": random.integers(3, 65, count).astype(float),
        "opening_angle": random.uniform(1, 360, count),
    }


@each_level
@pytest.mark.parametrize("name", GEOMETRIC_OBJECTS)
def test_vast_and_thin_shapes_are_as_exact(name):
    edges = edges_of(name, vast(np.random.default_rng(3), 300))
    within = boxes(edges, (0, 0, 24, 24))
    truth = reference.coverage(precise(edges), within)
    np.testing.assert_allclose(coverage(edges, within), truth, rtol=0, atol=2e-9)


def test_every_level_has_the_same_bits(monkeypatch):
    known, bits = compiling.levels(), {}
    for level in known[: known.index(library.level()) + 1]:
        monkeypatch.setenv("SKYBENCH_CPU", level)
        library.forget()
        images = generate_as_stored("geometric", 0, 60)
        made = [images.image.values, images.segmentation.values]
        made += [Ellipse(seed=1).render((64, 64), antialias=True, blur_sigma=2.3).values]
        bits[level] = b"".join(values.tobytes() for values in made)
    monkeypatch.undo()
    library.forget()
    assert len(set(bits.values())) == 1


def test_the_light_of_a_vast_circle_is_its_area():
    image = Circle(radius=1020, thickness=0).render((2048, 2048), antialias=True)
    assert float(image.sum()) == pytest.approx(np.pi * 1020**2, rel=1e-12)


def test_a_blur_keeps_every_pixel_of_a_shape_between_0_and_its_brightness():
    for seed in range(5):
        for sigma in (0.01, 0.4, 3, 50):
            image = Circle(seed=seed).render((40, 50), antialias=True, blur_sigma=sigma)
            assert 0 <= float(image.min()) <= float(image.max()) <= 1 + 1e-12


def test_sizes_that_do_not_fit_are_refused():
    edges, owners = np.zeros(7), np.zeros(1, dtype=np.int64)
    for box in ((0, 0, 3, 3, 1), (0, 0, -1, 3, 0), (0, 0, 3, 3, -1)):
        with pytest.raises(ValueError, match="inside refused its sizes"):
            kernel("inside")(edges, owners, np.array(box), np.empty(12, dtype=np.uint8))
        with pytest.raises(ValueError, match="coverage refused its sizes"):
            kernel("coverage")(edges, owners, np.array(box), np.empty(12, dtype=np.int64))
    with pytest.raises(ValueError, match="inside refused its sizes"):
        kernel("inside")(edges, owners + 1, np.zeros(5, dtype=np.int64), np.empty(0, np.uint8))
    images, sigma, reach = np.zeros((1, 4, 4)), np.ones(1), np.array([2])
    with pytest.raises(ValueError, match="blur refused its sizes"):
        kernel("blur")(images, sigma, reach, np.zeros((1, 2, 2)), np.zeros(4), 2, 2, 1)


def test_blurs_beyond_their_domain_are_refused():
    with pytest.raises(ParameterError, match="blur_sigma"):
        Circle().render((8, 8), blur_sigma=51)
