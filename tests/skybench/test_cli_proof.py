"""The commands that prove versions: what they print and their exit codes."""

import shutil

import pytest

from skybench.registry.recorded import recorded_references


@pytest.fixture
def damaged(demo_store, tmp_path):
    """A copy of the demonstration's store with one bit of one image flipped."""
    copy = tmp_path / "copy"
    shutil.copytree(demo_store, copy)
    chunk = next(p for p in sorted(copy.glob("objects/0.0/*.zarr/image/c/**/*")) if p.is_file())
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    return copy


@pytest.mark.parametrize("command", ["verify", "reproduce", "audit"])
def test_every_command_explains_itself_with_an_example(skybench, command):
    status, out, _ = skybench(command, "--help")
    assert status == 0
    assert f"Example: skybench {command}" in " ".join(out.split())


@pytest.mark.parametrize("options", [[], ["--full"]])
def test_verify_agrees_with_an_untouched_store(skybench, demo_store, options):
    status, out, _ = skybench("verify", "sky@0", *options, "--store", demo_store)
    assert status == 0
    assert "sky@0.0 is as published" in out


def test_verify_of_a_damaged_store_names_file_and_rows_and_exits_with_1(skybench, damaged):
    status, out, _ = skybench("verify", "objects@0", "--full", "--store", damaged)
    assert status == 1
    assert "image/c/" in out
    assert "of objects 0.0 does not match the recorded hash" in out
    assert "image rows " in out
    assert skybench("verify", "sky@0", "--full", "--store", damaged)[0] == 0


def test_repair_mends_it(skybench, damaged):
    status, out, _ = skybench("verify", "objects@0", "--repair", "--store", damaged)
    assert status == 0
    assert "rebuilt " in out
    assert "objects@0.0 is as published: every byte and row" in out
    assert skybench("verify", "objects@0", "--full", "--store", damaged)[0] == 0


def test_repair_fetches_from_a_mirror(skybench, damaged, demo_store):
    arguments = ["--repair", "--mirror", demo_store, "--store", damaged]
    status, out, _ = skybench("verify", "objects@0", *arguments)
    assert status == 0
    assert "fetched " in out
    assert "rebuilt " not in out


def test_a_mirror_without_repair_is_a_mistake(skybench, demo_store):
    status, _, err = skybench("verify", "sky@0", "--mirror", demo_store, "--store", demo_store)
    assert status == 2
    assert "give both" in err


def test_reproduce_renders_chosen_samples_again(skybench, demo_store):
    status, out, _ = skybench("reproduce", "sky@0", "--samples", "17, 3", "--store", demo_store)
    assert status == 0
    assert "sky@0.0 is reproduced: some of its samples, 2, rendered again" in out


@pytest.mark.parametrize("samples", ["", "1,,2", "-1", "1-3", "one", "9" * 30])
def test_what_lists_no_samples_is_refused(skybench, demo_store, samples):
    status, _, err = skybench("reproduce", "sky@0", "--samples", samples, "--store", demo_store)
    assert status == 2
    assert "--samples lists rows like 17,99" in err


def test_reproduce_of_a_recorded_version_needs_no_store(skybench, tmp_path):
    newest = [r for r in recorded_references() if r.startswith("objects@")][-1]
    status, out, err = skybench("reproduce", newest, "--samples", "3", "--store", tmp_path / "none")
    # Versions of earlier generators are refused with the skybench to install.
    assert (status == 0 and "is reproduced" in out) or (status == 2 and "pip install" in err)
    assert not (tmp_path / "none").exists()


def test_verify_of_a_recorded_version_that_is_not_there_says_how_to_get_it(skybench, tmp_path):
    status, _, err = skybench("verify", "sky@0.3", "--store", tmp_path / "none")
    assert status == 2
    assert "'skybench get sky@0.3' brings it into your store" in err
    assert "release VERSION" not in err


def test_audit_names_the_first_break_and_exits_with_1(skybench, damaged):
    assert skybench("audit", "--store", damaged)[0] == 0
    manifest = damaged / "objects" / "0.0" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("CC-BY", "CC-BX"))
    status, out, _ = skybench("audit", "--store", damaged)
    assert status == 1
    assert "first break: " in out
    assert "manifest.json is not the manifest that was published" in out


@pytest.mark.filterwarnings("always")
def test_a_warning_is_one_line_without_places_in_the_code(skybench, demo_store, tmp_path):
    shutil.copytree(demo_store, tmp_path / "copy")
    store = ["--store", tmp_path / "copy"]
    skybench("yank", "sky@0.0", "--reason", "seed used twice", *store)
    status, _, err = skybench("verify", "sky@0.0", *store)
    assert status == 0
    assert err == "warning: sky 0.0 was withdrawn: seed used twice\n"
