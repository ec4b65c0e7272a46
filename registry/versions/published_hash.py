"""The content hash in a manifest from a stranger: of a shape that can be a dataset's."""

import re
from collections.abc import Iterator

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.hashing.content_hash import (
    ALGORITHM,
    BLOCK_ROWS,
    DTYPES,
    ContentHash,
    Header,
    VariableHash,
)

_KEYS = {"name", "dims", "shape", "dtype", "units", "flag_values", "flag_meanings"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ROOT = re.compile(r"sha256:[0-9a-f]{64}")
_BLOCK = re.compile(r"[0-9a-f]{64}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,10000}")
_MAX_SIZE = 1 << 40


def check_content(content: ContentHash) -> ContentHash:
    """Return a content hash whose parts fit together; that they are true is for `verify`.

    Raises
    ------
    ValueError
        Naming the first variable or split at fault.
    """
    for fault in _faults(content):
        raise ValueError(fault)
    return content


def _faults(content: ContentHash) -> Iterator[str]:
    if (content.algorithm, content.block_rows) != (ALGORITHM, BLOCK_ROWS):
        yield f"must be of {ALGORITHM} with blocks of {BLOCK_ROWS} rows"
    roots = [content.root, *(part.root for part in content.splits.values())]
    roots += [root for part in content.splits.values() for root in part.variables.values()]
    if not all(map(_ROOT.fullmatch, roots)):
        yield "a root must be sha256: and 64 hexadecimal digits"
    for name, variable in content.variables.items():
        if fault := _fault_of_variable(name, variable):
            yield f"variable {name[:80]!a} {fault}"
    for name, split in content.splits.items():
        if split.variables.keys() != content.variables.keys() or split.samples < 0:
            yield f"split {name[:80]!a} is not one of these variables"


def _fault_of_variable(name: str, variable: VariableHash) -> str | None:
    head = variable.header
    if head.keys() != _KEYS or head["name"] != name or not _NAME.fullmatch(name):
        return "has the header of another, or no name of a variable"
    if fault := _fault_of_shape(head) or _fault_of_words(head):
        return fault
    leaves = head["shape"][0] if SAMPLE_DIM in head["dims"] else 1
    if len(variable.blocks) != -(-leaves // BLOCK_ROWS):
        return f"has {len(variable.blocks)} blocks, but {leaves} rows in blocks of {BLOCK_ROWS}"
    if not _ROOT.fullmatch(variable.root) or not all(map(_BLOCK.fullmatch, variable.blocks)):
        return "has digests that are no SHA-256"
    return None


def _fault_of_shape(head: Header) -> str | None:
    dims, shape = head["dims"], head["shape"]
    if not isinstance(dims, list) or not isinstance(shape, list) or len(dims) != len(shape):
        return "has dims and shape of different lengths"
    if not all(isinstance(dim, str) and _NAME.fullmatch(dim) for dim in dims):
        return "has a dimension that is no name"
    if not all(type(size) is int and 0 <= size <= _MAX_SIZE for size in shape):
        return "has a shape that is none"
    if SAMPLE_DIM in dims[1:] or len(set(dims)) != len(dims):
        return f"has dims {dims}; {SAMPLE_DIM} comes first, and each once"
    return None if str(head["dtype"]) in DTYPES else "has a dtype that is none"


def _fault_of_words(head: Header) -> str | None:
    for key in ("units", "flag_meanings"):
        text = head[key]
        if text is not None and not (isinstance(text, str) and _PRINTABLE.fullmatch(text)):
            return f"has {key} that are no plain text"
    values, meanings = head["flag_values"], head["flag_meanings"]
    if values is None:
        return None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        return "has flag_values that are no whole numbers"
    if meanings is None or len(meanings.split()) != len(values):
        return "has flag_values and flag_meanings of different lengths"
    return None
