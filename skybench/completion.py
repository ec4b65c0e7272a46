"""What a shell completes: names that can be had without loading what they stand for.

Pressing Tab must not take seconds, so that these read file names, and never a store elsewhere.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from skybench.generators.recipe_text import packaged_recipes, text_of

_MANIFEST = ".manifest.json"


def recipes(incomplete: str) -> list[str]:
    """Return the packaged recipes that begin like this; behind a slash, the rungs of one."""
    name, slash, _ = incomplete.partition("/")
    names = [*_rungs(name)] if slash else [*packaged_recipes()]
    return [found for found in names if found.startswith(incomplete)]


def versions(incomplete: str) -> list[str]:
    """Return the recorded versions that begin like this, ``sky@0.4``; behind a #, its pins."""
    version, mark, _ = incomplete.partition("#")
    found = dict(_recorded())
    names = [*found]
    if mark:
        names = [f"{version}#{pin}" for pin in _pins(found[version])] if version in found else []
    return sorted(name for name in names if name.startswith(incomplete))


def _recorded() -> Iterator[tuple[str, Traversable]]:
    folders = [f for f in (files("skybench.registry") / "releases").iterdir() if f.is_dir()]
    for folder in folders:
        for file in folder.iterdir():
            if file.name.endswith(_MANIFEST) and not file.name.startswith("."):
                yield f"{file.name.removesuffix(_MANIFEST)}@{folder.name}", file


def _pins(manifest: Traversable) -> Iterator[str]:
    text = manifest.read_text(encoding="utf-8")
    yield f"manifest:sha256:{sha256(text.encode()).hexdigest()}"
    yield json.loads(text)["content"]["root"]


def _rungs(name: str) -> Iterator[str]:
    from skybench.generators.recipe_yaml import read_mapping  # loads YAML, for this alone
    from skybench.generators.rungs import rung_names

    if name not in packaged_recipes():
        return
    text, file = text_of(name)
    yield from (f"{name}/{rung}" for rung in rung_names(read_mapping(text, file), file))
