"""A score broken down, its confusions and its worst samples, on answers that are known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import skybench
from skybench.errors import ParameterError

SAMPLES = 400


def flags(*meanings):
    return {"flag_values": np.arange(len(meanings)), "flag_meanings": " ".join(meanings)}


def dataset(**more):
    """Two classes in turn, a flux from 0 to 1 and a seeing of two values."""
    label = np.arange(SAMPLES) % 2
    coords = {
        "sample_id": ("sample", np.arange(SAMPLES)),
        "label": ("sample", label, flags("star", "spiral")),
        "flux": ("sample", np.arange(SAMPLES) / SAMPLES, {"units": "electron"}),
        "psf_fwhm": ("sample", np.where(np.arange(SAMPLES) % 4 < 2, 2.0, 3.0)),
        "radius": ("sample", np.where(label == 1, np.arange(SAMPLES), np.nan)),
    }
    return xr.Dataset({}, coords | more)


def faint_are_wrong(ds, below=0.2):
    return np.where(ds.flux < below, 1 - ds.label, ds.label)


@pytest.fixture
def found():
    ds = dataset()
    return skybench.evaluate(ds, faint_are_wrong(ds))


def test_bins_of_equal_numbers_show_where_it_is_wrong(found):
    table = found.by("flux", bins=5)
    assert table.columns.tolist() == ["samples", "score", "low", "high"]
    assert table.samples.tolist() == [80] * 5
    assert table.score.tolist() == [0, 1, 1, 1, 1]
    assert table.index.name == "flux"
    assert (table.index[0].left, table.index[1].left) == pytest.approx((0, 0.2), abs=2e-3)
    assert np.average(table.score, weights=table.samples) == pytest.approx(found.score)


def test_intervals_are_wilsons_and_not_empty_where_all_is_wrong(found):
    # Wilson's upper end for 0 of 80: z^2 / (n + z^2).
    table = found.by("flux", bins=5)
    assert (table.low.iloc[0], table.high.iloc[0]) == pytest.approx((0, 3.8415 / 83.8415), abs=1e-4)


def test_several_coordinates_are_combined(found):
    table = found.by("psf_fwhm", "flux", bins=2)
    assert table.index.names == ["psf_fwhm", "flux"]
    assert table.samples.sum() == SAMPLES
    assert table.loc[2.0].score.tolist() == pytest.approx([0.6, 1])


def test_given_edges_and_words_are_taken_as_they_are(found):
    table = found.by("flux", bins=[0, 0.2, 1])
    assert table.samples.tolist() == [80, 320]
    assert found.by("label").index.tolist() == ["spiral", "star"]


def test_samples_without_the_coordinate_are_left_out(found):
    assert found.by("radius", bins=4).samples.sum() == SAMPLES // 2


def test_what_cannot_be_broken_down_by_is_refused(found):
    with pytest.raises(ParameterError, match="did you mean 'flux'"):
        found.by("fluxx")
    with pytest.raises(ParameterError, match="by which coordinates"):
        found.by()
    for bins in (0, [0.5], [1, 0]):
        with pytest.raises(ParameterError, match="bins of flux are a number of them"):
            found.by("flux", bins=bins)


def test_seeds_are_averaged():
    ds = dataset()
    runs = [
        pd.DataFrame({"sample_id": ds.sample_id, "label": labels, "seed": seed})
        for seed, labels in enumerate((ds.label.values, faint_are_wrong(ds)))
    ]
    found = skybench.evaluate(ds, pd.concat(runs, ignore_index=True))
    assert found.by("flux", bins=5).score.tolist() == [0.5, 1, 1, 1, 1]
    assert found.confusion().to_numpy().sum() == 2 * SAMPLES


def test_confusions_are_named(found):
    table = found.confusion()
    assert (table.index.name, table.columns.name) == ("truth", "answer")
    assert table.loc["star", "spiral"] == 40
    assert table.loc["star", "star"] == 160


def test_the_most_confidently_wrong_come_first():
    ds = dataset()
    sure = np.where(ds.flux < 0.2, 0.51 + ds.flux, 0.9)[:, None]
    wrong = faint_are_wrong(ds)[:, None] == [0, 1]
    table = skybench.evaluate(ds, np.where(wrong, sure, 1 - sure))
    worst = table.worst(3)
    assert worst.sample_id.tolist() == [79, 78, 77]
    assert worst.truth.tolist() == ["spiral", "star", "spiral"]
    assert worst.answer.tolist() == ["star", "spiral", "star"]
    assert worst.confidence.tolist() == pytest.approx([0.7075, 0.705, 0.7025])
    assert len(table.worst(1000)) == 80


def test_all_right_has_no_worst():
    ds = dataset()
    assert skybench.evaluate(ds, ds.label.values).worst().empty


def test_a_multi_label_task_counts_whole_samples():
    ds = dataset(
        present=(("sample", "class"), np.tile([[1, 0], [1, 1]], (SAMPLES // 2, 1))),
        **{"class": ("class", [0, 1], flags("star", "spiral"))},
    ).assign_attrs(task="multilabel")
    answers = ds.present.values.astype(float)
    answers[:80, 0] = 0.1
    found = skybench.evaluate(ds, answers)
    assert found.by("flux", bins=5).score.tolist() == [0, 1, 1, 1, 1]
    table = found.confusion()
    assert table.loc[("star", "present"), "absent"] == 80
    worst = found.worst(2)
    assert worst.truth.tolist() == ["star", "star+spiral"]
    assert worst.answer.tolist() == ["", "spiral"]
    assert worst.confidence.tolist() == pytest.approx([0.9, 0.9])
    assert found.by("present_spiral").samples.tolist() == [200, 200]


def test_a_regression_is_broken_down_by_its_merit():
    ds = dataset().assign_attrs(task="regression", targets="flux")
    answers = ds.flux.values + np.where(ds.flux < 0.2, 0.3, 0)
    found = skybench.evaluate(ds, answers)
    table = found.by("flux", bins=5)
    assert table.score.tolist() == pytest.approx([1 - 0.09 / ds.flux.values.var(), 1, 1, 1, 1])
    assert np.average(table.score, weights=table.samples) == pytest.approx(found.score, abs=1e-6)
    worst = found.worst(1)
    assert worst.answer[0] - worst.truth[0] == pytest.approx(0.3)
    assert worst.error[0] == pytest.approx(0.09 / ds.flux.values.var())
    with pytest.raises(ParameterError, match="numbers have no confusions"):
        found.confusion()


def test_several_targets_are_told_apart():
    ds = dataset().assign_attrs(task="regression", targets="flux psf_fwhm")
    answers = np.stack([ds.flux.values, ds.psf_fwhm.values + 1], axis=1)
    worst = skybench.evaluate(ds, answers).worst(1)
    assert worst.columns.tolist() == [
        "sample_id", "truth_flux", "answer_flux", "truth_psf_fwhm", "answer_psf_fwhm", "error",
    ]  # fmt: skip


def test_a_segmentation_lists_the_maps_that_overlap_least():
    ds = skybench.generate("fields", 0, 30)
    truth = ds.isel(sample=np.flatnonzero(ds.split == "test"))
    none = np.zeros(truth.segmentation.shape, np.int8)
    found = skybench.evaluate(ds, none)
    worst = found.worst(2)
    assert worst.answer.tolist() == ["", ""]
    assert all(worst.truth)
    assert (worst.error > 0.3).all()
    assert found.by("source_count", bins=2).samples.sum() == len(none)
