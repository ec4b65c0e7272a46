"""How to cite a version: BibTeX and CFF, with its number and the hashes that pin it."""

import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from skybench.errors import ParameterError
from skybench.generators.suggestion import unknown
from skybench.registry.describing.licence import is_spdx
from skybench.registry.reference import manifest_pin
from skybench.registry.versions.manifest import Manifest
from skybench.registry.versions.recorded_manifests import cited_hash

_AUTHORS_AND_YEAR = re.compile(r"([^()@{}\n]{1,200}?) \((\d{4})\)")
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}$&%#_"},
}
_MESSAGE = "If you use this dataset, please cite it, with its version and its pin."
_PINS_ALL = "manifest, SHA-256; pins content, recipe, licence, citation and baseline scores"
_PINS_CONTENT = "pins pixels and coordinates, not scores, licence or citation"


class _Credit(NamedTuple):
    authors: str
    year: str


def cite(manifest: Manifest, style: str = "bibtex") -> str:
    """Return the citation of a version.

    Parameters
    ----------
    manifest : Manifest
        Of the version. Authors and year are those of its citation where it is written as
        ``Authors (year), …``; otherwise the year is that of the release.
    style : "bibtex" or "cff"
        For LaTeX, or for ``CITATION.cff`` (Citation File Format 1.2.0).

    Raises
    ------
    ParameterError
        The style is another one.
    """
    if style not in STYLES:
        msg = f"{unknown('format', style, STYLES)}"
        raise ParameterError(msg)
    return STYLES[style](manifest)


def bibtex(manifest: Manifest) -> str:
    """Return a BibTeX entry; what TeX would take for a command is escaped."""
    credit = _credit(manifest)
    note = (
        f"{pinned_reference(manifest)}. Content hash {manifest.content.root}, which "
        f"{_PINS_CONTENT}. Licence {manifest.licence}."
    )
    fields = {
        "author": f"{{{_tex(credit.authors)}}}",
        "title": f"{{{_tex(manifest.title)}}}: dataset {_tex(_name(manifest))}",
        "year": credit.year,
        "version": manifest.version,
        "note": _tex(f"{note} {_line(manifest.citation)}".strip()),
    }
    key = f"skybench_{manifest.dataset}_{manifest.version.replace('.', '_')}"
    width = max(map(len, fields))
    lines = [f"  {name:{width}} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def cff(manifest: Manifest) -> str:
    """Return the text of a ``CITATION.cff``.

    References
    ----------
    Druskat et al. (2021), Citation File Format 1.2.0, https://doi.org/10.5281/zenodo.5171937
    """
    licence = {"license": manifest.licence} if is_spdx(manifest.licence) else {}
    values = {
        "cff-version": "1.2.0",
        "message": _MESSAGE,
        "type": "dataset",
        "title": f"{_line(manifest.title)} ({_name(manifest)})",
        "authors": [{"name": _credit(manifest).authors}],
        "version": manifest.version,
        "date-released": manifest.created[:10],
        "abstract": _line(manifest.description) or manifest.title,
        **licence,
        "identifiers": [
            _identifier(pinned_reference(manifest), _PINS_ALL),
            _identifier(
                manifest.content.root,
                f"content hash, {manifest.content.algorithm}; {_PINS_CONTENT}",
            ),
        ],
        "keywords": ["astronomy", "benchmark", "simulation"],
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10**6)


STYLES: dict[str, Callable[[Manifest], str]] = {"bibtex": bibtex, "cff": cff}
"""The formats of a citation, by the names that `cite` knows."""


def pinned_reference(manifest: Manifest) -> str:
    """Return the reference that means this version and all that its manifest says of it."""
    return f"{manifest.reference}#{manifest_pin(cited_hash(manifest))}"


def _identifier(value: str, description: str) -> dict[str, str]:
    return {"type": "other", "value": value, "description": description}


def _credit(manifest: Manifest) -> _Credit:
    if found := _AUTHORS_AND_YEAR.match(manifest.citation.strip()):
        return _Credit(found[1], found[2])
    return _Credit(f"The authors of {_name(manifest)}", manifest.created[:4])


def _name(manifest: Manifest) -> str:
    return f"skybench {manifest.dataset} {manifest.version}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in _line(text))
