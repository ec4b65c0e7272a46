"""Real images and what volunteers said of them, as a dataset like any other.

Images come from a folder or an array, classes from cuts in a table of votes or from a column of
labels. What is made stays with who made it: in memory, in a file, or as a version of a store.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from skybench.errors import ParameterError
from skybench.generators.codes import presented
from skybench.generators.schema import SPLITS, variable
from skybench.generators.sky.vocabulary import VOCABULARY
from skybench.generators.variable import flags, numbered
from skybench.registry.hashing.content_hash import canonical_json, hash_dataset
from skybench.registry.open import open as open_version
from skybench.registry.reference import check_dataset_name
from skybench.registry.storage.store import Store
from skybench.release.publishing.finished_dataset import DatasetDescription, publish_dataset
from skybench.survey.framing import Framing, stacked
from skybench.survey.grouped_splits import grouped_splits, joined_groups
from skybench.survey.image_files import COLOURS, GREY, OneImage
from skybench.survey.image_source import ImageArray, ImageFolder, ImageSource
from skybench.survey.vote_mapping import VoteMapping, mapping_named, mapping_of
from skybench.survey.vote_table import VoteTable
from skybench.survey.voted_objects import (
    ASKED_FOR,
    Dropped,
    Framed,
    VotedObjects,
    read_framed,
    voted_objects,
)

_ID_BITS = 53
"""Of a sample's identity, so that tables which read whole numbers as floats keep it."""

_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class RealOptions:
    """What is made of images and votes; the fields are those of `real`."""

    licence: str | None = None
    mapping: str | PathLike[str] | VoteMapping | None = None
    classes: Mapping[str, Any] | None = None
    labels: str | None = None
    id: str | None = None
    where: str | None = None
    group: str | None = None
    keep: Sequence[str] = ()
    per_class: int | None = None
    splits: Sequence[float] = (0.6, 0.2, 0.2)
    seed: int = 0
    crop: int | None = None
    side: int | None = None
    bands: Sequence[str] | None = None
    units: str | None = None
    pixel_scale_arcsec: float | None = None
    name: str = "real"
    citation: str = ""

    @property
    def framing(self) -> Framing:
        """What is kept of each image."""
        bands = None if self.bands is None else tuple(self.bands)
        return Framing(crop=self.crop, side=self.side, bands=bands)

    def rules(self) -> VoteMapping:
        """Return how classes follow from the table.

        Raises
        ------
        ParameterError, NotFoundError
            Nothing says it, or more than one thing does; or as `mapping_named`.
        """
        given = {"mapping": self.mapping, "classes": self.classes, "labels": self.labels}
        said = [name for name, value in given.items() if value is not None]
        if len(said) != 1:
            msg = (
                "say what the classes are by one of mapping='gz2_deepbench', classes={'spiral': "
                f"'p_cs >= 0.8', …}} and labels='column'; got {' and '.join(said) or 'none'}"
            )
            raise ParameterError(msg)
        if self.mapping is not None:
            return mapping_named(self.mapping)
        return mapping_of(**{said[0]: given[said[0]]})

    def checked_licence(self) -> str:
        """Return the licence.

        Raises
        ------
        ParameterError
            None is given.
        """
        if not (self.licence or "").strip():
            msg = (
                "say under which licence the images may be used, licence='CC-BY-4.0': whoever gets "
                "the dataset, or a network that learnt from it, must know, and files do not tell. "
                "The survey's or Galaxy Zoo's page of data has it"
            )
            raise ParameterError(msg)
        return str(self.licence).strip()


@dataclass(frozen=True, kw_only=True, eq=False)
class RealSample:
    """A dataset of real images, and what was left out of it.

    Attributes
    ----------
    dataset : Dataset
        As it is stored, with codes.
    dropped : dict of str to list of str
        Why objects were left out, and their names.
    alike : list of str
        Those whose pixels are another's, too, with which they share a split.
    description : DatasetDescription
        What a manifest says of it.
    """

    dataset: xr.Dataset
    dropped: Mapping[str, Sequence[str]]
    alike: Sequence[str]
    description: DatasetDescription

    def sentences(self) -> list[str]:
        """Return what there is, and what was left out and why."""
        label, names = self.dataset["label"].values, self.description.class_names
        counts = np.bincount(label, minlength=len(names))
        each = ", ".join(f"{name} {n:,}" for name, n in zip(names, counts, strict=True))
        lines = [f"{len(label):,} images of {len(names)} classes: {each}"]
        lines += [_told(why, who) for why, who in self.dropped.items() if who]
        if self.alike:
            lines.append(f"kept in one split: {_some('images of the same pixels', self.alike)}")
        return lines

    @property
    def unexpected(self) -> list[str]:
        """What was left out for other reasons than what was asked for."""
        dropped = self.dropped.items()
        return [_told(why, who) for why, who in dropped if who and why not in ASKED_FOR]


