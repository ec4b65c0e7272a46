"""Call the kernels: the library of the highest level that the processor has, by ctypes.

There is no other path: two engines would give two hashes. ``SKYBENCH_CPU`` forces a level, as the
tests do to compare their bits. A call releases the interpreter's lock.
"""

import ctypes
import os
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skybench.errors import MissingDependencyError, ParameterError
from skybench.generators.native import compiling

_TYPES = {
    "double": np.dtype(np.float64),
    "float": np.dtype(np.float32),
    "uint8_t": np.dtype(np.uint8),
    "uint16_t": np.dtype(np.uint16),
    "int32_t": np.dtype(np.int32),
    "int64_t": np.dtype(np.int64),
    "uint64_t": np.dtype(np.uint64),
}

_KERNEL = re.compile(r"^KERNEL\((\w+),(.*?)\)\s*\{", re.DOTALL | re.MULTILINE)
_ARGUMENT = re.compile(
    r"ARRAY\((?P<const>const )?(?P<type>\w+), (?P<array>\w+)\)|(?P<scalar>int64_t|double) \w+"
)

Argument = NDArray[Any] | int | float


def kernel(name: str) -> Callable[..., None]:
    """Return a function that calls a kernel with its arguments, in the order of its declaration.

    Arrays are C-contiguous and of the declared types; each is passed with its length, and the
    kernel checks that all lengths fit.

    Raises
    ------
    MissingDependencyError
        When called: the kernels are not compiled, or from other source.
    TypeError, ValueError
        When called: an argument is not as the kernel declares it.
    """

    def call(*arguments: Argument) -> None:
        _declared(name)(*arguments)

    call.__name__ = call.__qualname__ = name
    return call


def level() -> str:
    """Return the level whose kernels are called."""
    forced = os.environ.get("SKYBENCH_CPU")
    known = compiling.levels()
    best = {1: known[0], 3: "x86-64-v3", 4: "x86-64-v4"}[_load(known[0]).skybench_level()]
    if forced is None:
        return best
    if forced not in known[: known.index(best) + 1]:
        msg = (
            f"SKYBENCH_CPU is {forced!r}, and this processor has "
            f"{', '.join(known[: known.index(best) + 1])}; choose one of these or unset it"
        )
        raise ParameterError(msg)
    return forced


def forget() -> None:
    """Choose the level anew at the next call: a test forces another."""
    _declared.cache_clear()
    _library.cache_clear()


@cache
def _library() -> ctypes.CDLL:
    return _load(level())


@cache
def _load(level: str) -> ctypes.CDLL:
    path = compiling.HERE / compiling.file_name(level)
    cure = "run 'make install' in the repository, or install skybench again"
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        msg = f"the compiled kernels {path} cannot be loaded ({error}); {cure}"
        raise MissingDependencyError(msg) from error
    library.skybench_source.restype = ctypes.c_char_p
    if library.skybench_source().decode() != compiling.source_digest():
        msg = f"the kernels {path} were compiled from other source than lies beside them; {cure}"
        raise MissingDependencyError(msg)
    return library


@cache
def declarations() -> dict[str, list[dict[str, str | None]]]:
    """Return the arguments of every kernel, as the C source declares them."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in compiling.sources())
    return {
        found[1]: [m.groupdict() for m in _ARGUMENT.finditer(found[2])]
        for found in _KERNEL.finditer(text)
    }


@cache
def _declared(name: str) -> Callable[..., None]:
    arguments = declarations()[name]
    function = getattr(_library(), f"skybench_{name}")
    function.restype = ctypes.c_int64
    passed = [_passing(name, argument) for argument in arguments]
    function.argtypes = [kind for argument in arguments for kind in _ctypes_of(argument)]

    def call(*values: Argument) -> None:
        if len(values) != len(passed):
            msg = f"kernel {name} takes {len(passed)} arguments, got {len(values)}"
            raise TypeError(msg)
        pairs = zip(passed, values, strict=True)
        refused = function(*(part for convert, value in pairs for part in convert(value)))
        if refused:
            msg = f"kernel {name} refused its sizes at line {refused} of its source"
            raise ValueError(msg)

    return call


def _ctypes_of(argument: dict[str, str | None]) -> tuple[type, ...]:
    if argument["array"]:
        return ctypes.c_void_p, ctypes.c_int64
    return (ctypes.c_double if argument["scalar"] == "double" else ctypes.c_int64,)


def _passing(kernel: str, argument: dict[str, str | None]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that turns a value into what C is given of it."""
    if not argument["array"]:
        return lambda value: (value,)
    dtype, written = _TYPES[str(argument["type"])], argument["const"] is None

    def passed(array: NDArray[Any]) -> tuple[int, int]:
        flags = array.flags
        if array.dtype != dtype or not flags.c_contiguous or (written and not flags.writeable):
            msg = (
                f"kernel {kernel}: {argument['array']} must be a C-contiguous "
                f"{'writeable ' if written else ''}{dtype} array, got {array.dtype}"
            )
            raise TypeError(msg)
        return array.ctypes.data, array.size

    return passed
