"""Release datasets: recipe, build, baselines, manifest, card, publication, catalog.

Every step can be interrupted and done again: `release` with the same arguments goes on where it
was, and where all is published it changes nothing and says so.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from skybench.errors import NotFoundError, ParameterError
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_file import load_recipe, packaged_recipes
from skybench.learning.networks.table import DEFAULT_NETWORKS, chosen_networks
from skybench.learning.protocols import chosen_protocols
from skybench.learning.realism.certificate import Certificate, read_certificate
from skybench.registry.hashing.content_hash import ALGORITHM, Algorithm
from skybench.registry.proof.comparison import check_step, compare
from skybench.registry.recorded import recorded_manifest
from skybench.registry.reference import Version, check_dataset_name
from skybench.registry.scoring.records import stored_records
from skybench.registry.seals import Seal, keep_seal, read_seal
from skybench.registry.storage.store import Store, zarr_name
from skybench.registry.versions.index import read_index, read_manifest
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.signatures import KeyFile, SigningKey
from skybench.release.building.build import BuildResult, build, with_samples
from skybench.release.publishing.card import card_scores, card_text
from skybench.release.publishing.catalog import refresh_catalog
from skybench.release.publishing.describe import describe, describe_files
from skybench.release.publishing.publish import (
    WorkFolder,
    prepare,
    publish,
    sign_published,
    start_or_resume,
)
from skybench.release.publishing.published import published_entry, recipe_differences
from skybench.release.publishing.recording import check_recordable, record_release, source_checkout
from skybench.release.publishing.work_baselines import (
    check_installed,
    remove_cache,
    train_into,
)

Say = Callable[[str], None]
Named = str | PathLike[str] | Recipe
"""A recipe, by name or path or itself."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What to train; None is the full programme of each.

    Parameters
    ----------
    networks : sequence of str
        Names of networks; an empty one leaves only the floors.
    protocols : sequence of str, optional
        Names of training protocols; an empty one, too, leaves only the floors.
    seeds, epochs : int, optional
        How many, for short runs.
    """

    networks: Sequence[str] = DEFAULT_NETWORKS
    protocols: Sequence[str] | None = None
    seeds: int | None = None
    epochs: int | None = None

    def check(self) -> None:
        """Raise a `ParameterError` unless this can be trained."""
        chosen_networks(self.networks)
        chosen_protocols(self.protocols, self.seeds, self.epochs)


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to build; none of it changes the content.

    Parameters
    ----------
    workers : int, optional
        Processes on this machine.
    scheduler : str, optional
        Address of a running dask scheduler.
    progress : bool
        Show progress bars.
    """

    workers: int | None = None
    scheduler: str | None = None
    progress: bool = True


@dataclass(frozen=True, kw_only=True)
class Released:
    """One dataset of a release.

    Attributes
    ----------
    reference : str
        The exact version, like ``sky@0.1``.
    content_hash : str
        Root of its content hash.
    is_new : bool
        Whether this run published it; False where it was published before.
    recorded : tuple of Path
        Files that were written to the source checkout.
    seconds : float
        Wall time of this run.
    """

    reference: str
    content_hash: str
    is_new: bool
    recorded: tuple[Path, ...] = field(default=())
    seconds: float

    def __str__(self) -> str:
        """Say in a sentence what happened."""
        name = self.reference.replace("@", " ")
        if self.is_new:
            return f"{name} is published with content {self.content_hash}"
        return f"{name} is already published with this content; nothing to do"


