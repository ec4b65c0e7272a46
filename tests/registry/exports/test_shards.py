"""What the formats of shards share: sizes, going on after an interruption, the same bytes."""

import numpy as np
import pytest

from skybench.errors import ParameterError
from skybench.generators.codes import decode_flags
from skybench.generators.generate import generate_as_stored
from skybench.registry.exports import blocks, shards
from skybench.registry.exports.export import export, format_named, write_dataset
from skybench.registry.open import open as open_version
from skybench.registry.storage.local_disk import replace_file

EACH = pytest.mark.parametrize("name", ["huggingface", "webdataset", "tfrecord"])


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def small(monkeypatch):
    """Let each shard hold two samples of objects, of 3.3 kB each."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 7000)


@EACH
def test_the_same_samples_are_the_same_bytes(tmp_path, name):
    ds = generate_as_stored("sky", 0, 7)
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        write_dataset(ds, tmp_path / place / "mine", format_named(name))
    assert files(tmp_path / "one") == files(tmp_path / "two")


@EACH
def test_a_split_is_in_as_many_files_as_it_needs(tmp_path, small, name):
    ds = generate_as_stored("objects", 0, 9)
    train = int((decode_flags(ds).split == "train").sum())
    write_dataset(ds, tmp_path / "mine", format_named(name))
    found = [file for file in files(tmp_path / "mine") if "train" in file]
    assert len(found) == -(-train // 2)
    if name != "webdataset":
        assert all(f"-of-{len(found):05d}." in file for file in found)


@EACH
def test_an_interrupted_export_goes_on_with_the_shards_that_lack(
    tmp_path, small, monkeypatch, name
):
    ds, written = generate_as_stored("objects", 0, 9), []

    def interrupted(path, pieces, *, durable):
        if len(written) == 2:
            next(iter(pieces))
            raise KeyboardInterrupt
        written.append(path.name)
        replace_file(path, pieces, durable=durable)

    monkeypatch.setattr(shards, "replace_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(ds, tmp_path / "mine", format_named(name))
    assert not (tmp_path / "mine").exists()
    again = []
    monkeypatch.setattr(
        shards, "replace_file", lambda p, *a, **k: (again.append(p.name), replace_file(p, *a, **k))
    )
    write_dataset(ds, tmp_path / "mine", format_named(name))
    assert again
    assert not set(written) & set(again)
    write_dataset(ds, tmp_path / "whole", format_named(name))
    told = {"README.md", "README.txt"}  # by the folder's name
    assert {n: b for n, b in files(tmp_path / "mine").items() if n not in told} == {
        n: b for n, b in files(tmp_path / "whole").items() if n not in told
    }


@EACH
def test_one_sample_is_one_file_and_none_are_refused(tmp_path, name):
    write_dataset(generate_as_stored("grz", 3, 4), tmp_path / "one", format_named(name))
    assert len([f for f in files(tmp_path / "one") if "-00000" in f]) == 1
    with pytest.raises(ParameterError, match="there are no samples to make files of"):
        write_dataset(generate_as_stored("grz", 3, 3), tmp_path / "none", format_named(name))
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@EACH
def test_chosen_samples_of_a_version_say_so_in_the_name(published, tmp_path, name):
    rows = [40, 3, 17, 8, 200]
    out = export(name, "sky@0.1", split="train", samples=rows, out=tmp_path, store=published)
    assert out.name == f"sky-0.1-train-5-samples-{name}"


def test_each_split_has_its_samples_in_their_order(published, monkeypatch, tmp_path):
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 1)  # a block a chunk
    ds, seen = open_version("sky@0.1", store=published, decode=False), {}

    def pieces(found):
        for rows, block in found:
            np.testing.assert_array_equal(block.sample_id, rows)
            np.testing.assert_array_equal(block.image, ds.image[rows])
            yield b"".join(f"{row} ".encode() for row in rows)

    shards.write_shards(ds, lambda shard: tmp_path / shard.name, pieces, samples=100)
    for path in sorted(tmp_path.glob("*-of-*")):
        rows = [int(row) for row in path.read_text().split()]
        assert len(rows) <= 100
        seen.setdefault(path.name.partition("-")[0], []).extend(rows)
    splits = decode_flags(ds).split.values
    assert seen == {split: np.flatnonzero(splits == split).tolist() for split in set(splits)}
