"""Baselines of a tiny version are trained once, recorded, and bound to its content."""

import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from skybench.errors import NotFoundError, ParameterError
from skybench.learning.labelled import load_training_data
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import PROTOCOLS
from skybench.registry.arrays.zarr_format import Layout, chunk_keys, create, write_rows
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.scoring.records import Record
from skybench.registry.versions.manifest import Manifest
from skybench.release.baselines.baselines import train_baselines

SAMPLES = 40


def flags(meanings):
    return {
        "flag_values": np.arange(len(meanings.split()), dtype=np.int8),
        "flag_meanings": meanings,
    }


def tiny_dataset(splits=3):
    rng = np.random.default_rng(4)
    present = rng.integers(0, 2, (SAMPLES, 2)).astype(np.int8)
    images = rng.normal(0, 10, (SAMPLES, 20, 20)) + 50.0 * present[:, :1, None]
    return xr.Dataset(
        {"image": (("sample", "y", "x"), images.astype(np.int32), {"units": "electron"})},
        {
            "sample_id": ("sample", np.arange(SAMPLES) + 1000),
            "split": (
                "sample",
                np.arange(SAMPLES, dtype=np.int8) % splits,
                flags("train validation test"),
            ),
            "present": (("sample", "class"), present),
            "class": ("class", np.arange(2, dtype=np.int8), flags("star spiral")),
        },
    )


def write(ds, folder):
    url = str(folder / "tiny.zarr")
    layout = Layout(chunk_rows=SAMPLES, shard_rows=SAMPLES)
    create(url, ds.isel(sample=slice(0)), SAMPLES, layout)
    columns = {str(k): v.values for k, v in ds.variables.items() if "sample" in v.dims}
    write_rows(url, 0, columns, layout)
    return url


