"""Catalogs open in the Intakes that people have, each run in an environment of its own."""

import json
import os
import subprocess
import sys

from skybench.registry.open import open as open_version

REPORT = """
import importlib.util, json, sys
import intake
catalog = intake.open_catalog(sys.argv[1])
ds = catalog.sky_v0.to_dask()
report = {
    "intake": intake.__version__,
    "skybench": importlib.util.find_spec("skybench") is not None,
    "driver": type(catalog.sky_v0).__module__,
    "keys": sorted(catalog),
    "samples": ds.sizes["sample"],
    "dtype": str(ds.image.dtype),
    "chunk": ds.image.chunksizes["sample"][0],
    "coordinates": sorted(map(str, ds.coords)),
    "total": int(ds.image.sum()),
    "labels": sorted(map(str, set(ds.label.values.tolist()))),
}
"""

WITH_SKYBENCH = """
report["metadata"] = catalog.sky_v0.metadata
report["test"] = catalog.sky_v0_test.read().sample_id.values.tolist()
report["chosen"] = catalog.sky_v0(split="test").to_dask().sizes["sample"]
report["through_cat"] = intake.cat.skybench.sky_v0_train.to_dask().sizes["sample"]
report["torch"] = "torch" in sys.modules
try:
    catalog.sky_v0(split="tets").to_dask()
except LookupError as error:
    report["refusal"] = str(error)
"""

WITHOUT_SKYBENCH = """
try:
    catalog.sky_v0_test
except ValueError as error:
    report["refusal"] = str(error)
report["in_cat"] = list(intake.cat)
"""


def report_of(python, script, released, tmp_path, **environment):
    """Run a script in another environment and return what it reports."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(python), "-c", REPORT + script + "print(json.dumps(report))", released.catalog],
        cwd=tmp_path,
        env=inherited | {"SKYBENCH_STORE": str(released.store)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_everything_works(report, released):
    manifest = released.entries[1].manifest
    expected = open_version("sky@0", store=released.store, split="test")
    assert report["skybench"]
    assert report["driver"] == "skybench.catalogs.source"
    assert report["samples"] == 50
    assert report["chunk"] == 8
    assert report["labels"] == ["spiral", "star"]
    assert report["metadata"]["hash"] == manifest.content.root
    assert report["metadata"]["citation"] == manifest.citation
    assert report["metadata"]["baseline_scores"]["resnet50"] == 0.9371
    assert report["test"] == expected.sample_id.to_numpy().tolist()
    assert report["chosen"] == len(report["test"])
    assert report["through_cat"] == manifest.splits["train"]
    assert report["refusal"].endswith("it has train, validation, test")
    assert not report["torch"]


def test_everything_works_in_intake_2(released, tmp_path):
    report = report_of(sys.executable, WITH_SKYBENCH, released, tmp_path)
    assert report["intake"] >= "2.0.9"
    check_everything_works(report, released)


def test_everything_works_in_intake_0_7(released, tmp_path, compat):
    site = str(compat("intake-0.7"))
    report = report_of(sys.executable, WITH_SKYBENCH, released, tmp_path, PYTHONPATH=site)
    assert report["intake"] == "0.7.0"
    check_everything_works(report, released)


def test_whole_versions_open_and_splits_are_refused_without_skybench(released, tmp_path, compat):
    python = compat("intake-plain") / "bin" / "python"
    report = report_of(python, WITHOUT_SKYBENCH, released, tmp_path)
    expected = open_version("sky@0", store=released.store, decode=False)
    assert not report["skybench"]
    assert report["driver"] == "intake_xarray.xzarr"
    assert report["samples"] == 50
    assert report["chunk"] == 8
    assert report["dtype"] == "int32"
    assert report["coordinates"] == sorted(map(str, expected.coords))
    assert report["total"] == int(expected.image.sum())
    assert report["labels"] == ["0", "1"]
    assert "sky_v0_test" in report["keys"]
    assert "skybench.catalogs.SkySource" in report["refusal"]
    assert report["in_cat"] == []