def release(
    version: str,
    *,
    store: str | PathLike[str] | Store | None = None,
    datasets: Named | Sequence[Named] | None = None,
    samples: int | None = None,
    building: BuildOptions | None = None,
    training: TrainingOptions | None = None,
    baselines: bool = True,
    record: bool = False,
    sign: KeyFile | None = None,
    sealed: str | PathLike[str] | None = None,
    contact: str | None = None,
    realism: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
) -> tuple[Released, ...]:
    """Release a version of some datasets and return what was published.

    Recipes, version and what is published already are checked before anything is made. Each
    dataset is published when it is complete: where a later one fails, the earlier ones stay, and
    the same call goes on with the rest.

    Parameters
    ----------
    version : str
        ``MAJOR.MINOR``; below 1.0 for development.
    store : str, path or Store, optional
        Any fsspec URL. Default: ``$SKYBENCH_STORE``, else the user's data folder.
    datasets : str, path, Recipe or sequence of those, optional
        Packaged recipes by name, recipe files or recipes. Default: all packaged recipes.
    samples : int, optional
        A number of samples other than the recipes', for small releases.
    building : BuildOptions, optional
        How to build.
    training : TrainingOptions, optional
        Which baselines to train.
    baselines : bool
        False trains and fits nothing: the version has no scores to be compared with, and gets none
        later, since what is published stays. It opens, verifies and evaluates as any other.
    record : bool
        Write manifests, baseline records and catalog to the source checkout too, for committing.
        A version without baselines is not recorded.
    sign : str or path, optional
        PEM file of the private key that signs manifests and index, also those of a version that
        was published before.
    sealed : str or path, optional
        Seals the test split: the file of its seal, made where there is none and used where there
        is one, so that the same call goes on. It lies outside the store, and without it nobody can
        score predictions, ever. For one dataset, without baselines.
    contact : str, optional
        Whom to send predictions for the sealed split to; kept in a new seal and published.
    realism : str or path, optional
        Certificate of `skybench realism`, shown in the card of the dataset whose recipe it tested.
    say : callable
        Is given a sentence at each step.

    Raises
    ------
    DatasetReferenceError, RecipeError, ParameterError
        The version, a recipe or an option is wrong; nothing was made.
    VersionConflictError
        The version is published with other content.
    StoreError
        The store cannot be written, or another process is releasing the same version there.
    MissingDependencyError
        What trains baselines is not installed.

    Examples
    --------
    >>> from skybench.release.release import release
    >>> release("0.1", store="./store", datasets=["sky"], samples=600)    # doctest: +SKIP
    """
    number = Version.parse(version)
    recipes = _recipes(datasets, samples)
    for recipe in recipes:
        check_dataset_name(recipe.name, f"recipe {recipe.name}")
    where, new_seal = Store(store), None
    if sealed is not None:
        _check_sealable(recipes, Path(sealed), where, baselines=baselines)
        recipes[0], new_seal = _sealed(recipes[0], Path(sealed), contact)
    _check_sealed(recipes, contact)
    certificate = None if realism is None else _certificate(realism, recipes)
    building = building or BuildOptions()
    training = _training(training, baselines, record)
    signing_key = None if sign is None else SigningKey.at(sign)
    checkout = source_checkout() if record else None
    published = {recipe.name: published_entry(recipe, number, where) for recipe in recipes}
    if None in published.values():
        if training is not None:
            check_installed()
        where.check_writable()
    if new_seal is not None and sealed is not None:
        keep_seal(new_seal, sealed)
        say(f"the seal is in {sealed}: keep it secret, and keep a copy, or nobody can ever score")
    return tuple(
        _release_one(
            _Job(
                *(recipe, number, where, building, training, checkout, signing_key, say),
                certificate if certificate and certificate.fake == recipe.name else None,
            )
        )
        for recipe in recipes
    )


@dataclass(frozen=True)
class _Job:
    recipe: Recipe
    version: Version
    store: Store
    building: BuildOptions
    training: TrainingOptions | None
    checkout: Path | None
    signing_key: SigningKey | None
    say: Say
    realism: Certificate | None

    @property
    def work(self) -> WorkFolder:
        return WorkFolder(store=self.store, dataset=self.recipe.name, version=self.version)


def _training(
    training: TrainingOptions | None, baselines: bool, record: bool
) -> TrainingOptions | None:
    """Return what to train, checked; None for nothing at all."""
    if baselines:
        training = training or TrainingOptions()
        training.check()
        return training
    if training is not None:
        msg = "training options say what to train, and without baselines nothing is; leave one out"
        raise ParameterError(msg)
    if record:
        msg = "a version is recorded with its baselines; release it with them, or without recording"
        raise ParameterError(msg)
    return None


def _certificate(path: str | PathLike[str], recipes: list[Recipe]) -> Certificate:
    found, names = read_certificate(path), [recipe.name for recipe in recipes]
    if found.fake not in names:
        msg = f"{path} is of {found.fake!r}, and released are {', '.join(names)}; leave it out"
        raise ParameterError(msg)
    return found


def _check_sealable(recipes: list[Recipe], file: Path, store: Store, *, baselines: bool) -> None:
    if len(recipes) > 1:
        names = ", ".join(recipe.name for recipe in recipes)
        msg = f"a seal is of one dataset, got {names}; release each with a seal of its own"
        raise ParameterError(msg)
    if baselines:
        msg = (
            "baselines of a sealed version would be scored by nobody but you; release it without, "
            "by --no-baselines, and score and submit their predictions as others'"
        )
        raise ParameterError(msg)
    if store.is_local and file.resolve().is_relative_to(store.local_path("").resolve()):
        msg = f"{file} is in the store, which others read; keep the seal elsewhere"
        raise ParameterError(msg)


def _sealed(recipe: Recipe, file: Path, contact: str | None) -> tuple[Recipe, Seal | None]:
    """Return the recipe as sealed, and the seal where it is a new one."""
    if not file.exists():
        seal = Seal.new(recipe, contact or "")
        return seal.applied_to(recipe), seal
    seal = read_seal(file)
    if contact not in (None, seal.contact):
        msg = f"the seal {file} names the contact {seal.contact!r}; leave out the other one"
        raise ParameterError(msg)
    return seal.applied_to(recipe), None


