"""What predictions are judged by: the samples of a split and what is right for each.

They are those of a released version, of a store without a manifest, of a recipe, or of a dataset in
memory. Only a version has records to compare with.
"""

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skybench.errors import IntegrityError, NotFoundError, PredictionsError, RecipeError
from skybench.generators.codes import SAMPLE_DIM, SPLIT_VARIABLE, encode_flags
from skybench.generators.families import FAMILIES
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe
from skybench.generators.sealed import parameters_of, secret_recipe
from skybench.registry.arrays.open_url import is_url, open_url
from skybench.registry.open import present
from skybench.registry.proof.checked_rows import with_checked_rows
from skybench.registry.proof.file_check import damage
from skybench.registry.recorded import known_manifest, record_problems
from skybench.registry.reference import DatasetReference
from skybench.registry.scoring.question import ID, Question
from skybench.registry.scoring.records import TEST_SPLIT
from skybench.registry.scoring.tasks import AnswerKey, Maps, answer_key, task_named
from skybench.registry.scoring.truth import meanings
from skybench.registry.seals import Seal, recipe_of, seal_at_hand
from skybench.registry.storage.store import Store
from skybench.registry.verify import opened
from skybench.registry.versions.index import read_manifest
from skybench.registry.versions.manifest import Manifest

Judged = str | os.PathLike[str] | DatasetReference | Recipe | xr.Dataset
"""A version, the path or URL of a store, a recipe or one of its rungs, or a dataset."""

_RENDERED_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """The samples that predictions are for, with what is right.

    Attributes
    ----------
    name : str
        For people: a reference, a path, a recipe.
    ds : Dataset
        All samples with their coordinates, codes not decoded. Of a recipe nothing is rendered but
        what its task asks about.
    key : AnswerKey
    split : str
        The split or set that is asked about: test, or the only split that there is, unless another
        is named.
    manifest : Manifest or None
        Of a released version, which alone has records.
    recipe : Recipe or None
        By which data variables are rendered that `ds` lacks.
    """

    name: str
    ds: xr.Dataset
    key: AnswerKey
    split: str = TEST_SPLIT
    manifest: Manifest | None = None
    recipe: Recipe | None = field(default=None, repr=False)  # its seed may be a secret one

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The rows of `ds` that are asked about, ascending."""
        return self.key.rows(self.split)

    @cached_property
    def answers(self) -> NDArray[Any]:
        """What is right for each of them."""
        return self.key.answers(self.split)

    @cached_property
    def votes(self) -> NDArray[Any] | None:
        """The probability of each class with volunteers, where it is known."""
        return self.key.votes(self.split)

    @property
    def question(self) -> Question:
        """What predictions must answer."""
        key = self.key
        ids = {split: key.ids[key.rows(split)] for split in np.unique(key.splits).tolist()}
        ids.pop(self.split, None)
        return Question(
            task=key.task,
            names=key.names,
            ids=key.ids[self.rows],
            shape=key.truth.shape,
            other_ids=ids,
            split=self.split,
        )

    @property
    def around(self) -> "GroundTruth | None":
        """The truth of the split that the set asked about is part of, if it is of one."""
        splits = np.unique(self.key.splits[self.rows]).tolist()
        if self.split not in self.key.sets or len(splits) != 1:
            return None
        return replace(self, split=splits[0])

    def about(self, split: str) -> "GroundTruth":
        """Return the same truth, of another split or set.

        Raises
        ------
        PredictionsError
            There is none of that name, or it has no samples.
        """
        other = replace(self, split=split)
        if not other.rows.size:
            there = (*np.unique(self.key.splits).tolist(), *self.key.sets)
            have = ", ".join(name for name in there if self.key.rows(name).size) or "none"
            msg = f"{self.name} has no samples of {split!r}; its splits and sets are {have}"
            raise PredictionsError(msg)
        return other

    @property
    def recipe_name(self) -> str:
        """The recipe that others of its rungs are named after: a name, or the path of a file."""
        if self.manifest is not None:
            return self.manifest.dataset
        name = self.name if self.recipe is not None else str(self.ds.attrs.get("recipe", self.name))
        base, _, rung = name.rpartition("/")
        return base if base and not rung.endswith((".yaml", ".yml")) else name

    def samples(self, places: NDArray[np.intp]) -> xr.Dataset:
        """Return some of the samples that are asked about, in memory, with their data variables.

        Parameters
        ----------
        places : (n,) array
            Counted within the split.
        """
        chosen = self.ds.isel({SAMPLE_DIM: self.rows[places]}).load()
        return chosen if self.recipe is None else _rendered(self.recipe, chosen)


def ground_truth(
    judged: Judged,
    store: str | Store | None = None,
    seal: str | os.PathLike[str] | None = None,
) -> GroundTruth:
    """Return what predictions are judged by.

    Parameters
    ----------
    judged : str, path, DatasetReference, Recipe or Dataset
        A name that is both a version's and a recipe's means the version.
    store : str or Store, optional
        Where versions are looked for, as for `skybench.open`.
    seal : str or path, optional
        The file of the seal of a version whose truth is sealed; not needed once it is opened.

    Raises
    ------
    NotFoundError
        There is no such version, recipe or store.
    SealedError
        The truth is sealed, and the seal is not at hand.
    IntegrityError
        It holds no answers, or is damaged.
    PredictionsError
        No split of it can be meant.
    """
    if seal is not None:
        return _of_version(_reference(judged), Store(store), seal)
    if isinstance(judged, xr.Dataset):
        return _of_dataset(judged, _name_of(judged))
    if isinstance(judged, Recipe):
        return _of_recipe(judged, judged.name)
    if isinstance(judged, DatasetReference):
        return _of_version(judged, Store(store))
    text = os.fspath(judged)
    if is_url(text):
        return _of_dataset(open_url(text, decode=False), text)
    recipe = recipe_meant(text, Store(store))
    return _of_version(text, Store(store)) if recipe is None else _of_recipe(recipe, text)


def recipe_meant(text: str, store: Store) -> Recipe | None:
    """Return the recipe that a name or path means, None where a version bears it."""
    recipe = _recipe_of(text)
    return None if recipe is None or _is_version(text, store) else recipe


def _reference(judged: Judged) -> str | DatasetReference:
    """Return the reference to the version that a seal is for."""
    if isinstance(judged, str | DatasetReference):
        return judged
    msg = f"a seal is of a released version, such as sky@1.0, got {type(judged).__name__}"
    raise PredictionsError(msg)


def _recipe_of(text: str) -> Recipe | None:
    """Return the recipe of that name, None where the text can only be a version's."""
    try:
        return load_recipe(text)
    except RecipeError:
        if "/" in text or text.endswith((".yaml", ".yml")):
            raise
        return None


