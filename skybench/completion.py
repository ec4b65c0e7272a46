"""What a shell completes: names that can be had without loading what they stand for.

Pressing Tab must not take seconds, so that these read file names, and never a store elsewhere.
"""

from collections.abc import Iterator
from importlib.resources import files

_MANIFEST = ".manifest.json"


def recipes(incomplete: str) -> list[str]:
    """Return the packaged recipes that begin like this; behind a slash, the rungs of one."""
    name, slash, _ = incomplete.partition("/")
    names = [*_rungs(name)] if slash else [*_packaged()]
    return [found for found in names if found.startswith(incomplete)]


def versions(incomplete: str) -> list[str]:
    """Return the recorded versions that begin like this, such as ``sky@0.2``."""
    folders = [f for f in (files("skybench.registry") / "releases").iterdir() if f.is_dir()]
    names = [
        f"{file.name.removesuffix(_MANIFEST)}@{folder.name}"
        for folder in folders
        for file in folder.iterdir()
        if file.name.endswith(_MANIFEST) and not file.name.startswith(".")
    ]
    return sorted(name for name in names if name.startswith(incomplete))


def _packaged() -> Iterator[str]:
    folder = files("skybench.generators") / "recipes"
    names = sorted(file.name for file in folder.iterdir())
    return (n.removesuffix(".yaml") for n in names if n.endswith(".yaml") and n[0] != ".")


def _rungs(name: str) -> Iterator[str]:
    from skybench.generators.recipe_yaml import read_mapping  # loads YAML, for this alone
    from skybench.generators.rungs import rung_names

    if name not in _packaged():
        return
    text = (files("skybench.generators") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    yield from (f"{name}/{rung}" for rung in rung_names(read_mapping(text, name), name))
