"""Folders of pictures and tables of votes become datasets; beginners' mistakes are told."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.io import fits
from PIL import Image
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import NotFoundError, ParameterError
from skybench.learning.labelled import load_training_data
from skybench.survey.real import RealOptions, real_sample, sample_ids

CUTS = {"spiral": "p_cs >= 0.8", "elliptical": "p_el >= 0.8"}
SAID = {"licence": "CC-BY-4.0", "classes": CUTS}


def colour(seed, side=24):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Thirty pictures, named by the long numbers of SDSS, and what a Mac adds."""
    place = tmp_path / "images"
    place.mkdir()
    for i in range(30):
        Image.fromarray(colour(i)).save(place / f"58772298174136329{i:02d}.png")
    (place / ".DS_Store").write_bytes(b"Bud1")
    (place / "._5877229817413632900.png").write_bytes(b"litter")
    return place


@pytest.fixture
def votes():
    spiral = np.r_[np.full(12, 0.9), np.full(12, 0.05), np.full(6, 0.5)]
    names = [int(f"58772298174136329{i:02d}") for i in range(30)]
    return pd.DataFrame({"objid": names, "p_cs": spiral, "p_el": 1 - spiral, "z": 0.1})


def test_cuts_in_votes_make_classes(folder, votes):
    made = real_sample(folder, votes, RealOptions(**SAID))
    ds = skybench.real(folder, votes, **SAID)
    assert ds.image.dims == ("sample", "band", "y", "x")
    assert ds.image.dtype == np.uint8
    assert ds.band.values.tolist() == ["blue", "green", "red"]
    names, counts = np.unique(ds.label, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "elliptical": 12,
        "spiral": 12,
    }
    assert made.dropped["in no class"] == [str(n) for n in votes.objid[24:]]
    assert "left out: 6 in no class" in "\n".join(made.sentences())
    assert ds.attrs["license"] == "CC-BY-4.0"
    assert ds.attrs["class_rules"] == "spiral: p_cs >= 0.8; elliptical: p_el >= 0.8"
    assert ds.image.attrs["long_name"] == "8-bit values of a picture, no electrons"


def test_pixels_are_those_of_the_picture_the_right_way_up(folder, votes):
    ds = skybench.real(folder, votes, **SAID)
    (key,) = sample_ids(["5877229817413632903"]).tolist()
    one = ds.image.sel(sample=key)
    np.testing.assert_array_equal(one.sel(band="red"), colour(3)[::-1, :, 0])
    np.testing.assert_array_equal(one.sel(band="blue"), colour(3)[::-1, :, 2])


def test_a_sample_keeps_its_identity_whatever_else_is_there(folder, votes):
    whole = skybench.real(folder, votes, **SAID)
    some = skybench.real(folder, votes[5:20].sample(frac=1, random_state=0), **SAID)
    both = whole.sel(sample=some.sample)
    np.testing.assert_array_equal(both.image, some.image)
    # The first 53 bits of the digest that sha256sum gives for the text.
    assert sample_ids(["a"]).tolist() == [int("ca978112ca1bbdca", 16) >> 11]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".fits"])
def test_tables_of_any_kind_give_the_same(folder, votes, suffix, tmp_path):
    path = tmp_path / f"votes{suffix}"
    if suffix == ".parquet":
        votes.to_parquet(path)
    elif suffix == ".fits":
        fits.BinTableHDU(votes.to_records(index=False)).writeto(path)
    else:
        votes.to_csv(path, index=False)
    assert skybench.real(folder, path, **SAID).identical(skybench.real(folder, votes, **SAID))


def test_splits_hold_their_shares_of_each_class(folder, votes):
    ds = skybench.real(folder, votes, splits=(0.5, 0.25, 0.25), **SAID)
    table = pd.crosstab(ds.label.values, ds.split.values)
    assert table.loc[:, ["train", "validation", "test"]].values.tolist() == [[6, 3, 3]] * 2
    other = skybench.real(folder, votes, splits=(0.5, 0.25, 0.25), seed=1, **SAID)
    assert (ds.split != other.split).any()