def _told(why: str, who: Sequence[str]) -> str:
    return f"left out: {_some(why, who)}"


def _some(what: str, who: Sequence[str]) -> str:
    return f"{len(who):,} {what}, such as {'; '.join(who[:_EXAMPLES])}"


def real(
    images: str | PathLike[str] | ArrayLike,
    votes: object,
    *,
    licence: str | None = None,
    mapping: str | PathLike[str] | VoteMapping | None = None,
    classes: Mapping[str, Any] | None = None,
    labels: str | None = None,
    id: str | None = None,
    where: str | None = None,
    group: str | None = None,
    keep: Sequence[str] = (),
    per_class: int | None = None,
    splits: Sequence[float] = (0.6, 0.2, 0.2),
    seed: int = 0,
    crop: int | None = None,
    side: int | None = None,
    bands: Sequence[str] | None = None,
    units: str | None = None,
    pixel_scale_arcsec: float | None = None,
    name: str = "real",
    citation: str = "",
    version: str | None = None,
    store: str | Store | None = None,
) -> xr.Dataset:
    """Return real images with classes by votes or labels, as `skybench.open` returns a dataset.

    Parameters
    ----------
    images : path or array
        A folder of JPEG, PNG, FITS, NPY or NPZ files, an image each; or (sample, y, x), (sample,
        band, y, x) or (sample, y, x, 3) pixels, of the last red first and row 0 at the top.
    votes : path, DataFrame, astropy table or mapping
        A row an object: CSV, Parquet, FITS or ECSV. Of an array, a row an image.
    licence : str
        Under which the images may be used: an SPDX identifier such as ``CC-BY-4.0``, or words.
    mapping : str, path or VoteMapping
        From columns to classes: one of skybench's (``gz1``, ``gz2_deepbench``, ``gz_decals``) or a
        YAML file. Or instead
    classes : mapping of str to str
        A cut each, such as ``{"spiral": "p_cs >= 0.8"}``; or instead
    labels : str
        The column with the class of each object.
    id : str, optional
        The column with the names of the images: of files, with or without ending and folder.
    where : str, optional
        A cut that all objects pass, such as ``redshift < 0.1``.
    group : str, optional
        A column; objects that share its value are in one split. Those with the same pixels are
        in any case.
    keep : sequence of str
        Columns of numbers that become coordinates.
    per_class : int, optional
        Samples of each class, chosen by the seed; of all as many as the smallest has, if that has
        fewer. Default: the mapping's, else all.
    splits : (3,) sequence of float
        Shares of train, validation and test, of each class.
    seed : int
        Of the choice and of the splits.
    crop : int, optional
        Keep the middle square of so many pixels.
    side : int, optional
        Then resize it to so many, each the mean over the area that it covers; without ``crop`` the
        largest middle square.
    bands : sequence of str, optional
        Names of the planes, blue to red. Of pictures also what they become: ``grey``, by the
        weights of ITU-R BT.601, or ``blue``, ``green``, ``red``, all alike where they were grey.
    units : str, optional
        Of the pixels of FITS, NPY and arrays.
    pixel_scale_arcsec : float, optional
        Of the images as they are given.
    name : str
        The dataset's id.
    citation : str
        How to cite the images.
    version : str, optional
        Publish it in the store as this, ``MAJOR.MINOR``, and return it from there.
    store : str or Store, optional
        Default: ``$SKYBENCH_STORE``, else the user's data folder.

    Returns
    -------
    Dataset
        ``image (sample, [band,] y, x)`` in the numbers of the images, row 0 at the bottom;
        ``label``, ``split``, and ``sample_id``, which follows from the object's name alone (see
        `sample_ids`). Where the mapping tells votes, ``vote_fraction (sample, class)``, and as
        ``vote_probability`` these as shares of their sum. ``attrs`` have content hash, licence,
        cuts, framing, and mean and deviation of the training images.

    Warns
    -----
    UserWarning
        Something was left out for another reason than that a cut or number asks it.

    Raises
    ------
    ParameterError
        No licence is given; a column is missing; no name in the table is an image's; images are
        of unlike shape or kind; a class is left with none; a cut is no expression.
    NotFoundError
        There is no such folder, table or mapping.
    VersionConflictError, StoreError
        It cannot be published.

    Examples
    --------
    >>> import numpy as np, skybench
    >>> pixels = np.random.default_rng(0).integers(0, 255, (30, 16, 16), dtype=np.uint8)
    >>> ds = skybench.real(
    ...     pixels,
    ...     {"p_spiral": np.linspace(0, 1, 30)},
    ...     classes={"spiral": "p_spiral >= 0.7", "other": "p_spiral <= 0.3"},
    ...     licence="CC0-1.0",
    ... )
    >>> ds.image.shape, sorted(set(ds.label.values.tolist()))
    ((18, 16, 16), ['other', 'spiral'])
    """
    options = RealOptions(
        licence=licence,
        mapping=mapping,
        classes=classes,
        labels=labels,
        id=id,
        where=where,
        group=group,
        keep=keep,
        per_class=per_class,
        splits=splits,
        seed=seed,
        crop=crop,
        side=side,
        bands=bands,
        units=units,
        pixel_scale_arcsec=pixel_scale_arcsec,
        name=name,
        citation=citation,
    )
    made = real_sample(images, votes, options)
    if made.unexpected:
        warnings.warn("; ".join(made.unexpected), stacklevel=2)
    if version is None:
        proof = hash_dataset(made.dataset).root
        return presented(made.dataset).assign_attrs(content_hash=proof, citation=citation)
    entry = publish_dataset(made.dataset, made.description, version, store)
    return open_version(f"{entry.dataset}@{entry.version}", store=store)