def _is_version(text: str, store: Store) -> bool:
    if not text.isidentifier():
        return False
    try:
        known_manifest(text, store)
    except NotFoundError:
        return False
    return True


def _of_version(
    reference: str | DatasetReference, store: Store, file: str | os.PathLike[str] | None = None
) -> GroundTruth:
    return version_truth(read_manifest(store, present(reference, store)), store, file)


def version_truth(
    manifest: Manifest, store: Store, file: str | os.PathLike[str] | None = None
) -> GroundTruth:
    """Return the truth of a version that a store has; what is read of it is compared with its hash.

    Other files of the version may be damaged.

    Parameters
    ----------
    manifest : Manifest
    store : Store
    file : str or path, optional
        The seal of a sealed version; not needed once it is opened.

    Raises
    ------
    IntegrityError
        The metadata are damaged, or hold no answers; also raised when damaged rows are read.
    SealedError
        The test split is sealed, and the seal is not at hand.
    """
    if seal := seal_at_hand(manifest, store, file):
        return _of_seal(manifest, seal)
    if rewritten := record_problems(manifest):
        raise damage(manifest.reference, rewritten)
    stored, problems = opened(manifest, store, chunked=False)
    if stored is None:
        raise damage(manifest.reference, problems)
    ds = with_checked_rows(stored, manifest, store).drop_encoding()
    key = answer_key(ds, manifest.reference)
    return GroundTruth(name=manifest.reference, ds=ds, key=key, manifest=manifest)


def _of_seal(manifest: Manifest, seal: Seal) -> GroundTruth:
    """Return the truth that a version's store withholds, drawn again from the secret seed."""
    recipe = recipe_of(manifest, seal)
    return replace(_of_recipe(recipe, manifest.reference), manifest=manifest)


def _of_recipe(recipe: Recipe, name: str) -> GroundTruth:
    ds = parameters_of(FAMILIES[recipe.family], recipe, 0, recipe.samples)
    if recipe.sealed is not None:
        recipe = secret_recipe(recipe)  # renders the samples that are asked about
    ds = ds.assign_attrs(recipe=recipe.name, task=recipe.task, targets=" ".join(recipe.targets))
    form = task_named(recipe.task).form
    if isinstance(form, Maps):
        test = np.flatnonzero(meanings(ds, SPLIT_VARIABLE, name) == TEST_SPLIT)
        ds = _with_maps(recipe, ds.isel({SAMPLE_DIM: test}), form.name)
    return replace(_of_dataset(ds, name), recipe=recipe)


def _with_maps(recipe: Recipe, ds: xr.Dataset, name: str) -> xr.Dataset:
    blocks = range(0, ds.sizes[SAMPLE_DIM], _RENDERED_AT_ONCE)
    maps = [
        _rendered(recipe, ds.isel({SAMPLE_DIM: slice(first, first + _RENDERED_AT_ONCE)}))[name]
        for first in blocks
    ]
    return ds.assign({name: xr.concat(maps, SAMPLE_DIM).variable})


def _rendered(recipe: Recipe, parameters: xr.Dataset) -> xr.Dataset:
    return parameters.assign(FAMILIES[recipe.family].render(recipe, parameters))


def _of_dataset(ds: xr.Dataset, name: str) -> GroundTruth:
    """Return the truth of a dataset: of its test samples, else of its only split, else of all."""
    ds = encode_flags(ds)
    if ID not in ds.variables:
        msg = f"{name} has no variable {ID}: which prediction is for which sample?"
        raise IntegrityError(msg)
    if SPLIT_VARIABLE not in ds.variables:
        ds = ds.assign_coords({SPLIT_VARIABLE: _all_test(ds)})
    key = answer_key(ds, name)
    return GroundTruth(name=name, ds=ds, key=key, split=_split_of(key, name))


def _all_test(ds: xr.Dataset) -> xr.Variable:
    attrs = {"flag_values": [0], "flag_meanings": TEST_SPLIT}
    return xr.Variable(SAMPLE_DIM, np.zeros(ds.sizes[SAMPLE_DIM], np.int8), attrs)


def _split_of(key: AnswerKey, name: str) -> str:
    splits: list[str] = np.unique(key.splits).tolist()
    if TEST_SPLIT in splits or len(splits) == 1:
        return TEST_SPLIT if TEST_SPLIT in splits else splits[0]
    found = " and ".join(splits) or "none"
    msg = f"{name} has no samples of the test split ({found}); give a dataset of one split"
    raise PredictionsError(msg)


def _name_of(ds: xr.Dataset) -> str:
    if {"dataset", "version"} <= ds.attrs.keys():
        return f"{ds.attrs['dataset']}@{ds.attrs['version']}"
    return str(ds.attrs.get("recipe", "the Dataset"))
