"""The kernels elsewhere: on another kind of processor, and under a compiler's sanitizers."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from native.replay import SANITIZED, compiled, recorded, replayed

from skybench.generators.generate import generate_as_stored
from skybench.generators.native import compiling
from skybench.generators.native.library import kernel
from skybench.generators.recipe_file import packaged_recipes

SAMPLES = 4


@pytest.fixture(scope="module")
def calls():
    """The calls that rendering some samples of every packaged recipe makes."""
    with recorded() as made:
        for name in packaged_recipes():
            generate_as_stored(name, 0, SAMPLES)
        every_elementary_function()
    return made


def every_elementary_function():
    x = np.linspace(-80, 80, 1001)
    for name, values in (
        ("exponential", x),
        ("logarithm", np.exp(x)),
        ("exponential_single", x.astype(np.float32)),
        ("logarithm_single", np.exp(x).astype(np.float32)),
    ):
        kernel(name)(values, np.empty_like(values))
    kernel("sine_cosine")(x, np.empty_like(x), np.empty_like(x))


@pytest.mark.soak
def test_no_kernel_touches_memory_that_is_not_its_own(calls, tmp_path):
    executable = compiled(tmp_path, sanitizing_compiler(tmp_path), SANITIZED)
    assert replayed(calls, [executable]) == b"".join(call.after for call in calls)


@pytest.mark.soak
def test_an_arm_processor_has_the_same_bits(calls, tmp_path):
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if emulator is None or not find_spec("ziglang"):
        pytest.skip("needs ziglang and qemu-user")
    zig = [sys.executable, "-m", "ziglang", "cc"]
    target = ("-target", "aarch64-linux-musl", "-static")
    executable = compiled(tmp_path, zig, target)
    assert replayed(calls, [emulator, executable]) == b"".join(call.after for call in calls)


def sanitizing_compiler(folder):
    """Return a compiler that has sanitizers: ziglang's has not."""
    command = compiling.system_compiler()
    trial = folder / "trial.c"
    trial.write_text("int main(void) { return 0; }\n")
    line = [*(command or ["false"]), *SANITIZED, "-o", str(folder / "trial"), str(trial)]
    if subprocess.run(line, capture_output=True, check=False).returncode:
        pytest.skip("no compiler with sanitizers")
    return command
