"""Tell whether a version that is asked for is published already, with this content."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from skybench.errors import VersionConflictError
from skybench.generators.generate import generate_as_stored
from skybench.generators.recipe import Recipe
from skybench.registry.hashing.content_hash import hash_dataset_and_samples
from skybench.registry.proof.digests_beside import samples_of
from skybench.registry.reference import Version
from skybench.registry.storage.store import Store
from skybench.registry.verify import check
from skybench.registry.versions.index import find, read_index, read_manifest
from skybench.registry.versions.index_lines import IndexEntry
from skybench.registry.versions.manifest import Manifest

_PROBES = 8
_SHOWN = 6


def published_entry(recipe: Recipe, version: Version, store: Store) -> IndexEntry | None:
    """Return the entry of a version that is published with this content, None where there is none.

    The recipe is compared in full, the files by their sizes, and a few samples are rendered
    again: that shows a changed generator without a build.

    Raises
    ------
    VersionConflictError
        It is published with other content; the message lists what differs.
    IntegrityError
        It is published, but this copy of it is damaged.
    """
    entries = read_index(store)
    entry = find(entries, recipe.name, version)
    if entry is None:
        return None
    manifest = read_manifest(store, entry)
    higher = _higher([e.number for e in entries if e.dataset == recipe.name])
    if differences := recipe_differences(manifest, recipe):
        raise VersionConflictError(_other_recipe(manifest, store, differences, higher))
    check(manifest, store, depth="files").raise_if_damaged()
    if changed := changed_samples(manifest, recipe, store):
        raise VersionConflictError(_other_generator(manifest, store, changed, higher))
    return entry


def recipe_differences(manifest: Manifest, recipe: Recipe) -> list[str]:
    """Return what differs between the published recipe and another, one line a field."""
    new = recipe.model_dump(mode="json")
    lines = list(_differences(dict(manifest.recipe), new, ()))
    if not lines and manifest.classes != recipe.class_names:
        lines = [
            f"order of classes: published {', '.join(manifest.classes)}, "
            f"now {', '.join(recipe.class_names)}"
        ]
    return lines


def changed_samples(manifest: Manifest, recipe: Recipe, store: Store) -> list[int]:
    """Return which of a few samples, spread over all, this skybench renders differently."""
    rows = np.unique(np.linspace(0, manifest.samples - 1, _PROBES, dtype=np.int64)).tolist()
    return [row for row in rows if _sample_digest(recipe, row) != _published(manifest, store, row)]


def _published(manifest: Manifest, store: Store, row: int) -> bytes:
    digests = samples_of(manifest, store, row, row + 1)
    return b"" if digests is None else digests.tobytes()


def _sample_digest(recipe: Recipe, row: int) -> bytes:
    _, digests = hash_dataset_and_samples(generate_as_stored(recipe, row, row + 1))
    return bytes(digests[0])


def _differences(old: Any, new: Any, place: tuple[str, ...]) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(old.get(key), new.get(key), (*place, key))
    elif old != new:
        yield f"{'.'.join(place)}: published {_short(old)}, now {_short(new)}"


def _short(value: Any) -> str:
    text = "none" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _higher(versions: list[Version]) -> Version:
    newest = max(versions)
    if newest.is_development:
        return Version(0, newest.minor + 1)
    return Version(newest.major + 1, 0)


def _other_recipe(manifest: Manifest, store: Store, differences: list[str], higher: Version) -> str:
    shown = differences[:_SHOWN]
    if more := len(differences) - len(shown):
        shown.append(f"and {more} more")
    return (
        f"{manifest.dataset} {manifest.version} is published in {store} from another recipe: "
        f"{'; '.join(shown)}. {_fix(higher)}"
    )


def _other_generator(manifest: Manifest, store: Store, changed: list[int], higher: Version) -> str:
    made_by = manifest.generator.get("skybench", "unknown")
    return (
        f"{manifest.dataset} {manifest.version} is published in {store} with other content: this "
        f"skybench renders {len(changed)} of {_PROBES} samples differently, first "
        f"{changed[0]}; it was made by skybench {made_by}, "
        f"generators {manifest.generator.get('source', 'unknown')}. {_fix(higher)}"
    )


def _fix(higher: Version) -> str:
    return (
        "A published version is never replaced; release a higher one, such as "
        f"'make release VERSION={higher}'."
    )
