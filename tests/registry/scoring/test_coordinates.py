import numpy as np
import pytest
import xarray as xr

import skybench
from skybench.registry.scoring.coordinates import coordinate_table


def flags(*meanings, start=0):
    values = np.arange(start, start + len(meanings), dtype=np.int8)
    return {"flag_values": values, "flag_meanings": " ".join(meanings)}


@pytest.fixture
def ds():
    """Three samples of up to two sources in two bands; the second one's star is no galaxy."""
    per_source = ("sample", "source")
    return xr.Dataset(
        {"image": (("sample", "y", "x"), np.zeros((3, 2, 2)))},
        {
            "sample_id": ("sample", [7, 8, 9]),
            "split": ("sample", [2, 2, 2]),
            "label": ("sample", [1, 1, 0], flags("star", "galaxy")),
            "source_class": (
                per_source,
                [[1, 1], [0, 1], [0, -1]],
                flags("none", "star", start=-1),
            ),
            "flux": (per_source, [[1.0, 5.0], [9.0, 2.0], [3.0, np.nan]], {"units": "electron"}),
            "size": (per_source, [[10.0, 11.0], [20.0, 21.0], [30.0, np.nan]]),
            "flux_band": (("sample", "source", "band"), np.arange(12.0).reshape(3, 2, 2)),
            "psf_fwhm": (("sample", "band"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
            "band": ("band", [0, 1], flags("g", "r")),
        },
    )


def test_a_sample_has_the_values_of_the_brightest_source_of_its_class(ds):
    table = coordinate_table(ds, np.arange(3))
    assert table.index.tolist() == [7, 8, 9]
    assert table.flux.tolist() == [5, 2, 3]
    assert table["size"].tolist() == [11, 21, 30]
    assert table.source_count.tolist() == [2, 2, 1]
    assert table.attrs["units"] == {"flux": "electron"}


def test_without_labels_the_brightest_counts_and_without_fluxes_the_first(ds):
    unlabelled = ds.drop_vars("label")
    assert coordinate_table(unlabelled, np.arange(3))["size"].tolist() == [11, 20, 30]
    dark = unlabelled.drop_vars(["flux", "flux_band"])
    assert coordinate_table(dark, np.arange(3))["size"].tolist() == [10, 20, 30]


def test_bands_have_a_column_each_and_codes_are_words(ds):
    table = coordinate_table(ds, np.array([2, 0]))
    assert table.index.tolist() == [9, 7]
    assert table.psf_fwhm_g.tolist() == [5, 1]
    assert table.flux_band_r.tolist() == [9, 3]
    assert table.label.tolist() == ["star", "galaxy"]
    assert "split" not in table


@pytest.mark.parametrize("recipe", ["shapes2", "geometric", "halos", "sphere", "grz", "pendulum"])
def test_every_form_of_dataset_has_a_table(recipe):
    ds = skybench.generate(recipe, 0, 4)
    table = coordinate_table(ds, np.arange(4))
    assert len(table) == 4
    assert all(table[name].dtype.kind in "fO" for name in table)
