"""A folder that Hugging Face's `datasets.load_dataset` reads: Parquet files, and a card."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import RawIOBase
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import xarray as xr
from numpy.typing import NDArray

from skybench.generators.codes import SAMPLE_DIM, flag_names
from skybench.registry.describing.hugging_face import front_matter
from skybench.registry.describing.licence import licence_url
from skybench.registry.exports.answers import split_names
from skybench.registry.exports.blocks import along_samples
from skybench.registry.exports.export_format import DataFormat
from skybench.registry.exports.metadata_text import folder_text
from skybench.registry.exports.shards import (
    Blocks,
    Pieces,
    Shard,
    check_samples,
    of_one_sample,
    write_shards,
)

_PRESENT, _CLASSES = "present", "classes of which the sample holds a source"

_CARD = """\
# {title}

{samples:,} samples, {origin}.

```python
from datasets import load_dataset

ds = load_dataset("{folder}", split="{split}")
```

## Features

NaN stands for a parameter that a sample or a source does not have; a source of the kind `empty` is
not there. `dataset.json` has what is the same for all samples.

{features}

## Licence

{licence}

## Citation

{citation}
"""


def write_huggingface(ds: xr.Dataset, folder: Path) -> None:
    """Write Parquet files of each split, ``README.md`` and ``dataset.json``.

    Goes on with a folder that is begun.
    """
    folder.mkdir(exist_ok=True)
    (folder / "dataset.json").write_text(folder_text(ds), encoding="utf-8")
    (folder / "README.md").write_text(card(ds, folder.name), encoding="utf-8")
    described = features(ds)
    # Where datasets looks for the types that Arrow lacks.
    metadata = {"huggingface": json.dumps({"info": {"features": described}})}

    def path_of(shard: Shard) -> Path:
        return folder / "data" / f"{replace(shard, split=_split(shard.split)).name}.parquet"

    def table(block: xr.Dataset) -> pa.Table:
        columns = {
            str(name): _present(v.values) if name == _PRESENT else _column(v)
            for name, v in block.variables.items()
        }
        fields = [_field(name, column.type, described[name]) for name, column in columns.items()]
        return pa.table(list(columns.values()), schema=pa.schema(fields, metadata=metadata))

    def pieces(blocks: Blocks) -> Pieces:
        return _parquet(table(block) for _, block in blocks)

    write_shards(ds, path_of, pieces)


def features(ds: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return the features as `datasets.Features.from_dict` reads them."""
    along = along_samples(ds)
    found = {str(name): _feature(variable) for name, variable in along.variables.items()}
    if _PRESENT in found:
        names = list(flag_names(ds.variables["class"]).values())
        found[_PRESENT] = _sequence({"names": names, "_type": "ClassLabel"}, -1)
    return found


def _feature(variable: xr.Variable) -> dict[str, Any]:
    shape = of_one_sample(variable)
    if _is_array(shape):
        return {"shape": shape, "dtype": variable.dtype.name, "_type": f"Array{len(shape)}D"}
    feature: dict[str, Any] = {"dtype": variable.dtype.name, "_type": "Value"}
    if "flag_values" in variable.attrs:
        feature = {"names": [*_names(variable).values()], "_type": "ClassLabel"}
    for length in reversed(shape):
        feature = _sequence(feature, length)
    return feature


def _is_array(shape: tuple[int, ...]) -> bool:
    """Tell whether datasets has an array type, Array2D to Array5D, for values of a shape."""
    return 2 <= len(shape) <= 5


def _sequence(feature: dict[str, Any], length: int) -> dict[str, Any]:
    # Not List, which datasets before 4.0 do not know.
    return {"feature": feature, "length": length, "_type": "Sequence"}


def _names(variable: xr.Variable) -> dict[int, str]:
    """Return the meanings of codes in the order of the codes, which class labels count from 0."""
    return dict(sorted(flag_names(variable).items()))


def _column(variable: xr.Variable) -> pa.Array:
    """Return the values of the samples as datasets has those of the variable's feature."""
    values, shape = variable.values, of_one_sample(variable)
    if "flag_values" in variable.attrs and not _is_array(shape):
        values = _places(values, np.array(list(_names(variable))))
    array = pa.array(values.reshape(-1))
    for length in reversed(shape):
        array = (_lists if _is_array(shape) else _fixed_lists)(array, length)
    return array