def _check_sealed(recipes: list[Recipe], contact: str | None) -> None:
    for recipe in recipes:
        if recipe.is_closed:
            msg = f"the recipe {recipe.name} is sealed; name the file of its seal by --sealed"
            raise ParameterError(msg)
        if contact is not None and recipe.sealed is None:
            msg = "a contact is for predictions of a sealed split; name the seal's file, too"
            raise ParameterError(msg)


def _recipes(datasets: Named | Sequence[Named] | None, samples: int | None) -> list[Recipe]:
    if isinstance(datasets, str | PathLike | Recipe):
        datasets = [datasets]
    named = [load_recipe(dataset) for dataset in datasets or packaged_recipes()]
    repeated = [name for name, count in Counter(r.name for r in named).items() if count > 1]
    if repeated:
        msg = f"dataset {repeated[0]} is listed twice; a release has each once"
        raise ParameterError(msg)
    return [with_samples(recipe, samples) for recipe in named]


def _release_one(job: _Job) -> Released:
    started = time.perf_counter()
    entry = published_entry(job.recipe, job.version, job.store)
    is_new = entry is None
    if entry is None:
        with job.store.lock(job.work.name, wait=False):
            # Another process may have published it while this one waited for the lock.
            entry = published_entry(job.recipe, job.version, job.store)
            is_new = entry is None
            entry = entry or _make(job)
    else:
        if job.store.exists(job.work.key):
            job.store.remove(job.work.key)
        if job.signing_key is not None:
            sign_published(entry, job.store, job.signing_key)
    refresh_catalog(job.store)
    released = Released(
        reference=f"{entry.dataset}@{entry.version}",
        content_hash=entry.content,
        is_new=is_new,
        recorded=_record(job),
        seconds=time.perf_counter() - started,
    )
    job.say(str(released))
    return released


def _make(job: _Job) -> IndexEntry:
    work, recipe = job.work, job.recipe
    start_or_resume(work, recipe)
    if work.journal() is None:
        job.say(f"building {recipe.name} {job.version}: {recipe.samples:,} samples")
        built = build(
            recipe,
            work.data_url,
            workers=job.building.workers,
            scheduler=job.building.scheduler,
            progress=job.building.progress,
            algorithm=_algorithm(recipe, job.version),
        )
        _check_step(job, built)
        if job.checkout is not None:
            check_recordable(job.version, recipe.name, built.content.root, job.checkout)
        manifest = _with_baselines(job, built)
        scores = card_scores(stored_records(work.store, work.baselines))
        prepare(work, manifest, card_text(manifest, scores, job.realism))
    job.say(f"publishing {recipe.name} {job.version}")
    entry = publish(work, signing_key=job.signing_key)
    remove_cache(work)
    return entry


def _algorithm(recipe: Recipe, version: Version) -> Algorithm:
    """Return that of the copy that skybench records of this very release, else the newest."""
    try:
        recorded = recorded_manifest(f"{recipe.name}@{version}")
    except NotFoundError:
        return ALGORITHM
    return ALGORITHM if recipe_differences(recorded, recipe) else recorded.content.algorithm


def _check_step(job: _Job, built: BuildResult) -> None:
    """Refuse a number that promises more than the content keeps of the version before it."""
    entries = [e for e in read_index(job.store) if e.dataset == job.recipe.name]
    before = [entry for entry in entries if entry.number < job.version]
    if before:
        last = max(before, key=lambda entry: entry.number)
        old = read_manifest(job.store, last).content
        check_step(job.recipe.name, last.number, job.version, compare(old, built.content))


def _with_baselines(job: _Job, built: BuildResult) -> Manifest:
    work, recipe = job.work, job.recipe
    zarr = zarr_name(recipe.name, job.version, built.content.root)
    manifest = describe(recipe, job.version, built, work.files(zarr), job.store)
    if job.training is None:
        # What an interrupted release with baselines may have left.
        work.store.remove(work.baselines)
    else:
        job.say(f"training the baselines of {recipe.name} {job.version}")
        train_into(
            work,
            manifest,
            built.url,
            networks=job.training.networks,
            protocols=job.training.protocols,
            seeds=job.training.seeds,
            epochs=job.training.epochs,
            progress=job.building.progress,
        )
    files = describe_files(job.store, work.files(zarr))
    return manifest.model_copy(update={"objects": files})


def _record(job: _Job) -> tuple[Path, ...]:
    if job.checkout is None:
        return ()
    return record_release(job.version, job.recipe.name, job.store, job.checkout)
