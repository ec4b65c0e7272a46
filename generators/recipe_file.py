"""Recipes by name, from files and from mappings; packaged ones, the user's own, and their rungs."""

from collections.abc import Mapping
from functools import partial, reduce
from operator import or_
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from skybench.errors import RecipeError
from skybench.generators.changes import marks_of, with_changes
from skybench.generators.families import FAMILIES
from skybench.generators.recipe import Recipe
from skybench.generators.recipe_errors import explain, without_mistakes
from skybench.generators.recipe_text import is_file, text_of
from skybench.generators.recipe_text import packaged_recipes as packaged_recipes
from skybench.generators.recipe_yaml import read_mapping
from skybench.generators.rungs import on_rung, rung_names
from skybench.generators.suggestion import unknown
from skybench.generators.table_file import with_table

DEFAULT = "sky"
"""The family of a recipe that names none, unless its profiles are of another alone."""


def packaged_rungs(name: str) -> tuple[str, ...]:
    """Return the rungs of a packaged recipe, such as ``sky/hard``, the easiest first."""
    text, file = text_of(name)
    return tuple(f"{name}/{rung}" for rung in rung_names(read_mapping(text, file), file))


def load_recipe(
    recipe: str | PathLike[str] | Recipe, *, changes: Mapping[str, Any] | None = None
) -> Recipe:
    """Return a recipe by its packaged name or from a YAML file, or a Recipe itself, with changes.

    ``sky/hard`` is the rung ``hard`` of the recipe ``sky``; ``mine.yaml/hard`` likewise.

    Parameters
    ----------
    recipe : str, path or Recipe
    changes : mapping, optional
        Values by their dotted paths, such as ``{"noise.scale": 0, "image.shape": [32, 32]}``; None
        takes a key away. A recipe that differs is called after the one that it is made from, like
        ``sky_changed``, and its title tells the changes, unless they say name and title.

    Raises
    ------
    RecipeError
        If there is no such recipe, or it is not a valid one, changed or not; the message holds a
        line for every mistake, with its place in the file and the nearest valid key.

    Examples
    --------
    >>> load_recipe("sky").image.shape
    (64, 64)
    >>> load_recipe("sky", changes={"noise.scale": 0}).title
    'Small fields of several stars and galaxies (noise.scale=0)'
    """
    loaded = recipe if isinstance(recipe, Recipe) else _loaded(recipe)
    return _changed(loaded, changes) if changes else loaded


def _changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    place = f"changes of {recipe.name}"
    try:
        content = with_changes(recipe.beneath(changes), changes)
    except RecipeError as error:
        msg = f"{place}: {error}"
        raise RecipeError(msg) from None
    made = _validated(*_afresh(recipe, content), place)
    marks = marks_of(recipe.name, recipe.title, changes)
    return recipe if made == recipe else made.model_copy(update=marks)


def _afresh(recipe: Recipe, content: dict[str, Any]) -> tuple[dict[str, Any], Path | None]:
    """Return the content of a changed recipe so that its files are read again, and from where.

    Another cut or column has other rows than those whose hash is recorded, another file or place
    another PSF.
    """
    read = recipe.read_files
    for key, (folder, recorded) in read.items():
        block = content.get(key)
        if isinstance(block, Mapping) and block.get("file"):
            rest = {k: v for k, v in block.items() if recorded.get(k) != v}
            content = content | {key: rest | {"file": _within(folder, block["file"])}}
    return content, Path() if read else None


def _within(folder: Path, file: Any) -> Any:
    """Return where a file is, or files by their bands."""
    if isinstance(file, Mapping):
        return {band: _within(folder, name) for band, name in file.items()}
    return str(folder.absolute() / file) if isinstance(file, str) else file


def _loaded(recipe: str | PathLike[str]) -> Recipe:
    name = fspath(recipe)
    base, _, rung = name.rpartition("/")
    if base and not is_file(Path(name)) and (base in packaged_recipes() or is_file(Path(base))):
        return parse_recipe(*text_of(base), rung, folder=Path(base).parent)
    return parse_recipe(*text_of(name), folder=Path(name).parent)


def parse_recipe(
    text: str, name: str, rung: str | None = None, *, folder: Path | None = None
) -> Recipe:
    """Return the recipe written in YAML text; ``name`` is the file to name in errors.

    ``folder`` is where the file of its catalogue is looked for.
    """
    return _validated(on_rung(read_mapping(text, name), rung, name), folder, name)


def _validated(content: Mapping[str, Any], folder: Path | None, name: str) -> Recipe:
    try:
        return recipe_from(content, folder=folder)
    except ValidationError as error:
        lines = [f"{name}: {line}" for line in _all_mistakes(content, folder, error)]
        raise RecipeError("\n".join(lines)) from error
    except ValueError as error:
        msg = f"{name}: {error}"
        raise RecipeError(msg) from error


def _all_mistakes(
    content: Mapping[str, Any], folder: Path | None, error: ValidationError
) -> list[str]:
    """Return a line a mistake; those, too, that show only once the first are set right."""
    model = FAMILIES[_family_of(content)].recipe
    lines = explain(error, model)
    rest = without_mistakes(content, error, model)
    while rest is not None:
        try:
            recipe_from(rest, folder=folder)
        except ValidationError as further:
            lines += [line for line in explain(further, model) if line not in lines]
            rest = without_mistakes(rest, further, model)
        except ValueError:  # what was left out had used the catalogue
            rest = None
        else:
            rest = None
    return lines


def recipe_from(content: Mapping[str, Any], *, folder: Path | None = None) -> Recipe:
    """Return the recipe that a mapping holds, as read from YAML or JSON.

    Parameters
    ----------
    content : mapping
    folder : Path, optional
        Where the file of its catalogue is looked for. Without one no file is read, as is right for
        what a stranger recorded: such a recipe can be looked at, and not drawn.

    Raises
    ------
    pydantic.ValidationError
        It is not one; each mistake with its place.
    ValueError
        There is no such family, or its catalogue is not what it says.
    """
    name = _family_of(content)
    if not isinstance(name, str) or name not in FAMILIES:
        raise ValueError("family: " + unknown("family", str(name), FAMILIES))
    content, found = with_table(content, folder)
    content, seen = FAMILIES[name].recipe.with_files(content, folder)
    # Collections hold recipes: named, or written out.
    context = {"recipe": partial(_member, folder=folder), **found, **seen}
    return FAMILIES[name].recipe.model_validate({"family": name, **content}, context=context)


def _family_of(content: Mapping[str, Any]) -> Any:
    """Return the family that a recipe names, else the one that its profiles are of."""
    if "family" in content:
        return content["family"]
    if "members" in content:
        return "collection"
    sources = content.get("sources")
    specs = sources.values() if isinstance(sources, Mapping) else ()
    words = [str(spec.get("profile")) for spec in specs if isinstance(spec, Mapping)]
    drawing = [name for name, family in FAMILIES.items() if all(w in family.objects for w in words)]
    return drawing[0] if len(drawing) == 1 else DEFAULT


def _member(value: str | Mapping[str, Any], folder: Path | None) -> Recipe:
    return load_recipe(value) if isinstance(value, str) else recipe_from(value, folder=folder)


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema of recipe files, of any family, rungs included."""
    models = [family.recipe for family in FAMILIES.values()]
    union = reduce(or_, models)  # a type at run time only
    schema = TypeAdapter[Recipe](union).json_schema()
    for model in models:
        schema["$defs"][model.__name__]["properties"]["rungs"] = {
            "description": "named changes of the recipe",
            "type": "object",
            "additionalProperties": {"type": "object"},
        }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Recipe"} | schema
