"""What differs between versions, and the number that it permits."""

import numpy as np
import pytest
import xarray as xr

from skybench.errors import NotFoundError, ParameterError, VersionConflictError
from skybench.registry.hashing.content_hash import hash_dataset
from skybench.registry.proof.comparison import check_step, compare, difference, smallest_version
from skybench.registry.reference import Version


def pixels_changed(ds, rows):
    changed = ds.copy(deep=True)
    changed["image"][rows, 0, 0] += 1
    return changed


def compared(old, new):
    return compare(hash_dataset(old), hash_dataset(new))


def test_the_same_content_permits_nothing(raw):
    comparison = compared(raw, raw)
    assert comparison.same
    assert str(comparison) == "the content is the same"
    with pytest.raises(VersionConflictError, match=r"content of 1\.0 already, so there is nothing"):
        check_step("sky", Version(1, 0), Version(1, 1), comparison)


def test_an_added_variable_is_a_minor_step(raw):
    seeing = ("sample", np.ones(700, np.float32))
    comparison = compared(raw, raw.assign_coords(seeing=seeing))
    assert comparison.kept
    assert str(comparison) == "variable seeing is new"
    assert smallest_version(Version(1, 2), comparison) == Version(1, 3)
    check_step("sky", Version(1, 2), Version(1, 3), comparison)


def test_samples_of_a_new_split_are_told(raw):
    more = raw.isel(sample=slice(0, 50)).copy(deep=True)
    more["split"][:] = 3
    both = xr.concat([raw, more], "sample", data_vars="minimal", coords="minimal")
    names = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": "train validation test x"}
    both["split"].attrs = names
    assert "split x is new" in str(compared(raw, both))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda ds: ds.drop_vars("flux"), "variable flux is gone"),
        (
            lambda ds: ds.assign_coords(flux=ds.flux.assign_attrs(units="nJy")),
            "units was 'electron'",
        ),
        (lambda ds: ds.assign(image=ds.image.astype("int64")), "dtype was 'int32', is 'int64'"),
        (lambda ds: pixels_changed(ds, [3, 300, 699]), "image of rows 0 to 767"),
        (lambda ds: pixels_changed(ds, [300]), "image of rows 256 to 511"),
    ],
)
def test_anything_else_is_a_major_step_and_named(raw, change, line):
    comparison = compared(raw, change(raw))
    assert line in str(comparison)
    with pytest.raises(VersionConflictError, match=r"1\.1 cannot follow 1\.0: .*as 2\.0 or higher"):
        check_step("sky", Version(1, 0), Version(1, 1), comparison)
    check_step("sky", Version(1, 0), Version(2, 0), comparison)
    check_step("sky", Version(0, 1), Version(0, 2), comparison)


def test_attributes_are_kept_by_a_minor_step_and_named_where_they_differ(raw):
    old = raw.assign_attrs(zeropoint=30.0, pixel_scale_arcsec=0.26)
    banded = old.assign_attrs(reference_band="r")
    added = compared(old, banded)
    assert (str(added), added.kept) == ("attribute reference_band is new", True)
    gone = compared(banded, old)
    assert (str(gone), gone.kept) == ("attribute reference_band is gone", False)
    other = compared(old, old.assign_attrs(zeropoint=25.0))
    assert (str(other), other.kept) == ("attribute zeropoint was 30.0, is 25.0", False)
    with pytest.raises(VersionConflictError, match=r"1\.1 cannot follow 1\.0: attribute zeropoint"):
        check_step("sky", Version(1, 0), Version(1, 1), other)


def test_an_older_hash_is_compared_variable_by_variable(raw):
    old, new = hash_dataset(raw, "skyhash-1"), hash_dataset(raw.assign_attrs(zeropoint=30.0))
    assert old.root != new.root
    assert compare(old, new).same
    more = hash_dataset(raw.assign(image=raw.image + 1).assign_attrs(zeropoint=30.0))
    assert str(compare(old, more)) == "image of rows 0 to 767"


def test_the_samples_that_differ_are_named_split_by_split(raw, release_of):
    test = np.flatnonzero(raw.split.values == 2)[[1, 2, 40, 41]]
    train = np.flatnonzero(raw.split.values == 0)[:1]
    release_of(raw, "1.0")
    store = release_of(pixels_changed(raw, [*test, *train]), "2.0")
    assert set(difference("sky@1.0", "sky@2.0", store=store)) == {
        f"image of 1 train sample, {train[0]}",
        f"image of 4 test samples, first {', '.join(map(str, test[:3]))}",
    }
    assert difference("sky@1.0", "sky@1.0", store=store) == ()


def test_recorded_versions_are_compared_by_their_hashes_where_no_data_are(tmp_path):
    assert difference("sky@0.1", "sky@0.2", store=tmp_path) == ("image of rows 0 to 10239",)
    with pytest.raises(ParameterError, match=r"objects@0\.2 and sky@0\.2 are of different"):
        difference("objects@0.2", "sky@0.2", store=tmp_path)
    with pytest.raises(NotFoundError, match="nothing is released there"):
        difference("sky@0.1", "sky@7.0", store=tmp_path)