def manifest_of(ds, url, task="multilabel"):
    content = hash_dataset(ds)
    return Manifest(
        dataset="tiny",
        version="0.1",
        title="Tiny",
        description="Made for tests.",
        created="2026-11-20T16:00:00Z",
        recipe={"name": "tiny"},
        generator={"skybench": "0.1.0"},
        content=content,
        samples=SAMPLES,
        splits={name: split.samples for name, split in content.splits.items()},
        task=task,
        classes=("star", "spiral"),
        ranges={},
        licence="CC-BY-4.0",
        citation="The skybench developers",
        zarr="tiny.zarr",
        sample_digests="tiny.samples",
        chunk_count=len(chunk_keys(url)),
        objects=(),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a tiny dataset with its manifest and its baselines, trained for one epoch."""
    folder = tmp_path_factory.mktemp("tiny")
    ds = tiny_dataset()
    url = write(ds, folder)
    manifest = manifest_of(ds, url)
    return folder, manifest, url, short(manifest, url, folder)


def short(manifest, url, folder, **options):
    return train_baselines(
        manifest,
        url,
        output=folder / "baselines",
        work=folder / "work",
        **{"protocols": ["default"], "seeds": 1, "epochs": 1, "progress": False} | options,
    )


def test_every_baseline_is_recorded_and_bound(trained):
    folder, manifest, _, records = trained
    assert [(record.name, record.kind) for record in records] == [
        ("majority-class", "floor"),
        ("logistic-regression", "floor"),
        ("histogram", "floor"),
        ("resnet50", "baseline"),
    ]
    for record in records:
        stored = (folder / "baselines" / f"{record.name}.json").read_text()
        assert Record.from_text(stored, record.name) == record
        assert record.mismatch(manifest) is None
        assert record.content == manifest.content.root
        assert record.samples == manifest.splits["test"]


@pytest.mark.parametrize("name", ["majority-class.json", "majority-class-predictions.parquet"])
def test_a_baseline_whose_file_a_power_loss_emptied_is_made_again(trained, tmp_path, name):
    folder, manifest, url, _ = trained
    again = shutil.copytree(folder / "baselines", tmp_path / "baselines")
    (again / name).write_bytes(b"")
    (record, *_) = short(manifest, url, tmp_path, networks=())
    assert Record.from_text((again / "majority-class.json").read_text(), "record") == record
    predictions = (again / record.predictions.key.rpartition("/")[2]).read_bytes()
    assert f"sha256:{hashlib.sha256(predictions).hexdigest()}" == record.predictions.sha256


def test_network_record_says_how_it_was_trained(trained):
    *_, (*_, record) = trained
    assert record.parameters == 25_557_032 - 2 * 64 * 49 - 998 * 2049
    assert record.protocol == "default"
    assert record.hyperparameters["learning_rate"] == PROTOCOLS["default"].learning_rate
    assert record.hyperparameters["stretch_scale"] > 1
    assert (record.seeds, record.epochs) == ((0,), 1)
    assert len(record.scores[0].curve) == 1
    assert record.scores[0].weights_sha256 == record.weights.sha256
    assert record.hardware["device"] in {"cpu", "cuda", "mps"}
    assert record.libraries.keys() >= {"torch", "torchvision", "lightning", "python"}
    assert set(record.by_part) == {"star", "spiral"}
    assert np.array(record.confusion).sum(axis=(1, 2)).tolist() == [record.samples] * 2


def test_short_run_says_that_it_is_one(trained):
    *_, records = trained
    assert [record.complete for record in records] == [True, True, True, False]
    full = PROTOCOLS["default"].epochs
    assert records[-1].incomplete_because == f"1 of 3 seeds; 1 of {full} epochs"


def test_recorded_files_are_there_with_their_hashes(trained):
    folder, *_, records = trained
    for stored in (records[-1].weights, records[-1].predictions):
        content = (folder / stored.key).read_bytes()
        assert len(content) == stored.size
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == stored.sha256


def test_predictions_are_by_sample_id_and_give_the_score(trained):
    folder, _, url, records = trained
    frame = pd.read_parquet(folder / records[-1].predictions.key)
    data = load_training_data(url)
    assert frame.sample_id.tolist() == data.question.ids.tolist()
    decided = frame[["star", "spiral"]].to_numpy() > 0.5
    exact = (decided == (data.test_truth > 0)).all(axis=1).mean()
    assert records[-1].score == pytest.approx(exact, abs=1e-6)


def test_second_call_trains_and_prints_nothing(trained, capsys):
    folder, manifest, url, records = trained
    before = {path: path.stat().st_mtime_ns for path in (folder / "baselines").iterdir()}
    assert short(manifest, url, folder, progress=True) == records
    assert {path: path.stat().st_mtime_ns for path in (folder / "baselines").iterdir()} == before
    assert capsys.readouterr().out == ""


def test_finished_seeds_are_kept_when_only_the_record_is_missing(trained, capsys):
    folder, manifest, url, records = trained
    (folder / "baselines" / "resnet50.json").unlink()
    again = short(manifest, url, folder, progress=True)
    assert again[-1].scores == records[-1].scores
    assert "epoch" not in capsys.readouterr().out


def test_records_of_other_content_are_made_again(trained, tmp_path):
    _, manifest, url, _ = trained
    first = short(manifest, url, tmp_path, protocols=[])
    other = manifest.model_copy(update={"version": "0.2"})
    again = short(other, url, tmp_path, protocols=[])
    assert [record.version for record in (*first, *again)] == ["0.1"] * 3 + ["0.2"] * 3


def test_unknown_protocol_and_impossible_numbers_are_refused(trained):
    folder, manifest, url, _ = trained
    with pytest.raises(ParameterError, match=r"unknown protocol 'fast'; .* default, paper"):
        short(manifest, url, folder, protocols=["fast"])
    with pytest.raises(ParameterError, match="seeds must be at least 1, got 0"):
        short(manifest, url, folder, seeds=0)


def test_dataset_without_validation_split_is_refused(tmp_path):
    url = write(tiny_dataset(splits=1), tmp_path)
    with pytest.raises(
        NotFoundError, match="has 0 samples in its validation split; training needs at least 2"
    ):
        load_training_data(url)


def other_task(task, folder, **changes):
    """Train the baselines of the tiny dataset with another task, in three bands."""
    ds = tiny_dataset().drop_vars(["present"])
    image = ds.image.expand_dims(band=3).transpose("sample", "band", "y", "x")
    coordinates = {name: changes.pop(name) for name in list(changes) if name != "segmentation"}
    ds = ds.assign_coords(coordinates).assign(image=image, **changes)
    ds = ds.assign_attrs(task=task, targets="flux position_angle")
    url = write(ds, folder)
    return short(manifest_of(ds, url, task), url, folder)


def test_regression_has_floors_and_a_network_of_its_own(tmp_path):
    rng = np.random.default_rng(8)
    flux = 10 ** rng.uniform(0, 2, SAMPLES)
    angle = rng.uniform(0, 180, SAMPLES)
    records = other_task(
        "regression",
        tmp_path,
        flux=("sample", flux),
        position_angle=("sample", angle, {"units": "degree"}),
    )
    names = [record.name for record in records]
    assert names == ["training-mean", "ridge-regression", "resnet50"]
    *_, network = records
    assert network.targets == ("flux", "position_angle")
    assert network.metric == "r2"
    assert set(network.measures["flux"]) == {"rmse", "mae", "r2", "bias", "scatter"}
    assert network.model == "torchvision resnet50, 3-channel stem"
    assert network.hyperparameters["augmentation_skipped"] is True
    assert [s["log"] for s in network.hyperparameters["target_scaling"]] == [
        True,
        False,
    ]
    stored = pd.read_parquet(tmp_path / network.predictions.key)
    assert list(stored.columns) == ["sample_id", "seed", "flux", "position_angle"]
    assert stored.flux.between(1, 100).all()


def test_segmentation_has_floors_only(tmp_path):
    maps = (tiny_dataset().image.values > 25).astype(np.int8)
    kinds = {
        "flag_values": np.array([-1, 0, 1], np.int8),
        "flag_meanings": "none star spiral",
    }
    records = other_task(
        "segmentation",
        tmp_path,
        source_class=(("sample", "source"), np.zeros((SAMPLES, 1), np.int8), kinds),
        segmentation=(("sample", "y", "x"), maps),
    )
    assert [record.name for record in records] == ["background", "threshold"]
    assert records[1].score > records[0].score
    assert records[1].predictions.key == "baselines/threshold-predictions.npz"


@pytest.mark.parametrize(
    ("dims", "shape", "form"),
    [
        (("time",), (400,), "series (time 400)"),
        (("z", "y", "x"), (4, 10, 10), "cubes (z 4, y 10, x 10)"),
    ],
)
def test_a_network_that_cannot_take_the_samples_is_left_out(tmp_path, capsys, dims, shape, form):
    ds = tiny_dataset()
    values = ds.image.values.reshape(SAMPLES, *shape).astype(np.float32)
    ds = ds.drop_vars("image").assign(flux=(("sample", *dims), values))
    url = write(ds, tmp_path)
    records = short(manifest_of(ds, url), url, tmp_path, progress=True)
    names = [record.name for record in records]
    assert names == ["majority-class", "logistic-regression", "histogram"]
    said = f"tiny@0.1 resnet50 is not trained: it takes images, and these are {form}\n"
    assert said in capsys.readouterr().out
    assert not load_training_data(url).labelled.turns


def small_network(form, outputs):
    return torch.nn.Sequential(
        torch.nn.Conv2d(form.planes, 2, 3),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(2, outputs),
    )


def test_another_network_of_the_table_is_trained_and_recorded(trained, tmp_path, monkeypatch):
    _, manifest, url, _ = trained
    small = Network(
        name="small",
        title="Small",
        model="a small network of {planes} plane",
        reference="none",
        takes=("images",),
        build=small_network,
    )
    monkeypatch.setattr("skybench.learning.networks.table.NETWORKS", {**NETWORKS, "small": small})
    *_, paper, default = short(
        manifest, url, tmp_path, networks=["small"], protocols=["paper", "default"]
    )
    assert (paper.name, default.name) == ("small-paper", "small")
    assert default.model == "a small network of one plane"
    assert default.parameters == 2 * 10 + 2 * 3
    assert default.weights.key == "baselines/small.safetensors"
    assert (tmp_path / "baselines" / "small-paper.safetensors").exists()
