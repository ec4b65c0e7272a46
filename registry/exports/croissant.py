"""A version as Croissant: the JSON-LD by which search engines and ML tools find datasets.

Croissant has no words for an array in Zarr. The files of the store are therefore one file set,
and each variable along ``sample`` is a field with its dtype, its shape and, as the column to
extract, its name in the store; codes have an enumeration with their meanings.
"""

from typing import Any

from skybench.generators.codes import SAMPLE_DIM, SET_VARIABLE, SPLIT_VARIABLE
from skybench.generators.families import variables
from skybench.registry.describing.citation import bibtex
from skybench.registry.describing.licence import licence_url
from skybench.registry.exports.export_format import DescriptionFormat
from skybench.registry.hashing.content_hash import Header
from skybench.registry.storage.store import MANIFEST
from skybench.registry.versions.manifest import Manifest, canonical_text, digest_of

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

_ZARR_TYPE = "application/vnd.zarr"
_STORE, _SAMPLES, _ID = "zarr-store", "samples", "sample_id"
_TYPES = {
    "bool": "sc:Boolean",
    **{f"float{bits}": f"cr:Float{bits}" for bits in (16, 32, 64)},
    **{f"int{bits}": f"cr:Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"cr:UInt{bits}" for bits in (8, 16, 32, 64)},
}
_JSON = "@json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": _JSON},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": _JSON},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{
        word: f"cr:{word}"
        for word in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract"),
            *("field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray"),
            *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator"),
            *("source", "subField", "transform"),
        )
    },
}


def croissant_text(manifest: Manifest) -> str:
    """Return the ``croissant.json`` of a version: the same text for the same manifest.

    Parameters
    ----------
    manifest : Manifest
        Of the version; places of files are relative to the version's folder.

    References
    ----------
    Akhtar et al. (2024), Croissant: A Metadata Format for ML-Ready Datasets, arXiv:2403.19546;
    https://docs.mlcommons.org/croissant/docs/croissant-spec.html
    """
    return canonical_text(croissant(manifest))


def croissant(manifest: Manifest) -> dict[str, Any]:
    """Return the JSON-LD of a version; see `croissant_text`."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": manifest.dataset,
        "alternateName": [manifest.title, manifest.reference],
        "description": manifest.description.strip() or manifest.title,
        "license": licence_url(manifest.licence) or manifest.licence,
        "citeAs": bibtex(manifest),
        # Croissant asks for MAJOR.MINOR.PATCH; the identifier has the version as it is.
        "version": f"{manifest.version}.0",
        "identifier": f"{manifest.reference}#{manifest.content.root}",
        "datePublished": manifest.created,
        "keywords": ["astronomy", "simulation", "benchmark", "zarr", manifest.task],
        "isLiveDataset": False,
        "distribution": _distribution(manifest),
        "recordSet": [*_enumerations(manifest), _samples(manifest)],
    }


def _distribution(manifest: Manifest) -> list[dict[str, Any]]:
    text = manifest.to_text()
    return [
        {
            "@type": "cr:FileObject",
            "@id": MANIFEST,
            "name": MANIFEST,
            "description": "Size and SHA-256 of every file, recipe, and hashes of the content.",
            "contentUrl": MANIFEST,
            "contentSize": f"{len(text.encode())} B",
            "encodingFormat": "application/json",
            "sha256": digest_of(text).removeprefix("sha256:"),
        },
        {
            "@type": "cr:FileSet",
            "@id": _STORE,
            "name": manifest.zarr,
            "description": f"A Zarr store, version 3, of content {manifest.content.root}.",
            "encodingFormat": _ZARR_TYPE,
            "includes": f"{manifest.zarr}/**",
        },
    ]


def _samples(manifest: Manifest) -> dict[str, Any]:
    headers = {name: v.header for name, v in sorted(manifest.content.variables.items())}
    along = [head for head in headers.values() if head["dims"][:1] == [SAMPLE_DIM]]
    return {
        "@type": "cr:RecordSet",
        "@id": _SAMPLES,
        "name": _SAMPLES,
        "description": f"{manifest.samples} samples; a field is a variable of the Zarr store.",
        **({"key": {"@id": f"{_SAMPLES}/{_ID}"}} if _ID in headers else {}),
        "field": [_field(head, manifest) for head in along],
    }


def _field(head: Header, manifest: Manifest) -> dict[str, Any]:
    name, dims, shape = head["name"], head["dims"][1:], head["shape"][1:]
    array = {"isArray": True, "arrayShape": ",".join(map(str, shape))} if dims else {}
    codes = {"references": {"field": {"@id": f"{_codes(name)}/code"}}} if _coded(head) else {}
    unit = {"unitText": head["units"]} if head["units"] else {}
    return {
        "@type": "cr:Field",
        "@id": f"{_SAMPLES}/{name}",
        "name": name,
        "description": _described(head, manifest),
        "dataType": _TYPES[head["dtype"]],
        "source": {"fileSet": {"@id": _STORE}, "extract": {"column": name}},
        **array,
        **codes,
        **unit,
    }


def _described(head: Header, manifest: Manifest) -> str:
    name = head["name"]
    known = variables()
    parts = [known[name].long_name if name in known else name]
    if head["dims"][1:]:
        parts.append(f"dimensions {', '.join(head['dims'][1:])}")
    if head["units"]:
        parts.append(f"unit {head['units']}")
    if name in manifest.ranges:
        parts.append(f"{manifest.ranges[name].minimum:g} to {manifest.ranges[name].maximum:g}")
    return "; ".join(parts)


def _enumerations(manifest: Manifest) -> list[dict[str, Any]]:
    return [
        _enumeration(variable.header, manifest)
        for _, variable in sorted(manifest.content.variables.items())
        if _coded(variable.header)
    ]


def _enumeration(head: Header, manifest: Manifest) -> dict[str, Any]:
    own, is_split = _codes(head["name"]), head["name"] in (SPLIT_VARIABLE, SET_VARIABLE)
    columns = {"code": "sc:Integer", "name": "sc:Text"} | (
        {"samples": "sc:Integer", "hash": "sc:Text"} if is_split else {}
    )
    rows: list[dict[str, Any]] = [
        {"code": code, "name": name}
        for code, name in zip(head["flag_values"], head["flag_meanings"].split(), strict=True)
    ]
    if is_split:
        parts = manifest.content.splits
        rows = [
            {**row, "samples": parts[row["name"]].samples, "hash": parts[row["name"]].root}
            for row in rows
            if row["name"] in parts
        ]
    return {
        "@type": "cr:RecordSet",
        "@id": own,
        "name": own,
        "description": f"What the codes of {head['name']} mean.",
        "dataType": "cr:Split" if is_split else "sc:Enumeration",
        "key": {"@id": f"{own}/code"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{own}/{column}",
                "name": column,
                "description": f"{column} of a value of {head['name']}",
                "dataType": data_type,
            }
            for column, data_type in columns.items()
        ],
        "data": [{f"{own}/{column}": value for column, value in row.items()} for row in rows],
    }


def _codes(name: str) -> str:
    return f"{name}_codes"


def _coded(head: Header) -> bool:
    return head["flag_values"] is not None and head["flag_meanings"] is not None


CROISSANT = DescriptionFormat(
    name="croissant",
    suffix=".json",
    keeps="what a version is: variables, codes, splits, licence, citation, hashes and files.",
    loses="the data, which stay in the store; the recipe is in the manifest that it names.",
    text=croissant_text,
)