def test_copies_of_a_picture_and_members_of_a_group_share_a_split(folder, votes):
    names = sorted(folder.glob("5*.png"))
    for i in range(1, 8):
        names[i].write_bytes(names[0].read_bytes())
    votes = votes.assign(host=[f"h{i // 3}" for i in range(30)])
    for seed in range(5):
        options = RealOptions(group="host", seed=seed, keep=("z",), **SAID)
        made = real_sample(folder, votes, options)
        ds = made.dataset
        assert len(made.alike) == 8
        by_name = dict(zip(ds.sample_id.values.tolist(), ds.split.values.tolist(), strict=True))
        split = [by_name[i] for i in sample_ids([str(n) for n in votes.objid[:24]]).tolist()]
        assert len(set(split[:9])) == 1  # copies 0 to 7, and 6 to 8 are of one host
        assert all(len(set(split[i : i + 3])) == 1 for i in range(9, 24, 3))
    assert ds.z.values.tolist() == [0.1] * 24


def test_classes_are_balanced(folder, votes):
    made = real_sample(folder, votes[:20], RealOptions(per_class=10, **SAID))
    counts = np.bincount(made.dataset.label)
    assert counts.tolist() == [8, 8]  # as many as the smaller has
    assert len(made.dropped["beyond the size of a class"]) == 4
    again = real_sample(folder, votes[:20], RealOptions(per_class=10, seed=1, **SAID))
    assert set(again.dataset.sample_id.values) != set(made.dataset.sample_id.values)


def test_votes_are_kept_as_probabilities(folder, votes):
    cuts = {
        "spiral": {"where": "p_cs >= 0.8", "votes": "p_cs"},
        "elliptical": {"where": "p_el >= 0.8", "votes": "p_el / 2"},
    }
    ds = skybench.real(folder, votes, licence="CC0-1.0", classes=cuts)
    spiral = ds.sel(sample=sample_ids(["5877229817413632900"])[0])
    np.testing.assert_allclose(spiral.vote_fraction, [0.9, 0.05], rtol=1e-4)
    np.testing.assert_allclose(spiral.vote_probability, [0.9 / 0.95, 0.05 / 0.95], rtol=1e-4)
    np.testing.assert_allclose(ds.vote_probability.sum("class"), 1, rtol=1e-4)


def test_labels_may_be_a_column(folder, votes):
    told = votes.assign(kind=["Completely round"] * 15 + ["cigar"] * 10 + [None] * 5)
    ds = skybench.real(folder, told, labels="kind", where="p_cs < 0.8", licence="CC0-1.0")
    names, counts = np.unique(ds.label, return_counts=True)
    assert (names.tolist(), counts.tolist()) == (["Completely_round", "cigar"], [3, 10])


def test_what_is_made_is_published_and_used_like_any_dataset(folder, votes, tmp_path):
    store = tmp_path / "store"
    ds = skybench.real(folder, votes, name="mine", version="0.1", store=str(store), **SAID)
    memory = skybench.real(folder, votes, name="mine", **SAID)
    assert ds.attrs["content_hash"] == memory.attrs["content_hash"]
    assert skybench.verify("mine@0.1", store=str(store)).ok
    test = skybench.open("mine@0.1", split="test", store=str(store))
    answers = pd.DataFrame({"sample_id": test.sample_id.values, "label": test.label.values})
    assert skybench.evaluate("mine@0.1", answers, store=str(store)).score == 1
    skybench.export("png", "mine@0.1", out=tmp_path / "png", store=str(store))
    (shown,) = (tmp_path / "png").rglob(f"*{sample_ids(['5877229817413632903'])[0]}*.png")
    np.testing.assert_array_equal(np.asarray(Image.open(shown)), colour(3))
    data = load_training_data(str(next(store.glob("mine/0.1/*.zarr"))))
    assert data.labelled.images.shape == (24, 3, 24, 24)
    image, code = skybench.torch.dataset(memory, split="train")[0]
    assert image.shape == (3, 24, 24)
    assert code in (0, 1)
    wrong = answers.assign(label=answers.label.values[::-1])
    assert "on 5 samples of mine" in str(skybench.diagnose(memory, wrong, out=tmp_path / "d"))


