"""Simulated datasets that experiments learn from, drawn once and kept in the folder of work."""

from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Any

import xarray as xr

from experiments.experiment import Place
from skybench.generators.recipe_file import load_recipe
from skybench.learning.readable import read
from skybench.registry.storage.local_disk import replacing
from skybench.survey.framing import area_mean, middle


def drawn(
    place: Place,
    recipe: str,
    *,
    changes: Mapping[str, Any] | None = None,
    crop: int | None = None,
    side: int | None = None,
) -> xr.Dataset:
    """Return all samples of a recipe in memory, the middle `crop` of each on `side` pixels."""
    asked = [recipe, dict(changes or {}), crop, side]
    digest = sha256(dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
    file = place.work / "drawn" / f"{recipe.replace('/', '-')}-{digest}.nc"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        place.report(f"drawing {recipe}")
        ds = read(load_recipe(recipe, changes=changes or None))
        with replacing(file) as partial:
            _framed(ds, crop, side).to_netcdf(partial, engine="netcdf4")
    return xr.load_dataset(file, engine="netcdf4")


def _framed(ds: xr.Dataset, crop: int | None, side: int | None) -> xr.Dataset:
    """Return the images, framed, with what is known of samples; not of their sources."""
    pixels = ds["image"].values
    pixels = pixels if crop is None else middle(pixels, crop)
    pixels = pixels if side is None else area_mean(pixels, side)
    kept = {name: one for name, one in ds.coords.items() if "source" not in one.dims}
    image = xr.Variable(ds["image"].dims, pixels, ds["image"].attrs)
    return xr.Dataset({"image": image}, kept, ds.attrs)
