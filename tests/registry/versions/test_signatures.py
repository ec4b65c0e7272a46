"""Signatures: by the right key, of the right text, or refused with the reason."""

import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from skybench.errors import ParameterError, SignatureError
from skybench.registry.versions.signatures import (
    PASSWORD,
    PUBLIC_KEY,
    SigningKey,
    TrustedKeys,
    index_signature_key,
)

TEXT = '{"dataset":"sky"}\n'


def test_a_signature_tells_its_key(key_pair, other_pair):
    private, public = key_pair
    other = other_pair[1]
    signature = SigningKey.at(private).sign(TEXT)
    trusted = TrustedKeys.configured([other, public])
    assert trusted.check(TEXT, signature, "here") == public


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_other_curves_sign_too(curve, write_keys):
    private, public = write_keys("strong", ec.generate_private_key(curve))
    TrustedKeys.configured(public).check(TEXT, SigningKey.at(private).sign(TEXT), "here")


def test_another_text_or_key_is_refused(key_pair, other_pair):
    private, public = key_pair
    other = other_pair[1]
    signature = SigningKey.at(private).sign(TEXT)
    with pytest.raises(SignatureError, match=r"^here is not signed by a key that is trusted"):
        TrustedKeys.configured(public).check(TEXT.replace("sky", "sly"), signature, "here")
    with pytest.raises(SignatureError, match=r"other\.pub: Key mismatch"):
        TrustedKeys.configured(other).check(TEXT, signature, "here")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "no JSON",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
        '{"verificationMaterial": 3, "dsseEnvelope": []}',
    ],
)
def test_what_is_no_signature_is_refused(hostile, key_pair):
    with pytest.raises(SignatureError, match="here"):
        TrustedKeys.configured(key_pair[1]).check(TEXT, hostile, "here")


def test_a_signature_whose_bits_are_changed_is_refused(key_pair):
    private, public = key_pair
    signature = SigningKey.at(private).sign(TEXT)
    trusted = TrustedKeys.configured(public)
    start = signature.index('"sig"')
    for place in range(start + 10, start + 60, 7):
        other = "A" if signature[place] != "A" else "B"
        with pytest.raises(SignatureError):
            trusted.check(TEXT, signature[:place] + other + signature[place + 1 :], "here")


def test_an_encrypted_key_needs_its_password(write_keys, monkeypatch):
    private, public = write_keys("locked", password="open sesame")
    with pytest.raises(ParameterError, match=rf"locked\.pem .*{PASSWORD}"):
        SigningKey.at(private)
    monkeypatch.setenv(PASSWORD, "open sesame")
    TrustedKeys.configured(public).check(TEXT, SigningKey.at(private).sign(TEXT), "here")


def test_what_is_no_key_is_refused_before_it_is_needed(key_pair, write_keys, tmp_path):
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = write_keys("old", rsa_key)
    with pytest.raises(ParameterError, match=r"old\.pem is no private key that can sign"):
        SigningKey.at(private)
    with pytest.raises(ParameterError, match=r"old\.pub is no public key"):
        TrustedKeys.configured(public)
    with pytest.raises(ParameterError, match=r"ours\.pub is no private key"):
        SigningKey.at(key_pair[1])
    with pytest.raises(ParameterError, match=r"ours\.pem is no public key"):
        TrustedKeys.configured(key_pair[0])
    with pytest.raises(ParameterError, match=r"none\.pem is not there; name a PEM file with a pri"):
        SigningKey.at(tmp_path / "none.pem")


def test_keys_come_from_the_environment_where_none_are_given(key_pair, other_pair, monkeypatch):
    other = other_pair[1]
    assert not TrustedKeys.configured()
    monkeypatch.setenv(PUBLIC_KEY, f"{key_pair[1]}{os.pathsep}{other}")
    assert TrustedKeys.configured().paths == (key_pair[1], other)
    assert TrustedKeys.configured([]).paths == (key_pair[1], other)
    assert TrustedKeys.configured(other).paths == (other,)


def test_each_state_of_an_index_has_a_signature_of_its_own():
    first, second = index_signature_key("a\n"), index_signature_key("a\nb\n")
    assert first != second
    assert first.startswith("index.signatures/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9")


def test_the_tool_of_model_signing_accepts_what_skybench_signed(key_pair, tmp_path):
    private, public = key_pair
    text, signature = tmp_path / "manifest.json", tmp_path / "manifest.json.sig"
    text.write_text(TEXT)
    signature.write_text(SigningKey.at(private).sign(TEXT))
    command = ["-m", "model_signing", "verify", "key", text, "--signature", signature]
    done = subprocess.run(
        [sys.executable, *command, "--public_key", public], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    text.write_text("{}")
    assert subprocess.run([sys.executable, *command, "--public_key", public]).returncode != 0