def test_a_mapping_and_a_new_scale_are_published(folder, votes, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "title: Mine\nsource: Me et al.\nclasses:\n"
        "  spiral: {where: p_cs >= 0.8, votes: p_cs}\n"
        "  elliptical: {where: p_el >= 0.8, votes: p_el}\n"
    )
    ds = skybench.real(
        *(folder, votes),
        mapping=tmp_path / "mine.yaml",
        side=8,
        pixel_scale_arcsec=0.4,
        keep=("z",),
        licence="CC-BY-4.0",
        citation="Doe (2026)",
        version="0.1",
        store=str(tmp_path / "store"),
    )
    assert ds.attrs["pixel_scale_arcsec"] == pytest.approx(1.2)
    assert ds.attrs["citation"] == "Doe (2026)"
    assert ds.vote_probability.dims == ("sample", "class")
    assert skybench.verify("real@0.1", store=str(tmp_path / "store")).ok
    card = next((tmp_path / "store").glob("real/0.1/card.md")).read_text(encoding="utf-8")
    assert "24 real images. Mine. Me et al." in card


def test_the_command_says_what_it_made(folder, votes, tmp_path):
    votes.to_csv(tmp_path / "votes.csv", index=False)
    words = ["real", folder, "--votes", tmp_path / "votes.csv", "--licence", "CC-BY-4.0"]
    words += ["--class", "spiral: p_cs >= 0.8", "--class", "elliptical: p_el >= 0.8"]
    words += ["--side", "8", "--out", tmp_path / "real.zarr"]
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert "24 images of 2 classes: spiral 12, elliptical 12" in done.output
    assert "left out: 6 in no class, such as 5877229817413632924; " in done.output
    assert skybench.open(tmp_path / "real.zarr").image.shape == (24, 3, 8, 8)
    with pytest.raises(ParameterError, match=r"a class is written 'spiral: p_cs >= 0.8'"):
        CliRunner().invoke(app, [*map(str, words), "--class", "spiral"], catch_exceptions=False)


