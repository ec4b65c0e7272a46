"""Catalogues: parameters from the rows of a user's table."""

import json
import pickle
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from astropy.table import Table

from skybench.errors import RecipeError
from skybench.generators.generate import generate, generate_as_stored
from skybench.generators.recipe_file import load_recipe, recipe_from

ROWS = 400
CUT = "g - r <= 0.9 and 0.131 <= size <= 1.5"


def column(expression):
    return {"distribution": "column", "column": expression}


CONTENT = {
    "name": "mine",
    "task": "classification",
    "samples": 2000,
    "catalogue": {"file": "galaxies.csv", "where": CUT},
    "image": {"shape": [8, 8], "zeropoint": 28, "bands": ["g", "r"]},
    "sources": {
        "star": {"profile": "star"},
        "galaxy": {
            "profile": "sersic",
            "magnitude": column("r"),
            "half_light_radius_arcsec": column("size"),
            "colour": column("g - r"),
            "redshift": column("z"),
        },
    },
}


@pytest.fixture
def galaxies(tmp_path):
    rng = np.random.default_rng(1)
    r = rng.uniform(18, 22, ROWS)
    table = pd.DataFrame(
        {
            "name": [f"object {i}" for i in range(ROWS)],
            "r": r,
            "g": r + rng.uniform(0.2, 1.2, ROWS),
            "size": np.exp(0.3 * (20 - r) + rng.normal(0, 0.1, ROWS)),
            "z": rng.uniform(0.1, 1, ROWS),
        }
    )
    table.loc[7, "z"] = np.nan
    table.to_csv(tmp_path / "galaxies.csv", index=False)
    return table


def written(folder, **changes):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changes, sort_keys=False), encoding="utf-8")
    return path


def kept(table):
    small = (table["size"] >= 0.131) & (table["size"] <= 1.5)
    return np.flatnonzero((table["g"] - table["r"] <= 0.9) & small & table["z"].notna())


def test_all_columns_of_a_source_are_from_one_row(galaxies, tmp_path):
    ds = generate_as_stored(load_recipe(written(tmp_path)), 0, 300)
    rows = ds["catalogue_row"].values[:, 0]
    galaxy = ds["label"].values == 1
    assert (rows[~galaxy] == -1).all()
    rows = rows[galaxy]
    assert {*rows} <= {*kept(galaxies)}
    assert len({*rows}) > 80
    own = ds.isel(source=0, sample=galaxy)
    for name, values in (
        ("magnitude", galaxies["r"]),
        ("half_light_radius_arcsec", galaxies["size"]),
        ("redshift", galaxies["z"]),
    ):
        np.testing.assert_allclose(own[name], values.to_numpy()[rows], rtol=2**-16)
    # With the scatter of 0.04 mag about the locus, flux ratios are the row's colours.
    colour = -2.5 * np.log10(own["flux_band"].values[:, 0] / own["flux_band"].values[:, 1])
    expected = (galaxies["g"] - galaxies["r"]).to_numpy()[rows]
    assert np.std(colour - expected) == pytest.approx(0.04, rel=0.2)


def test_the_ratios_of_fluxes_are_from_the_row_of_the_source(galaxies, tmp_path):
    ratio = {"flux_ratio": {"galaxy": column("10 ** (-0.4 * (g - r))")}}
    image = CONTENT["image"] | {"bands": {"g": ratio, "r": {}}}
    ds = generate_as_stored(load_recipe(written(tmp_path, image=image)), 0, 300)
    own = ds.isel(source=0, sample=ds["label"].values == 1)
    colour = -2.5 * np.log10(own["flux_band"].values[:, 0] / own["flux_band"].values[:, 1])
    expected = (galaxies["g"] - galaxies["r"]).to_numpy()[own["catalogue_row"].values]
    np.testing.assert_allclose(colour, expected, atol=1e-3)


def test_the_conditions_of_a_sample_are_from_one_row(galaxies, tmp_path):
    noise = {"sky_level": column("100 * z"), "read_noise": column("r")}
    bands = {"g": {"sky_level": column("50 * z")}, "r": {}}
    image = CONTENT["image"] | {"bands": bands}
    ds = generate_as_stored(load_recipe(written(tmp_path, image=image, noise=noise)), 0, 300)
    sky, read = ds["sky_level"].values, ds["read_noise"].values[:, 1]
    np.testing.assert_allclose(2 * sky[:, 0], sky[:, 1], rtol=2**-16)
    rows = np.abs(galaxies["r"].to_numpy() - read[:, None]).argmin(axis=1)
    np.testing.assert_allclose(sky[:, 1], 100 * galaxies["z"].to_numpy()[rows], rtol=2**-16)
    assert len({*rows}) > 80
    # A sample and its source are drawn each for itself.
    assert np.mean(rows == ds["catalogue_row"].values[:, 0]) < 0.05


def test_rows_are_drawn_evenly(galaxies, tmp_path):
    recipe = load_recipe(
        written(
            tmp_path,
            sources={"galaxy": CONTENT["sources"]["galaxy"]}
            | {"star": {"profile": "star", "redshift": column("z")}},
        )
    )
    rows = generate_as_stored(recipe)["catalogue_row"].values.ravel()
    counts = np.bincount(rows, minlength=ROWS)[kept(galaxies)]
    # Poisson: chi squared a row is 1 within 4 standard deviations, sqrt(2 / rows) each.
    chi = np.mean((counts - counts.mean()) ** 2 / counts.mean())
    assert abs(chi - 1) < 4 * np.sqrt(2 / counts.size)


