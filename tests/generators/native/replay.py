"""Calls of kernels, recorded and made again by a program of their own.

The program is the kernels and a reader of calls in one executable, so it can be compiled for
another processor or with a compiler's sanitizers, where a library within Python could not run.
"""

import subprocess
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from skybench.generators.native import compiling, library

SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
"""Flags with which gcc and clang stop at memory that is not ours and at undefined behaviour."""

_PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

%(declarations)s

static int read_number(int64_t *n) { return fread(n, sizeof *n, 1, stdin) == 1; }

static double read_double(void) {
    double x;
    return fread(&x, sizeof x, 1, stdin) == 1 ? x : (exit(4), 0);
}

static int64_t read_integer(void) {
    int64_t n;
    return read_number(&n) ? n : (exit(4), 0);
}

/* Exactly as large as the array, so that a sanitizer sees one element too far. */
static void *read_array(int64_t *bytes) {
    *bytes = read_integer();
    void *array = malloc((size_t)*bytes);
    if (*bytes && fread(array, (size_t)*bytes, 1, stdin) != 1) exit(4);
    return array;
}

static void write_array(void *array, int64_t bytes) {
    fwrite(array, 1, (size_t)bytes, stdout);
    free(array);
}

int main(void) {
    int64_t which, bytes[64];
    void *array[64];
    while (read_number(&which)) {
        switch (which) {
%(cases)s
        default: return 5;
        }
    }
    return 0;
}
"""


class Call(NamedTuple):
    """A call: the kernel, its arguments as they were, and the arrays as it left them."""

    kernel: str
    arguments: tuple
    after: bytes


@contextmanager
def recorded():
    """Record the calls of kernels in a list while the block runs."""
    calls, declared = [], library._declared

    def recording(name):
        def call(*arguments):
            before = tuple(np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments)
            declared(name)(*arguments)
            after = b"".join(a.tobytes() for a in arguments if isinstance(a, np.ndarray))
            calls.append(Call(name, before, after))

        return call

    recording.cache_clear = declared.cache_clear
    library._declared = recording
    try:
        yield calls
    finally:
        library._declared = declared


def compiled(folder, command, flags=()):
    """Compile the program with a compiler's command and flags; return the executable."""
    source, executable = folder / "replay.c", folder / "replay"
    source.write_text(program())
    line = [*command, *compiling.FLAGS, *flags, '-DSOURCE=""', "-o", str(executable), str(source)]
    subprocess.run([*line, *map(str, compiling.sources())], check=True)
    return executable


def replayed(calls, command):
    """Return the arrays as the program leaves them, all calls in one run."""
    done = subprocess.run(
        command, input=b"".join(map(_as_bytes, calls)), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def program():
    """Return the C source of the program."""
    declarations, cases = [], []
    for which, (name, arguments) in enumerate(_kernels().items()):
        kinds, passed, read, written = [], [], [], []
        for i, argument in enumerate(arguments):
            if argument["array"]:
                kinds += [f"{argument['type']} *", "int64_t"]
                passed += [f"array[{i}]", f"bytes[{i}] / (int64_t)sizeof({argument['type']})"]
                read.append(f"array[{i}] = read_array(&bytes[{i}]);")
                written.append(f"write_array(array[{i}], bytes[{i}]);")
            else:
                double = argument["scalar"] == "double"
                kinds.append(argument["scalar"])
                read.append(
                    f"{argument['scalar']} n{i} = read_{'double' if double else 'integer'}();"
                )
                passed.append(f"n{i}")
        declarations.append(f"int64_t skybench_{name}({', '.join(kinds) or 'void'});")
        call = f"if (skybench_{name}({', '.join(passed)})) return 3;"
        cases.append(f"case {which}: {{ {' '.join([*read, call, *written])} break; }}")
    return _PROGRAM % {"declarations": "\n".join(declarations), "cases": "\n".join(cases)}


def _kernels():
    return {name: a for name, a in sorted(library.declarations().items()) if name != "level"}


def _as_bytes(call):
    parts = [np.int64(list(_kernels()).index(call.kernel)).tobytes()]
    for declared, value in zip(_kernels()[call.kernel], call.arguments, strict=True):
        if declared["array"]:
            parts += [np.int64(value.nbytes).tobytes(), value.tobytes()]
        else:
            kind = np.float64 if declared["scalar"] == "double" else np.int64
            parts.append(kind(value).tobytes())
    return b"".join(parts)
