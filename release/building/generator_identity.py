"""What makes pixels here: the source of the generators, and the libraries that it runs on."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from skybench import generators
from skybench.generators.generate import GENERATOR
from skybench.registry.describing.library_versions import library_versions
from skybench.registry.storage.local_disk import is_litter

_LIBRARIES = ("skybench", "numpy", "scipy", "zarr", "numcodecs", "xarray", "dask")


def generator_identity() -> dict[str, str]:
    """Return the versions of what makes pixels here, and the digest of the generators' source."""
    return library_versions(_LIBRARIES) | {
        "generator": GENERATOR,
        "source": f"sha256:{code_digest()}",
    }


@cache
def code_digest() -> str:
    """Return the SHA-256 of the source of the generators, kernels included: they decide pixels."""
    folder = Path(generators.__path__[0])
    digest = sha256()
    for path in sorted(path for kind in ("*.py", "*.[ch]") for path in folder.rglob(kind)):
        key = path.relative_to(folder).as_posix()
        if not is_litter(key):
            digest.update(key.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
