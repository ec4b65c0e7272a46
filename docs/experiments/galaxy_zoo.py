"""Pictures of the Galaxy Zoo sites, and the form that the answer to a question says they have.

The folder ``galaxy_zoo_examples`` has ``labels.csv`` (file, question, answer) and the pictures that
its sites show as examples: public at zooniverse/Galaxy-Zoo on GitHub.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import skybench
from skybench.generators.schema import SPLITS

FOLDER = "galaxy_zoo_examples"
CROP = 233
"""Pixels of the middle square: 55 % of a picture of 424."""

_LICENCE = "Apache-2.0"
_FOLDS = 5
_OF_VALIDATION = 6
_TRAIN, _VALIDATION, _TEST = 0, 1, 2
_MERGERS = ("Merging", "Both", "Tidal debris", "Merger")


def forms(folder: Path) -> pd.DataFrame:
    """Return a row a picture whose answers say one form: ``file`` and ``form``."""
    answers = pd.read_csv(folder / "labels.csv")
    answers["form"] = [
        _form(str(question), str(answer))
        for question, answer in zip(answers["question"], answers["answer"], strict=True)
    ]
    known = answers.dropna(subset="form").drop_duplicates(["file", "form"])
    return known.drop_duplicates("file", keep=False)[["file", "form"]].reset_index(drop=True)


def _form(question: str, answer: str) -> str | None:
    if question.startswith("How rounded is it"):
        return "cigar" if answer == "Cigar shaped" else "round"
    if question.startswith("Does the galaxy have a bulge at its cent"):
        return "cigar"  # asked of edge-on discs alone
    if question.startswith("Could this be a disk viewed edge-on"):
        return "cigar" if answer == "Yes" else None
    if question.startswith(("How tightly wound", "How many spiral arms")):
        return "spiral"
    if answer in _MERGERS:
        return "merging"
    if answer == "Spiral" and "clump" not in question:
        return "spiral"
    return {"Smooth": "round", "Ring": "ring"}.get(answer)


def pictures(real: Path, *, side: int, bands: tuple[str, ...]) -> xr.Dataset:
    """Return the pictures as a dataset, the middle of each on `side` x `side` pixels."""
    folder = real / FOLDER
    return skybench.real(
        folder / "examples",
        forms(folder),
        id="file",
        labels="form",
        licence=_LICENCE,
        crop=CROP,
        side=side,
        bands=bands,
        name=FOLDER,
    )


def of_fold(ds: xr.Dataset, fold: int) -> xr.Dataset:
    """Return the pictures with a fifth of each class as the test split, another one each fold.

    Of the others a sixth is validation in the first fold, a quarter in the next ones.
    """
    place = _place_in_class(ds)
    split = np.where((place - place // _FOLDS) % _OF_VALIDATION == 0, _VALIDATION, _TRAIN)
    return _split(ds, np.where(place % _FOLDS == fold, _TEST, split))


def for_zero_shot(ds: xr.Dataset) -> xr.Dataset:
    """Return the pictures with nine tenths of each class as the test split."""
    place = _place_in_class(ds)
    few = np.where(place % 40 == 0, _VALIDATION, _TRAIN)
    return _split(ds, np.where(place % 10 == 0, few, _TEST))


def _place_in_class(ds: xr.Dataset) -> np.ndarray:
    labels = pd.Series(ds["label"].values)
    return np.asarray(labels.groupby(labels).cumcount())


def _split(ds: xr.Dataset, codes: np.ndarray) -> xr.Dataset:
    meanings = {"flag_values": [_TRAIN, _VALIDATION, _TEST], "flag_meanings": " ".join(SPLITS)}
    return ds.assign_coords(split=xr.Variable("sample", codes.astype(np.int8), meanings))
