"""Pages of findings: one HTML file that needs no other."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "index.html"

_DOTS_PER_INCH = 130
_PIXELS_PER_INCH = 88
"""On the page, so that letters of all figures have one size."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
img { max-width: 100%; height: auto; } ul.found { font-size: 1.1rem; }
table { border-collapse: collapse; font-size: .9rem; } td { padding: .15rem .7rem .15rem 0; }
thead { border-bottom: 1px solid #999; font-weight: 600; }
.note { color: #555; font-size: .9rem; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; }
  section { break-inside: avoid; } }
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    title : str
    sentences : sequence of str
        What it says, a list where there are several.
    picture : Figure, optional
    file : str
        Name of the picture beside the page.
    note : str
        How it was found.
    table : sequence of rows
        Words, the first row being the head.
    """

    title: str
    sentences: Sequence[str] = ()
    picture: "Figure | None" = field(default=None, repr=False)
    file: str = ""
    note: str = ""
    table: Sequence[Sequence[str]] = ()

    @cached_property
    def png(self) -> bytes:
        """The picture, drawn once: a second drawing of a constrained layout is another."""
        assert self.picture is not None
        buffer = BytesIO()
        self.picture.savefig(buffer, format="png", dpi=_DOTS_PER_INCH)
        return buffer.getvalue()

    @property
    def width(self) -> int:
        """The width at which the picture is shown, in pixels of a page."""
        assert self.picture is not None
        return round(_PIXELS_PER_INCH * self.picture.get_figwidth())


def write_page(folder: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the page and its pictures into a new folder."""
    folder.mkdir()
    for section in sections:
        if section.picture is not None:
            (folder / section.file).write_bytes(section.png)
    (folder / PAGE).write_text(page(title, sections), encoding="utf-8")


def page(title: str, sections: Sequence[Section]) -> str:
    """Return the page, its pictures within."""
    parts = map(_part, sections)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{''.join(parts)}</body>\n</html>\n"
    )


def _part(section: Section) -> str:
    lines = [f"<h2>{escape(section.title)}</h2>"]
    lines += _said(section.sentences)
    if section.picture is not None:
        source = f"data:image/png;base64,{base64.b64encode(section.png).decode()}"
        alt = escape(section.title)
        lines.append(f'<img alt="{alt}" width="{section.width}" src="{source}">')
    if section.table:
        lines.append(_table(section.table))
    if section.note:
        lines.append(f'<p class="note">{escape(section.note)}</p>')
    return "<section>\n" + "\n".join(lines) + "\n</section>\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    lines = "\n".join(f"<tr>{row}</tr>" for row in rest)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n{lines}\n</table>"


def _said(sentences: Sequence[str]) -> list[str]:
    if len(sentences) == 1:
        return [f"<p>{escape(sentences[0])}</p>"]
    items = [f"<li>{escape(sentence)}</li>" for sentence in sentences]
    return ['<ul class="found">', *items, "</ul>"] if items else []
