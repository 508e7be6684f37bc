"""One self-contained HTML page: no script, no font, no file but itself, so that it reads the same from any disk."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

_STYLESHEET = Path(__file__).parent / "data" / "page.css"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML forbids in a document or what no one can see; it shows as U+FFFD."""
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="edgelm">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">"""
"""The policy forbids scripts and fetches: whatever a model's name holds, the page only shows it."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: str) -> Html:
    """The text as HTML (and XML) shows it, attributes included; what is HTML already stays."""
    return text if isinstance(text, Html) else Html(html.escape(_FORBIDDEN.sub("\ufffd", text)))


def join(parts: Sequence[Html], between: str = "\n") -> Html:
    """The parts, one after the other."""
    return Html(between.join(parts))


def element(tag: str, *content: str, **attributes: str) -> Html:
    """An element; what is no ``Html`` is escaped. An underscore at the end of an attribute's name is dropped."""
    marks = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items() if value
    )
    return Html(f"<{tag}{marks}>{''.join(map(escape, content))}</{tag}>")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, numeric: Sequence[int] = ()) -> Html:
    """A table in a box of its own that scrolls where the screen is narrower; the first cell of a row names it.

    A row of a single cell is a heading of the rows below it. The cells of the ``numeric`` columns stand at the right,
    digit below digit.
    """
    kinds = ["number" if i in numeric else "" for i in range(len(columns))]
    head = [element("th", text, scope="col", class_=kind) for text, kind in zip(columns, kinds, strict=True)]
    body = [_heading(row[0], len(columns)) if len(row) == 1 else _row(row, kinds) for row in rows]
    whole = element(
        "table", element("caption", caption), element("thead", element("tr", *head)), element("tbody", *body)
    )
    # A region that scrolls must take the keyboard's focus, or only a mouse can scroll it.
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def facts(pairs: Sequence[tuple[str, str]]) -> Html:
    """Names with their values; nothing of none."""
    items = [element("div", element("dt", name), element("dd", value)) for name, value in pairs]
    return element("dl", *items) if items else Html()


def _heading(text: str, columns: int) -> Html:
    return element("tr", element("th", text, scope="rowgroup", colspan=str(columns)), class_="heading")


def _row(cells: Sequence[str], kinds: Sequence[str]) -> Html:
    rest = (element("td", cell, class_=kind) for cell, kind in zip(cells[1:], kinds[1:], strict=True))
    return element("tr", element("th", cells[0], scope="row", class_=kinds[0]), *rest)


def document(title: str, body: Html) -> str:
    """The whole page around ``body``, the shared stylesheet inside."""
    style = _STYLESHEET.read_text("utf-8")
    return (
        f"{_HEAD}\n<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
