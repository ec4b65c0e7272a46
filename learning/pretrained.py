"""Networks with the weights that somebody trained: of a version of a store, or of a file."""

import copy
import dataclasses
import tempfile
import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from skybench.errors import NotFoundError, ParameterError, UnlikeTrainingWarning
from skybench.learning.adaptation import features_seen
from skybench.learning.heads import answers
from skybench.learning.model import StretchedNetwork, build_model
from skybench.learning.networks.network import Network
from skybench.learning.networks.table import network_named
from skybench.learning.normalising import InputRange
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.learning.transplant import LeftBehind, transplant
from skybench.learning.weights_file import About, Weights, read_weights
from skybench.registry.evidence import read_record, read_stored
from skybench.registry.scoring.records import Record
from skybench.registry.storage.store import BASELINES, Store
from skybench.registry.versions.index import read_manifest, resolve

_BATCH = 256
_MOST_BYTES = 4 << 30


class PretrainedNetwork(StretchedNetwork):
    """A network that takes samples in the unit of its training, and knows its classes.

    Called on a tensor it gives outputs with gradients, for training on.

    Attributes
    ----------
    network : Module
        The plain one, such as torchvision's; its ``state_dict`` is in torchvision's names.
    about : About
        What is known of the weights.
    """

    def __init__(self, model: StretchedNetwork, declared: Network, about: About) -> None:
        super().__init__(model.network, model.form, model.stretch)
        self.declared, self.about = declared, about

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or of the targets."""
        outputs = self.about.outputs or 0
        return self.about.origin.names or tuple(map(str, range(outputs)))

    @property
    def normalisation(self) -> Stretch:
        """What the network sees of samples."""
        return self.stretch

    def predict(self, images: npt.ArrayLike, *, check: bool = True) -> Any:
        """Return probabilities or targets of samples, a column a class or target.

        Parameters
        ----------
        images : (sample, [band,] y, x) array or tensor
            In the unit of training, ``about.origin.unit``.
        check : bool
            Whether to warn of samples that are unlike those of training.

        Returns
        -------
        DataFrame, or of a segmentation or deblending an array of maps

        Raises
        ------
        ParameterError
            They are no samples that the network takes.

        Warns
        -----
        UnlikeTrainingWarning
            Their statistics say that they are in another unit, or are no such images.
        """
        samples = self._samples(images)
        if check:
            self._check_likeness(samples.numpy())
        turn = answers(self.about.task or "classification", self.about.learned)
        found = np.concatenate([turn(outputs) for outputs in self._outputs(samples)])
        return pd.DataFrame(found, columns=list(self.classes)) if found.ndim == 2 else found

    def features(self, images: npt.ArrayLike) -> torch.Tensor:
        """Return (sample, feature): what goes into the last layer, of maps the mean of each.

        Raises
        ------
        ParameterError
            It is not known which layer is the last.
        """
        with features_seen(self, self.declared.head) as seen:
            for _ in self._outputs(self._samples(images)):
                pass
        return torch.cat(seen).cpu()

    def normalised_for(self, images: npt.ArrayLike) -> "PretrainedNetwork":
        """Return a copy that takes its stretch from these samples, for those in another unit."""
        stretch = Stretch.of(self._samples(images).numpy())
        model = StretchedNetwork(copy.deepcopy(self.network), self.form, stretch)
        about = self.about.model_copy(update={"normalisation": stretch})
        return PretrainedNetwork(model, self.declared, about)

    def _samples(self, images: npt.ArrayLike) -> torch.Tensor:
        given = torch.as_tensor(np.asarray(images, np.float32))
        if given.ndim == len(self.form.dims) and self.form.planes == 1:
            given = given.unsqueeze(1)
        if given.ndim != len(self.form.dims) + 1:
            msg = f"the network takes (sample, {', '.join(self.form.dims)}), got {given.ndim} axes"
            raise ParameterError(msg)
        form = dataclasses.replace(self.form, shape=tuple(given.shape[1:]))
        if form.planes != self.form.planes:
            msg = (
                f"the network takes {self.form.planes} planes, got {form.planes}; "
                f"pretrained(…, channels={form.planes}) makes one that takes them"
            )
            raise ParameterError(msg)
        if reason := self.declared.refusal(form):
            msg = f"{self.declared.name} cannot take these: {reason}"
            raise ParameterError(msg)
        return given

    def _outputs(self, samples: torch.Tensor) -> Any:
        was_training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                for part in torch.split(samples, _BATCH):
                    yield self(part.to(self.scale.device))
        finally:
            self.train(was_training)

    def _check_likeness(self, samples: npt.NDArray[np.float32]) -> None:
        # Where a file does not know its training, samples of mean 0 and deviation 1 are assumed.
        usual = self.about.seen or InputRange(mean=(-1.0, 1.0), deviation=(0.4, 2.0))
        if strangeness := usual.strangeness(samples, self.stretch):
            unit = self.about.origin.unit or "an unknown unit"
            message = (
                f"these samples, from {samples.min():.3g} to {samples.max():.3g}, are unlike those "
                f"of training, which were in {unit}: {strangeness}. Bring them to that unit "
                "(skybench.learning.normalising), or take the stretch from them: "
                "model.normalised_for(images)."
            )
            warnings.warn(message, UnlikeTrainingWarning, stacklevel=3)


def pretrained(
    source: str | PathLike[str],
    *,
    network: str | None = None,
    classes: int | Sequence[str] | None = None,
    channels: int | None = None,
    store: str | Store | None = None,
) -> PretrainedNetwork:
    """Return a network with weights that were trained before; it needs torch, and no lightning.

    Parameters
    ----------
    source : str or path
        A version such as ``sky@1``, whose store has weights; or a file of weights,
        ``.safetensors``.
    network : str, optional
        The name of the version's record, such as ``resnet50`` or ``resnet50-paper``. Default: the
        best. Of a file that does not say it, the name of the network.
    classes : int or sequence of str, optional
        Makes a new last layer for these classes, with weights of the seed 0.
    channels : int, optional
        Makes a new first layer for so many planes.
    store : str or Store, optional
        As for `skybench.open`.

    Raises
    ------
    NotFoundError
        There is no such version or file, or the version has no such weights.
    IntegrityError
        The weights are not those that the record names.
    ParameterError
        It is not known of which network they are.

    Examples
    --------
    >>> import skybench
    >>> model = skybench.pretrained("sky@1", network="resnet50")  # doctest: +SKIP
    >>> model.predict(skybench.open("sky@1", split="test").image[:8])  # doctest: +SKIP
    """
    if Path(source).suffix == ".safetensors" or Path(source).is_file():
        weights = read_weights(source)
    else:
        weights = weights_of_version(str(source), network, Store(store))
    name = weights.about.network or network
    if name is None:
        msg = f"{source} does not say of which network its weights are; give network="
        raise ParameterError(msg)
    return _made(weights, network_named(name), classes, channels)


def weights_of_version(reference: str, network: str | None, store: Store) -> Weights:
    """Return the weights of a record of a version, of the best one where none is named.

    Raises
    ------
    NotFoundError
        The store has no such version, or it has no such weights.
    IntegrityError
        They are not those that the record names.
    """
    manifest = read_manifest(store, resolve(reference, store))
    records = [
        read_record(stored, f"{manifest.key}/{stored.key}", store)
        for stored in manifest.objects
        if stored.key.startswith(f"{BASELINES}/") and stored.key.endswith(".json")
    ]
    trained = {record.name: record for record in records if record.weights is not None}
    if not trained or (network is not None and network not in trained):
        have = f"it has those of {', '.join(trained)}" if trained else "it has none"
        msg = f"{manifest.reference} has no weights of {network or 'any network'}; {have}"
        raise NotFoundError(msg)
    best = max(trained.values(), key=lambda record: record.score)
    record = best if network is None else trained[network]
    assert record.weights is not None
    key = f"{manifest.key}/{record.weights.key}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.safetensors"
        file.write_bytes(read_stored(record.weights, key, store, _MOST_BYTES))
        weights = read_weights(file)
    return _with_record(weights, record)


def _with_record(weights: Weights, record: Record) -> Weights:
    """Return weights of 0.3 and before with what their record knows of them."""
    if weights.about.network is not None:
        return weights
    name = record.name.removesuffix(f"-{record.protocol}")
    names = record.classes or record.targets
    scaling = record.hyperparameters.get("target_scaling")
    about = weights.about.model_copy(
        update={
            "network": name,
            "task": record.task,
            "outputs": len(names),
            "origin": dataclasses.replace(
                weights.about.origin,
                names=names,
                dataset=f"{record.dataset}@{record.version}",
                content=record.content,
            ),
            "learned": {} if scaling is None else {"target_scaling": scaling},
        }
    )
    return Weights(tensors=weights.tensors, about=about)


def _made(
    weights: Weights, network: Network, classes: int | Sequence[str] | None, channels: int | None
) -> PretrainedNetwork:
    about = weights.about.model_copy(update={"network": network.name})
    about = _with_classes(about, weights, network, classes)
    form = about.form or _image_form(weights, network)
    if channels is not None:
        dims = ("band", *(form.dims[axis] for axis in form.axes))
        form = SampleForm(dims=dims, shape=(channels, *form.extent))
    about = about.model_copy(update={"form": form})
    stretch = about.normalisation or Stretch(scale=1.0, mean=0.0, deviation=1.0)
    model = build_model(network, form, about.outputs or 0, stretch=stretch, seed=0)
    but: LeftBehind = "none" if classes is None else "head" if channels is None else "ends"
    moved = transplant(model, weights, but=but, network=network)
    missing = [n for n in moved.left if not _is_end(n, network, classes, channels)]
    if missing:
        msg = (
            f"the weights are not of {network.name} for {form}: they lack {', '.join(missing[:3])}"
        )
        raise ParameterError(msg)
    return PretrainedNetwork(model, network, about).eval()


def _is_end(
    name: str, network: Network, classes: int | Sequence[str] | None, channels: int | None
) -> bool:
    anew = {network.head: classes is not None, network.stem: channels is not None}
    return any(is_new and name.startswith(f"{end}") for end, is_new in anew.items())


def _with_classes(
    about: About, weights: Weights, network: Network, classes: int | Sequence[str] | None
) -> About:
    if classes is None:
        last = weights.tensors.get(f"{network.head}.weight")
        known = about.outputs or (0 if last is None else len(last))
        return about.model_copy(update={"outputs": known})
    names = tuple(map(str, range(classes))) if isinstance(classes, int) else tuple(classes)
    origin = dataclasses.replace(about.origin, names=names)
    task = about.task if about.task == "multilabel" else "classification"
    return about.model_copy(
        update={"outputs": len(names), "origin": origin, "task": task, "learned": {}}
    )


def _image_form(weights: Weights, network: Network) -> SampleForm:
    """Return the form of images that weights take which do not say it."""
    first = weights.tensors.get(f"{network.stem}.weight")
    if first is None or first.ndim != 4:
        msg = f"the weights of {network.name} do not say which samples they take"
        raise ParameterError(msg)
    side = max(network.smallest, 64)
    return SampleForm(dims=("band", "y", "x"), shape=(first.shape[1], side, side))
