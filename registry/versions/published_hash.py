"""The content hash in a manifest from a stranger: of a shape that can be a dataset's."""

import re
from collections.abc import Iterator

from skybench.generators.codes import SAMPLE_DIM
from skybench.registry.hashing.attributes import Attributes, attribute_faults, flag_fault
from skybench.registry.hashing.content_hash import (
    BLOCK_ROWS,
    DTYPES,
    ContentHash,
    Header,
    VariableHash,
    dataset_root,
    has_blocks_beside,
    variable_root,
)

_KEYS = {"name", "dims", "shape", "dtype", "units", "flag_values", "flag_meanings"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ROOT = re.compile(r"sha256:[0-9a-f]{64}")
_BLOCK = re.compile(r"[0-9a-f]{64}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,10000}")
_MAX_SIZE = 1 << 40


def check_content(content: ContentHash) -> ContentHash:
    """Return a content hash whose parts make its root; that the data do is for `verify`.

    Raises
    ------
    ValueError
        Naming the first variable, split or root at fault.
    """
    for fault in _faults(content):
        raise ValueError(fault)
    for fault in _faults_of_roots(content):
        raise ValueError(fault)
    return content


def _faults(content: ContentHash) -> Iterator[str]:
    if content.block_rows != BLOCK_ROWS:
        yield f"must have blocks of {BLOCK_ROWS} rows"
    if (content.attributes is None) != (content.algorithm == "skyhash-1"):
        yield f"has {'no ' * (content.attributes is None)}attributes, but is {content.algorithm}"
    for fault in attribute_faults(content.attributes or {}):
        yield f"has {fault}"
    if not all(map(_PRINTABLE.fullmatch, _texts(content.attributes or {}))):
        yield "has attributes that are no plain text"
    roots = [content.root, *(part.root for part in content.splits.values())]
    roots += [root for part in content.splits.values() for root in part.variables.values()]
    if not all(map(_ROOT.fullmatch, roots)):
        yield "a root must be sha256: and 64 hexadecimal digits"
    for name, variable in content.variables.items():
        if said := _fault_of_variable(name, variable):
            yield f"variable {name[:80]!a} {said}"
    for name, split in content.splits.items():
        if split.variables.keys() != content.variables.keys() or split.samples < 0:
            yield f"split {name[:80]!a} is not one of these variables"


def _faults_of_roots(content: ContentHash) -> Iterator[str]:
    """Yield which roots do not follow, so that the one that was pinned stands for all below it."""
    for name, variable in sorted(content.variables.items()):
        if not lacks_blocks(variable):
            root = variable_root(variable.header, variable.blocks)
            yield from _differs(f"the root of {name}", variable.root, root)
    roots = {name: variable.root for name, variable in content.variables.items()}
    root = dataset_root(roots, content.attributes)
    yield from _differs("the root of its content", content.root, root)
    for split, part in content.splits.items():
        for name, variable in sorted(content.variables.items()):
            if SAMPLE_DIM not in variable.header["dims"]:
                got = part.variables[name]
                yield from _differs(f"the root of {name} in split {split}", got, variable.root)
        root = dataset_root(part.variables, content.attributes)
        yield from _differs(f"the root of split {split}", part.root, root)


def _differs(what: str, got: str, expected: str) -> Iterator[str]:
    if got != expected:
        yield f"{what} does not follow from what it covers: expected {expected}, got {got}"


def _texts(attributes: Attributes) -> Iterator[str]:
    for name, value in attributes.items():
        values = value if isinstance(value, list) else [value]
        yield from (text for text in (name, *values) if isinstance(text, str))


def _fault_of_variable(name: str, variable: VariableHash) -> str | None:
    head = variable.header
    if head.keys() != _KEYS or head["name"] != name or not _NAME.fullmatch(name):
        return "has the header of another, or no name of a variable"
    if fault := _fault_of_shape(head) or _fault_of_words(head):
        return fault
    leaves, blocks = _leaves(head), len(variable.blocks)
    if blocks != -(-leaves // BLOCK_ROWS) and not lacks_blocks(variable):
        return f"has {blocks} blocks, but {leaves} rows in blocks of {BLOCK_ROWS}"
    if not _ROOT.fullmatch(variable.root) or not all(map(_BLOCK.fullmatch, variable.blocks)):
        return "has digests that are no SHA-256"
    return None


def lacks_blocks(variable: VariableHash) -> bool:
    """Tell whether the digests of the blocks of a variable are in a file beside the manifest."""
    return not variable.blocks and has_blocks_beside(variable.header)


def _leaves(head: Header) -> int:
    return int(head["shape"][0]) if SAMPLE_DIM in head["dims"] else 1


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
    return flag_fault(head["flag_values"], head["flag_meanings"])
