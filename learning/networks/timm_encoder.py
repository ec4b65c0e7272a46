"""Networks of timm by name, such as ``timm:convnext_atto``."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from skybench.errors import MissingDependencyError, ParameterError
from skybench.learning.networks.network import Network
from skybench.learning.sample_form import SampleForm

if TYPE_CHECKING:
    import torch

PREFIX = "timm:"

_RECORDED = "timm_"
"""What names of records and files begin with: they have no colon."""

_SMALLEST = 32
"""Most encoders halve an image five times."""


def is_of_timm(name: str) -> bool:
    """Tell whether a name asks for a network of timm: ``timm:NAME``, or as records write it."""
    return name.startswith((PREFIX, _RECORDED))


def timm_encoder(name: str) -> Network:
    """Return a network of timm, its weights from a seed as those of all others.

    Parameters
    ----------
    name : str
        ``timm:`` and a name as `timm.list_models` gives it, without the tag of pretrained weights.

    Raises
    ------
    MissingDependencyError
        timm is not installed.
    ParameterError
        timm has no such network, or it has not one first and one last layer.
    """
    return _encoder(re.sub(f"^({PREFIX}|{_RECORDED})", "", name))


@cache
def _encoder(architecture: str) -> Network:
    try:
        import timm  # seconds, and only where it is asked for
    except ModuleNotFoundError:
        msg = f"{architecture} needs timm, which is not installed: pip install 'skybench[networks]'"
        raise MissingDependencyError(msg) from None
    if not timm.is_model(architecture):
        near = ", ".join(timm.list_models(f"*{architecture.split('_')[0]}*")[:5])
        msg = f"timm {timm.__version__} has no network {architecture!r}" + (
            f"; it has {near}" if near else ""
        )
        raise ParameterError(msg)
    about: Any = timm.get_pretrained_cfg(architecture)
    ends = (about.first_conv, about.classifier)
    if not all(isinstance(end, str) for end in ends):
        msg = (
            f"{architecture} of timm has first and last layers {ends}; one of each can be replaced"
        )
        raise ParameterError(msg)

    def build(form: SampleForm, outputs: int) -> "torch.nn.Module":
        options: dict[str, Any] = {"in_chans": form.planes, "num_classes": outputs}
        if about.fixed_input_size:
            options["img_size"] = form.extent
        module: torch.nn.Module = timm.create_model(architecture, pretrained=False, **options)
        return module

    return Network(
        name=f"{_RECORDED}{architecture}",
        title=architecture,
        model=f"timm {architecture}, {{planes}}-channel stem",
        reference="Wightman 2019, github.com/huggingface/pytorch-image-models",
        takes=("images",),
        smallest=_SMALLEST,
        build=build,
        stem=ends[0],
        head=ends[1],
    )
