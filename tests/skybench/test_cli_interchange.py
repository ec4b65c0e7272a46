"""The commands that say what a version is."""

import json

import numpy as np
import pytest
import yaml

from skybench.registry.exports.export import FORMATS
from skybench.registry.recorded import recorded_manifest
from skybench.registry.storage.store import MANIFEST, Store
from skybench.registry.versions.index import append, yank
from skybench.registry.versions.manifest import canonical_text, digest_of


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """An empty default store."""
    monkeypatch.setenv("SKYBENCH_STORE", str(tmp_path / "nowhere"))


@pytest.fixture
def store(tmp_path):
    """A store that lists two versions of sky, by their manifests alone."""
    store = Store(tmp_path / "store")
    for version, title in (("0.1", "[red]Brackets[/red]"), ("0.2", "Plain")):
        values = json.loads(recorded_manifest("sky@0.1").to_text())
        text = canonical_text({**values, "version": version, "title": title})
        store.write(f"sky/{version}/{MANIFEST}", text)
        content = values["content"]["root"]
        append(store, dataset="sky", version=version, manifest=digest_of(text), content=content)
    yank(store, dataset="sky", version="0.2", reason="too [faint]")
    return store


@pytest.mark.parametrize(
    "command", [("info",), ("cite",), ("export", "croissant"), ("export", "npz")]
)
def test_every_command_explains_itself_with_an_example(skybench, command):
    status, out, _ = skybench(*command, "--help")
    assert status == 0
    assert f"Example: skybench {' '.join(command)}" in " ".join(out.split())


def test_info_tells_identity_ranges_and_history(skybench, store):
    status, out, _ = skybench("info", "sky@0", "--store", store.url)
    assert status == 0
    assert "[red]Brackets[/red]" in out
    manifest = recorded_manifest("sky@0.1")
    for word in (
        manifest.content.root,
        "10,000 (train 6,000, validation 2,000, test 2,000)",
        "star, elliptical, spiral",
        "CC-BY-4.0",
        "made by",
    ):
        assert word in out
    ranges, history = out.split("Ranges")[1].split("History")
    limits = manifest.ranges["flux"]
    row = next(line.split() for line in ranges.splitlines() if line.split()[:1] == ["flux"])
    assert row == ["flux", f"{limits.minimum:g}", f"{limits.maximum:g}", "electron"]
    assert [line.split()[0] for line in history.splitlines()[2:]] == ["0.1", "0.2"]
    assert "too [faint]" in history


def test_info_folds_no_hash_in_a_narrow_terminal(skybench, store):
    _, out, _ = skybench("info", "sky@0", "--store", store.url, columns=80)
    content = recorded_manifest("sky@0.1").content.root
    assert f"content hash  {content}" in out.splitlines()
    assert out.count(content[:19]) == 3


def test_cite_needs_no_store(skybench, nowhere):
    status, out, _ = skybench("cite", "sky@0.1")
    assert status == 0
    assert out.startswith("@misc{skybench_sky_0_1,")
    status, out, _ = skybench("cite", "sky@0.1", "--format", "cff")
    assert yaml.safe_load(out)["version"] == "0.1"


def test_cite_in_another_format_is_one_line_of_error(skybench, nowhere):
    status, _, err = skybench("cite", "sky@0.1", "--format", "ris")
    assert status == 2
    assert err.startswith("error: ")
    assert "bibtex" in err


def test_croissant_is_printed_or_written_once(skybench, nowhere, tmp_path):
    status, out, _ = skybench("export", "croissant", "sky@0.1")
    assert status == 0
    assert json.loads(out)["@type"] == "sc:Dataset"
    file = tmp_path / "croissant.json"
    assert skybench("export", "croissant", "sky@0.1", "--out", file)[0] == 0
    assert file.read_text() == out
    status, _, err = skybench("export", "croissant", "sky@0.1", "--out", file)
    assert (status, "exists; choose another name" in err) == (2, True)
    status, _, err = skybench("export", "croissant", "sky@0.1", "--out", tmp_path / "no" / "x")
    assert (status, "cannot be written" in err) == (2, True)


def test_info_and_diff_of_recorded_versions_need_no_store(skybench, tmp_path):
    status, out, _ = skybench("info", "sky@0.3", "--store", tmp_path)
    assert status == 0
    assert "sha256:7e121e06b56bf85b72ec311ec2e4a9f8f2934168165af0bc2e878c416142f1ba" in out
    assert f"not in {tmp_path}" in out
    assert "History" not in out
    status, out, _ = skybench("diff", "sky@0.1", "sky@0.3", "--store", tmp_path)
    assert (status, out) == (1, "image of rows 0 to 10239\n")


def test_export_lists_what_each_format_keeps_and_loses(skybench):
    for arguments in (("export",), ("export", "--help")):
        _, out, err = skybench(*arguments)
        told = " ".join((out + err).split())
        for form in FORMATS.values():
            assert f"{form.name} ({form.kind}) keeps {form.keeps} It loses {form.loses}" in told


def test_data_are_exported_by_split(skybench, demo_store, tmp_path):
    out = tmp_path / "test.npz"
    status, said, _ = skybench(
        *("export", "npz", "objects@0", "--split", "test", "--out", out, "--store", demo_store)
    )
    assert (status, said.strip()) == (0, str(out))
    with np.load(out) as arrays:
        assert (arrays["split"] == 2).all()
        assert arrays["image"].shape == (len(arrays["sample_id"]), 28, 28)


def test_generated_rows_become_pictures_in_a_folder(skybench, tmp_path):
    out = tmp_path / "objects-png"
    status, said, _ = skybench("generate", "objects", "--stop", "3", "--out", out)
    assert (status, said.strip()) == (0, f"{out}: 3 samples of objects")
    assert len(list(out.rglob("*.png"))) == 3


def test_chosen_samples_are_exported_and_the_file_is_proven(skybench, demo_store, tmp_path):
    status, said, _ = skybench(
        *("export", "npz", "objects@0", "--split", "train", "--samples", "0:3,7"),
        *("--out", tmp_path, "--store", demo_store),
    )
    made = tmp_path / "objects-0.0-train-4-samples.npz"
    assert (status, said.strip()) == (0, str(made))
    status, said, _ = skybench("verify", made, "--store", demo_store)
    assert status == 0
    assert f"{made} is as exported: 4 samples" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["npzz", "sky@0.1"], "unknown export format 'npzz'; did you mean 'npz'?"),
        (["croissant", "sky@0.1", "--split", "test"], "leave out split and samples"),
        (["npz", "stars@0.1"], "nothing is released there"),
        (["npz", "sky@0.1", "--samples", "1-5"], "rows like 17,99 or 0:500, got '1-5'"),
    ],
)
def test_exports_that_cannot_be_are_told(skybench, nowhere, arguments, expected):
    status, _, err = skybench("export", *arguments)
    assert status == 2
    assert expected in err