def test_arrays_need_no_names():
    pixels = np.random.default_rng(0).normal(size=(20, 12, 12))
    table = {"p": np.linspace(0, 1, 20)}
    said = {"classes": {"a": "p < 0.4", "b": "p > 0.6"}, "licence": "CC0-1.0"}
    ds = skybench.real(pixels, table, units="nanomaggy", pixel_scale_arcsec=0.2, side=4, **said)
    one = ds.sel(sample=sample_ids(["3"])[0])
    # Each new pixel is the mean of 3x3.
    expected = pixels[3].reshape(4, 3, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(one.image, expected, rtol=1e-6, atol=1e-7)
    assert ds.image.attrs["units"] == "nanomaggy"
    assert ds.attrs["pixel_scale_arcsec"] == pytest.approx(0.6)
    colours = skybench.real(np.zeros((20, 8, 8, 3), np.uint8), table, **said)
    assert colours.band.values.tolist() == ["blue", "green", "red"]
    with pytest.raises(ParameterError, match="20 images, and 19 rows"):
        skybench.real(pixels, {"p": np.linspace(0, 1, 19)}, **said)


def test_files_of_numbers_are_read(tmp_path):
    rng = np.random.default_rng(0)
    planes = rng.normal(size=(8, 2, 10, 10)).astype(np.float32)
    for i, one in enumerate(planes):
        if i % 2:
            np.save(tmp_path / f"{i}.npy", one)
        else:
            fits.writeto(tmp_path / f"{i}.fits", one)
    table = {"file": [str(i) for i in range(8)], "kind": ["a", "a", "a", "a", "b", "b", "b", "b"]}
    ds = skybench.real(tmp_path, table, labels="kind", bands=("g", "r"), licence="CC0-1.0")
    assert ds.band.values.tolist() == ["g", "r"]
    for i in range(8):
        np.testing.assert_array_equal(ds.image.sel(sample=sample_ids([str(i)])[0]), planes[i])


# What beginners do.


def test_a_licence_must_be_said(folder, votes):
    with pytest.raises(ParameterError, match=r"say under which licence .* files do not tell"):
        skybench.real(folder, votes, classes=CUTS)


def test_a_missing_column_is_told_with_the_nearest(folder, votes):
    cuts = {"spiral": "p_sc >= 0.8", "other": "p_cs < 0.2"}
    with pytest.raises(
        ParameterError, match=r"classes.spiral.where: .* 'p_sc'; did you mean 'p_cs'"
    ):
        skybench.real(folder, votes, licence="CC0-1.0", classes=cuts)
    with pytest.raises(ParameterError, match="no column 'objd'; did you mean 'objid'"):
        skybench.real(folder, votes, id="objd", **SAID)
    with pytest.raises(ParameterError, match="label is a name of the dataset's own"):
        skybench.real(folder, votes.assign(label=1), keep=["label"], **SAID)
    with pytest.raises(ParameterError, match=r"has none of the columns .* but p_cs, p_el"):
        skybench.real(folder, votes[["p_cs", "p_el"]], **SAID)


def test_identities_that_do_not_match_are_shown(folder, votes):
    wrong = votes.assign(objid=[f"J{i}" for i in range(30)])
    told = r"there are 'J0', 'J1', 'J2', …, and files '5877229817413632900.png', .*id=…"
    with pytest.raises(ParameterError, match=told):
        skybench.real(folder, wrong, **SAID)
    lost = votes.assign(objid=votes.objid.astype(float))
    with pytest.raises(ParameterError, match="floats, which are no identities"):
        skybench.real(folder, lost, **SAID)


def test_classes_must_be_said_once(folder, votes):
    with pytest.raises(ParameterError, match="got none"):
        skybench.real(folder, votes, licence="CC0-1.0")
    with pytest.raises(ParameterError, match="got mapping and classes"):
        skybench.real(folder, votes, mapping="gz1", **SAID)
    with pytest.raises(NotFoundError, match="did you mean 'gz2_deepbench'"):
        skybench.real(folder, votes, mapping="gz2_deepbnch", licence="CC0-1.0")
    with pytest.raises(NotFoundError, match="there is no folder of images"):
        skybench.real(folder / "no", votes, **SAID)


def test_images_of_unlike_size_are_named_and_can_be_resized(folder, votes):
    Image.fromarray(colour(0, 40)).save(folder / "5877229817413632900.png")
    with pytest.raises(ParameterError, match=r"1 of 24 are not 24x24 .*32900.png \(40x40 .*side="):
        skybench.real(folder, votes, **SAID)
    assert skybench.real(folder, votes, side=16, **SAID).image.shape[2:] == (16, 16)
    with pytest.raises(ParameterError, match=r"24 to 40 pixels .* crop=24"):
        skybench.real(folder, votes, side=16, pixel_scale_arcsec=0.4, **SAID)


def test_grey_among_colour_is_named_and_can_be_made_alike(folder, votes):
    Image.fromarray(colour(0)).convert("L").save(folder / "5877229817413632900.png")
    with pytest.raises(ParameterError, match=r"1 of 24 .* grey\).*bands=\('grey',\)"):
        skybench.real(folder, votes, **SAID)
    grey = skybench.real(folder, votes, bands=("grey",), **SAID)
    assert grey.image.dims == ("sample", "y", "x")
    for i in (0, 1):
        pillow = np.asarray(Image.fromarray(colour(i)).convert("L"))[::-1]
        key = sample_ids([f"587722981741363290{i}"])[0]
        np.testing.assert_array_equal(grey.image.sel(sample=key), pillow)
    three = skybench.real(folder, votes, bands=("blue", "green", "red"), **SAID)
    np.testing.assert_array_equal(
        *three.image.sel(sample=sample_ids(["5877229817413632900"])[0])[:2]
    )


def test_files_that_cannot_be_read_are_left_out_and_told(folder, votes):
    names = sorted(folder.glob("5*.png"))
    names[0].write_bytes(names[0].read_bytes()[:900])
    Image.fromarray(colour(1)).convert("CMYK").save(names[1].with_suffix(".jpg"))
    names[1].unlink()
    clear = np.dstack([colour(2), np.full((24, 24), 100, np.uint8)])
    Image.fromarray(clear).save(names[2])
    opaque = np.dstack([colour(3), np.full((24, 24), 255, np.uint8)])
    Image.fromarray(opaque).save(names[3])
    names[4].write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="left out: 4 unreadable images"):
        ds = skybench.real(folder, votes, **SAID)
    reasons = "\n".join(
        real_sample(folder, votes, RealOptions(**SAID)).dropped["unreadable images"]
    )
    assert "32900.png cannot be read" in reasons
    assert "32901.jpg has the colours CMYK, which are for print" in reasons
    assert "32902.png has transparent pixels" in reasons
    kept = ds.image.sel(sample=sample_ids(["5877229817413632903"])[0])
    np.testing.assert_array_equal(kept.sel(band="red"), colour(3)[::-1, :, 0])