def real_sample(
    images: str | PathLike[str] | ArrayLike, votes: object, options: RealOptions
) -> RealSample:
    """Return a dataset of real images as it is stored, and what was left out.

    Raises
    ------
    ParameterError, NotFoundError
        As `real`.
    """
    licence, rules, dropped = options.checked_licence(), options.rules(), Dropped()
    check_dataset_name(options.name, options.name)
    table = VoteTable.of(votes)
    source = ImageFolder(images) if isinstance(images, str | PathLike) else ImageArray(images)
    objects = voted_objects(
        table,
        rules,
        source,
        dropped,
        id=options.id,
        where=options.where,
        group=options.group,
        keep=options.keep,
    )
    taken, framed = read_framed(
        objects,
        source,
        options.framing,
        dropped,
        per_class=rules.per_class if options.per_class is None else options.per_class,
        seed=options.seed,
    )
    pixels = stacked([one.image for one in framed], [source.names[i] for i in taken.image])
    digests = [sha256(np.ascontiguousarray(image).data).hexdigest() for image in pixels]
    split = _split(taken, digests, options)
    ds = _dataset(taken, pixels, framed, split, options).assign_attrs(
        title=options.name.replace("_", " ").capitalize(),
        recipe=options.name,
        seed=options.seed,
        task="classification",
        license=licence,
        class_rules="; ".join(rules.rules),
    )
    counts = Counter(digests)
    alike = [name for name, d in zip(taken.names.tolist(), digests, strict=True) if counts[d] > 1]
    order = np.argsort(ds["sample_id"].values)  # which says nothing of the classes
    return RealSample(
        dataset=ds.isel(sample=order),
        dropped=dropped,
        alike=alike,
        description=_described(ds, taken, source, table, rules, options, dropped),
    )


