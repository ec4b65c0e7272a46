"""The hashes that a lossless export carries, of exactly the samples that it holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import xarray as xr

from skybench.registry.hashing.attributes import Attributes
from skybench.registry.hashing.content_hash import ContentHash, dataset_root

_ROOT, _ROOTS = "exported_content_hash", "exported_variable_hashes"
_ATTRIBUTES = "exported_attributes"


@dataclass(frozen=True, kw_only=True)
class ExportHashes:
    """The content hash of exported samples, and the root of each of their variables.

    They are attributes of the dataset in the file: ``exported_content_hash``, and
    ``exported_variable_hashes`` as JSON, by which a variable that differs is named. Those of a
    version also have ``exported_attributes`` as JSON, which its content hash covers; without them
    the hash is a ``skyhash-1``.
    """

    root: str
    variables: Mapping[str, str]
    attributes: Attributes | None = None

    @classmethod
    def of(cls, roots: Mapping[str, str], attributes: Attributes | None = None) -> Self:
        """Return the hashes from the roots of all variables."""
        root = dataset_root(dict(roots), attributes)
        return cls(root=root, variables=roots, attributes=attributes)

    @classmethod
    def claimed_by(cls, ds: xr.Dataset) -> Self | None:
        """Return what a file says of itself, None where it says nothing.

        Raises
        ------
        ValueError
            It is not written as skybench writes it.
        """
        if _ROOT not in ds.attrs:
            return None
        roots, attributes = (json.loads(ds.attrs.get(key, "null")) for key in (_ROOTS, _ATTRIBUTES))
        if not isinstance(roots, dict) or not isinstance(attributes, dict | None):
            msg = f"{_ROOTS} is {roots!r}, {_ATTRIBUTES} is {attributes!r}"
            raise ValueError(msg)
        return cls(root=str(ds.attrs[_ROOT]), variables=roots, attributes=attributes)

    def attached(self, ds: xr.Dataset) -> xr.Dataset:
        """Return the dataset with the hashes among its attributes."""
        roots = json.dumps(dict(sorted(self.variables.items())))
        hashes = {_ROOT: self.root, _ROOTS: roots}
        if self.attributes is not None:
            hashes[_ATTRIBUTES] = json.dumps(self.attributes, sort_keys=True)
        return ds.assign_attrs(hashes)


def roots_of(content: ContentHash, split: str | None) -> dict[str, str]:
    """Return the root of each variable of a version, or of the samples of one split."""
    if split is not None:
        return dict(content.splits[split].variables)
    return {name: variable.root for name, variable in content.variables.items()}
