"""Licences by their SPDX identifiers."""

import re

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")


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
