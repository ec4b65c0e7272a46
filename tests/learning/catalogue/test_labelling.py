"""A network labels a survey into a catalogue that says where it comes from."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.learning.catalogue.catalogue_file import FORMATS, read_catalogue
from skybench.learning.catalogue.domain import read_domain
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.zarr import ZARR


@pytest.fixture(scope="module")
def labelling(teacher, near, far):
    return skybench.catalogue(teacher.weights, far, source=near, columns=["turn"])


def test_a_catalogue_has_a_row_a_sample(labelling, far):
    table = labelling.catalogue.table
    assert [*table] == ["sample_id", "class", "flat", "upright", "confidence", "turn"]
    unlabelled = far.split.values == 3
    np.testing.assert_array_equal(table.sample_id, far.sample_id[unlabelled])
    np.testing.assert_allclose(table.flat + table.upright, 1)
    np.testing.assert_array_equal(table["class"] == "flat", table.flat > 0.5)
    np.testing.assert_array_equal(table.confidence, table[["flat", "upright"]].max(axis=1))
    np.testing.assert_allclose(table.turn, far.turn[unlabelled])


def test_it_says_where_it_comes_from(labelling, teacher, far):
    said = labelling.catalogue.provenance
    assert said.weights == f"sha256:{hashlib.sha256(teacher.weights.read_bytes()).hexdigest()}"
    assert said.images == read_domain(far, parts=("unlabelled",)).content()
    assert said.temperature == labelling.calibration.temperature
    assert (said.network, said.dataset, said.part) == ("lenet5", "made2", "unlabelled")
    assert (said.trained_on, said.calibrated_on) == ("made1", "validation of made1")
    assert said.licence == "CC-BY-4.0"


def test_the_network_sees_another_unit_of_light_as_its_own(teacher, near, far):
    part = "test"
    own = skybench.catalogue(teacher.weights, near, part=part).catalogue.table
    bright = near.assign(image=near.image * 50)
    again = skybench.catalogue(teacher.weights, bright, part=part).catalogue.table
    np.testing.assert_allclose(again.flat, own.flat, atol=0.02)
    foreign = skybench.catalogue(teacher.weights, bright, part=part, stretch="model")
    assert np.abs(foreign.catalogue.table.flat - own.flat).max() > 0.05


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_back_what_was_written(labelling, suffix, tmp_path):
    path = labelling.catalogue.write(tmp_path / f"far{suffix}")
    again = read_catalogue(path)
    assert again.provenance == labelling.catalogue.provenance
    pd.testing.assert_frame_equal(again.table, labelling.catalogue.table, check_dtype=False)


def test_a_catalogue_can_be_evaluated_where_the_truth_is_known(labelling, far):
    found = skybench.evaluate(far, labelling.catalogue.predictions, split="unlabelled")
    truth = np.array(["flat", "upright"])[far.label[far.split == 3]]
    assert found.score == pytest.approx((labelling.catalogue.table["class"] == truth).mean())


def test_what_is_no_catalogue_is_refused(labelling, tmp_path):
    with pytest.raises(ParameterError, match=r"\.parquet, \.fits, \.ecsv, \.csv, got 'far.txt'"):
        labelling.catalogue.write(tmp_path / "far.txt")
    with pytest.raises(NotFoundError, match="there is no catalogue"):
        read_catalogue(tmp_path / "far.fits")
    (tmp_path / "bare.csv").write_text("sample_id,class\n1,flat\n", encoding="utf-8")
    with pytest.raises(IntegrityError, match="is no catalogue of skybench's"):
        read_catalogue(tmp_path / "bare.csv")


def test_mistakes_are_told(teacher, near, far):
    with pytest.raises(ParameterError, match="column"):
        skybench.catalogue(teacher.weights, far, columns=["trun"])
    with pytest.raises(ParameterError, match="adabn"):
        skybench.catalogue(teacher.weights, far, adapt="adabm")
    with pytest.raises(ParameterError, match="stretch"):
        skybench.catalogue(teacher.weights, far, stretch="mine")
    with pytest.raises(ParameterError, match=r"has images \(12, 8\), the network takes"):
        skybench.catalogue(teacher.weights, far.isel(x=slice(8)))


def test_the_command_trains_in_rounds_and_writes_a_catalogue(teacher, near, far, tmp_path):
    for name, ds in {"near": near, "far": far}.items():
        write_dataset(ds, tmp_path / f"{name}.zarr", ZARR)
    (tmp_path / "short.yaml").write_text(
        "optimizer: adamw\nlearning_rate: 0.002\nweight_decay: 0.01\nbatch_size: 16\nepochs: 1\n",
        encoding="utf-8",
    )
    out = tmp_path / "far.fits"
    files = [str(teacher.weights), str(tmp_path / "far.zarr"), "--out", str(out)]
    source = ["--source", str(tmp_path / "near.zarr"), "--work", str(tmp_path / "rounds")]
    rounds = ["--rounds", "1", "--cut", "0.8", "--protocol", str(tmp_path / "short.yaml")]
    done = CliRunner().invoke(app, ["catalogue", *files, *source, *rounds])
    assert done.exit_code == 0, done.output
    assert "round 1:" in done.output
    assert "temperature" in done.output
    assert read_catalogue(out).provenance.rounds in (0, 1)
    drawn = tmp_path / "map.png"
    both = [str(tmp_path / "near.zarr"), str(tmp_path / "far.zarr")]
    done = CliRunner().invoke(
        app, ["features", str(teacher.weights), *both, "--out", str(drawn), "--at-most", "40"]
    )
    assert done.exit_code == 0, done.output
    assert "by survey: silhouette" in done.output
    assert drawn.exists()
