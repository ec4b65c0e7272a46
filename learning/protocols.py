"""Training protocols: every hyperparameter of a baseline, by name."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown


class Protocol(BaseModel):
    """How a network is trained; two runs with the same protocol and seed are the same run.

    Parameters
    ----------
    optimizer : "sgd" or "adamw"
        Weight decay is that of the optimizer: coupled in SGD, decoupled in AdamW.
    schedule : "constant" or "one-cycle"
        One-cycle rises linearly over `warmup` of all steps, then falls as a cosine to zero.
    augmentation : "none" or "dihedral"
        Dihedral: each training image is flipped and turned by one of the square's symmetries.
    seeds_needed : int
        How many runs a recorded score takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    optimizer: Literal["sgd", "adamw"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    batch_size: int = Field(default=64, ge=2)
    epochs: int = Field(ge=1)
    schedule: Literal["constant", "one-cycle"] = "constant"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    augmentation: Literal["none", "dihedral"] = "none"
    seeds_needed: int = Field(default=3, ge=1)


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
