"""Compile the kernels: a library for each level of instructions that this kind of processor has.

``python generators/native/compiling.py`` does it in place; the package is built by the same
functions. They need nothing but Python and a C compiler: the one that ``CC`` names, or cc, gcc or
clang, or else clang as the ``ziglang`` wheel brings it, which is how a machine without a
compiler installs skybench.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent

FLAGS = (
    "-std=c11",
    "-O3",
    "-fPIC",
    "-fvisibility=hidden",
    # Bits must not depend on the processor: no fused operations, and nothing reordered. The
    # other two give up what is not looked at: errno, and flags of exceptions.
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
)

_X86 = ("x86-64", "x86-64-v3", "x86-64-v4")
# The generic tuning loads the entries of a table one by one, though the processor can gather them.
_TUNED = {
    "x86-64-v3": ("-mtune=haswell",),
    "x86-64-v4": ("-mtune=haswell", "-mprefer-vector-width=512"),
}
_SUFFIX = {"Darwin": ".dylib", "Windows": ".dll"}


def levels(machine: str | None = None) -> tuple[str, ...]:
    """Return the levels of a kind of processor, from the one that all of them have."""
    machine = (machine or platform.machine()).lower()
    return _X86 if machine in ("x86_64", "amd64") else (machine,)


def file_name(level: str) -> str:
    """Return the name of the library of a level."""
    return f"kernels-{level}{_SUFFIX.get(platform.system(), '.so')}"


def sources() -> list[Path]:
    """Return the C files, in one order everywhere."""
    return sorted(HERE.glob("*.c"))


def source_digest() -> str:
    """Return the SHA-256 of all C source: a library tells by it what it was compiled from."""
    digest = sha256()
    for path in sorted([*sources(), *HERE.glob("*.h")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def system_compiler() -> list[str] | None:
    """Return the command of a C compiler on this machine, if there is one."""
    if named := os.environ.get("CC"):
        return shlex.split(named)
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    return [found] if found else None


def compiler() -> list[str]:
    """Return the command of a C compiler.

    Raises
    ------
    RuntimeError
        There is none.
    """
    found = system_compiler()
    if found is None and find_spec("ziglang"):
        found = [sys.executable, "-m", "ziglang", "cc"]
    if found is None:
        msg = (
            "skybench's kernels need a C compiler and this machine has none: install gcc or "
            "clang, or 'pip install ziglang', or name one in CC"
        )
        raise RuntimeError(msg)
    return found


def compile_library(
    level: str, target: Path, command: list[str], extra: Iterable[str] = ()
) -> None:
    """Compile the kernels for a level into a file, which appears when it is whole.

    Raises
    ------
    RuntimeError
        The compiler fails; with what it said.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    line = [*command, *FLAGS, *_architecture(level, command), *extra]
    line.append(f'-DSOURCE="{source_digest()}"')
    done = subprocess.run(
        [*line, "-shared", "-o", str(partial), *map(str, sources())],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        msg = (
            f"{' '.join(command)} could not compile skybench's kernels for {level}:\n{done.stderr}"
        )
        raise RuntimeError(msg)
    partial.replace(target)


def _architecture(level: str, command: list[str]) -> list[str]:
    if level not in _X86:
        return []
    name = level.replace("-", "_") if "ziglang" in command else level
    return [f"-march={name}", *_TUNED.get(level, ())]


def compile_all(folder: Path) -> list[Path]:
    """Compile the kernels for every level of this machine's kind, and return the libraries."""
    folder.mkdir(parents=True, exist_ok=True)
    command, names = compiler(), levels()
    targets = [folder / file_name(level) for level in names]
    with ThreadPoolExecutor() as pool:
        list(pool.map(compile_library, names, targets, [command] * len(names)))
    return targets


if __name__ == "__main__":
    for made in compile_all(HERE):
        print(made)
