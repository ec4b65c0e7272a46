"""TFRecord files, read by Google's protocol buffers, and by TensorFlow where it is."""

import json
import struct
import subprocess
import sys
from importlib.util import find_spec

import google_crc32c
import numpy as np
import pytest
import xarray as xr
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import export, write_dataset
from skybench.registry.exports.tfrecord import TFRECORD

RECIPES = ["sky", "objects", "grz", "halos", "lightcurves", "sphere", "photometry", "fields"]


def example_class():
    """Return tf.train.Example in Google's own library, as tensorflow/core/example declares it.

    In a pool of its own: TensorFlow has the same names in that of the process.
    """
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="e", syntax="proto3")

    def message(name, fields, **options):
        found = file.message_type.add(name=name, options=options or None)
        for number, (field, kind, repeated) in enumerate(fields, 1):
            of_message = {"type": 11, "type_name": f".e.{kind}"} if isinstance(kind, str) else {}
            found.field.add(
                name=field,
                number=number,
                label=3 if repeated else 1,
                **of_message or {"type": kind},
            )
        return found

    bytes_, float_, int64 = 12, 2, 3  # as descriptor.proto numbers the types
    message("BytesList", [("value", bytes_, True)])
    message("FloatList", [("value", float_, True)])
    message("Int64List", [("value", int64, True)])
    lists = [("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List")]
    message("Feature", [(name, kind, False) for name, kind in lists])
    features = message("Features", [("feature", "Features.Entry", True)])
    entry = message("Entry", [("key", 9, False), ("value", "Feature", False)], map_entry=True)
    features.nested_type.append(entry)
    file.message_type.remove(entry)
    message("Example", [("features", "Features", False)])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("e.Example"))


EXAMPLE = example_class()


def records(content):
    """Yield the records of a file, whose checksums are as the format has them."""
    while content:
        (length,) = struct.unpack_from("<Q", content)
        head, record = content[:8], content[12 : 12 + length]
        for part, place in ((head, 8), (record, 12 + length)):
            (stored,) = struct.unpack_from("<I", content, place)
            rotated = (stored - 0xA282EAD8) % 2**32
            assert (rotated >> 17 | rotated << 15) % 2**32 == google_crc32c.value(part)
        yield record
        content = content[16 + length :]


def read(folder, split):
    """Yield the samples of a split, arrays in their shapes."""
    said = json.loads((folder / "features.json").read_text(encoding="utf-8"))["features"]
    for file in sorted(folder.glob(f"{split}-*.tfrecord")):
        for record in records(file.read_bytes()):
            found = EXAMPLE.FromString(record).features.feature
            assert set(found) == set(said)
            yield {name: restored(values_of(found[name]), **said[name]) for name in said}


def values_of(feature):
    (field, values), *more = feature.ListFields()
    assert not more
    return values.value[0] if field.name == "bytes_list" else list(values.value)


def restored(values, kind, dtype, shape):
    if dtype == "str":
        return values.decode()
    array = np.frombuffer(values, dtype) if kind == "bytes" else np.asarray(values, dtype)
    return array.reshape(shape)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_value_is_read_back(tmp_path, recipe):
    ds = generate_as_stored(recipe, 0, 6)
    write_dataset(ds, tmp_path / "mine", TFRECORD)
    named = decode_flags(ds)
    for split in set(named.split.values.tolist()):
        rows = np.flatnonzero(named.split == split)
        found = list(read(tmp_path / "mine", split))
        assert len(found) == len(rows)
        for sample, row in zip(found, rows, strict=True):
            for name in [n for n, v in ds.variables.items() if "sample" in v.dims]:
                values = ds[name].values[row]
                assert sample[name].dtype == values.dtype
                np.testing.assert_array_equal(sample[name], values)
            if "label" in ds:
                assert sample["label_name"] == named.label.values[row]


@pytest.mark.parametrize(
    ("ds", "written"),
    [
        (
            xr.Dataset({"image": (("sample", "x"), np.array([[1, 2]], np.uint8))}),
            "13000000000000000c91321b0a110a0f0a05696d61676512060a040a02010287746d92",
        ),
        (
            xr.Dataset(coords={"flux": (("sample", "source"), np.array([[1.5, -2]], np.float32))}),
            "1800000000000000a37f4b220a160a140a04666c7578120c120a0a080000c03f000000c034c84756",
        ),
        (
            xr.Dataset(coords={"code": (("sample", "source"), np.array([[0, 300, -1]]))}),
            "1d00000000000000602fdf230a1b0a190a04636f646512111a0f0a0d00ac02ffffffffffffffffff01f02a"
            "4e97",
        ),
    ],
    ids=["bytes", "float", "int64"],
)
def test_a_file_is_byte_for_byte_what_tensorflow_writes(tmp_path, ds, written):
    write_dataset(ds, tmp_path / "mine", TFRECORD)
    # Of tf.io.TFRecordWriter in TensorFlow 2.21, checksums included.
    assert (tmp_path / "mine" / "all-00000-of-00001.tfrecord").read_bytes().hex() == written


READ = """
import sys, numpy as np
from pathlib import Path

for folder in sys.argv[1:]:
    names = {}
    exec(Path(folder, "README.txt").read_text().partition("\\n\\n")[2], names)
    found = list(names["dataset"]("train").as_numpy_iterator())
    np.savez(f"{folder}.npz", **{name: [sample[name] for sample in found] for name in found[0]})
"""


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="no TensorFlow, which is 1.3 GB")
def test_tensorflow_reads_it_by_the_function_in_the_readme(tmp_path):
    rows_of = {recipe: generate_as_stored(recipe, 0, 6) for recipe in ("grz", "lightcurves")}
    for recipe, ds in rows_of.items():
        write_dataset(ds, tmp_path / recipe, TFRECORD)
    # In a process of its own: torch crashes where TensorFlow was loaded before.
    subprocess.run([sys.executable, "-c", READ, *rows_of], cwd=tmp_path, check=True, timeout=120)
    for recipe, ds in rows_of.items():
        rows = np.flatnonzero(decode_flags(ds).split == "train")
        labels = decode_flags(ds).label.values[rows].tolist()
        with np.load(tmp_path / f"{recipe}.npz") as found:
            assert [name.decode() for name in found["label_name"]] == labels
            for name in [n for n, v in ds.variables.items() if "sample" in v.dims]:
                np.testing.assert_array_equal(found[name], ds[name].values[rows])


def test_files_of_a_version_say_how_many_there_are(published, tmp_path):
    out = export("tfrecord", "sky@0.1", split="test", out=tmp_path, store=published)
    assert sorted(path.name for path in out.iterdir()) == [
        "README.txt",
        "features.json",
        "test-00000-of-00001.tfrecord",
    ]
    said = json.loads((out / "features.json").read_text(encoding="utf-8"))
    assert said["features"]["image"] == {"kind": "bytes", "dtype": "int32", "shape": [6, 5]}
    assert said["variables"]["flux"]["attrs"]["units"] == "electron"
    assert said["attrs"]["exported_from"].startswith("sky@0.1#manifest:sha256:")
