"""Signed releases: what a configured public key lets through, and what it stops."""

import shutil

import pytest
from typer.testing import CliRunner

import skybench
from skybench.cli import app
from skybench.errors import ParameterError, SignatureError, UnsignedIndexWarning
from skybench.registry.audit import audit
from skybench.registry.storage.store import Store
from skybench.registry.versions.index import read_index
from skybench.registry.versions.signatures import PUBLIC_KEY, index_signature_key
from skybench.release.release import release
from skybench.release.withdraw import withdraw

EXACT, ALIAS = "photometry@0.1", "photometry@0"
MANIFEST = "photometry/0.1/manifest.json"


@pytest.fixture(scope="session")
def signed(make_release, key_pair, tmp_path_factory):
    """The folder of a signed release; read it, never write it."""
    folder = tmp_path_factory.mktemp("signed")
    make_release(folder, sign=key_pair[0])
    return folder


@pytest.fixture
def mirror(signed, tmp_path):
    """A copy of the signed release, to be tampered with."""
    return Store(shutil.copytree(signed, tmp_path / "mirror"))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def get(source, store, key, reference=ALIAS):
    return skybench.get(reference, source=str(source), store=store, public_key=key, progress=False)


def test_a_signed_version_arrives_with_its_signature(mirror, store, key_pair, monkeypatch):
    public = key_pair[1]
    assert get(mirror, store, public).is_new
    assert store.read_text(f"{MANIFEST}.sig") == mirror.read_text(f"{MANIFEST}.sig")
    written = store.local_path(f"{MANIFEST}.sig").stat().st_ino
    assert not get(mirror, store, public).is_new
    assert store.local_path(f"{MANIFEST}.sig").stat().st_ino == written
    monkeypatch.setenv(PUBLIC_KEY, str(public))
    report = skybench.verify(EXACT, store=store)
    assert report.signed_by == str(public)
    assert f"signed by {public}" in str(report)
    assert f"index and manifests are signed by {public}" in str(audit(mirror))


def test_over_the_web_and_s3_too(signed, serve, s3, store, key_pair, make_release):
    private, public = key_pair
    assert get(serve(signed).url, store, public).is_new
    make_release(s3, sign=private)
    other = Store(f"{store.url}-2")
    assert get(s3, other, public).is_new
    assert skybench.verify(EXACT, store=s3, public_key=public).signed_by == str(public)


def test_an_unsigned_version_is_refused_and_nothing_is_kept(released, store, key_pair):
    with pytest.raises(SignatureError, match=r"index\.jsonl is not signed: .*is not there"):
        get(released, store, key_pair[1])
    with pytest.warns(UnsignedIndexWarning), pytest.raises(SignatureError, match=r"manifest\.json"):
        get(released, store, key_pair[1], EXACT)
    assert not store.exists("photometry")


def test_another_key_is_refused(mirror, store, other_pair):
    with pytest.raises(SignatureError, match=r"other\.pub: Key mismatch"):
        get(mirror, store, other_pair[1])


def test_an_index_that_was_cut_off_is_refused(mirror, store, key_pair):
    withdraw(EXACT, "seed used twice", store=mirror, sign=key_pair[0])
    first, _ = mirror.read_text("index.jsonl").splitlines()
    signatures = mirror.names("index.signatures")
    assert len(signatures) == 2
    # An older state with its own signature passes: only time tells that it is old.
    mirror.remove(index_signature_key(f"{first}\n"))
    mirror.write("index.jsonl", f"{first}\n")
    with pytest.raises(SignatureError, match="is not signed"):
        get(mirror, store, key_pair[1])


def test_a_withdrawal_without_the_key_is_no_withdrawal_to_an_alias(mirror, store, key_pair):
    withdraw(EXACT, "mischief", store=mirror)
    with pytest.raises(SignatureError, match="is not signed"):
        get(mirror, store, key_pair[1])


def test_a_copy_that_was_filled_by_get_serves_exact_versions(mirror, store, key_pair, tmp_path):
    get(mirror, store, None)
    again = Store(tmp_path / "again")
    with pytest.raises(SignatureError, match=r"index\.jsonl is not signed"):
        get(store, again, key_pair[1])
    with pytest.warns(UnsignedIndexWarning, match="was not withdrawn since is not proven"):
        assert get(store, again, key_pair[1], EXACT).is_new


def test_another_manifest_under_the_same_signature_is_refused(
    mirror, store, make_release, key_pair, tmp_path
):
    forged = make_release(tmp_path / "forged", seed=5)
    forged.write(f"{MANIFEST}.sig", mirror.read_text(f"{MANIFEST}.sig"))
    theirs, ours = (index_signature_key(s.read_text("index.jsonl")) for s in (mirror, forged))
    forged.write(ours, mirror.read_text(theirs))
    with pytest.raises(SignatureError, match="mismatch"):
        get(forged, store, key_pair[1])
    with (
        pytest.warns(UnsignedIndexWarning),
        pytest.raises(SignatureError, match=r"manifest\.json is not signed by a key"),
    ):
        get(forged, store, key_pair[1], EXACT)


def test_an_unsigned_copy_that_is_there_already_takes_the_signature(mirror, store, key_pair):
    get(mirror, store, None)
    store.remove(f"{MANIFEST}.sig")
    with pytest.raises(SignatureError, match=r"manifest\.json is not signed"):
        skybench.verify(EXACT, store=store, public_key=key_pair[1])
    assert not get(mirror, store, key_pair[1], EXACT).is_new
    assert skybench.verify(EXACT, store=store, public_key=key_pair[1]).ok


def test_what_was_released_unsigned_can_be_signed_later(make_release, tmp_path, key_pair):
    store = make_release(tmp_path / "unsigned")
    problems = audit(store, public_key=key_pair[1]).problems
    assert [("index.jsonl" in said, "manifest.json" in said) for said in problems] == [
        (True, False),
        (False, True),
    ]
    make_release(store.url, sign=key_pair[0])
    assert audit(store, public_key=key_pair[1]).ok
    assert "are signed by" not in str(audit(store))
    assert len(read_index(store)) == 1


def test_a_wrong_key_is_told_before_anything_is_made(tmp_path):
    with pytest.raises(ParameterError, match=r"none\.pem is not there"):
        release("0.1", store=tmp_path / "store", datasets=["sky"], sign=tmp_path / "none.pem")
    assert not (tmp_path / "store").exists()


def test_the_commands_take_the_keys(mirror, store, key_pair, other_pair):
    def run(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        return done.exit_code, done.output, done.exception

    there, here = ["--store", mirror], ["--store", store]
    trust, trust_other = ["--public-key", key_pair[1]], ["--public-key", other_pair[1]]
    assert run("audit", *there, *trust)[0] == 0
    assert run("audit", *there, *trust_other)[0] == 1
    assert isinstance(run("get", ALIAS, "--from", mirror, *here, *trust_other)[2], SignatureError)
    assert run("get", ALIAS, "--from", mirror, *here, *trust_other, *trust)[0] == 0
    assert "signed by" in run("verify", ALIAS, *here, *trust)[1]
    code, _, _ = run("yank", EXACT, "--reason", "old", *there, "--sign", key_pair[0])
    assert code == 0
    assert run("audit", *there, *trust)[0] == 0
