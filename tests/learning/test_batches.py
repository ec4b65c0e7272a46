"""Batches hold each sample once, whatever splits, ranks and workers; they can be gone on with."""

import pickle
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.generators.codes import decode_flags, encode_flags
from skybench.generators.recipe_file import load_recipe
from skybench.generators.schema import main_variable
from skybench.learning import batches as module
from skybench.learning.stretch import Stretch
from skybench.registry.arrays import zarr_format
from skybench.release.release import BuildOptions, TrainingOptions, release

SAMPLES = 90
ROW_BYTES = 3 * 64 * 64 * 4
RECIPES = sorted(
    path.stem for path in (Path(skybench.generators.__file__).parent / "recipes").glob("*.yaml")
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Colours (two inputs, three bands) and maps, in many small chunks."""
    folder = tmp_path_factory.mktemp("store")
    recipes = [
        load_recipe(name).model_copy(update={"samples": SAMPLES}) for name in ("grz", "shapes2")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zarr_format, "_CHUNK_BYTES", 8 * ROW_BYTES)
        release(
            "0.1",
            store=folder,
            datasets=recipes,
            building=BuildOptions(progress=False, workers=1),
            training=TrainingOptions(protocols=()),
        )
    return folder


@pytest.fixture
def small_windows(monkeypatch):
    """Three chunks of grz in a window."""
    monkeypatch.setattr(module, "_WINDOW_BYTES", 3 * 8 * ROW_BYTES)


def ids(made):
    """The sample_id of everything in batches whose target it is."""
    return np.concatenate([y for _, y in made])


def streamed(store, **options):
    settings = {"store": store, "in_memory": False, "target": "sample_id", "batch_size": 7}
    return skybench.batches("grz@0.1", **{**settings, **options})


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("split", [None, "train", "test"])
def test_an_epoch_has_each_sample_of_a_split_once(store, small_windows, split, in_memory):
    made = streamed(store, split=split, in_memory=in_memory)
    ds = skybench.open("grz@0.1", store=store, split=split)
    first, second = ids(made), ids(made)
    assert sorted(first) == sorted(second) == sorted(ds.sample_id.values)
    assert not np.array_equal(first, second)
    sizes = [len(y) for _, y in made]
    assert len(sizes) == len(made)
    assert set(sizes[:-1]) == {7}


@pytest.mark.parametrize("in_memory", [True, False])
def test_inputs_and_answers_belong_together(store, small_windows, in_memory):
    ds = skybench.open("grz@0.1", store=store, decode=False).compute()
    made = streamed(store, stretch=None, in_memory=in_memory)
    for x, y in made:
        assert x.dtype == np.float32
        np.testing.assert_array_equal(x, ds.image.values[np.searchsorted(ds.sample_id, y)])


def test_without_shuffling_the_order_is_that_of_the_dataset(store, small_windows):
    got = ids(streamed(store, split="train", shuffle=False))
    expected = skybench.open("grz@0.1", store=store, split="train").sample_id.values
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("in_memory", [True, False])
def test_the_order_follows_from_seed_and_epoch(store, small_windows, in_memory):
    one, same = (streamed(store, in_memory=in_memory, seed=3) for _ in range(2))
    epochs = [ids(one), ids(one)]
    same.set_epoch(1)
    assert np.array_equal(ids(same), epochs[1])
    other = ids(streamed(store, in_memory=in_memory, seed=4))
    assert not np.array_equal(other, epochs[0])


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_without_overlap_and_equally(store, small_windows, ranks, in_memory):
    parts = [ids(streamed(store, in_memory=in_memory, rank=r, ranks=ranks)) for r in range(ranks)]
    assert {len(part) for part in parts} == {SAMPLES // ranks}
    assert len(set(np.concatenate(parts))) == SAMPLES // ranks * ranks


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_workers_share_the_batches_of_a_rank(store, small_windows, in_memory, drop_last):
    made = streamed(store, in_memory=in_memory, rank=1, ranks=2, drop_last=drop_last)
    parts = [list(made.plan.batches(0, worker=w, workers=3)) for w in range(3)]
    rows = SAMPLES // 2 - SAMPLES // 2 % 7 if drop_last else SAMPLES // 2
    assert sum(map(len, parts)) == len(made)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert len(set(ids([pair for part in parts for pair in part]))) == rows


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("given", [0, 1, 5, 13])
def test_a_position_is_gone_on_with_in_another_process(store, small_windows, in_memory, given):
    whole = streamed(store, in_memory=in_memory)
    ids(whole)
    expected = [y.tolist() for _, y in whole]
    begun = streamed(store, in_memory=in_memory)
    ids(begun)
    list(islice(begun, given))
    later = pickle.loads(pickle.dumps(streamed(store, in_memory=in_memory)))
    later.load_state_dict(begun.state_dict())
    got = [y.tolist() for _, y in later]
    if given == 0:  # never asked for a batch, so the epoch is not begun
        assert len(got) == len(expected)
    elif given == 13:  # the last was given: the next epoch follows
        assert len(got) == 13
        assert got != expected
    else:
        assert got == expected[given:]


def test_windows_that_were_given_are_not_read_again(store, small_windows, monkeypatch):
    made = streamed(store, batch_size=24, stretch=None)
    made.load_state_dict({"epoch": 0, "batch": 3})
    read = []
    plain = module.RawRows.read
    monkeypatch.setattr(
        module.RawRows, "read", lambda self, n, slot: (read.append(n), plain(self, n, slot))[1]
    )
    assert len(ids(made)) == SAMPLES - 72
    assert len(read) == 3


def test_whoever_breaks_off_begins_the_next_epoch_with_all_samples(store, small_windows):
    made = streamed(store)
    next(iter(made))
    assert len(ids(made)) == SAMPLES


def test_several_inputs_are_planes_with_a_stretch_each(store):
    made = skybench.batches("grz@0.1", store=store, split="train", inputs=["image", "ivar"])
    x = np.concatenate([x for x, _ in made])
    assert x.shape[1:] == (6, 64, 64)
    for planes in (x[:, :3], x[:, 3:]):
        assert abs(planes.mean()) < 1e-3
        assert abs(planes.std() - 1) < 1e-3


def test_every_split_has_the_stretch_of_the_training_samples(store):
    train, test = (skybench.batches("grz@0.1", store=store, split=s) for s in ("train", "test"))
    images = skybench.open("grz@0.1", store=store, split="train").image.to_numpy()
    assert train.samples.stretch == test.samples.stretch == {"image": Stretch.of(images)}
    x, _ = next(iter(skybench.batches("grz@0.1", store=store, split="train", shuffle=False)))
    np.testing.assert_array_equal(x, Stretch.of(images).applied(images[:64]))


def test_an_opened_split_takes_the_stretch_of_another(store):
    train = skybench.batches("grz@0.1", store=store, split="train")
    ds = skybench.open("grz@0.1", store=store, split="test")
    given = skybench.batches(ds, stretch=train.samples.stretch, shuffle=False)
    named = skybench.batches("grz@0.1", store=store, split="test", shuffle=False)
    for (x, y), (same, code) in zip(given, named, strict=True):
        np.testing.assert_array_equal(x, same)
        np.testing.assert_array_equal(y, code)


@pytest.mark.parametrize("in_memory", [True, False])
def test_maps_are_classes(store, in_memory):
    made = skybench.batches(
        "shapes2@0.1", store=store, target="segmentation", shuffle=False, in_memory=in_memory
    )
    maps = np.concatenate([y for _, y in made])
    ds = skybench.open("shapes2@0.1", store=store, decode=False).compute()
    assert maps.dtype == np.int64
    assert maps.shape == ds.segmentation.shape
    assert made.classes[0] == "background"
    row, y, x = np.argwhere(ds.segmentation.values > 0)[-1]
    code = ds.source_class.values[row, ds.segmentation.values[row, y, x] - 1]
    assert maps[row, y, x] == code + 1
    assert not maps[ds.segmentation.values == 0].any()


def test_full_verification_gives_the_same(store):
    fast, full = (
        streamed(store, verify=verify, shuffle=False, split="test") for verify in ("fast", "full")
    )
    for (x, y), (same, code) in zip(fast, full, strict=True):
        np.testing.assert_array_equal(x, same)
        np.testing.assert_array_equal(y, code)


@pytest.mark.parametrize("verify", ["fast", "full"])
def test_a_flipped_bit_stops_the_epoch(store, tmp_path, verify):
    shutil.copytree(store, tmp_path / "copy")
    (shard,) = (tmp_path / "copy").glob("grz/0.1/*.zarr/image/c/1/0/0/0")
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    made = streamed(tmp_path / "copy", verify=verify, stretch=None)
    with pytest.raises(IntegrityError, match=r"image rows (8 to 15|0 to 89) .* --repair"):
        ids(made)


@pytest.mark.parametrize("name", RECIPES)
def test_codes_are_those_of_the_classes(name):
    """Over every packaged recipe and task: what a code names is what the dataset says."""
    ds = skybench.generate(name, 0, 6)
    made = skybench.batches(ds, shuffle=False, stretch=None, batch_size=6)
    ((x, y),) = made
    assert x.shape == (6, *made.samples.shape)
    decoded = decode_flags(xr.Dataset(coords=ds.coords))
    task = ds.attrs["task"]
    if task == "classification":
        assert y.dtype == np.int64
        assert [made.classes[code] for code in y] == decoded.label.values.tolist()
    elif task == "multilabel":
        assert y.dtype == np.float32
        assert list(made.classes) == decoded["class"].values.tolist()
        np.testing.assert_array_equal(y, ds.present.values)
    elif task == "regression":
        assert y.dtype == np.float32
        assert made.samples.target.names == tuple(ds.attrs["targets"].split())
        assert made.classes == ()
    else:
        assert y.dtype == np.int64
        assert y.shape == (6, *ds.image.shape[-2:])


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("objects", (1, 28, 28)),
        ("grz", (3, 64, 64)),
        ("halos", (1, 32, 32, 32)),
        ("lightcurves", (1, 512)),
        ("sphere", (1, 12288)),
        ("nbody", (6, 101)),
    ],
)
def test_planes_come_first(name, shape):
    ds = skybench.generate(name, 0, 1)
    ((x, _),) = skybench.batches(ds, stretch=None, target="sample_id")
    assert x.shape == (1, *shape)
    raw = ds[main_variable(ds)].values.reshape(1, -1)
    assert np.array_equal(np.sort(x.reshape(1, -1)), np.sort(raw.astype(np.float32)))


@pytest.mark.parametrize(
    ("target", "kind", "shape"),
    [
        ("label", np.int64, ()),
        ("split", np.int64, ()),
        ("sample_id", np.int64, ()),
        ("sky_level", np.float32, (3,)),
        ("flux", np.float32, None),
        ("ivar", np.float32, (3, 64, 64)),
        (["star_count"], None, None),
    ],
)
def test_any_coordinate_is_a_target(target, kind, shape):
    ds = skybench.generate("grz", 0, 4)
    if kind is None:
        with pytest.raises(IntegrityError, match="has no variable star_count"):
            skybench.batches(ds, target=target)
        return
    ((_, y),) = skybench.batches(ds, target=target, shuffle=False)
    assert y.dtype == kind
    if shape is not None:
        assert y.shape == (4, *shape)


def test_several_numbers_are_columns():
    ds = skybench.generate("photometry", 0, 5)
    made = skybench.batches(ds, target=["flux", "axis_ratio"], shuffle=False)
    ((_, y),) = made
    assert made.samples.target.names == ("flux", "axis_ratio")
    np.testing.assert_array_equal(y[:, 0], ds.flux.values[:, 0])


def test_an_opened_dataset_may_be_chosen_from_and_turned():
    ds = skybench.generate("objects", 0, 40, decode=False)
    some = (
        decode_flags(ds)
        .isel(sample=np.array([3, 8, 20]))
        .transpose("y", "sample", "x", ...)
        .chunk(sample=2)
    )
    ((x, y),) = skybench.batches(some, shuffle=False, stretch=None)
    np.testing.assert_array_equal(x[:, 0], ds.image.values[[3, 8, 20]])
    np.testing.assert_array_equal(y, ds.label.values[[3, 8, 20]])


def test_a_coordinate_in_memory_goes_with_a_map_in_chunks():
    ds = skybench.generate("objects", 0, 40).assign(number=lambda d: d.sample_id.variable)
    ds["map"] = ds.image.astype("float32")
    ds["map"] = ds["map"].chunk(sample=7)
    made = skybench.batches(ds, inputs="number", target="map", stretch=None, in_memory=False)
    for x, y in made:
        np.testing.assert_array_equal(y, ds.image.values[x[:, 0].astype(int)])


def test_codes_of_strings_are_those_from_before():
    codes = xr.Variable("sample", np.array([1, 0, 7], np.int8))
    codes.attrs = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "star spiral"}
    ds = xr.Dataset({"label": codes})
    assert encode_flags(decode_flags(ds)).label.values.tolist() == [1, 0, -1]  # means nothing
    xr.testing.assert_identical(encode_flags(ds), ds)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"split": "dev"}, NotFoundError, r"no samples of split 'dev' in objects; it has .*train"),
        ({"inputs": "picture"}, ParameterError, "has no variable 'picture' along sample; it has"),
        ({"inputs": []}, ParameterError, "at least one variable"),
        ({"inputs": ["image", "sky_level"]}, ParameterError, "differ in extent"),
        ({"target": "class"}, ParameterError, "has no target 'class'; along sample it has"),
        (
            {"stretch": "none"},
            ParameterError,
            "a stretch is 'train', a Stretch, None .* got 'none'",
        ),
        ({"batch_size": 0}, ParameterError, "batch_size must be at least 1, got 0"),
        ({"rank": 2, "ranks": 2}, ParameterError, "rank must be from 0 to 1, got 2"),
    ],
)
def test_what_cannot_be_is_told(options, error, said):
    with pytest.raises(error, match=said):
        skybench.batches(skybench.generate("objects", 0, 9), **options)


JAX = """
import jax.numpy, skybench
made = skybench.batches(skybench.generate("objects", 0, 12), batch_size=4)
assert [jax.numpy.asarray(x).shape for x, _ in made] == [(4, 1, 28, 28)] * 3
"""

TENSORFLOW = """
import tensorflow as tf, skybench
made = skybench.batches(skybench.generate("objects", 0, 10), batch_size=4)
kinds = (tf.TensorSpec((None, 1, 28, 28), tf.float32), tf.TensorSpec((None,), tf.int64))
data = tf.data.Dataset.from_generator(lambda: iter(made), output_signature=kinds)
assert [len(y) for _, y in data] == [4, 4, 2]
"""


@pytest.mark.parametrize(("name", "text"), [("jax", JAX), ("tensorflow", TENSORFLOW)])
def test_others_take_the_arrays(name, text):
    """In a process of its own: jax forbids the forks of other tests."""
    if name == "tensorflow" and find_spec(name) is None:
        pytest.skip("no TensorFlow, which is 1.3 GB")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_fewer_samples_than_a_chunk_has_room_for(tmp_path):
    """A last chunk is whole in the store, filled up."""
    recipe = load_recipe("objects").model_copy(update={"samples": 50})
    building, training = BuildOptions(progress=False, workers=1), TrainingOptions(protocols=())
    release("0.1", store=tmp_path, datasets=[recipe], building=building, training=training)
    images = skybench.open("objects@0.1", store=tmp_path).image.to_numpy()
    for in_memory in (True, False):
        made = skybench.batches(
            "objects@0.1", store=tmp_path, shuffle=False, stretch=None, in_memory=in_memory
        )
        np.testing.assert_array_equal(np.concatenate([x for x, _ in made])[:, 0], images)
