"""NPY shards: what numpy loads is what the dataset has, split by split."""

import numpy as np
import pandas as pd
import pytest

from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.generators.schema import main_variable
from skybench.registry.exports.export import export, write_dataset
from skybench.registry.exports.npy import NPY


@pytest.mark.parametrize("recipe", ["objects", "grz", "halos", "lightcurves", "sphere", "sky"])
def test_every_sample_is_in_the_row_that_the_table_says(tmp_path, recipe):
    ds, out = generate_as_stored(recipe, 0, 6), tmp_path / "rows"
    write_dataset(ds, out, NPY)
    table = pd.read_csv(out / "metadata.csv")
    assert table.sample_id.tolist() == ds.sample_id.values.tolist()
    assert table.split.tolist() == decode_flags(ds).split.values.tolist()
    values = ds[main_variable(ds)].values
    for row, (file, place) in enumerate(zip(table.file, table.row, strict=True)):
        stored = np.load(out / file)
        assert file.startswith(f"x{table.split[row]}_")
        assert stored.dtype == values.dtype
        np.testing.assert_array_equal(stored[place], values[row])


@pytest.mark.parametrize(
    ("recipe", "answer"),
    [
        ("grz", lambda ds: ds.label.values),
        ("sky", lambda ds: ds.present.values),
        ("halos", lambda ds: ds.halo_count.values[:, None]),
        ("photometry", lambda ds: np.stack([ds[t].values[:, 0] for t in ds.targets.split()], 1)),
        ("fields", lambda ds: (ds.segmentation.values > 0).astype(np.int8)),
    ],
)
def test_answers_are_those_of_the_task(tmp_path, recipe, answer):
    ds, out = generate_as_stored(recipe, 0, 6), tmp_path / "rows"
    write_dataset(ds, out, NPY)
    table = pd.read_csv(out / "metadata.csv")
    y = np.stack(
        [np.load(out / f"y{f[1:]}")[r] for f, r in zip(table.file, table.row, strict=True)]
    )
    if recipe == "fields":
        y = (y > 0).astype(np.int8)
    np.testing.assert_array_equal(y, answer(ds))


def test_a_version_has_512_samples_a_file(published, tmp_path):
    made = export("npy", "sky@0.1", samples=range(600), out=tmp_path, store=published)
    assert made.name == "sky-0.1-600-samples-npy"
    table = pd.read_csv(made / "metadata.csv")
    for split, rows in table.groupby("split"):
        files = sorted(made.glob(f"x{split}_*.npy"))
        assert sum(len(np.load(file)) for file in files) == len(rows)
        assert sorted(rows.file.unique()) == [file.name for file in files]


def test_more_samples_than_a_file_holds_go_into_a_second(tmp_path):
    ds, out = generate_as_stored("objects", 0, 900), tmp_path / "rows"
    write_dataset(ds, out, NPY)
    train = int((decode_flags(ds).split == "train").sum())
    assert train > 512
    assert [len(np.load(out / f"xtrain_{n}.npy")) for n in (0, 1)] == [512, train - 512]
    assert [len(np.load(out / f"ytrain_{n}.npy")) for n in (0, 1)] == [512, train - 512]


def test_a_single_sample_of_a_regression_is_exported(tmp_path):
    write_dataset(generate_as_stored("halos", 0, 1), tmp_path / "one", NPY)
    assert np.load(tmp_path / "one" / "ytrain_0.npy").shape == (1, 1)
