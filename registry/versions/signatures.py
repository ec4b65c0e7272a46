"""Signatures of manifests and indexes: who published what the hashes identify.

They are Sigstore bundles beside what they sign, made and checked by model-signing with elliptic
curve keys in PEM files; skybench holds no cryptography of its own. An index has a signature for
each of its states, named after its last line, so that a reader always finds that of the lines
which it has read::

    STORE/index.signatures/<SHA-256 of the last line>.sig
    STORE/sky/1.0/manifest.json.sig
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skybench.errors import (
    MissingDependencyError,
    NotFoundError,
    ParameterError,
    SignatureError,
    SkybenchError,
)
from skybench.registry.storage.store import INDEX, INDEX_SIGNATURES, MANIFEST, SIGNATURE, Store
from skybench.registry.storage.strict_json import strict_json
from skybench.registry.versions.chain import FIRST
from skybench.registry.versions.manifest import digest_of

PUBLIC_KEY = "SKYBENCH_PUBLIC_KEY"
"""Environment variable with the PEM files of trusted public keys, separated as in ``$PATH``."""

PASSWORD = "SKYBENCH_KEY_PASSWORD"
"""Environment variable with the password of an encrypted private key."""

_MAX_BYTES = 64 << 10
"""Of a signature; they have about 1,500."""

if TYPE_CHECKING:
    from model_signing import verifying

KeyFile = str | os.PathLike[str]


@dataclass(frozen=True)
class SigningKey:
    """A publisher's private key: an elliptic curve key (P-256, P-384, P-521) in a PEM file.

    Attributes
    ----------
    path : Path
        The file; where it is encrypted, ``$SKYBENCH_KEY_PASSWORD`` opens it.
    """

    path: Path

    @classmethod
    def at(cls, path: KeyFile) -> "SigningKey":
        """Return the key in a file, tried once: a release may be hours from its signature.

        Raises
        ------
        ParameterError
            The file is no such key, or the password is missing or wrong.
        MissingDependencyError
            model-signing is not installed.
        """
        key = cls(_present(path, "private"))
        key.sign("")
        return key

    def sign(self, text: str) -> str:
        """Return the signature of a text as a Sigstore bundle in JSON."""
        _check_installed()
        from model_signing import signing

        password = os.environ.get(PASSWORD)
        try:
            config = signing.Config().use_elliptic_key_signer(  # type: ignore[no-untyped-call]
                private_key=self.path,
                # It is declared as text, but goes to cryptography, which wants bytes.
                password=password.encode() if password else None,  # type: ignore[arg-type]
            )
        except Exception as error:  # cryptography has many errors for files that are no keys
            msg = (
                f"{self.path} is no private key that can sign: {error}. Expected a PEM file with "
                "an elliptic curve key, as 'openssl ecparam -name prime256v1 -genkey -noout' "
                f"makes it; where it is encrypted, set ${PASSWORD}"
            )
            raise ParameterError(msg) from None
        with tempfile.TemporaryDirectory(prefix="skybench-") as folder:
            signed, signature = Path(folder, "signed"), Path(folder, "signature")
            signed.write_bytes(text.encode())
            config.sign(signed, signature)
            return signature.read_text(encoding="utf-8")


@dataclass(frozen=True)
class TrustedKeys:
    """Public keys, of which one must have signed; with none, nothing is checked.

    Attributes
    ----------
    paths : tuple of Path
        PEM files.
    """

    paths: tuple[Path, ...] = ()

    @classmethod
    def configured(cls, paths: KeyFile | Sequence[KeyFile] | None = None) -> "TrustedKeys":
        """Return the given keys, without any those in ``$SKYBENCH_PUBLIC_KEY``.

        Raises
        ------
        ParameterError
            A file is no public key.
        MissingDependencyError
            model-signing is not installed.
        """
        if not paths:
            paths = [path for path in os.environ.get(PUBLIC_KEY, "").split(os.pathsep) if path]
        elif isinstance(paths, str | os.PathLike):
            paths = [paths]
        keys = cls(tuple(_present(path, "public") for path in paths))
        for path in keys.paths:
            _verifier(path)
        return keys

    def __bool__(self) -> bool:
        """Whether anything is checked."""
        return bool(self.paths)

    def __str__(self) -> str:
        """Name the files."""
        return " or ".join(map(str, self.paths))

    def check(self, text: str, signature: str, where: str) -> Path:
        """Return the key that signed a text.

        Raises
        ------
        SignatureError
            None of them did; `where` names the text.
        """
        try:
            strict_json(signature, f"the signature of {where}")
        except SkybenchError as error:
            raise SignatureError(str(error)) from None
        said = []
        with tempfile.TemporaryDirectory(prefix="skybench-") as folder:
            signed, bundle = Path(folder, "signed"), Path(folder, "signature")
            signed.write_bytes(text.encode())
            bundle.write_text(signature, encoding="utf-8")
            for path in self.paths:
                try:
                    _verifier(path).verify(signed, bundle)
                except Exception as error:  # a stranger's text goes through several parsers
                    said.append(f"{path}: {str(error).strip() or type(error).__name__}")
                else:
                    return path
        msg = f"{where} is not signed by a key that is trusted ({'; '.join(said)})"
        raise SignatureError(msg)

    def check_stored(self, text: str, store: Store, key: str, signature_key: str) -> Path:
        """Return the key that signed a text which a store holds at `key`; raises as `check`."""
        where = store.url_of(key)
        try:
            signature = store.read_text(signature_key, _MAX_BYTES)
        except NotFoundError:
            msg = (
                f"{where} is not signed: {store.url_of(signature_key)} is not there. Expected a "
                f"signature by {self}; take the version from its publisher's store, or pin its "
                "hash and leave the public key out"
            )
            raise SignatureError(msg) from None
        return self.check(text, signature, where)


def index_signature_key(text: str) -> str:
    """Return where the signature of an index lies, from its text."""
    lines = text.splitlines()
    head = digest_of(lines[-1]) if lines else FIRST
    return f"{INDEX_SIGNATURES}/{head.removeprefix('sha256:')}.sig"


def sign_index(text: str, store: Store, signing_key: SigningKey) -> None:
    """Put the signature of an index into its store; a reader looks for it from then on."""
    store.write(index_signature_key(text), signing_key.sign(text))


def check_index(text: str, store: Store, trusted: TrustedKeys) -> Path:
    """Return the key that signed an index; raises as `TrustedKeys.check`."""
    return trusted.check_stored(text, store, INDEX, index_signature_key(text))


def sign_manifest(text: str, store: Store, folder: str, signing_key: SigningKey) -> None:
    """Put the signature of a manifest beside it into a version's folder."""
    store.write(f"{folder}/{SIGNATURE}", signing_key.sign(text))


