import csv

import h5py
import numpy as np
import pytest
import zarr
from astropy.io import fits
from astropy.wcs import WCS
from survey_frames import make_frame, make_galaxies
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import ParameterError, RecipeError, VersionConflictError
from skybench.survey.cutouts import cutouts, planes
from skybench.survey.inject import inject
from skybench.survey.reading import frames_in, read_frame
from skybench.survey.run import InjectionOptions, gathered, jobs_of, run, share_of

HEADER = {"MAGZERO": 28.0, "GAIN": 4.0, "BUNIT": "ADU"}


def wcs_header():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [30.0, -16.0], [100, 100], [-7e-5, 7e-5]
    return wcs.to_header()


@pytest.fixture
def survey(tmp_path):
    """A table of two frames in g and r, and a catalogue."""
    frame, rows = make_frame(), []
    for name in ("one", "two"):
        for plane, band in enumerate("gr"):
            header = fits.Header(HEADER)
            header.update(wcs_header())
            files = {"image": frame.image, "ivar": frame.ivar, "mask": frame.mask}
            row = {"frame": name, "band": band, "psf": 4.0}
            for key, values in files.items():
                row[key] = f"{name}-{band}-{key}.fits"
                hdu = fits.ImageHDU(values[plane], header, name="S1")
                fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / row[key])
            rows.append(row)
    write_csv(tmp_path / "frames.csv", rows)
    table = make_galaxies(12)
    columns = zip(*table.values(), strict=True)
    galaxies = [dict(zip(table, row, strict=True)) for row in columns]
    write_csv(tmp_path / "galaxies.csv", galaxies)
    return tmp_path


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def jobs(survey, folder="parts", **more):
    options = InjectionOptions(
        **{"catalogue": str(survey / "galaxies.csv"), "count": 4, "side": 32} | more
    )
    return jobs_of(frames_in(survey / "frames.csv"), options, survey / folder)


def test_a_frame_in_files_is_that_in_arrays(survey):
    frame = frames_in(survey / "frames.csv")[0].read()
    same = make_frame()
    np.testing.assert_array_equal(frame.image, same.image)
    np.testing.assert_array_equal(frame.mask, same.mask)
    assert frame.bands == ("g", "r")
    assert frame.zeropoint.tolist() == [28.0, 28.0]
    assert frame.pixel_scale_arcsec == pytest.approx(0.252)


def test_places_on_the_sky_are_found_by_the_wcs(survey):
    frame = frames_in(survey / "frames.csv")[0].read()
    ra, dec = frame.sky_of(np.array([60.0]), np.array([70.0]))
    made = inject(frame, catalogue=make_galaxies(1) | {"ra": ra, "dec": dec})
    assert abs(made.sources.frame_x.item() - 60) <= 1 / 1024
    y, x = np.unravel_index(made.light[0].argmax(), frame.shape)
    assert (x, y) == (60, 70)


def test_a_cutout_is_the_frame_about_the_source(frame, galaxies):
    made = inject(frame, catalogue=galaxies, separation=30, border=32)
    ds = cutouts(made, 64)
    for i in range(6):
        x, y = int(ds.cutout_x[i]), int(ds.cutout_y[i])
        np.testing.assert_array_equal(ds.image[i], made.image[:, y : y + 64, x : x + 64])
        at = x + ds.source_x[i, 0].item(), y + ds.source_y[i, 0].item()
        assert at == (made.sources.frame_x[i].item(), made.sources.frame_y[i].item())
    assert planes(ds).shape == (6, 64, 64, 4)
    assert planes(ds).dtype == np.float32
    np.testing.assert_array_equal(planes(ds)[..., 2], ds.ivar[:, 0])


def test_parts_join_whatever_the_workers_and_tasks(survey):
    whole = jobs(survey)
    run(whole, workers=1, progress=False)
    shared = jobs(survey, "others")
    for task in ("1/2", "0/2"):
        run(share_of(shared, task), workers=1, progress=False)
    first, second = gathered(whole, "fakes").compute(), gathered(shared, "fakes").compute()
    assert first.identical(second)
    assert first.sizes["sample"] == 8
    assert first.frame.values.tolist() == [0] * 4 + [1] * 4
    assert first.population_row.values.tolist() == list(range(8))
    assert not np.array_equal(first.cutout_x[:4], first.cutout_x[4:])


