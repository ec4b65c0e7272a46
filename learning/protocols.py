"""Training protocols: every hyperparameter of a training, by name or in a file."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown

ALL_BUT_HEAD = "all but head"

_AMOUNTS = {
    "dihedral": None,
    "shift": "pixels",
    "zoom": "share of its size",
    "noise": "share of the pixel noise",
    "blur": "pixels of FWHM",
}
"""What is done to training images, and what the largest amount of each is counted in."""


class Augmentation(BaseModel):
    """Something that is done to training images at random, up to an amount.

    Parameters
    ----------
    kind : "dihedral", "shift", "zoom", "noise" or "blur"
        Dihedral: one of the square's symmetries. Shift: whole pixels along each axis, mirrored at
        the edge. Zoom: a factor from 1 - amount to 1 + amount at the same surface brightness.
        Noise: Gaussian noise of up to the amount, in units of the stretch's scale. Blur: a
        Gaussian PSF of up to the amount, FWHM in pixels, as of worse seeing.
    amount : float
        The largest; each image draws its own, evenly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["dihedral", "shift", "zoom", "noise", "blur"]
    amount: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, given: Any) -> Any:
        """Take ``dihedral``, or ``{shift: 2}``."""
        if isinstance(given, str):
            given = {given: None}
        if not isinstance(given, Mapping) or "kind" in given:
            return given
        if len(given) != 1:
            msg = "is a name such as dihedral, or a name with its amount such as {shift: 2}"
            raise ValueError(msg)
        ((kind, amount),) = given.items()
        if kind not in _AMOUNTS:
            raise ValueError(unknown("augmentation", str(kind), _AMOUNTS))
        return {"kind": kind} if amount is None else {"kind": kind, "amount": amount}

    @model_validator(mode="after")
    def _has_its_amount(self) -> "Augmentation":
        unit = _AMOUNTS[self.kind]
        if unit is None and self.amount:
            msg = f"{self.kind} has no amount"
            raise ValueError(msg)
        if unit is not None and not self.amount:
            msg = f"{self.kind} needs its largest amount, in {unit}: {{{self.kind}: 1}}"
            raise ValueError(msg)
        if self.kind == "zoom" and self.amount >= 1:
            msg = f"zoom is less than 1, got {self.amount:g}"
            raise ValueError(msg)
        return self

    @model_serializer
    def _in_words(self) -> str | dict[str, float]:
        return {self.kind: self.amount} if self.amount else self.kind


def _named_layers(given: Any) -> Any:
    """Take the layers alone, where they stay frozen to the end."""
    return given if isinstance(given, Mapping) else {"layers": given}


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) and given != ALL_BUT_HEAD else given


