"""The pieces of a chart in SVG: texts that are known to fit, boxes, and the frame that says what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgelm.page import Html, escape

WIDTH = 420.0
"""Units of every chart's width: at a phone's 360 pixels a text of 12.5 units is still one of 10.7 pixels."""
EDGE = 6.0
LINE = 17.0
TEXT, SMALL, TITLE = 12.5, 11.5, 14.0
"""Sizes of text, as in ``data/page.css``."""
_WIDE = "mwMW@%—…"


@dataclass(frozen=True)
class Box:
    """A rectangle that something is drawn in."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two share some area."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Box) -> bool:
        """Whether the other lies inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


def width(text: str, size: float = TEXT) -> float:
    """About the width of a text, rather too much: there is no font here to measure it."""
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    """A letter's width as a share of its size: a square for Chinese, Japanese, Korean and what cannot be shown."""
    if letter > "\u2e7f" or not letter.isprintable():
        return 1.05
    return 0.95 if letter in _WIDE else 0.7 if letter.isupper() else 0.58


def cut(text: str, room: float, size: float = TEXT) -> str:
    """The text, its end replaced by an ellipsis where it has no room."""
    if width(text, size) <= room:
        return text
    kept = next((n for n in range(min(len(text), 200), 0, -1) if width(text[:n] + "…", size) <= room), 0)
    return text[:kept].rstrip() + "…"


def wrap(text: str, room: float, size: float = TEXT) -> list[str]:
    """The text in lines, broken between words; a word longer than a line is cut."""
    found: list[str] = []
    for word in text.split():
        if found and width(f"{found[-1]} {word}", size) <= room:
            found[-1] += f" {word}"
        else:
            found.append(cut(word, room, size))
    return found


def words(x: float, y: float, text: str, kind: str = "") -> str:
    """A line of text that stands on ``y``; ``kind`` are classes of ``data/page.css``."""
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def dot(x: float, y: float, radius: float, told: str) -> str:
    """A dot that tells its value to who points at it."""
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"><title>{escape(told)}</title></circle>'


def chart(title: str, summary: str, height: float, parts: Iterable[str]) -> Html:
    """The whole: as wide as its place, named and described for who cannot see it."""
    return Html(
        f'<svg class="chart" role="img" xmlns="http://www.w3.org/2000/svg" width="100%" '
        f'viewBox="0 0 {WIDTH:g} {height:g}"><title>{escape(title)}</title><desc>{escape(summary)}</desc>'
        f"{''.join(parts)}</svg>"
    )
