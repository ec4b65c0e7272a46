"""How to open a version: code for five ecosystems and the command line, which runs as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from skybench.registry.versions.manifest import Manifest

STORE = "STORE"
"""Stands for the store's address, where a page learns it only when it is looked at."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One way to open a version.

    Attributes
    ----------
    title : str
        Of the ecosystem.
    needs : str
        What must be installed.
    code : str
    language : "python" or "bash"
    """

    title: str
    needs: str
    code: str
    language: str = "python"


def openings(manifest: Manifest, variable: str, store: str = STORE) -> Sequence[Opening]:
    """Return the ways to open a version.

    Parameters
    ----------
    manifest : Manifest
        Of the version.
    variable : str
        The data variable that a sample is about, such as ``image``.
    store : str
        Address or path of the store.
    """
    split = "train" if "train" in manifest.splits else min(manifest.splits, default=None)
    chosen = f", split={split!r}".replace("'", '"') if split else ""
    reference, root = manifest.reference, store.rstrip("/")
    opened = f'skybench.open("{reference}"{chosen}, store="{root}")'
    return [
        Opening(
            title="xarray",
            needs="pip install skybench",
            code=f"import skybench\n\nds = {opened}\n"
            f"first = ds.{variable}.isel(sample=slice(0, 64)).to_numpy()",
        ),
        Opening(
            title="Intake",
            needs="pip install skybench",
            code=f'import intake\n\ncatalog = intake.open_catalog("{root}/catalog.yaml")\n'
            f"ds = catalog.{_catalog_key(manifest, split)}.to_dask()",
        ),
        Opening(
            title="torch",
            needs="pip install 'skybench[torch]'",
            code="import skybench\n\n"
            f'data = skybench.torch.dataset("{reference}"{chosen}, store="{root}")\n'
            "for inputs, answers in skybench.torch.loader(data, batch_size=64, shuffle=True):\n"
            "    break",
        ),
        Opening(
            title="pandas and astropy",
            needs="pip install skybench",
            code=f"import skybench\n\nds = {opened}\n"
            "frame = skybench.samples(ds)  # a pandas.DataFrame\n"
            'table = skybench.samples(ds, as_="astropy")  # a QTable, with units',
        ),
        Opening(
            title="Zarr",
            needs="pip install zarr; any reader of Zarr 3, in any language",
            code=f'import zarr\n\ngroup = zarr.open_group("{root}/{manifest.key}/{manifest.zarr}", '
            f'mode="r")\nfirst = group["{variable}"][:64]',
        ),
        Opening(
            title="Command line",
            needs="pip install skybench",
            language="bash",
            code=f"skybench get {reference} --from {root}  # a proven copy of your own\n"
            f"skybench verify {reference} --full\n"
            f"skybench export parquet {reference} --out {manifest.dataset}-parquet  "
            "# or hdf5, fits, …, for R, Julia and others",
        ),
    ]


def _catalog_key(manifest: Manifest, split: str | None) -> str:
    name = f"{manifest.dataset}_v{manifest.version.replace('.', '_')}"
    return f"{name}_{split}" if split else name
