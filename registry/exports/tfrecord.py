"""TFRecord files of tf.train.Example, written without TensorFlow."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import pack
from typing import Any

import google_crc32c
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import decode_flags
from skybench.registry.exports.blocks import along_samples
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.metadata_text import folder_text
from skybench.registry.exports.shards import (
    Blocks,
    Pieces,
    check_samples,
    of_one_sample,
    write_shards,
)

_FIELDS = {"bytes": 1, "float": 2, "int64": 3}
"""Of a tf.train.Feature: the number of each kind of list in its protocol buffer."""

_LABEL = "label"

_README = '''\
Samples as tf.train.Example in TFRecord files; features.json says what each feature is.

import json

import tensorflow as tf

FOLDER = {folder!r}
with open(f"{{FOLDER}}/features.json", encoding="utf-8") as file:
    FEATURES = json.load(file)["features"]
TYPES = {{"bytes": tf.string, "float": tf.float32, "int64": tf.int64}}
STORED = {{
    name: tf.io.FixedLenFeature([] if f["kind"] == "bytes" else f["shape"], TYPES[f["kind"]])
    for name, f in FEATURES.items()
}}


def parse(record):
    """Return the features of a sample by name, arrays in their shapes."""
    sample = tf.io.parse_single_example(record, STORED)
    for name, f in FEATURES.items():
        if f["kind"] == "bytes" and f["dtype"] != "str":
            sample[name] = tf.reshape(tf.io.decode_raw(sample[name], f["dtype"]), f["shape"])
    return sample


def dataset(split):
    """Return the samples of a split, such as train."""
    files = sorted(tf.io.gfile.glob(f"{{FOLDER}}/{{split}}-*.tfrecord"))
    return tf.data.TFRecordDataset(files).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
'''


def write_tfrecord(ds: xr.Dataset, folder: Path) -> None:
    """Write files of each split, ``features.json`` and ``README.txt``.

    Goes on with a folder that is begun.
    """
    folder.mkdir(exist_ok=True)
    text = folder_text(ds, features=features(ds))
    (folder / "features.json").write_text(text, encoding="utf-8")
    (folder / "README.txt").write_text(_README.format(folder=folder.name), encoding="utf-8")

    def pieces(blocks: Blocks) -> Pieces:
        for _, block in blocks:
            for record in examples(_features_of(block)):
                yield from framed(record)

    write_shards(ds, lambda shard: folder / f"{shard.name}.tfrecord", pieces)


def features(ds: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return kind, dtype and shape of each feature by name.

    Data variables, and what an int64 or a float32 would not hold, are little-endian bytes. The
    label has its name beside it.
    """
    found = {
        str(name): {
            "kind": _kind(ds, str(name)),
            "dtype": variable.dtype.name,
            "shape": of_one_sample(variable),
        }
        for name, variable in along_samples(ds).variables.items()
    }
    if _has_label(ds):
        found[f"{_LABEL}_name"] = {"kind": "bytes", "dtype": "str", "shape": ()}
    return found


def _has_label(ds: xr.Dataset) -> bool:
    return _LABEL in ds.variables and "flag_values" in ds.variables[_LABEL].attrs


def _kind(ds: xr.Dataset, name: str) -> str:
    dtype = ds.variables[name].dtype
    if name in ds.coords and dtype in (np.float32, np.float16):
        return "float"
    if name in ds.coords and dtype.kind in "iub" and dtype != np.uint64:
        return "int64"
    return "bytes"


def _features_of(block: xr.Dataset) -> dict[str, list[bytes]]:
    """Return each feature of the samples, encoded."""
    found = {
        str(name): _ENCODINGS[_kind(block, str(name))](v.values)
        for name, v in block.variables.items()
    }
    if _has_label(block):
        names = decode_flags(block[[_LABEL]])[_LABEL].values.tolist()
        found[f"{_LABEL}_name"] = [_feature("bytes", name.encode()) for name in names]
    return found


def _bytes_lists(values: NDArray[Any]) -> list[bytes]:
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return [_feature("bytes", row.tobytes()) for row in little]


def _float_lists(values: NDArray[Any]) -> list[bytes]:
    return [_feature("float", row.tobytes()) for row in values.astype("<f4")]


def _int64_lists(values: NDArray[Any]) -> list[bytes]:
    rows = values.reshape(len(values), -1).astype(np.int64).tolist()
    return [_feature("int64", b"".join(map(_varint, row))) for row in rows]


_ENCODINGS = {"bytes": _bytes_lists, "float": _float_lists, "int64": _int64_lists}


def examples(encoded: dict[str, list[bytes]]) -> Iterator[bytes]:
    """Yield a tf.train.Example of each sample from its features by name.

    References
    ----------
    https://protobuf.dev/programming-guides/encoding/ and tensorflow/core/example/example.proto
    """
    keys = [_delimited(1, name.encode()) for name in encoded]
    for row in zip(*encoded.values(), strict=True):
        # A map is a repeated message of key and value.
        entries = (_delimited(1, key + value) for key, value in zip(keys, row, strict=True))
        yield _delimited(1, b"".join(entries))


def _feature(kind: str, values: bytes) -> bytes:
    """Return a tf.train.Feature as the value in a map: of one string, or of packed numbers."""
    return _delimited(2, _delimited(_FIELDS[kind], _delimited(1, values)))


def _delimited(field: int, content: bytes) -> bytes:
    """Return a field of a protocol buffer that says its length."""
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return an integer in groups of seven bits, the lowest first; 64 bits where it is negative."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def framed(record: bytes) -> Iterable[bytes]:
    """Return a record as TFRecord files have it: its length, the record, a checksum after each.

    References
    ----------
    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    length = pack("<Q", len(record))
    return length, _masked_checksum(length), record, _masked_checksum(record)


def _masked_checksum(content: bytes) -> bytes:
    checksum = google_crc32c.value(content)
    return pack("<I", ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFF_FFFF)


TFRECORD = DataFormat(
    name="tfrecord",
    suffix="",
    keeps="every value, in files such as train-00000-of-00004.tfrecord; features.json with types, "
    "shapes, units and what codes mean; README.txt with the function that parses them.",
    loses="the order of samples of several splits, and what proves the rest.",
    write=write_tfrecord,
    check=check_samples,
    resumable=True,
)
