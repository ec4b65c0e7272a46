"""Licences by their SPDX identifiers, as the formats of others name them."""

import re

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
_HUGGING_FACE = frozenset(
    [
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "zlib", "unlicense"),
        *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0"),
        *("cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0"),
        *("cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
        *("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"),
        *("epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2", "mpl-2.0"),
    ]
)
_RENAMED = {
    "odc-by-1.0": "odc-by",
    "odbl-1.0": "odbl",
    "pddl-1.0": "pddl",
    **{
        f"{family}-{version}-{suffix}": f"{family}-{version}"
        for family, versions in {
            "agpl": ["3.0"],
            "gpl": ["2.0", "3.0"],
            "lgpl": ["2.1", "3.0"],
        }.items()
        for version in versions
        for suffix in ("only", "or-later")
    },
}


def is_spdx(licence: str) -> bool:
    """Tell whether a licence is written as an SPDX identifier, such as ``CC-BY-4.0``."""
    return _SPDX.fullmatch(licence) is not None


def licence_url(licence: str) -> str | None:
    """Return the page of an SPDX identifier, None for any other text.

    Examples
    --------
    >>> licence_url("CC-BY-4.0")
    'https://spdx.org/licenses/CC-BY-4.0.html'
    """
    return f"https://spdx.org/licenses/{licence}.html" if is_spdx(licence) else None


def hugging_face_licence(licence: str) -> str:
    """Return how a card on Hugging Face names a licence: ``other`` where it has no name for it.

    References
    ----------
    https://huggingface.co/docs/hub/repositories-licenses

    Examples
    --------
    >>> hugging_face_licence("CC-BY-4.0"), hugging_face_licence("my own terms")
    ('cc-by-4.0', 'other')
    """
    name = licence.lower()
    return name if name in _HUGGING_FACE else _RENAMED.get(name, "other")
