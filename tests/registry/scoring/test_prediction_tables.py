import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
import xarray as xr
from astropy.io import fits
from astropy.table import Table

from skybench.errors import PredictionsError
from skybench.registry.scoring.predictions import read_predictions
from skybench.registry.scoring.question import Question

CLASSES = ("star", "elliptical", "spiral")
IDS = np.array([3, 5, 8])
SINGLE = Question(task="classification", names=CLASSES, ids=IDS)
SEVERAL = Question(task="multilabel", names=CLASSES, ids=IDS)
FLUX = Question(task="regression", names=("flux",), ids=IDS)
LABELS = pd.DataFrame({"sample_id": [8, 5, 3], "label": ["star", "spiral", "elliptical"]})
CODES = [1, 2, 0]
"""What `LABELS` says, in the order of the ids."""
PROBABILITIES = pd.DataFrame(np.eye(3)[[0, 2, 1]], columns=CLASSES).assign(sample_id=[8, 5, 3])
SHUFFLED = LABELS.iloc[[2, 0, 1]]


def codes(source, question=SINGLE):
    return read_predictions(source, question).by_seed[0].argmax(axis=1).tolist()


class Polars:
    """As a DataFrame of polars is for others: a stream of Arrow, its text as views."""

    def __init__(self, frame):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        views = [
            pa.field(f.name, pa.string_view() if pa.types.is_large_string(f.type) else f.type)
            for f in table.schema
        ]
        self._table = table.cast(pa.schema(views))

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "source",
    [
        LABELS,
        SHUFFLED,
        LABELS.set_index("sample_id"),
        LABELS.assign(seed=0).set_index(["seed", "sample_id"]),
        LABELS.reset_index(),
        LABELS.astype({"label": "category"}),
        LABELS.set_index("sample_id").label,
        PROBABILITIES,
        PROBABILITIES.set_index("sample_id"),
        pa.Table.from_pandas(SHUFFLED),
        pa.Table.from_pandas(LABELS.set_index("sample_id")),
        pa.Table.from_pandas(LABELS.astype({"label": "category"})),
        Polars(LABELS),
        Polars(PROBABILITIES),
        xr.DataArray(LABELS.label, dims="sample", coords={"sample_id": ("sample", [8, 5, 3])}),
    ],
    ids=lambda source: type(source).__name__,
)
def test_tables_in_memory(source):
    answer = read_predictions(source, SINGLE)
    assert answer.by_seed[0].argmax(axis=1).tolist() == CODES
    assert answer.notes == ()


def test_columns_may_be_named_by_numbers():
    question = Question(task="classification", names=("0", "1"), ids=np.array([3, 5]))
    assert codes(pd.DataFrame(np.eye(2)).assign(sample_id=[5, 3]), question) == [1, 0]


def test_a_class_may_have_the_name_of_an_index():
    question = Question(task="classification", names=("index", "star"), ids=np.array([3, 5]))
    frame = pd.DataFrame({"sample_id": [3, 5], "index": [1.0, 0.0], "star": [0.0, 1.0]})
    assert codes(frame, question) == [0, 1]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("shuffled.parquet", SHUFFLED.to_parquet),
        ("index.parquet", LABELS.set_index("sample_id").to_parquet),
        ("index.csv", LABELS.to_csv),
        ("reset.csv", LABELS.reset_index().to_csv),
        ("twice.csv", pd.DataFrame(LABELS).rename_axis("Unnamed: 0").reset_index().to_csv),
        ("p.csv.gz", LABELS.to_csv),
        ("p.tsv", lambda path: LABELS.to_csv(path, sep="\t")),
        ("P.TSV.GZ", lambda path: LABELS.to_csv(path, sep="\t", index=False, compression="gzip")),
        ("p.fits", Table.from_pandas(LABELS).write),
        ("p.fits.gz", Table.from_pandas(PROBABILITIES).write),
    ],
)
def test_files_as_tools_leave_them(tmp_path, name, write):
    write(tmp_path / name)
    assert codes(tmp_path / name) == CODES


