"""How kernels are found, chosen, called and refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skybench.errors import MissingDependencyError, ParameterError
from skybench.generators.native import compiling, library
from skybench.generators.native.library import kernel


def test_every_level_has_the_same_bits():
    x = np.linspace(-50, 50, 10007)
    found = {level: _in_a_process_of_its_own(level) for level in _levels_here()}
    expected = np.empty_like(x)
    kernel("exponential")(x, expected)
    assert set(found.values()) == {expected.tobytes().hex()}


def _levels_here():
    known = compiling.levels()
    return known[: known.index(library.level()) + 1]


def _in_a_process_of_its_own(level):
    code = """
import numpy as np
from skybench.generators.native.library import kernel
x = np.linspace(-50, 50, 10007)
found = np.empty_like(x)
kernel("exponential")(x, found)
print(found.tobytes().hex())
"""
    environment = os.environ | {"SKYBENCH_CPU": level}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_level_that_the_processor_lacks_is_refused(monkeypatch):
    monkeypatch.setenv("SKYBENCH_CPU", "pdp-11")
    with pytest.raises(ParameterError, match=r"SKYBENCH_CPU is 'pdp-11'.*choose one of these"):
        library.level()


def test_kernels_compiled_from_other_source_are_refused(monkeypatch):
    library._load.cache_clear()
    monkeypatch.setattr(compiling, "source_digest", lambda: "0" * 64)
    with pytest.raises(MissingDependencyError, match=r"compiled from other source.*make install"):
        library._load(compiling.levels()[0])


def test_kernels_that_are_not_there_name_the_cure(monkeypatch, tmp_path):
    library._load.cache_clear()
    monkeypatch.setattr(compiling, "HERE", tmp_path)
    with pytest.raises(MissingDependencyError, match=r"cannot be loaded.*make install"):
        library._load(compiling.levels()[0])


@pytest.mark.parametrize(
    ("x", "result", "error"),
    [
        (np.ones(3), np.ones(2), ValueError),  # lengths that do not fit
        (np.ones(3, np.float32), np.ones(3), TypeError),
        (np.ones(6)[::2], np.ones(3), TypeError),
        (np.ones(3), np.broadcast_to(1.0, (3,)), TypeError),  # read-only
    ],
)
def test_arguments_are_checked_before_memory_is_touched(x, result, error):
    with pytest.raises(error, match="kernel exponential"):
        kernel("exponential")(x, result)


def test_a_number_of_arguments_that_does_not_fit_is_refused():
    with pytest.raises(TypeError, match="kernel exponential takes 2 arguments, got 1"):
        kernel("exponential")(np.ones(3))


def test_every_kernel_of_the_source_is_declared():
    text = "".join(path.read_text() for path in compiling.sources())
    assert text.count("\nKERNEL(") == len(library.declarations())


def test_without_a_compiler_the_build_asks_for_one(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(compiling.HERE), *sys.path])
    import backend

    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert any(need.startswith("ziglang") for need in backend.get_requires_for_build_editable())
    monkeypatch.setenv("CC", "some-compiler")
    assert not any(need.startswith("ziglang") for need in backend.get_requires_for_build_wheel())


@pytest.mark.soak
@pytest.mark.parametrize("level", _levels_here()[:-1])
def test_the_generators_are_true_at_every_level(level):
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", tests],
        env=os.environ | {"SKYBENCH_CPU": level},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