def sample_ids(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the ``sample_id`` of objects: the first 53 bits of the SHA-256 of their names.

    Raises
    ------
    ParameterError
        Two objects have one, by chance or because they have one name.
    """
    digests = (sha256(name.encode()).digest()[:8] for name in names)
    ids = np.array([int.from_bytes(d) >> (64 - _ID_BITS) for d in digests], dtype=np.int64)
    values, counts = np.unique(ids, return_counts=True)
    if len(values) < len(ids):
        same = [n for n, i in zip(names, ids, strict=True) if i == values[counts > 1][0]]
        msg = f"objects have one identity: {', '.join(same)}; give them other names"
        raise ParameterError(msg)
    return ids


def _split(
    objects: VotedObjects, digests: Sequence[str], options: RealOptions
) -> NDArray[np.int64]:
    if len(options.splits) != len(SPLITS):
        msg = f"splits are the shares of {', '.join(SPLITS)}, got {options.splits}"
        raise ParameterError(msg)
    groups = joined_groups([text or None for text in objects.group.tolist()], digests)
    names = objects.names.tolist()
    return grouped_splits(names, objects.label, groups, options.splits, options.seed)


def _dataset(
    objects: VotedObjects,
    pixels: NDArray[Any],
    framed: Sequence[Framed],
    split: NDArray[np.int64],
    options: RealOptions,
) -> xr.Dataset:
    first = framed[0].image
    dims = ("sample", "band", "y", "x") if len(first.planes) > 1 else ("sample", "y", "x")
    image = (dims, pixels if len(dims) == 4 else pixels[:, 0], _meaning(first, options.units))
    about = {
        "framing": options.framing.words,
        **_levels(pixels[split == 0]),
        **_scale(options, {one.square for one in framed}),
    }
    return xr.Dataset({"image": image}, {**_truth(objects, split), **_bands(first)}, about)


def _meaning(image: OneImage, units: str | None) -> dict[str, str]:
    if image.planes.dtype.kind in "iu" and image.bands in (COLOURS, GREY):
        bits = 8 * image.planes.dtype.itemsize
        return {"units": "1", "long_name": f"{bits}-bit values of a picture, no electrons"}
    if units is None:
        return {"long_name": "pixels, in units that nobody told"}
    return {"units": units, "long_name": "pixels as they were given"}


def _bands(image: OneImage) -> dict[str, xr.Variable]:
    count = len(image.planes)
    if count == 1:
        return {}
    names = image.bands or tuple(f"plane_{i}" for i in range(count))
    return {"band": VOCABULARY["band"].holding(np.arange(count), flags(numbered(names)))}


def _truth(objects: VotedObjects, split: NDArray[np.int64]) -> dict[str, Any]:
    codes = numbered(objects.classes)
    found: dict[str, Any] = {
        "sample_id": variable("sample_id", sample_ids(objects.names.tolist())),
        "label": variable("label", objects.label, flags(codes)),
        "split": variable("split", split, flags(numbered(SPLITS))),
    }
    if objects.fractions is not None:
        likely = objects.fractions / objects.fractions.sum(axis=1, keepdims=True)
        found["class"] = variable("class", list(codes.values()), flags(codes))
        for name, values, words in (
            ("vote_fraction", objects.fractions, "share of the volunteers who said the class"),
            ("vote_probability", likely, "the same, as a share of those who said any class here"),
        ):
            found[name] = VOCABULARY[name].holding(values, {"long_name": words})
    for word, values in objects.kept.items():
        if word in {*found, "image", "band", "sample"}:
            msg = f"{word} is a name of the dataset's own; rename the column that is to be kept"
            raise ParameterError(msg)
        found[word] = ("sample", values, {"long_name": f"{word}, of the table of votes"})
    return found


def _levels(training: NDArray[Any]) -> dict[str, str]:
    """Return mean and deviation of the training pixels of each band, to six digits, as text."""
    if not len(training):
        return {}
    wide, axes = training.astype(np.float64), (0, 2, 3)
    levels = {
        "training_mean": np.nanmean(wide, axis=axes),
        "training_deviation": np.nanstd(wide, axis=axes),
    }
    return {name: " ".join(f"{v:.6g}" for v in values) for name, values in levels.items()}


def _scale(options: RealOptions, squares: set[int]) -> dict[str, float]:
    scale = options.pixel_scale_arcsec
    if scale is None:
        return {}
    if options.side is None:
        return {"pixel_scale_arcsec": scale}
    if len(squares) > 1:
        msg = (
            f"images of {min(squares)} to {max(squares)} pixels resized to {options.side} have no "
            f"common pixel_scale_arcsec; crop={min(squares)} gives them one"
        )
        raise ParameterError(msg)
    return {"pixel_scale_arcsec": scale * squares.pop() / options.side}


def _described(
    ds: xr.Dataset,
    objects: VotedObjects,
    source: ImageSource,
    table: VoteTable,
    rules: VoteMapping,
    options: RealOptions,
    dropped: Dropped,
) -> DatasetDescription:
    files = {
        name: source.digest(place)
        for name, place in zip(objects.names.tolist(), objects.image.tolist(), strict=True)
    }
    title = str(ds.attrs["title"])
    said = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()}
    for key in ("mapping", "name"):  # which are told beside
        del said[key]
    # A manifest's words are those of its content, whose pixels may be larger.
    said["given_scale_arcsec"] = said.pop("pixel_scale_arcsec")
    return DatasetDescription(
        name=options.name,
        title=title,
        description=f"{title}: {len(objects):,} real images. {rules.title}. {rules.source}".strip(),
        samples=len(objects),
        family="real",
        provenance={
            "options": said,
            "mapping": rules.model_dump(mode="json"),
            "votes_sha256": table.digest,
            "images_sha256": f"sha256:{sha256(canonical_json(files)).hexdigest()}",
            "left_out": {why: len(who) for why, who in dropped.items() if who},
        },
        task="classification",
        class_names=objects.classes,
        licence=str(ds.attrs["license"]),
        citation=options.citation,
    )