class Freeze(BaseModel):
    """Layers that keep the weights that they began with, for some epochs or for good.

    Parameters
    ----------
    layers : "all but head", or tuple of str
        Prefixes of the names of their tensors, such as ``conv1`` and ``layer1``.
    epochs : int, optional
        After so many all layers are trained: the second phase of a fine-tuning, which has a
        schedule of its own. Default: never.
    then_rate : float
        The learning rate of the second phase, as a share of the protocol's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: Annotated[
        Literal["all but head"] | tuple[str, ...],
        BeforeValidator(_listed),
        PlainSerializer(lambda layers: layers if isinstance(layers, str) else list(layers)),
    ]
    epochs: int | None = Field(default=None, ge=1)
    then_rate: float = Field(default=0.1, gt=0)


class Alignment(BaseModel):
    """Which other survey a network shall see as it sees the one that it learns, without labels.

    Parameters
    ----------
    kind : "coral" or "dann"
        How; see `skybench.learning.adaptation`.
    target : str
        The other survey: a version, a Zarr store, a recipe or a rung such as ``sdss_des/des``.
    part : str
        The split or named set of it that is looked at, or ``all``.
    weight : float
        Of the alignment beside the loss of the labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["coral", "dann"]
    target: str
    part: str = "unlabelled"
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Protocol(BaseModel):
    """How a network is trained; two runs with the same protocol and seed are the same run.

    Parameters
    ----------
    optimizer : "sgd" or "adamw"
        Weight decay is that of the optimizer: coupled in SGD, decoupled in AdamW.
    schedule : "constant", "one-cycle", "cosine" or "step"
        One-cycle rises linearly over `warmup` of all steps, then falls as a cosine to zero. Cosine
        is the same, for who wants no warmup. Step multiplies the rate by `step_factor` at each of
        `milestones`.
    augmentation : "none" or "dihedral"
        Dihedral: each training image is flipped and turned by one of the square's symmetries.
    seeds_needed : int
        How many runs a recorded score takes.
    network : str, optional
        A key of `NETWORKS`, where none is named otherwise.
    init : str, optional
        Whose weights the network begins with, all but its last layer: a version that has a
        baseline of the network, such as ``sky@1``, or the path of a weights file. Default: random
        ones.
    freeze : Freeze, optional
        Layers that are not trained, or not from the beginning.
    layer_decay : float, optional
        Each layer's learning rate is this share of that of the layer after it; the head has the
        protocol's.
    augmentations : tuple of Augmentation
        One after another, each drawn by (seed, epoch, batch).
    milestones : tuple of float
        Shares of all steps.
    step_factor : float
    adapt : Alignment, optional
        Another survey whose features are made like those of the one that is learnt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    optimizer: Literal["sgd", "adamw"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    batch_size: int = Field(default=64, ge=2)
    epochs: int = Field(ge=1)
    schedule: Literal["constant", "one-cycle", "cosine", "step"] = "constant"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    augmentation: Literal["none", "dihedral"] = "none"
    seeds_needed: int = Field(default=3, ge=1)
    network: str | None = None
    init: str | None = None
    freeze: Annotated[Freeze, BeforeValidator(_named_layers)] | None = None
    layer_decay: float | None = Field(default=None, gt=0, le=1)
    augmentations: tuple[Augmentation, ...] = ()
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.75)
    step_factor: float = Field(default=0.1, gt=0, le=1)
    adapt: Alignment | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Protocol":
        dihedral = any(one.kind == "dihedral" for one in self.augmentations)
        if dihedral and self.augmentation == "dihedral":
            msg = "dihedral stands in augmentation and in augmentations; leave one out"
            raise ValueError(msg)
        phase = self.freeze.epochs if self.freeze else None
        if phase is not None and phase >= self.epochs:
            msg = (
                f"freeze.epochs is {phase} of {self.epochs} epochs, which leaves none for the "
                "second phase; leave it out to freeze to the end"
            )
            raise ValueError(msg)
        return self

    @model_serializer(mode="wrap")
    def _as_it_was(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what newer skybench added and this does without: its digest stays."""
        defaults = {name: type(self).model_fields[name].default for name in _NEWER}
        kept = whole(self)
        unsaid = {name for name, value in defaults.items() if getattr(self, name) == value}
        return {name: value for name, value in kept.items() if name not in unsaid}


_NEWER = (
    "network",
    "init",
    "freeze",
    "layer_decay",
    "augmentations",
    "milestones",
    "step_factor",
    "adapt",
)
"""Fields that recorded protocols did not have."""


PROTOCOLS = {
    # Batch, learning rate and weight decay as the DeepBench paper states them. It names no
    # momentum, schedule, augmentation or number of epochs, so there is none of the first three.
    "paper": Protocol(
        name="paper",
        optimizer="sgd",
        learning_rate=0.524,
        weight_decay=0.00125,
        epochs=8,
        seeds_needed=1,
    ),
    "default": Protocol(
        name="default",
        optimizer="sgd",
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=5e-4,
        epochs=8,
        schedule="one-cycle",
        warmup=0.2,
        augmentation="dihedral",
    ),
}


def chosen_protocols(
    names: Sequence[str] | None = None, seeds: int | None = None, epochs: int | None = None
) -> tuple[Protocol, ...]:
    """Return protocols by name, with other numbers of seeds and epochs where they are given.

    Parameters
    ----------
    names : sequence of str, optional
        Keys of `PROTOCOLS`. Default: all.
    seeds, epochs : int, optional
        Of each, for short runs or long ones.

    Raises
    ------
    ParameterError
        There is no protocol of a name, or a number is below one.
    """
    for what, number in {"seeds": seeds, "epochs": epochs}.items():
        if number is not None and number < 1:
            msg = f"{what} must be at least 1, got {number}"
            raise ParameterError(msg)
    changes = {"seeds_needed": seeds, "epochs": epochs}
    given = {key: number for key, number in changes.items() if number is not None}
    chosen = PROTOCOLS if names is None else names
    return tuple(_named(name).model_copy(update=given) for name in chosen)


def _named(name: str) -> Protocol:
    if name not in PROTOCOLS:
        raise ParameterError(unknown("protocol", name, PROTOCOLS))
    return PROTOCOLS[name]
