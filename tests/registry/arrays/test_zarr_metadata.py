"""The metadata of a Zarr store: skybench's own pass, everything else is refused before use."""

import json
import os
import pickle

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec

from skybench.errors import IntegrityError, NotFoundError, ParameterError, SkybenchError
from skybench.registry.arrays.open_url import open_url
from skybench.registry.arrays.zarr_documents import document_text, fill_value
from skybench.registry.arrays.zarr_format import Layout, create, open_raw, write_rows
from skybench.registry.arrays.zarr_metadata import check_zarr
from skybench.registry.storage.store import Store

ROWS = 40


@pytest.fixture
def folder(tmp_path):
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "star galaxy"}
    ds = xr.Dataset(
        {"image": (("sample", "y", "x"), np.zeros((0, 3, 3), np.int32))},
        {"label": ("sample", np.zeros(0, np.int8), flags)},
    )
    layout = Layout(chunk_rows=10, shard_rows=20)
    url = str(tmp_path / "store" / "sky.zarr")
    create(url, ds, ROWS, layout)
    columns = {"image": np.ones((ROWS, 3, 3), np.int32), "label": np.ones(ROWS, np.int8)}
    write_rows(url, 0, columns, layout)
    return tmp_path / "store" / "sky.zarr"


def changed(folder, change):
    """Change the consolidated metadata; `change` gets the arrays and the whole."""
    file = folder / "zarr.json"
    whole = json.loads(file.read_text())
    change(whole["consolidated_metadata"]["metadata"], whole)
    file.write_text(json.dumps(whole))


def test_what_skybench_writes_passes(folder):
    check_zarr(Store(folder))
    assert (open_url(str(folder)).image == 1).all()


def renamed(name):
    def change(arrays, _):
        arrays[name] = arrays.pop("image")

    return change


def of_image(**values):
    return lambda arrays, _: arrays["image"].update(values)


def grid(*shape):
    return {"name": "regular", "configuration": {"chunk_shape": list(shape)}}


def shards(arrays):
    return arrays["image"]["codecs"][0]["configuration"]


def inner(*shape):
    return lambda arrays, _: shards(arrays).update(chunk_shape=list(shape))


def codec(name):
    return lambda arrays, _: shards(arrays)["codecs"].append({"name": name, "configuration": {}})