def check_manifest(text: str, store: Store, folder: str, trusted: TrustedKeys) -> Path:
    """Return the key that signed the manifest in a folder; raises as `TrustedKeys.check`."""
    return trusted.check_stored(text, store, f"{folder}/{MANIFEST}", f"{folder}/{SIGNATURE}")


def manifest_signature(store: Store, folder: str) -> str | None:
    """Return the signature of the manifest in a folder, None where it has none."""
    try:
        return store.read_text(f"{folder}/{SIGNATURE}", _MAX_BYTES)
    except NotFoundError:
        return None


def _present(path: KeyFile, kind: str) -> Path:
    found = Path(path).expanduser()
    if not found.is_file():
        msg = f"{found} is not there; name a PEM file with a {kind} key"
        raise ParameterError(msg)
    return found


def _verifier(path: Path) -> "verifying.Config":
    _check_installed()
    from model_signing import verifying

    try:
        config = verifying.Config()  # type: ignore[no-untyped-call]
        return config.use_elliptic_key_verifier(public_key=path)
    except Exception as error:  # as for private keys
        msg = (
            f"{path} is no public key: {error}. Expected a PEM file, as "
            "'openssl ec -in KEY -pubout' makes it from a private key"
        )
        raise ParameterError(msg) from None


def _check_installed() -> None:
    try:
        import model_signing  # noqa: F401
    except ImportError as error:
        msg = f"signatures need a package: {error}. Try pip install 'skybench[signing]'."
        raise MissingDependencyError(msg) from None