def test_parts_of_another_run_are_not_mixed_in(survey):
    run(jobs(survey), workers=1, progress=False)
    with pytest.raises(ParameterError, match="is of another run"):
        run(jobs(survey, seed=1), workers=1, progress=False)


def test_parts_of_other_files_are_not_taken(survey):
    run(jobs(survey), workers=1, progress=False)
    run(jobs(survey), workers=1, progress=False)
    catalogue, table = survey / "galaxies.csv", survey / "frames.csv"
    for file, old, new in ((catalogue, b"20.0", b"20.5"), (table, b",4.0", b",4.5")):
        content = file.read_bytes()
        file.write_bytes(content.replace(old, new))
        with pytest.raises(ParameterError, match="of other options or files"):
            run(jobs(survey), workers=1, progress=False)
        file.write_bytes(content)
    with fits.open(survey / "two-r-image.fits", mode="update") as image:
        image[1].data[0, 0] += 1
    with pytest.raises(ParameterError, match="another run than this one into two"):
        run(jobs(survey), workers=1, progress=False)


def test_a_missing_part_is_told(survey):
    run(share_of(jobs(survey), "0/2"), workers=1, progress=False)
    with pytest.raises(ParameterError, match="two has no part"):
        gathered(jobs(survey), "fakes")
    with pytest.raises(ParameterError, match="a task is written 0/16"):
        share_of(jobs(survey), "16/16")


def test_the_command_publishes_a_version_like_any_other(survey):
    arguments = ["inject", survey / "frames.csv", survey / "galaxies.csv", "--count", "4"]
    arguments += ["--side", "32", "--parts", survey / "parts", "--version", "0.1"]
    arguments += ["--store", survey / "store", "--out", survey / "fakes-hdf5-bricks.h5"]
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert "fakes 0.1 is published with content sha256:" in done.output
    store = str(survey / "store")
    assert skybench.verify("fakes@0.1", store=store).ok
    ds = skybench.open("fakes@0.1", store=store)
    assert ds.frame.values.tolist() == ["one"] * 4 + ["two"] * 4
    frame = frames_in(survey / "frames.csv")[0].read()
    assert f"sha256:{ds.frame_sha256[0].values.tobytes().hex()}" == frame.sha256
    with h5py.File(survey / "fakes-hdf5-bricks.h5") as file:
        assert len(file) > 0
    with pytest.raises(RecipeError, match="cannot be drawn again"):
        skybench.reproduce("fakes@0.1", store=store)
    with pytest.raises(VersionConflictError, match="never replaced"):
        CliRunner().invoke(app, list(map(str, arguments[:-2])), catch_exceptions=False)


def test_the_command_tells_what_is_found_again_and_shows_it(survey):
    pytest.importorskip("sep")
    arguments = ["inject", survey / "frames.csv", survey / "galaxies.csv", "--count", "4"]
    arguments += ["--side", "32", "--rounds", "2", "--completeness", survey / "found.csv"]
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    with (survey / "found.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["one"] * 8 + ["two"] * 8
    assert [row["round"] for row in rows] == (["0"] * 4 + ["1"] * 4) * 2
    # Of 20 mag, 28 mag being a count: thousands of counts upon a noise of 5.
    assert {row["is_recovered"] for row in rows if row["is_blended"] == "False"} == {"True"}
    assert "fraction_low" in done.output
    assert (survey / "found.png").stat().st_size > 1000


def test_frames_may_lie_in_zarr(tmp_path):
    frame = make_frame(bands=("r",))
    group = zarr.open_group(tmp_path / "f.zarr", mode="w")
    for name in ("image", "ivar"):
        group.create_array(name, data=getattr(frame, name)[0])
    row = {"image": f"{tmp_path}/f.zarr[image]", "ivar": f"{tmp_path}/f.zarr[ivar]", "psf": 3}
    read = read_frame(row | {"zeropoint": 25, "gain": 1, "band": "r"})
    np.testing.assert_array_equal(read.image, frame.image)


def test_what_a_table_of_frames_lacks_is_told(survey):
    rows = [{"image": "one-g-image.fits", "ivar": "one-g-ivar.fits", "psf": 4, "gain": "EGAIN"}]
    write_csv(survey / "other.csv", rows)
    with pytest.raises(ParameterError, match="its header has no EGAIN; say gain"):
        frames_in(survey / "other.csv")[0].read()
    write_csv(survey / "wrong.csv", [{"images": "a.fits"}])
    with pytest.raises(ParameterError, match="did you mean 'image'"):
        frames_in(survey / "wrong.csv")
