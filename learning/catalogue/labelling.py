"""Label samples that nobody labelled, with probabilities that tell how often they are right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown
from skybench.learning.adaptation import with_statistics_of
from skybench.learning.catalogue.calibration import Calibration, calibrated, tempered
from skybench.learning.catalogue.catalogue_file import CLASS, CONFIDENCE, Catalogue, Provenance
from skybench.learning.catalogue.domain import (
    UNKNOWN,
    Domain,
    in_stretch_of,
    joined,
    read_domain,
)
from skybench.learning.catalogue.recursion import Rules, train_recursively
from skybench.learning.labelled import TRAIN, Labelled, Origin
from skybench.learning.model import StretchedNetwork, load_model
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import network_named
from skybench.learning.protocols import PROTOCOLS, Protocol
from skybench.learning.readable import Readable, called
from skybench.learning.training import predict
from skybench.learning.weights_file import About, read_weights
from skybench.registry.describing.library_versions import library_versions
from skybench.registry.scoring.coordinates import coordinate_table
from skybench.registry.scoring.question import ID
from skybench.registry.storage.local_disk import file_digest
from skybench.registry.storage.store import Store

STRETCHES, ADAPTINGS = ("own", "model"), ("none", "adabn")
_UNCALIBRATED = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedModel:
    """A network with its weights, and what their file says.

    Attributes
    ----------
    model : StretchedNetwork
    network : Network
    about : About
    path : Path
        Of the file.
    """

    model: StretchedNetwork
    network: Network
    about: About
    path: Path

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return file_digest(self.path)

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of the outputs."""
        return self.about.origin.names

    def seen(self, domain: Domain, stretch: str = "own") -> npt.NDArray[Any]:
        """Return the images of a survey as this network takes them.

        Parameters
        ----------
        domain : Domain
        stretch : "own" or "model"
            Whether electrons mean what they do to the network as they would in a survey of its
            own stretch, or what they mean in the one that it was trained on.

        Raises
        ------
        ParameterError
            The images have another shape than those that it was trained on, or there is no such
            stretch.
        """
        if stretch not in STRETCHES:
            raise ParameterError(unknown("stretch", stretch, STRETCHES))
        assert self.about.form is not None
        shape = domain.images.shape[1:]
        if shape != self.about.form.shape:
            msg = f"{domain.name} has images {shape}, the network takes {self.about.form}"
            raise ParameterError(msg)
        if stretch == "model":
            return domain.images
        return in_stretch_of(domain.images, domain.stretch(), self.model.stretch)

    def probabilities(self, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return (sample, class), not calibrated."""
        nothing = np.zeros(len(images), np.int8)
        data = Labelled(images, nothing, nothing + TRAIN, len(self.classes), turns=False)
        return predict(self.model, data, np.arange(len(images)))


def read_model(path: str | PathLike[str], network: Network | None = None) -> TrainedModel:
    """Read a classifier from its file of weights.

    Parameters
    ----------
    path : path
    network : Network, optional
        Default: the one that the file names.

    Raises
    ------
    NotFoundError, IntegrityError
        As `load_model`.
    ParameterError
        The file does not say what it is of, or it is of no classifier.
    """
    about = read_weights(path).about
    if about.form is None or about.outputs is None or about.network is None:
        msg = f"{path} does not say which network, classes and images it is of; train it again"
        raise ParameterError(msg)
    if about.task != "classification":
        msg = f"{path} is of a {about.task}; catalogues and maps of features are of classes"
        raise ParameterError(msg)
    known = network or network_named(about.network)
    model = load_model(path, known, about.form, about.outputs)
    if len(about.origin.names) != about.outputs:
        origin = Origin(names=tuple(f"class_{code}" for code in range(about.outputs)))
        about = about.model_copy(update={"origin": origin})
    return TrainedModel(model=model, network=known, about=about, path=Path(path))


@dataclass(frozen=True, kw_only=True)
class Recursive:
    """How a network is trained further before it labels.

    Parameters
    ----------
    folder : path
        Of the rounds, which resume there.
    rules : Rules
    protocol : Protocol
        Of the students.
    cut : str, optional
        Which samples of the source are learnt from, as for `joined`.
    seed : int
    report : callable, optional
        Gets a line an epoch and a round.
    """

    folder: str | PathLike[str]
    rules: Rules = field(default_factory=Rules)
    protocol: Protocol = PROTOCOLS["default"]
    cut: str | None = None
    seed: int = 0
    report: Callable[[str], None] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelling:
    """A catalogue, and how well its probabilities were calibrated.

    Attributes
    ----------
    catalogue : Catalogue
    calibration : Calibration or None
        On samples whose classes are known; None where none were given.
    """

    catalogue: Catalogue
    calibration: Calibration | None

    def __str__(self) -> str:
        """Say how many are of each class, how sure that is, and what calibration changed."""
        table, said = self.catalogue.table, self.catalogue.provenance
        counts = ", ".join(f"{n:,} {name}" for name, n in table[CLASS].value_counts().items())
        sure = np.count_nonzero(table[CONFIDENCE] >= 0.95) / len(table)
        lines = [f"{len(table):,} samples of {said.dataset}: {counts}; {sure:.1%} surer than 95 %"]
        if self.calibration is None:
            return f"{lines[0]}\nnot calibrated: name the dataset it was trained on as the source"
        shown = self.calibration.measures.to_string(float_format="{:.4f}".format)
        return "\n".join([*lines, f"temperature {said.temperature:.3f}", shown])


def catalogue(
    model: str | PathLike[str] | TrainedModel,
    dataset: Readable,
    *,
    part: str = "unlabelled",
    source: Readable | None = None,
    columns: Sequence[str] = (),
    stretch: str = "own",
    adapt: str = "none",
    recursion: Recursive | None = None,
    store: str | Store | None = None,
) -> Labelling:
    """Label samples into a catalogue, with calibrated probabilities.

    Parameters
    ----------
    model : path or TrainedModel
        A file of weights of a classifier.
    dataset : str, path or Dataset
        As for `read_domain`: a version, a store, a recipe or its rung, or a dataset in memory.
    part : str
        The split or named set that is labelled, or ``all``.
    source : str, path or Dataset, optional
        What the network was trained on: its validation split chooses the temperature.
    columns : sequence of str
        Coordinates that the catalogue has too, such as ``magnitude``.
    stretch : "own" or "model"
        Whose stretch the images are seen in: see `TrainedModel.seen`.
    adapt : "none" or "adabn"
        AdaBN takes the means and variances of normalisations from the samples to be labelled.
    recursion : Recursive, optional
        Trains the network in rounds on the source and on the labels that it is sure of, first.
    store : str or Store, optional

    Raises
    ------
    ParameterError
        The network cannot take such images, or a column is none.
    NotFoundError, IntegrityError
        As `read_domain` and `read_model`.

    Examples
    --------
    >>> import skybench
    >>> found = skybench.catalogue("run/resnet18.safetensors", "sdss_des/des",
    ...     source="sdss_des")                                  # doctest: +SKIP
    >>> found.catalogue.write("des.parquet")                    # doctest: +SKIP
    """
    trained = model if isinstance(model, TrainedModel) else read_model(model)
    rounds = 0
    if recursion is not None:
        trained, rounds = _retrained(trained, dataset, source, part, recursion, store)
    if adapt not in ADAPTINGS:
        raise ParameterError(unknown("adaptation of a trained network", adapt, ADAPTINGS))
    calibration = None if source is None else _calibration(trained, source, store)
    domain = read_domain(dataset, parts=(part,), store=store)
    images = trained.seen(domain, stretch)
    used = trained
    if adapt == "adabn":
        used = replace(trained, model=with_statistics_of(trained.model, images))
    temperature = calibration.temperature if calibration else _UNCALIBRATED
    found = tempered(used.probabilities(images), temperature)
    origin = domain.origin
    provenance = Provenance(
        content=origin.content,
        images=domain.content(),
        weights=trained.digest,
        network=trained.network.name,
        temperature=temperature,
        calibrated_on=None if source is None else f"validation of {called(source)}",
        dataset=origin.dataset or domain.name,
        part=part,
        trained_on=trained.about.origin.dataset,
        adaptation=None if adapt == "none" else adapt,
        rounds=rounds,
        skybench=library_versions(("skybench",))["skybench"],
        licence=trained.about.origin.licence,
    )
    table = _table(domain, found, trained.classes, columns)
    return Labelling(
        catalogue=Catalogue(table=table, provenance=provenance), calibration=calibration
    )


def _retrained(
    trained: TrainedModel,
    dataset: Readable,
    source: Readable | None,
    part: str,
    how: Recursive,
    store: str | Store | None,
) -> tuple[TrainedModel, int]:
    if source is None:
        msg = "recursive training needs the source: the dataset whose labels are known"
        raise ParameterError(msg)
    known = read_domain(source, parts=("train", "validation"), store=store)
    both = joined(
        known, read_domain(dataset, parts=(part,), store=store), cut=how.cut, unlabelled=part
    )
    found = train_recursively(
        trained.network,
        both,
        how.protocol,
        teacher=trained.path,
        seed=how.seed,
        folder=how.folder,
        rules=how.rules,
        report=how.report,
    )
    if how.report is not None:
        how.report(f"ended: {found.ended}")
    return read_model(found.best, trained.network), found.kept


def _calibration(trained: TrainedModel, source: Readable, store: str | Store | None) -> Calibration:
    domain = read_domain(source, parts=("validation",), store=store)
    if domain.classes != trained.classes:
        msg = f"{domain.name} has the classes {domain.classes}, the network {trained.classes}"
        raise ParameterError(msg)
    known = domain.of(np.flatnonzero(domain.labels != UNKNOWN))
    found = trained.probabilities(trained.seen(known, "model"))
    return calibrated(found, known.labels)


def _table(
    domain: Domain,
    probabilities: npt.NDArray[np.float64],
    classes: tuple[str, ...],
    columns: Sequence[str],
) -> pd.DataFrame:
    names = np.array(classes)
    table = pd.DataFrame({ID: domain.ids, CLASS: names[probabilities.argmax(axis=1)]})
    for code, name in enumerate(classes):
        table[name] = probabilities[:, code]
    table[CONFIDENCE] = probabilities.max(axis=1)
    known = coordinate_table(domain.ds, np.arange(len(table))) if columns else pd.DataFrame()
    for column in columns:
        if column not in known or column in table:
            raise ParameterError(unknown("column", column, [*map(str, known)]))
        table[column] = known[column].to_numpy()
    return table