def _places(codes: NDArray[Any], known: NDArray[Any]) -> NDArray[np.int64]:
    """Return the class labels of codes; that of a code without a meaning is -1, as for datasets."""
    places = np.searchsorted(known, codes).clip(max=len(known) - 1)
    return np.where(known[places] == codes, places, -1)


def _field(name: str, storage: pa.DataType, feature: dict[str, Any]) -> pa.Field:
    """Return a field; arrays are of the extension types that datasets registers."""
    kind = feature["_type"]
    if not kind.startswith("Array"):
        return pa.field(name, storage)
    extension = {
        "ARROW:extension:name": f"datasets.features.features.{kind}ExtensionType",
        "ARROW:extension:metadata": json.dumps([feature["shape"], feature["dtype"]]),
    }
    return pa.field(name, storage, metadata=extension)


def _lists(array: pa.Array, length: int) -> pa.Array:
    return pa.ListArray.from_arrays(range(0, len(array) + 1, length), array)


def _fixed_lists(array: pa.Array, length: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(array, length)


def _present(present: NDArray[Any]) -> pa.Array:
    """Return the labels of the classes that are in each sample."""
    ends = np.cumsum(present.astype(bool).sum(axis=1))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, np.nonzero(present)[1].astype(np.int64))


class _Sink(RawIOBase):
    """A file of which only what was written last is in memory."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _parquet(tables: Iterator[pa.Table]) -> Pieces:
    """Yield the content of a Parquet file, a row group a table."""
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]  # late: slow to load

    sink, first = _Sink(), next(tables)
    with ParquetWriter(sink, first.schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            yield from sink.taken()
    yield from sink.taken()


def card(ds: xr.Dataset, folder: str) -> str:
    """Return the text of ``README.md``: front matter for Hugging Face, Markdown for people.

    Parameters
    ----------
    ds : Dataset
    folder : str
        The name of the folder.
    """
    about = {key: str(value).strip() for key, value in ds.attrs.items()}
    splits = list(dict.fromkeys(map(_split, split_names(ds).tolist())))
    title, licence = about.get("title", folder), about.get("license", "not stated")
    task = about.get("task", "classification")
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    matter = front_matter(
        title=title,
        licence=licence,
        task=task,
        dims=[[str(dim) for dim in v.dims] for v in ds.variables.values()],
        samples=ds.sizes[SAMPLE_DIM],
        tags=[task],
        further={"configs": [{"config_name": "default", "data_files": files}]},
    )
    body = _CARD.format(
        title=title,
        samples=ds.sizes[SAMPLE_DIM],
        origin=_origin(about),
        folder=folder,
        split=splits[0],
        features=_feature_table(ds),
        licence=licence if licence_url(licence) is None else f"[{licence}]({licence_url(licence)})",
        citation=about.get("citation", "None given."),
    )
    return matter + body


def _origin(about: Mapping[str, str]) -> str:
    if "exported_from" in about:
        return f"of the version `{about['exported_from']}` of skybench"
    made = (f"{key} {about[key]}" for key in ("recipe", "seed", "generator") if key in about)
    return f"made by skybench ({', '.join(made)})"


def _feature_table(ds: xr.Dataset) -> str:
    described, rows = features(ds), []
    for name, variable in along_samples(ds).variables.items():
        feature = described[str(name)]
        leaf = feature.get("feature", feature)
        dims = ", ".join(map(str, variable.dims[1:]))
        kind = leaf.get("dtype", "class label")
        units = str(variable.attrs.get("units", ""))
        meaning = _CLASSES if name == _PRESENT else str(variable.attrs.get("long_name", ""))
        said = ": ".join([meaning, ", ".join(leaf.get("names", ()))]).removesuffix(": ")
        rows.append((f"`{name}`", dims, kind, units, said.replace("|", "\\|")))
    heads = [("Feature", "Dimensions", "Type", "Unit", "Meaning"), ("---",) * 5]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*heads, *rows))


def _split(name: str) -> str:
    """Return what datasets calls a split; "all" would be all of a dataset's splits."""
    return "train" if name == "all" else name


HUGGINGFACE = DataFormat(
    name="huggingface",
    suffix="",
    keeps="every value, in files such as data/train-00000-of-00004.parquet that "
    "datasets.load_dataset reads, codes as class labels; README.md as card; dataset.json with "
    "dimensions, units and what is the same for all samples.",
    loses="the order of samples of several splits, and what proves the rest.",
    write=write_huggingface,
    check=check_samples,
    resumable=True,
)
