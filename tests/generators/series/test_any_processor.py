"""What grows rounding errors is computed from operations that every processor rounds alike."""

import os
import subprocess
import sys

import numpy as np
import pytest

from skybench.generators.native import compiling

DIGESTS = """
from hashlib import sha256
import numpy as np
from skybench.generators.series.nbody.orbit import State
from skybench.generators.series.nbody.taylor import energies, integrate
from skybench.generators.series.pendulum.hamiltonian import DampedPendulum

umath = np._core._multiarray_umath
print(sum(umath.__cpu_features__[name] for name in umath.__cpu_dispatch__))
i = np.arange(3 * 3 * 40).reshape(3, 3, 40)
start = State((i * 37 % 101) / 50 - 1, (i * 53 % 97) / 200 - 0.25, 1 + i[:, 0] % 7 / 8)
track = integrate(start, np.arange(4) * 5.0, softening=0.05)
energy = energies(track, start.mass, 0.05)
some = {
    "initial_angle": np.linspace(-3, 3, 40),
    "initial_angular_velocity": np.linspace(-2, 5, 40),
    "gravity": np.linspace(1, 20, 40),
    "pendulum_length": np.full(40, 0.7),
    "damping": np.linspace(0, 0.5, 40),
}
motion = DampedPendulum.move(some, np.arange(100) * 0.1)
for parts in (track, energy, motion):
    print(sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest())
"""


def optional_features():
    umath = np._core._multiarray_umath
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]


def digests(**environment):
    run = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


@pytest.mark.skipif(not optional_features(), reason="this CPU has none beyond numpy's baseline")
def test_every_bit_is_the_same_without_avx512_and_avx2():
    enabled, *here = digests()
    none, *there = digests(
        NPY_DISABLE_CPU_FEATURES=" ".join(optional_features()), SKYBENCH_CPU=compiling.levels()[0]
    )
    assert int(enabled) > int(none) == 0
    assert here == there
