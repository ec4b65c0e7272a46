"""Seals as files: what they commit to, how they are kept, and what is refused."""

import hashlib
import json
import os
import stat

import pytest

from skybench.errors import IntegrityError, NotFoundError, ParameterError, StoreError
from skybench.generators.recipe_file import load_recipe
from skybench.registry.seals import Seal, keep_seal, read_seal

RECIPE = load_recipe("objects")


@pytest.fixture
def file(tmp_path):
    """A seal of the recipe."""
    keep_seal(Seal.new(RECIPE, "Ada"), tmp_path / "objects.seal")
    return tmp_path / "objects.seal"


def test_the_commitment_is_the_hash_of_a_text_that_anyone_can_write():
    seal = Seal(dataset="a", recipe="sha256:" + "0" * 64, seed="ab" * 32, nonce="01" * 32)
    text = '{"nonce":"' + "01" * 32 + '","seed":"' + "ab" * 32 + '"}'
    assert seal.commitment == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_a_seal_is_random_and_large_and_reads_as_it_was_kept(file):
    kept = read_seal(file)
    assert len(bytes.fromhex(kept.seed)) * 8 == 256
    assert Seal.new(RECIPE).seed != Seal.new(RECIPE).seed
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    sealed = kept.applied_to(RECIPE)
    assert sealed.secret_seed == int(kept.seed, 16)
    assert sealed.sealed.commitment == kept.commitment
    assert sealed.sealed.contact == "Ada"


def test_a_seal_is_never_written_over_and_never_half_written(file, tmp_path, monkeypatch):
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"cannot be written to .*objects\.seal: File exists"):
        keep_seal(Seal.new(RECIPE), file)
    assert file.read_bytes() == before

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        keep_seal(Seal.new(RECIPE), tmp_path / "new.seal")
    assert not (tmp_path / "new.seal").exists()


def test_a_damaged_seal_is_refused_and_not_shown(file, tmp_path):
    values = json.loads(file.read_text())
    for change in ({"seed": values["seed"][:-1]}, {"nonce": 17}, {"more": values["seed"]}):
        (tmp_path / "damaged").write_text(json.dumps(values | change))
        with pytest.raises(IntegrityError, match="is no seal as skybench writes it at") as raised:
            read_seal(tmp_path / "damaged")
        assert values["seed"][:8] not in str(raised.value)
        assert raised.value.__cause__ is None
    (tmp_path / "damaged").write_text(file.read_text()[:-9])
    with pytest.raises(IntegrityError, match="is no seal"):
        read_seal(tmp_path / "damaged")
    with pytest.raises(NotFoundError, match="cannot be read"):
        read_seal(tmp_path / "none")
    assert values["seed"] not in repr(read_seal(file))
    assert values["nonce"] not in repr(read_seal(file))


def test_a_seal_is_of_one_recipe(file):
    other = RECIPE.model_copy(update={"samples": 50})
    with pytest.raises(ParameterError, match="made for another recipe of objects or another"):
        read_seal(file).applied_to(other)
