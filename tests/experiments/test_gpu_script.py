"""The script for a GPU does on a CPU, with a few images, what it says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skybench.learning.transfer.result import TransferResult

SCRIPT = Path(__file__).parents[2] / "docs" / "experiments" / "gpu.sh"
CLASSES = ("round", "cigar", "spiral")


def pictures(folder, count=24):
    """Write noisy JPEGs and the table of their classes."""
    rng = np.random.default_rng(0)
    images = folder / "images"
    images.mkdir()
    for number in range(count):
        pixels = rng.integers(0, 255, (48, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"{number}.jpg")
    forms = [CLASSES[number % len(CLASSES)] for number in range(count)]
    names = [f"{number}.jpg" for number in range(count)]
    pd.DataFrame({"file": names, "form": forms}).to_csv(folder / "votes.csv", index=False)


@pytest.mark.soak  # it learns twice, through the shell
def test_it_ends_with_a_paired_report(tmp_path):
    pictures(tmp_path)
    small = {
        "REAL": "images",
        "VOTES": "votes.csv",
        "LABELS": "form",
        "LICENCE": "CC0-1.0",
        "SAMPLES": "60",
        "EPOCHS": "1",
        "ITERATIONS": "2",
        "SEEDS": "1",
        "SIZES": "6",
        "RATES": "0.01",
        "SIDE": "32",
        "WORKERS": "",
        "NETWORK": "narrow_resnet",
        "SKYBENCH": f"{sys.executable} -m skybench",
        "CROP": "40",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["sh", str(SCRIPT)],
        cwd=tmp_path,
        env=os.environ | small | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    trial = tmp_path / "gpu-trial" / "trial"
    found = TransferResult.from_json((trial / "transfer.json").read_text(encoding="utf-8"))
    assert [one.labels for one in found.comparisons] == [6, 15]
    assert found.normalisation == "image"
    assert (trial / "index.html").exists()
    assert "zero-shot" in done.stdout