def test_sixteen_bits_are_kept_or_refused(tmp_path):
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    for name in "abcd":
        Image.fromarray(deep).save(tmp_path / f"{name}.png")
    table = {"file": list("abcd"), "kind": list("xxyy")}
    ds = skybench.real(tmp_path, table, labels="kind", licence="CC0-1.0")
    assert ds.image.dtype == np.uint16
    np.testing.assert_array_equal(ds.image[0], deep[::-1])
    (tmp_path / "a.png").write_bytes(png_of_sixteen_bits_a_colour())
    with pytest.warns(UserWarning, match="a.png has 16 bits a colour, of which 8 would be lost"):
        skybench.real(tmp_path, table, labels="kind", licence="CC0-1.0")


def png_of_sixteen_bits_a_colour():
    """Return a PNG of 8x8 pixels, written by its definition: Pillow writes none."""
    import struct
    import zlib

    def part(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = b"".join(b"\0" + bytes(8 * 6) for _ in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    parts = [part(b"IHDR", head), part(b"IDAT", zlib.compress(rows)), part(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_what_is_named_twice_or_not_at_all(folder, votes):
    for sub in "ab":
        (folder / sub).mkdir()
        (folder / sub / "lost.png").write_bytes(b"")
    with pytest.raises(ParameterError, match=r"is the name of 2 images, .*by their paths"):
        skybench.real(folder, votes.assign(objid=["lost"] + [""] * 29), **SAID)
    for sub in "ab":
        (folder / sub / "lost.png").unlink()
    more = pd.concat(
        [votes, votes[:1], votes[1:2].assign(p_cs=0, p_el=1), votes[:1].assign(objid=1)]
    )
    options = RealOptions(**SAID)
    dropped = real_sample(folder, more, options).dropped
    names = votes.objid.astype(str).tolist()
    assert dropped["rows that repeat an object"] == [names[1], names[0], names[1]]
    assert dropped["rows without an image"] == ["1"]
    dropped = real_sample(folder, votes[1:], options).dropped
    assert dropped["images without a row"] == [f"{names[0]}.png"]


def test_a_class_without_images_is_told(folder, votes):
    cuts = CUTS | {"ring": "p_cs > 2"}
    with pytest.raises(ParameterError, match="class ring is left; left out are 6 in no class"):
        skybench.real(folder, votes, licence="CC0-1.0", classes=cuts)


def test_what_was_asked_for_needs_no_warning(folder, votes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = skybench.real(folder, votes, per_class=3, **SAID)
    assert ds.sizes["sample"] == 6
    xr.testing.assert_identical(ds, skybench.real(folder, votes, per_class=3, **SAID))
