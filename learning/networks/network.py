"""What skybench must know of a network to train it, to record it and to tell people of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skybench.errors import ExtensionError
from skybench.learning.sample_form import KINDS, OTHER, SampleForm

if TYPE_CHECKING:
    import torch

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")

OF_SAMPLES = ("classification", "multilabel", "regression")
"""Tasks that are answered by some numbers for each sample."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network, without its weights; listing networks needs no torch.

    Parameters
    ----------
    name : str
        What one types for it, and what its records and files are called: small letters, digits
        and "_". A "-" would be taken for the one before a protocol's name.
    title : str
        For people.
    model : str
        What a record calls the model; ``{planes}`` in it becomes "one", or how many planes the
        network takes.
    reference : str
        The paper.
    takes : tuple of str
        Keys of `KINDS`: the samples that it can learn from, each of any number of planes.
    answers : tuple of str
        The tasks that it can learn, by name. Default: those of numbers for each sample.
    smallest : int
        The least size of a sample along each dimension that it extends over.
    refuses : callable, optional
        Form to why such samples cannot be taken, for what is not a matter of size; None where
        they can.
    build : callable
        (form, outputs) to the module with weights from torch's own generator. It turns float32
        (sample, plane, *extent) into (sample, output), or (sample, output, *extent) where it
        answers for each pixel. It imports torch when it is called.
    stem, head : str, optional
        What the names of the tensors of its first and last layer begin with, such as "conv1" and
        "fc": weights that move to other planes or classes leave them behind. What goes into the
        module of that name is its vector of features.

    Raises
    ------
    ExtensionError
        A name or a kind of samples is none.
    """

    name: str
    title: str
    model: str
    reference: str
    takes: tuple[str, ...]
    answers: tuple[str, ...] = OF_SAMPLES
    smallest: int = 1
    refuses: Callable[[SampleForm], str | None] | None = None
    build: "Callable[[SampleForm, int], torch.nn.Module]"
    stem: str | None = None
    head: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would be found out only in training."""
        if not _NAME.fullmatch(self.name):
            msg = f"a network's name is small letters, digits and '_', got {self.name!r}"
            raise ExtensionError(msg)
        foreign = [kind for kind in self.takes if kind not in (*KINDS, OTHER)]
        if foreign or not self.takes:
            msg = f"{self.name} takes {', '.join((*KINDS, OTHER))}, got {self.takes}"
            raise ExtensionError(msg)

    def refusal(self, form: SampleForm, task: str | None = None) -> str | None:
        """Say why this network cannot take such samples or learn a task, None where it can."""
        if task is not None and task not in self.answers:
            return f"it answers {' or '.join(self.answers)}, and this is a {task}"
        kinds = " or ".join(self.takes)
        if form.kind not in self.takes:
            return f"it takes {kinds}, and these are {form}"
        if min(form.extent) < self.smallest:
            return f"it takes {kinds} of at least {self.smallest} a side, and these are {form}"
        return self.refuses(form) if self.refuses else None

    def model_name(self, form: SampleForm) -> str:
        """Return what a record calls the model that takes such samples."""
        return self.model.format(planes="one" if form.planes == 1 else form.planes)

    def parameter_count(self, form: SampleForm, outputs: int) -> int:
        """Count the trainable numbers, without making them."""
        import torch  # seconds, and only where a network is built

        with torch.device("meta"):
            module = self.build(form, outputs)
        return sum(p.numel() for p in module.parameters() if p.requires_grad)