def test_content_is_read_from_what_is_compressed_or_arrow(tmp_path):
    path = tmp_path / "p.tsv.gz"
    path.write_bytes(gzip.compress(b"# content=sha256:ab\nsample_id\tlabel\n3\t0\n5\t0\n8\t1\n"))
    assert read_predictions(path, SINGLE).content == "sha256:ab"
    bound = pa.Table.from_pandas(LABELS).replace_schema_metadata(
        {b"skybench": b'{"content": "sha256:cd"}'}
    )
    assert read_predictions(bound, SINGLE).content == "sha256:cd"


@pytest.mark.parametrize("dtype", [None, "int8", "float32", "U12", "S12", object])
def test_an_array_of_labels_is_taken_in_the_order_of_the_split(dtype):
    words = dtype in ("U12", "S12", object)
    array = np.array([CLASSES[code] for code in CODES] if words else CODES, dtype)
    answer = read_predictions(array, SINGLE)
    assert answer.by_seed[0].argmax(axis=1).tolist() == CODES
    assert answer.notes == ("the array was taken to be in the order of the test split",)


def test_columns_of_an_array_are_the_classes_or_targets():
    answer = read_predictions(np.eye(3, dtype=np.float32)[CODES], SINGLE)
    assert answer.by_seed[0].argmax(axis=1).tolist() == CODES
    assert "its columns are star, elliptical, spiral" in answer.notes[0]
    for array in (np.array([1.5, 2, 3]), np.array([[1.5], [2], [3]])):
        assert read_predictions(array, FLUX).by_seed[0].tolist() == [[1.5], [2], [3]]
    assert read_predictions(np.eye(3), SEVERAL).by_seed[0].tolist() == np.eye(3).tolist()


def test_numbers_of_one_target_may_be_a_series():
    series = pd.Series([1.0, 2, 3], pd.Index([8, 5, 3], name="sample_id"))
    assert read_predictions(series, FLUX).by_seed[0].tolist() == [[3], [2], [1]]


@pytest.mark.parametrize(
    ("source", "question", "says"),
    [
        (
            np.zeros(2, int),
            SINGLE,
            r"array is \(2,\) int64, but the test split has 3 samples: it must be "
            r"\(3, 3\) star, elliptical, spiral or \(3,\) label, in the order of",
        ),
        (np.zeros((3, 2)), SINGLE, r"array is \(3, 2\) float64"),
        (np.zeros(3), SEVERAL, r"it must be \(3, 3\) star, elliptical, spiral, in the order of"),
        (np.zeros(3, "M8[s]"), SINGLE, r"array is \(3,\) datetime64\[s\]"),
        (np.array([0, 1, 7]), SINGLE, "codes 0 to 2, got 7 in row 2 of the array"),
        (np.array(["star", "sta", "x"]), SINGLE, "got 'sta' in row 1 of the array and 1 more"),
        (np.ma.masked_equal([0, 1, 2], 2), SINGLE, "codes 0 to 2, got nothing in row 2"),
        (np.eye(3) * 1.5, SINGLE, r"got 1\.5 in row 0 of the array"),
        (LABELS.label, SINGLE, "the Series needs an index named sample_id"),
        (xr.DataArray(np.eye(3)), SINGLE, "must have one dimension and the coordinate sample_id"),
        ({"sample_id": [0]}, SINGLE, "the path of a file, got a dict"),
        (None, SINGLE, "the path of a file, got a NoneType"),
        (pa.table({"sample_id": IDS, "label": [[1]] * 3}), SINGLE, "column 'label' of list"),
    ],
)
def test_what_holds_no_answer_is_refused(source, question, says):
    with pytest.raises(PredictionsError, match=says):
        read_predictions(source, question)


MANY = pd.concat([LABELS] * 257)