HUGE = 1 << 39
HOSTILE = {
    "name that climbs": (renamed("../elsewhere/image"), "called '../elsewhere/image'"),
    "absolute name": (renamed("/etc/passwd"), "no name of a variable"),
    "name with an escape": (renamed("\x1b[2J"), r"called '\\x1b\[2J'"),
    "nested name": (renamed("a/b"), "no name of a variable"),
    "group in a group": (of_image(node_type="group"), "is no array"),
    "text": (of_image(data_type="string"), "has data type string"),
    "other text": (of_image(data_type={"name": "null_terminated_bytes"}), "has data type"),
    "negative shape": (of_image(shape=[-1, 3, 3]), "has shape"),
    "shape of words": (of_image(shape=["a", 3, 3]), "has shape"),
    "true shape": (of_image(shape=[True, 3, 3]), "has shape"),
    "shape beyond numbers": (of_image(shape=[10**30, 3, 3]), "has shape"),
    "other dimensions": (of_image(chunk_grid=grid(3, 3)), "has shape"),
    "no chunks": (of_image(chunk_grid=None), "has shape"),
    "chunks of nothing": (of_image(chunk_grid=grid(0, 3, 3)), "has shape"),
    "too many chunks": (of_image(shape=[HUGE, 3, 3]), "chunks, more than"),
    "too many in a shard": (of_image(chunk_grid=grid(HUGE, 3, 3)), "chunks, more than"),
    "chunk that bursts": (
        lambda arrays, _: (
            arrays["image"].update(shape=[HUGE, 3, 3], chunk_grid=grid(HUGE, 3, 3)),
            shards(arrays).update(chunk_shape=[HUGE, 3, 3]),
        ),
        "bytes, more than",
    ),
    "inner chunks of others": (inner(3, 3), "has shards in chunks"),
    "zstd": (codec("zstd"), "'crc32c', 'zstd'], where skybench writes"),
    "pickle": (codec("numcodecs.pickle"), "numcodecs.pickle"),
    "shards in shards in shards": (
        lambda arrays, _: shards(arrays).update(
            codecs=[{"name": "sharding_indexed", "configuration": {**shards(arrays)}}]
        ),
        "has codecs.0.configuration.codecs",
    ),
    "no codecs": (of_image(codecs=[]), r"has codecs \[\]"),
    "transformer": (
        of_image(storage_transformers=[{"name": "x"}]),
        r"has storage_transformers \['x",
    ),
    "other keys": (
        of_image(chunk_key_encoding={"name": "default", "configuration": {"separator": ".."}}),
        "separator '..', where skybench writes '/'",
    ),
    "flags of words": (
        lambda arrays, _: arrays["label"]["attributes"].update(flag_values=["a", "b"]),
        "no whole numbers",
    ),
    "too few meanings": (
        lambda arrays, _: arrays["label"]["attributes"].update(flag_meanings="star"),
        "other flag_meanings",
    ),
    "attributes in a list": (of_image(attributes=[1]), "no mapping of attributes"),
    "array of another format": (of_image(zarr_format=2), "has zarr_format 2, where"),
    "big endian": (
        lambda arrays, _: shards(arrays)["codecs"][0].update(configuration={"endian": "big"}),
        "endian 'big', where skybench writes 'little'",
    ),
    "another compressor": (
        lambda arrays, _: shards(arrays)["codecs"][1]["configuration"].update(cname="zstd"),
        "cname 'zstd', where skybench writes 'lz4'",
    ),
    "no checksum": (lambda arrays, _: shards(arrays)["codecs"].pop(), r"\['bytes', 'blosc'\]"),
    "index at the start": (
        lambda arrays, _: shards(arrays).update(index_location="start"),
        "index_location 'start'",
    ),
    "no shards": (
        lambda arrays, _: arrays["image"].update(codecs=shards(arrays)["codecs"]),
        r"where skybench writes \['sharding_indexed'\]",
    ),
    "missing pixels that read as 0": (of_image(fill_value=0), "fill_value 0, where"),
    "a fraction for a whole number": (
        lambda arrays, _: shards(arrays)["codecs"][1]["configuration"].update(clevel=5.0),
        "clevel 5.0, where skybench writes 5",
    ),
    "unknown keys": (of_image(must_understand=False), "has metadata"),
    "other chunks than its fellows": (
        lambda arrays, _: (
            shards(arrays).update(chunk_shape=[5, 3, 3]),
            arrays["image"].update(chunk_grid=grid(10, 3, 3)),
        ),
        r"chunks and shards of different rows, \[\(5, 10\), \(10, 20\)\]",
    ),
    "pixels in several chunks": (inner(10, 1, 3), "where skybench writes"),
    "a dimension twice": (of_image(dimension_names=["sample", "y", "y"]), "has dimensions"),
    "samples last": (of_image(dimension_names=["y", "x", "sample"]), "has dimensions"),
    **{
        f"decoded by {name}": (
            lambda arrays, _, name=name, value=value: arrays["image"]["attributes"].update(
                {name: value}
            ),
            f"has the attribute '{name}'",
        )
        for name, value in {
            "scale_factor": 0.5,
            "add_offset": 100,
            "_FillValue": -8,
            "missing_value": -8,
            "_Unsigned": "true",
            "calendar": "noleap",
            "grid_mapping": "label",
            "anything": 1,
        }.items()
    },
    "an escape in words": (
        lambda arrays, _: arrays["image"]["attributes"].update(units="\x1b[2J"),
        "units that are no plain text",
    ),
    "numbers for words": (
        lambda arrays, _: arrays["image"]["attributes"].update(long_name=5),
        "long_name that are no plain text",
    ),
    "an array as a coordinate of itself": (
        lambda arrays, _: arrays["image"]["attributes"].update(coordinates="image"),
        "array image has coordinates 'image'",
    ),
    "a coordinate that is none": (
        lambda _, whole: whole["attributes"].update(coordinates="nothing"),
        "it has coordinates 'nothing', where skybench writes None",
    ),
    "a list for the dataset": (
        lambda _, whole: whole["attributes"].update(title=["a"]),
        "attribute 'title' is no plain text or number",
    ),
    "unknown keys of the group": (lambda _, whole: whole.update(extra=1), "described otherwise"),
    "not consolidated": (lambda _, whole: whole.pop("consolidated_metadata"), "no consolidated"),
    "version 2": (lambda _, whole: whole.update(zarr_format=2), "no group of Zarr version 3"),
    "crowd": (lambda arrays, _: arrays.update({f"a{n}": 1 for n in range(5000)}), "5,002 arrays"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_skybench_never_writes_is_refused_before_it_is_used(folder, name):
    change, says = HOSTILE[name]
    changed(folder, change)
    for use in (open_raw, open_url):
        with pytest.raises(IntegrityError, match=says) as caught:
            use(str(folder))
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("dtype", ["bool", "i1", "u1", "i4", "i8", "u8", "f2", "f4", "f8"])
def test_zarr_itself_writes_the_same_documents(tmp_path, dtype):
    """Written by zarr-python, an array of each dtype and of no, one and three dimensions passes."""
    dtype, url = np.dtype(dtype), str(tmp_path / "zarr.zarr")
    group = zarr.create_group(url, attributes={"title": 'an "é"'})
    for name, shape, rows, dims in [
        ("cube", (50, 3, 2), {"chunks": (8, 3, 2), "shards": (32, 3, 2)}, ["sample", "y", "x"]),
        ("line", (4,), {"chunks": (4,)}, ["class"]),
        ("number", (), {"chunks": ()}, []),
    ]:
        group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            dimension_names=dims,
            serializer=BytesCodec(endian="little"),
            compressors=[
                BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle", typesize=dtype.itemsize),
                Crc32cCodec(),
            ],
            fill_value=fill_value(dtype),
            **rows,
        )
    with pytest.warns(UserWarning, match="Consolidated"):
        zarr.consolidate_metadata(group.store)
    found = check_zarr(Store(url))
    assert found.file_keys()[:4] == [
        "zarr.json",
        *(f"{n}/zarr.json" for n in ("cube", "line", "number")),
    ]
    assert found.chunk_keys() == ["cube/c/0/0/0", "cube/c/1/0/0", "line/c/0", "number/c"]
    assert document_text(found.document) == found.text


def test_what_would_not_be_read_again_is_not_written(tmp_path):
    image = xr.Variable(("sample", "x"), np.zeros((0, 3), "i4"), {"scale_factor": 0.5})
    with pytest.raises(ParameterError, match="cannot be stored: array image has the attribute"):
        create(
            str(tmp_path / "new"),
            xr.Dataset({"image": image}),
            3,
            Layout(chunk_rows=1, shard_rows=1),
        )
    assert not (tmp_path / "new").exists()


def test_the_older_zarr_with_its_codecs_of_any_kind_is_not_read(folder, tmp_path):
    """Version 2 lets metadata name any codec of numcodecs, and pickle is one."""

    class Code:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    array = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "<i4", "fill_value": 0}
    array |= {"order": "C", "filters": None, "compressor": {"id": "pickle"}}
    nodes = {".zgroup": {"zarr_format": 2}, "image/.zarray": array}
    nodes["image/.zattrs"] = {"_ARRAY_DIMENSIONS": ["sample"]}
    old = tmp_path / "old.zarr"
    (old / "image").mkdir(parents=True)
    (old / ".zgroup").write_text('{"zarr_format": 2}')
    (old / ".zmetadata").write_text(json.dumps({"zarr_consolidated_format": 1, "metadata": nodes}))
    (old / "image" / "0").write_bytes(pickle.dumps(Code()))
    with pytest.raises(NotFoundError, match="no consolidated Zarr dataset"):
        open_raw(str(old)).load()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("what", ["image", "label/c/0"])
def test_a_link_out_of_the_store_is_refused(folder, tmp_path, what):
    (folder / what).rename(tmp_path / "moved")
    (folder / what).symlink_to(tmp_path / "moved")
    with pytest.raises(SkybenchError, match="a link that leads out of"):
        open_raw(str(folder))


def test_a_link_inside_stays_usable(folder):
    (folder / "image").rename(folder / "elsewhere")
    (folder / "image").symlink_to("elsewhere")
    assert (open_raw(str(folder)).image == 1).all()
