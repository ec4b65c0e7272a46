"""`skybench.torch` and `skybench.batches` load torch only when asked for, and tell its lack."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "torch.md"

WITHOUT = """
import sys
sys.modules[{name!r}] = None
import skybench
try:
    skybench.torch.{used}
except skybench.errors.MissingDependencyError as error:
    print(error)
"""

LIGHT = """
import sys
import skybench
skybench.batches
assert not {"torch", "lightning", "tensorflow", "jax"} & set(sys.modules)
skybench.torch.dataset
assert "torch" in sys.modules and "lightning" not in sys.modules
"""


def run(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_batches_need_no_torch_and_datasets_no_lightning():
    run(LIGHT)


@pytest.mark.parametrize(("name", "used"), [("torch", "dataset"), ("lightning", "SkyDataModule")])
def test_what_is_missing_is_named_with_what_installs_it(name, used):
    said = run(WITHOUT.format(name=name, used=used))
    assert f"needs {name}, which is not installed: pip install 'skybench[torch]'" in said


def test_an_unknown_name_is_told():
    import skybench

    with pytest.raises(
        AttributeError, match="no attribute 'Dataset'; it has PretrainedNetwork, SkyData"
    ):
        skybench.torch.Dataset  # noqa: B018


def test_the_page_runs(demo_store, monkeypatch):
    monkeypatch.setenv("SKYBENCH_STORE", str(demo_store))
    page = PAGE.read_text(encoding="utf-8").partition("<!-- needs tensorflow -->")[0]
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert names["images"].shape[1:] == names["x"].shape[1:] == (1, 28, 28)
    assert names["data"].classes == names["batches"].classes == ("star", "elliptical", "spiral")