@pytest.mark.parametrize(
    "source",
    [MANY, MANY.set_index("sample_id").label, pa.Table.from_pandas(MANY), Polars(MANY)],
    ids=["DataFrame", "Series", "pyarrow", "polars"],
)
def test_no_way_in_takes_more_rows_than_256_seeds_have(source):
    with pytest.raises(PredictionsError, match=r"771 rows of . columns, far more than the 3 test"):
        read_predictions(source, SINGLE)


def test_no_file_takes_more_rows_than_256_seeds_have(tmp_path):
    MANY.to_csv(tmp_path / "p.csv.gz")
    Table.from_pandas(MANY).write(tmp_path / "p.fits")
    for path in tmp_path.iterdir():
        with pytest.raises(PredictionsError, match="far more than the 3 test samples"):
            read_predictions(path, SINGLE)


def compressed(data):
    return lambda path: path.write_bytes(gzip.compress(data))


@pytest.mark.parametrize(
    ("name", "write", "says"),
    [
        ("p.csv.gz", compressed(b"0" * (1 << 24)), "a line of more than 1,048,576 characters"),
        (
            "my.net.csv.gz",
            lambda path: path.write_bytes(b"x"),
            "cannot be read as CSV .* Not a gzip",
        ),
        ("p.csv.gz", lambda path: path.write_bytes(gzip.compress(b"abc")[:-9]), "cannot be read"),
        ("p.tsv", LABELS.to_csv, "a .tsv has tabs between columns, a .csv commas"),
        ("p.fits", lambda path: path.write_bytes(b"no"), "cannot be read as a FITS table"),
        ("p.fits", fits.PrimaryHDU(np.eye(3)).writeto, "has 0 binary tables, expected one"),
        ("p.fits", Table({"sample_id": IDS, "label": np.eye(3)}).write, "several values in a row"),
        ("p.xlsx", lambda path: path.touch(), "must be a .csv, .csv.gz, .tsv, .* .parquet file"),
    ],
)
def test_files_that_hold_no_table_are_refused(tmp_path, name, write, says):
    write(tmp_path / name)
    with pytest.raises(PredictionsError, match=says):
        read_predictions(tmp_path / name, SINGLE)


@pytest.mark.parametrize("form", ["list", "tuple", "tensor"])
def test_lists_and_tensors_are_arrays(form):
    rows = np.eye(3, dtype=np.float32)[CODES].tolist()
    given = {"list": rows, "tuple": tuple(rows), "tensor": torch.tensor(rows)}
    answer = read_predictions(given[form], SINGLE)
    assert answer.by_seed[0].argmax(axis=1).tolist() == CODES
    assert "in the order of the test split" in answer.notes[0]


def test_a_list_of_names_is_labels():
    assert codes([CLASSES[code] for code in CODES]) == CODES


def test_a_saved_array_is_in_the_order_of_the_split(tmp_path):
    path = tmp_path / "mine.npy"
    np.save(path, np.eye(3, dtype=np.float32)[CODES])
    assert codes(path) == CODES
    np.save(path, np.array([CLASSES[0]] * 3, object))
    with pytest.raises(PredictionsError, match=r"mine\.npy cannot be read as a NumPy array"):
        read_predictions(path, SINGLE)
    with pytest.raises(PredictionsError, match=r"none\.npy cannot be read as a NumPy array"):
        read_predictions(tmp_path / "none.npy", SINGLE)


def test_a_tensor_that_needs_its_gradient_and_a_ragged_list_are_refused():
    with pytest.raises(PredictionsError, match="Tensor cannot be read as a NumPy array"):
        read_predictions(torch.eye(3, requires_grad=True), SINGLE)
    with pytest.raises(PredictionsError, match="list cannot be read as a NumPy array"):
        read_predictions([[1, 0, 0], [1]], SINGLE)


def test_a_polars_frame_is_a_table():
    import polars  # its threads are not for the forks of other tests

    assert codes(polars.from_pandas(LABELS)) == CODES
    assert codes(polars.from_pandas(PROBABILITIES)) == CODES
