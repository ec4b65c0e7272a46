"""Datasets for torch: to index, in batches, and for lightning.

``dataset`` gives samples, ``loader`` shuffled batches of them, ``SkyDataModule`` both to lightning;
``pretrained`` gives networks with weights.
"""

from typing import TYPE_CHECKING, Any

from skybench.errors import MissingDependencyError

try:
    from skybench.learning.pretrained import PretrainedNetwork, pretrained
    from skybench.learning.torch_dataset import SkyDataset, SkyLoader, dataset, loader
except ModuleNotFoundError as missing:
    if missing.name not in ("torch", "safetensors"):
        raise
    lacks = f"skybench.torch needs {missing.name}, which is not installed"
    msg = f"{lacks}: pip install 'skybench[torch]'"
    raise MissingDependencyError(msg) from None

if TYPE_CHECKING:
    from skybench.learning.data_module import SkyDataModule

__all__ = [
    "PretrainedNetwork",
    "SkyDataModule",
    "SkyDataset",
    "SkyLoader",
    "dataset",
    "loader",
    "pretrained",
]


def __getattr__(name: str) -> Any:
    """Load lightning when it is asked for: it takes a second, and may be absent."""
    if name != "SkyDataModule":
        msg = f"module 'skybench.torch' has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    try:
        from skybench.learning.data_module import SkyDataModule
    except ModuleNotFoundError as missing:
        if missing.name != "lightning":
            raise
        msg = "SkyDataModule needs lightning, which is not installed: pip install 'skybench[torch]'"
        raise MissingDependencyError(msg) from None
    return SkyDataModule