def test_what_is_used_is_recorded(galaxies, tmp_path):
    catalogue = load_recipe(written(tmp_path)).model_dump(mode="json")["catalogue"]
    rows = kept(galaxies)
    content = sha256(rows.astype("<i8").tobytes())
    for name in ("g", "r", "size", "z"):
        content.update(f"\0{name}\0".encode() + galaxies[name].to_numpy()[rows].tobytes())
    assert catalogue == {
        "file": "galaxies.csv",
        "where": CUT,
        "sha256": f"sha256:{content.hexdigest()}",
        "rows": ROWS,
        "kept": rows.size,
    }


def test_kinds_of_files_give_the_same(galaxies, tmp_path):
    galaxies.to_parquet(tmp_path / "galaxies.parquet")
    Table.from_pandas(galaxies).write(tmp_path / "galaxies.fits")
    found = [
        load_recipe(written(tmp_path, catalogue={"file": f"galaxies.{kind}", "where": CUT}))
        for kind in ("csv", "parquet", "fits")
    ]
    assert len({recipe.catalogue.sha256 for recipe in found}) == 1
    first, *others = (generate(recipe, 5) for recipe in found)
    for other in others:
        xr.testing.assert_identical(first, other)


def test_a_row_depends_on_itself_alone(galaxies, tmp_path):
    recipe = load_recipe(written(tmp_path))
    whole = generate(recipe, 0, 30)
    xr.testing.assert_identical(whole.isel(sample=slice(11, 23)), generate(recipe, 11, 23))


def test_the_rows_travel_with_the_recipe(galaxies, tmp_path):
    recipe = load_recipe(written(tmp_path))
    (tmp_path / "galaxies.csv").unlink()
    ds = generate(recipe, 6)
    for copy in (
        pickle.loads(pickle.dumps(recipe)),
        recipe_from(json.loads(recipe.portable_json)),
    ):
        xr.testing.assert_identical(generate(copy, 6), ds)
        assert copy.model_dump() == recipe.model_dump()


def test_a_recorded_recipe_finds_its_file_or_says_what_is_missing(galaxies, tmp_path):
    recipe = load_recipe(written(tmp_path))
    recorded = recipe.model_dump(mode="json")
    again = recipe_from(recorded, folder=tmp_path)
    xr.testing.assert_identical(generate(again, 4), generate(recipe, 4))
    lone = recipe_from(recorded)
    assert lone.model_dump(mode="json") == recorded
    with pytest.raises(
        RecipeError, match=rf"galaxies.csv is not at hand.*{recipe.catalogue.sha256}"
    ):
        generate(lone, 4)


def test_another_file_of_the_name_is_refused(galaxies, tmp_path):
    recorded = load_recipe(written(tmp_path)).model_dump(mode="json")
    galaxies.assign(z=0.5).to_csv(tmp_path / "galaxies.csv")
    with pytest.raises(ValueError, match=r"catalogue.sha256: the rows of galaxies.csv .* expected"):
        recipe_from(recorded, folder=tmp_path)


def test_another_cut_reads_the_table_again(galaxies, tmp_path):
    recipe = load_recipe(written(tmp_path))
    bright = load_recipe(recipe, changes={"catalogue.where": "r < 19"})
    assert bright.catalogue.kept == (galaxies["r"] < 19).sum()
    assert bright.sources["galaxy"].distributions["magnitude"].high < 19
    assert bright.catalogue.sha256 != recipe.catalogue.sha256


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        ({"where": "r_ < 20"}, "catalogue: galaxies.csv: unknown column 'r_'; did you mean 'r'"),
        ({"where": "r < 2"}, "where 'r < 2' keeps none of the 400 rows, of which 399 are complete"),
        ({"where": "name == 1"}, "column 'name' must hold a number in each row, but holds text"),
        ({"where": "r < 20 & g < 20"}, "write 'and' instead"),
        ({"file": "galaxy.csv"}, "catalogue.file: there is no file galaxy.csv"),
        ({"file": "mine.yaml"}, "mine.yaml is no table that can be read; it must end in .csv"),
        ({"wher": "r < 20"}, "unknown key 'wher'; did you mean 'where'"),
    ],
)
def test_mistakes_are_told_with_their_place(galaxies, tmp_path, catalogue, message):
    path = written(tmp_path, catalogue=CONTENT["catalogue"] | catalogue)
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    assert message in str(error.value)


def test_a_column_outside_the_domain_asks_for_a_cut(galaxies, tmp_path):
    galaxy = {"profile": "sersic", "axis_ratio": column("size / 2")}
    with pytest.raises(RecipeError, match=r"axis_ratio can be .*; cut the rows by catalogue.where"):
        load_recipe(
            written(
                tmp_path,
                sources={"a": galaxy, "b": {"profile": "star"}},
                catalogue={"file": "galaxies.csv"},
            )
        )


def test_an_unused_or_missing_catalogue_is_told(galaxies, tmp_path):
    stars = {"a": {"profile": "star"}, "b": {"profile": "star"}}
    with pytest.raises(RecipeError, match="no parameter is a column of it"):
        load_recipe(written(tmp_path, sources=stars, catalogue={"file": "galaxies.csv"}))
    content = {key: value for key, value in CONTENT.items() if key != "catalogue"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(RecipeError, match="a column needs a catalogue: add 'catalogue"):
        load_recipe(tmp_path / "mine.yaml")
