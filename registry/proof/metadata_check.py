"""Check what the Zarr store of a version says of itself against its manifest."""

from collections.abc import Iterator
from typing import Any

from skybench.errors import IntegrityError, NotFoundError, SkybenchError
from skybench.registry.arrays.zarr_documents import METADATA, is_same
from skybench.registry.arrays.zarr_metadata import ZarrMetadata, check_zarr
from skybench.registry.proof.file_check import digest_problem, name_of, threads
from skybench.registry.storage.store import Store
from skybench.registry.storage.strict_json import strict_json
from skybench.registry.versions.manifest import Manifest, digest_of

_LAST_UNHASHED = "skybench-generator-2"
"""The generator of the last versions of ``skyhash-1``; recipes of earlier ones say other things."""


def description_problems(manifest: Manifest, metadata: ZarrMetadata) -> Iterator[str]:
    """Yield where the ``zarr.json`` of a version is not the one that was published.

    Its digest tells any difference. What the manifest itself says of it is compared, too, for a
    manifest may be another than the one whose content was pinned.
    """
    yield from attribute_problems(manifest, metadata.attributes)
    yield from _listing_problems(manifest, metadata)
    for stored in manifest.objects:
        if stored.key == f"{manifest.zarr}/{METADATA}":
            yield from filter(None, [digest_problem(manifest, stored, digest_of(metadata.text))])


def attribute_problems(manifest: Manifest, attributes: dict[str, Any]) -> Iterator[str]:
    """Yield which attributes of a dataset are not those that its manifest says.

    Those that ``skyhash-1`` does not cover follow from the recipe, where it can be read here.

    Parameters
    ----------
    manifest : Manifest
    attributes : dict
        Those of the dataset as stored.
    """
    hashed = manifest.content.attributes
    covered = _from_recipe(manifest) if hashed is None else hashed
    expected = _stated(manifest) | (covered or {})
    for name in sorted((hashed or {}).keys() - attributes.keys()):
        yield f"attribute {name} of {name_of(manifest)} is missing."
    for name, got in attributes.items():
        if name not in expected:
            if covered is not None:
                yield f"attribute {name} of {name_of(manifest)} was not published."
        elif expected[name] is not None and not is_same(got, expected[name]):
            yield (
                f"attribute {name} of {name_of(manifest)} was changed: "
                f"expected {expected[name]!r}, got {got!r}."
            )


def agreement_problems(manifest: Manifest, store: Store) -> Iterator[str]:
    """Yield which arrays describe themselves otherwise than the group around them describes them.

    Readers of Zarr use either. What cannot be read is told by the checks of files.
    """
    data = Store(store.url_of(f"{manifest.key}/{manifest.zarr}"))
    try:
        arrays = check_zarr(data).arrays
    except SkybenchError:
        return

    def problem(name: str) -> str:
        key = f"{name}/{METADATA}"
        try:
            if is_same(strict_json(data.read_text(key), data.url_of(key)), arrays[name]):
                return ""
        except NotFoundError:
            return ""
        except IntegrityError as error:
            return f"{error}."
        return (
            f"array {name} of {name_of(manifest)} is described otherwise in {key} than in the "
            f"{METADATA} of the whole."
        )

    with threads() as pool:
        yield from filter(None, pool.map(problem, arrays))


def _stated(manifest: Manifest) -> dict[str, Any]:
    """Return the attributes that each dataset has, None for what the manifest does not say."""
    return {
        "title": manifest.title,
        "recipe": manifest.dataset,
        "generator": manifest.generator.get("generator"),
        "seed": manifest.recipe.get("seed"),
        "task": manifest.task,
        "targets": " ".join(manifest.targets),
        "license": manifest.licence,
    }


def _from_recipe(manifest: Manifest) -> dict[str, Any] | None:
    """Return the attributes of the recipe's family, None where no such recipe is known here."""
    if manifest.generator.get("generator") != _LAST_UNHASHED:
        return None
    # Loads every family, which only these older versions need.
    from skybench.generators.recipe_file import recipe_from

    try:
        return dict(recipe_from(manifest.recipe_in_order).attributes)
    except Exception:  # the family may be an extension's, which is not here or raises anything
        return None


def _listing_problems(manifest: Manifest, metadata: ZarrMetadata) -> Iterator[str]:
    """Yield where the manifest lists other files of the Zarr store than its arrays have."""
    needed = {f"{manifest.zarr}/{key}" for key in metadata.file_keys()}
    inside = (stored.key for stored in manifest.objects)
    listed = {key for key in inside if key.startswith(f"{manifest.zarr}/")}
    for key in sorted(needed - listed):
        yield f"file {key} of {name_of(manifest)} is needed, but the manifest does not list it."
    for key in sorted(listed - needed):
        yield f"file {key} of {name_of(manifest)} is listed, but belongs to none of its arrays."
