"""The scaling of training over processes: two on this machine against one.

Both train LeNet-5 for the same batches from nothing; the start of Python and of torch is in both.
"""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from harness import Work, row

_SCRIPT = """
import sys
import numpy as np
from skybench.learning.execution import Execution
from skybench.learning.labelled import Labelled
from skybench.learning.networks.lenet5 import LENET5
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.training import fit

count = int(sys.argv[2])
rng = np.random.default_rng(0)
images = rng.normal(0, 20, (count, 64, 64)).astype(np.int32)
split = np.where(np.arange(count) < count - 8, 0, 1 + np.arange(count) % 2).astype(np.int8)
data = Labelled(images, np.arange(count, dtype=np.int8) % 2, split, 2)
protocol = PROTOCOLS["default"].model_copy(update={"epochs": 2, "batch_size": 64})
how = Execution(devices=int(sys.argv[3]))
fit(LENET5, data, protocol, seed=0, folder=sys.argv[1], execution=how)
"""


@cache
def script():
    path = Path(tempfile.mkdtemp()) / "train.py"
    path.write_text(_SCRIPT, encoding="utf-8")
    return path


def training(items, processes):
    """Return a callable that trains with so many processes of one thread each."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

    def run():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, *(launcher if processes > 1 else [])]
            arguments = [str(script()), folder, str(items), str(processes)]
            given = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([*command, *arguments], env=given, check=True, capture_output=True)
        return items

    return run


@row(
    "LeNet-5 on images of 64x64, two processes of one thread",
    peer="one process",
    limit=1,
    items=20_000,
    tiny=100,
    clock="wall",
    slow=True,
    note="Training images a second of two epochs; starting Python and torch is in both.",
)
def two_processes(items):
    return Work(ours=training(items, 2), peer=training(items, 1))
