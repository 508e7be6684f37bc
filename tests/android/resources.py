"""Reads an Android module's resources and manifest as far as the tests look at them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

ANDROID = "{http://schemas.android.com/apk/res/android}"
_PLACEHOLDER = re.compile(r"%(\d+\$)?[sdf]")


def strings(folder: Path) -> dict[str, str]:
    """The texts of one ``values`` folder, by name."""
    root = ElementTree.parse(folder / "strings.xml").getroot()
    return {item.attrib["name"]: "".join(item.itertext()) for item in root.iter("string")}


def placeholders(text: str) -> list[str]:
    """What the code puts into a text, in the order of the numbers."""
    return sorted(found.group() for found in _PLACEHOLDER.finditer(text))


def colors(folder: Path) -> dict[str, str]:
    """The colours of one ``values`` folder, by name."""
    root = ElementTree.parse(folder / "colors.xml").getroot()
    return {item.attrib["name"]: item.text or "" for item in root.iter("color")}


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours ``#rrggbb``."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    values = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
