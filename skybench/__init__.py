"""Simulated astronomy datasets, released as versioned, hash-identified benchmarks.

The names below load on first use, so ``import skybench`` costs milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skybench import errors, generators, torch
    from skybench.diagnosis.diagnose import diagnose
    from skybench.generators.generate import generate
    from skybench.generators.recipe import Recipe
    from skybench.generators.recipe_file import load_recipe
    from skybench.learning.batches import batches
    from skybench.learning.catalogue.feature_map import features
    from skybench.learning.catalogue.labelling import catalogue
    from skybench.learning.examination import examine
    from skybench.learning.pretrained import pretrained
    from skybench.learning.transfer.transfer import transfer
    from skybench.registry.evaluate import evaluate
    from skybench.registry.exports.export import export
    from skybench.registry.exports.verify import verify
    from skybench.registry.leaderboard import leaderboard
    from skybench.registry.listing import list_datasets
    from skybench.registry.open import open
    from skybench.registry.tables import samples, sources
    from skybench.release.baselines.train import train
    from skybench.release.fetch import get
    from skybench.release.reproduce import reproduce
    from skybench.survey.inject import inject
    from skybench.survey.real import real
    from skybench.survey.realism import realism

_HOMES = {
    "Recipe": "skybench.generators.recipe",
    "batches": "skybench.learning.batches",
    "catalogue": "skybench.learning.catalogue.labelling",
    "diagnose": "skybench.diagnosis.diagnose",
    "evaluate": "skybench.registry.evaluate",
    "examine": "skybench.learning.examination",
    "export": "skybench.registry.exports.export",
    "features": "skybench.learning.catalogue.feature_map",
    "generate": "skybench.generators.generate",
    "get": "skybench.release.fetch",
    "inject": "skybench.survey.inject",
    "leaderboard": "skybench.registry.leaderboard",
    "list_datasets": "skybench.registry.listing",
    "load_recipe": "skybench.generators.recipe_file",
    "open": "skybench.registry.open",
    "realism": "skybench.survey.realism",
    "real": "skybench.survey.real",
    "pretrained": "skybench.torch",
    "reproduce": "skybench.release.reproduce",
    "samples": "skybench.registry.tables",
    "sources": "skybench.registry.tables",
    "train": "skybench.release.baselines.train",
    "transfer": "skybench.learning.transfer.transfer",
    "verify": "skybench.registry.exports.verify",
}
_MODULES = ("errors", "generators", "torch")

__all__ = [
    "Recipe",
    "batches",
    "catalogue",
    "diagnose",
    "errors",
    "evaluate",
    "examine",
    "export",
    "features",
    "generate",
    "generators",
    "get",
    "inject",
    "leaderboard",
    "list_datasets",
    "load_recipe",
    "open",
    "pretrained",
    "real",
    "realism",
    "reproduce",
    "samples",
    "sources",
    "torch",
    "train",
    "transfer",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"skybench.{name}")
    if name not in _HOMES:
        msg = f"module 'skybench' has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
