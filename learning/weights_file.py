"""Files of weights: tensors under a network's own names, and in the header all else about them.

They are safetensors, which are data and never code. Plain torchvision loads the tensors as they
are; what they were trained on, and the stretch of their samples, stand in the metadata under
"skybench" as one JSON object: safetensors writes several keys in no fixed order, and equal
weights shall be equal files.
"""

import json
import pickle
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import safetensors
import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from skybench.errors import IntegrityError, NotFoundError
from skybench.learning import protocols
from skybench.learning.labelled import Labelled, Origin
from skybench.learning.networks.network import Network
from skybench.learning.normalising import InputRange
from skybench.learning.sample_form import SampleForm
from skybench.learning.stretch import Stretch
from skybench.registry.describing.library_versions import library_versions
from skybench.registry.storage.local_disk import replacing

LIBRARIES = ("skybench", "torch", "torchvision", "lightning", "numpy", "scipy", "safetensors")
"""Whose versions files of weights and records hold."""

_KEY = "skybench"
_OF_TORCH = (".pth", ".pt")
_STATE = "state_dict"
_OLD_PREFIX = "network."
_OLD_STRETCH = ("scale", "mean", "deviation")


class Stretched(Protocol):
    """A network with the stretch of its samples."""

    network: torch.nn.Module
    stretch: Stretch


class About(BaseModel):
    """What a file says of its weights; each is None where it is not known.

    Parameters
    ----------
    network : str, optional
        The name of a `Network`.
    task : str, optional
        A key of `skybench.registry.scoring.tasks.TASKS`.
    outputs : int, optional
        Numbers that the network gives for a sample.
    form : SampleForm, optional
        Of the samples.
    normalisation : Stretch, optional
        What the network sees of them.
    seen : InputRange, optional
        The statistics of training samples as it saw them.
    learned : dict
        What its head learned, such as the scaling of targets.
    origin : Origin
        Of the samples: names of classes, bands, unit, dataset, content hash, licence.
    protocol : dict, optional
        Every hyperparameter.
    seed : int, optional
    libraries : dict
        Versions.
    """

    model_config = ConfigDict(frozen=True)

    network: str | None = None
    task: str | None = None
    outputs: int | None = None
    form: SampleForm | None = None
    normalisation: Stretch | None = None
    seen: InputRange | None = None
    learned: dict[str, JsonValue] = {}
    origin: Origin = Origin()
    protocol: dict[str, JsonValue] | None = None
    seed: int | None = None
    libraries: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """What is read from a file: tensors by the names of the network, and what they are."""

    tensors: dict[str, torch.Tensor]
    about: About


def about_run(
    network: Network, data: Labelled, protocol: protocols.Protocol, *, seed: int, **learned: Any
) -> About:
    """Return what is to be said of the weights of a training; `learned` are further fields."""
    return About(
        network=network.name,
        task=data.task,
        outputs=data.outputs,
        form=data.form,
        origin=data.origin,
        protocol=protocol.model_dump(mode="json"),
        seed=seed,
        libraries=library_versions(LIBRARIES),
        **learned,
    )


def save_weights(path: str | PathLike[str], model: Stretched, about: About) -> None:
    """Write a model's weights, whole or not at all.

    Parameters
    ----------
    path : path
    model : Stretched
        Such as a `StretchedNetwork`. Its stretch is what the file says of the normalisation.
    about : About

    Raises
    ------
    StoreError
        The file cannot be written; what was there before stays.
    """
    state = model.network.state_dict()
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    said = about.model_copy(update={"normalisation": model.stretch})
    text = json.dumps(said.model_dump(mode="json"), sort_keys=True)
    with replacing(Path(path)) as partial:
        safetensors.torch.save_file(tensors, partial, metadata={_KEY: text})


def read_weights(path: str | PathLike[str]) -> Weights:
    """Read a file of weights: of skybench, any safetensors, or a ``.pth`` of tensors alone.

    The last are state dicts as torch saves them, such as torchvision's. They are read without
    running what else a pickle may hold.

    Files that skybench wrote until 0.3 have the stretch among the tensors, and nothing else.

    Raises
    ------
    NotFoundError
        There is no such file.
    IntegrityError
        It is no such file, is cut short, or says of itself what nothing can mean.
    """
    place = Path(path)
    if not place.is_file():
        msg = f"there is no file of weights at {place}"
        raise NotFoundError(msg)
    if place.suffix in _OF_TORCH:
        return Weights(tensors=_pickled(place), about=About())
    try:
        with safetensors.safe_open(place, framework="pt") as file:
            said = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = About() if said is None else About.model_validate_json(said)
    except (safetensors.SafetensorError, ValidationError) as error:
        msg = f"{place} is no file of weights: {error}. Write it again, or get it again."
        raise IntegrityError(msg) from None
    return _from_old(tensors) if _is_old(tensors) else Weights(tensors=tensors, about=about)


def _pickled(place: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a state dict, or of a checkpoint that has one."""
    try:
        said = torch.load(place, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        msg = (
            f"{place} is no file of tensors alone: {str(error).splitlines()[0]}. Save the "
            "network's state_dict(), best as safetensors."
        )
        raise IntegrityError(msg) from None
    if isinstance(said, dict) and isinstance(said.get(_STATE), dict):
        said = said[_STATE]
    found = said.items() if isinstance(said, dict) else ()
    # Networks that were trained on several devices have their names behind this.
    tensors = {
        str(name).removeprefix("module."): value
        for name, value in found
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        msg = f"{place} has no tensors by name; save the network's state_dict()"
        raise IntegrityError(msg)
    return tensors


def _is_old(tensors: dict[str, torch.Tensor]) -> bool:
    rest = tensors.keys() - {*_OLD_STRETCH}
    return rest != tensors.keys() and all(name.startswith(_OLD_PREFIX) for name in rest)


def _from_old(tensors: dict[str, torch.Tensor]) -> Weights:
    stretch = Stretch(**{name: float(tensors[name]) for name in _OLD_STRETCH})
    own = {
        name.removeprefix(_OLD_PREFIX): value
        for name, value in tensors.items()
        if name.startswith(_OLD_PREFIX)
    }
    return Weights(tensors=own, about=About(normalisation=stretch))
