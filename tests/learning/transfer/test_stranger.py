"""The ten lines of docs/transfer.md do what they say to someone who has weights and JPEGs."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skybench.learning.labelled import Labelled
from skybench.learning.networks.table import NETWORKS
from skybench.learning.protocols import PROTOCOLS
from skybench.learning.training import fit
from skybench.learning.transfer.result import TransferResult

PAGE = Path(__file__).parents[3] / "docs" / "transfer.md"
CLASSES = 5


def lines():
    text = PAGE.read_text(encoding="utf-8").partition("## A trial in ten lines")[2]
    return re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]


@pytest.fixture
def folder(tmp_path):
    """Make weights of ResNet-18 on three planes, noisy JPEGs of two forms and their table."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 20, (40, 3, 32, 32)).astype(np.float32)
    split = np.repeat([0, 1, 2], [30, 5, 5]).astype(np.int8)
    data = Labelled(images, np.arange(40) % CLASSES, split, CLASSES)
    protocol = PROTOCOLS["default"].model_copy(update={"epochs": 1, "batch_size": 16})
    done = fit(NETWORKS["resnet18"], data, protocol, seed=0, folder=tmp_path / "work")
    done.weights.rename(tmp_path / "resnet18.safetensors")
    (tmp_path / "jpegs").mkdir()
    for number in range(20):
        pixels = rng.integers(0, 255, (70, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "jpegs" / f"{number}.jpg")
    names = [f"{number}.jpg" for number in range(20)]
    forms = pd.DataFrame({"file": names, "form": ["spiral", "smooth"] * 10})
    forms.to_csv(tmp_path / "forms.csv", index=False)
    return tmp_path


def test_ten_lines_load_fine_tune_and_report(folder, monkeypatch, capsys):
    quick = "seeds=1, iterations=2, rates=(0.01,), labels=()"
    script = lines().replace("side=64", "side=32").replace("seeds=3", quick)
    assert quick in script
    assert len([line for line in script.splitlines() if line and "import" not in line]) <= 10
    monkeypatch.chdir(folder)
    exec(compile(script, "ten lines", "exec"), {})
    found = TransferResult.from_json((folder / "trial" / "transfer.json").read_text())
    assert found.comparisons[0].labels == 12
    assert [name for name in found.left if not name.startswith("fc.")] == []
    assert "points [" in capsys.readouterr().out
