"""FITS, as astropy reads it: headers that hold, units, places, codes and every value."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.units import UnitsWarning
from astropy.wcs import WCS

from skybench.errors import ParameterError
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports.export import write_dataset
from skybench.registry.exports.fits import FITS
from skybench.registry.exports.verify import verify


@pytest.fixture
def written(tmp_path):
    """Return a function from a recipe to its first samples and their FITS file."""

    def write(recipe, count=3):
        ds, out = generate_as_stored(recipe, 0, count), tmp_path / f"{recipe}.fits"
        write_dataset(ds, out, FITS)
        return ds, out

    return write


@pytest.mark.parametrize("recipe", ["sky", "grz", "halos", "lightcurves", "sphere", "clusters"])
def test_headers_and_checksums_hold_and_every_value_is_there(written, recipe):
    ds, out = written(recipe)
    with fits.open(out, checksum=True) as units:  # a wrong checksum is a warning, so an error
        units.verify("exception")
        assert units[0].header["TITLE"] == ds.attrs["title"]
        assert units[0].header["CONTHASH"] == verify(out).content_hash
        assert all(unit.header["CHECKSUM"] != "0" * 16 for unit in units)
        names = {str(unit.name): unit for unit in units}
        tables = [unit for unit in units if isinstance(unit, fits.BinTableHDU)]
        columns = {name: table for table in tables for name in table.columns.names}
        for name, variable in ds.variables.items():
            values = columns[name].data[name] if name in columns else names[name.upper()].data
            np.testing.assert_array_equal(values.reshape(variable.shape), variable.values)


def test_an_image_has_its_unit_and_its_place(written):
    ds, out = written("grz")
    with fits.open(out) as units:
        header = units["image"].header
        assert units["image"].data.shape == ds.image.shape
        assert header["BUNIT"] == "electron"
        assert units["ivar"].header["BUNIT"] == "electron-2"
        assert header["DESCR"] == ds.image.attrs["long_name"]
        place = WCS(header).celestial
        scale = ds.attrs["pixel_scale_arcsec"]
        np.testing.assert_allclose(place.proj_plane_pixel_scales()[0].to_value("arcsec"), scale)
        middle = place.pixel_to_world(31.5, 31.5)
        assert (middle.ra.deg, middle.dec.deg) == pytest.approx((180, 0))
        # North is up, along +y, and east is left.
        assert place.pixel_to_world(31.5, 41.5).dec.arcsec == pytest.approx(10 * scale)
        assert place.pixel_to_world(21.5, 31.5).ra.arcsec > middle.ra.arcsec


def test_a_volume_has_its_size_on_every_axis(written):
    ds, out = written("halos", 1)
    with fits.open(out) as units:
        header = units["density"].header
    assert [header[f"CDELT{axis}"] for axis in (1, 2, 3)] == [ds.attrs["voxel_mpc"]] * 3
    assert [header[f"CUNIT{axis}"] for axis in (1, 2, 3)] == ["Mpc"] * 3
    assert [header[f"CTYPE{axis}"] for axis in (1, 2, 3, 4)] == ["X", "Y", "Z", "SAMPLE"]


def test_columns_have_units_meanings_of_codes_and_shapes(written):
    ds, out = written("grz")
    with fits.open(out) as units:
        columns, header = units["SAMPLES"].columns, units["SAMPLES"].header
        told = {c: header.get(f"TCODE{i}") for i, c in enumerate(columns.names, 1)}
        assert told["label"] == "0 star, 1 elliptical, 2 spiral"
        assert told["flux"] is None
        assert columns["position_angle"].unit == "deg"
        assert columns["half_light_radius"].unit == "pix"
    # The FITS standard has no electrons.
    with pytest.warns(UnitsWarning, match="electron"):
        table = Table.read(out, hdu="SAMPLES")
    assert table["position_angle"].unit.to_string() == "deg"
    assert table["flux_band"].shape == ds.flux_band.shape
    bands = Table.read(out, hdu="BAND")
    np.testing.assert_array_equal(bands["zeropoint"], ds.zeropoint.values)


def test_the_same_data_make_the_same_file(written, tmp_path):
    ds, out = written("objects")
    write_dataset(ds, tmp_path / "again.fits", FITS)
    assert (tmp_path / "again.fits").read_bytes() == out.read_bytes()


def test_a_changed_pixel_is_told(written):
    _, out = written("objects")
    with fits.open(out, mode="update") as units:
        units["image"].data[1, 3, 4] += 1
    (problem,) = verify(out).problems
    assert problem.startswith(f"variable image of {out} does not match its hash")


@pytest.mark.parametrize(
    ("odd", "said"), [(np.zeros(2, np.uint64), "odd is uint64"), (None, "odd is a single number")]
)
def test_what_fits_has_no_place_for_is_refused(tmp_path, odd, said):
    ds = generate_as_stored("objects", 0, 2).assign(odd=3.0 if odd is None else ("sample", odd))
    with pytest.raises(ParameterError, match=said):
        write_dataset(ds, tmp_path / "x.fits", FITS)
    assert list(tmp_path.iterdir()) == []
