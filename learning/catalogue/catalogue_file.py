"""A catalogue: what a network says of each sample, with where that comes from, and its files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from skybench.errors import IntegrityError, NotFoundError, ParameterError
from skybench.registry.scoring.prediction_tables import METADATA_KEY, import_pyarrow
from skybench.registry.scoring.question import ID
from skybench.registry.storage.local_disk import replacing

KEY = METADATA_KEY.decode()
CLASS, CONFIDENCE = "class", "confidence"


class Provenance(BaseModel):
    """Where a catalogue comes from.

    Parameters
    ----------
    content : str, optional
        Content hash of the version that the samples are of, as `skybench.evaluate` asks for it.
    images : str
        Hash of the images that were labelled, and of their identities.
    weights : str
        SHA-256 of the file of weights.
    network : str
    temperature : float
        By which the logits were divided; 1 where nothing was calibrated.
    calibrated_on : str, optional
        The validation samples that chose it.
    dataset, part : str
    trained_on : str, optional
        The dataset that the weights name.
    adaptation : str, optional
        What was done to the network for these samples.
    rounds : int
        Of recursive training.
    skybench : str
        Version.
    licence : str, optional
        Of the samples that the network learnt from.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    content: str | None = None
    images: str
    weights: str
    network: str
    temperature: float
    calibrated_on: str | None = None
    dataset: str
    part: str
    trained_on: str | None = None
    adaptation: str | None = None
    rounds: int = 0
    skybench: str
    licence: str | None = None

    @property
    def text(self) -> str:
        """As the files hold it: JSON, what is not known left out."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue:
    """A row a sample, and where all comes from.

    Attributes
    ----------
    table : DataFrame
        ``sample_id``, ``class``, the probability of each class under its name, ``confidence``,
        which is the largest of them, and what else of the samples was asked for.
    provenance : Provenance
    """

    table: pd.DataFrame
    provenance: Provenance

    @property
    def predictions(self) -> pd.DataFrame:
        """The probabilities alone, as `skybench.evaluate` takes them where the truth is known."""
        columns = list(self.table.columns)
        named = columns[columns.index(CLASS) + 1 : columns.index(CONFIDENCE)]
        return self.table[[ID, *named]]

    def write(self, path: str | PathLike[str]) -> Path:
        """Write Parquet, FITS, ECSV or CSV, by the ending; whole or not at all.

        Raises
        ------
        ParameterError
            There is no such format.
        StoreError
            The file cannot be written.
        """
        place = Path(path)
        write = _format_of(place)[0]
        with replacing(place) as partial:
            write(self, partial)
        return place


def read_catalogue(path: str | PathLike[str]) -> Catalogue:
    """Read a catalogue that `Catalogue.write` wrote.

    Raises
    ------
    ParameterError
        There is no such format.
    NotFoundError
        There is no such file.
    IntegrityError
        It is damaged, or does not say where it comes from.
    """
    place = Path(path)
    read = _format_of(place)[1]
    if not place.is_file():
        msg = f"there is no catalogue at {place}"
        raise NotFoundError(msg)
    try:
        table, text = read(place)
        provenance = Provenance.model_validate_json(text)
    except (OSError, ValueError, TypeError, LookupError, ValidationError) as error:
        msg = f"{place} is no catalogue of skybench's: {error}"
        raise IntegrityError(msg) from None
    return Catalogue(table=table, provenance=provenance)


def _to_parquet(catalogue: Catalogue, path: Path) -> None:
    pa = import_pyarrow()
    table = pa.Table.from_pandas(catalogue.table, preserve_index=False)
    told = {**(table.schema.metadata or {}), METADATA_KEY: catalogue.provenance.text.encode()}
    pa.parquet.write_table(table.replace_schema_metadata(told), path)


def _from_parquet(path: Path) -> tuple[pd.DataFrame, str]:
    table = import_pyarrow().parquet.read_table(path)
    return table.to_pandas(), table.schema.metadata[METADATA_KEY].decode()


def _to_csv(catalogue: Catalogue, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {KEY}={catalogue.provenance.text}\n")
        catalogue.table.to_csv(file, index=False)


def _from_csv(path: Path) -> tuple[pd.DataFrame, str]:
    with path.open(encoding="utf-8") as file:
        first = file.readline()
        return pd.read_csv(file), first.partition("=")[2]


def _to_astropy(catalogue: Catalogue, path: Path, form: str) -> None:
    from astropy.table import Table  # late: astropy takes half a second

    table = Table.from_pandas(catalogue.table)
    table.meta[KEY] = catalogue.provenance.text
    table.write(path, format=form)


def _from_astropy(path: Path, form: str) -> tuple[pd.DataFrame, str]:
    from astropy.table import Table

    table = Table.read(path, format=form)
    told = {str(key).lower(): value for key, value in table.meta.items()}
    table.convert_bytestring_to_unicode()
    return table.to_pandas(), str(told[KEY])


def _by_astropy(form: str) -> "Format":
    return (
        lambda catalogue, path: _to_astropy(catalogue, path, form),
        lambda path: _from_astropy(path, form),
    )


Format = tuple[Callable[[Catalogue, Path], None], Callable[[Path], tuple[pd.DataFrame, str]]]

FORMATS: dict[str, Format] = {
    ".parquet": (_to_parquet, _from_parquet),
    ".fits": _by_astropy("fits"),
    ".ecsv": _by_astropy("ascii.ecsv"),
    ".csv": (_to_csv, _from_csv),
}
"""How a catalogue is written and read, by the ending of its file."""


def _format_of(path: Path) -> Any:
    if path.suffix not in FORMATS:
        msg = f"a catalogue is {', '.join(FORMATS)}, got {path.name!r}"
        raise ParameterError(msg)
    return FORMATS[path.suffix]
