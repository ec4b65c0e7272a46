"""Text from strangers that people will read: nothing in it that a terminal would obey."""

import re
from typing import Annotated

from pydantic import AfterValidator

# C0 and C1 controls; marks that reverse the order of what is shown; half characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_ENDS = re.compile("[\n\t]")


def check_text(text: str) -> str:
    """Return text of any number of lines.

    Raises
    ------
    ValueError
        It holds control characters.
    """
    if found := _FORBIDDEN.search(text):
        msg = f"must be plain text, but holds the control character {found[0]!a}"
        raise ValueError(msg)
    return text


def check_line(text: str) -> str:
    """Return text of one line; raises as `check_text`."""
    if found := _LINE_ENDS.search(text):
        msg = f"must be one line of plain text, but holds {found[0]!a}"
        raise ValueError(msg)
    return check_text(text)


PlainText = Annotated[str, AfterValidator(check_text)]
PlainLine = Annotated[str, AfterValidator(check_line)]
