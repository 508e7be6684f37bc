"""The Android Studio project: its name and application id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from edgelm.apps.identity import Identity, slug, substitute

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_KEYWORD = re.compile(
    "abstract|assert|boolean|break|byte|case|catch|char|class|const|continue|default|do|double|else|enum|extends|false|"
    "final|finally|float|for|goto|if|implements|import|instanceof|int|interface|long|native|new|null|package|private|"
    "protected|public|return|short|static|strictfp|super|switch|synchronized|this|throw|throws|transient|true|try|void|"
    "volatile|while"
)
"""Java's: none may be a part of a package's name."""
_SPECIAL = {"\\": "\\\\", "'": "\\'", '"': '\\"', "@": "\\@", "?": "\\?"}
"""What aapt2 reads as something else in a string resource."""


def is_id(value: str) -> bool:
    """Whether it is a Java package of two parts or more."""
    return _ID.fullmatch(value) is not None and not any(map(_KEYWORD.fullmatch, value.split(".")))


def edit(project: Path, identity: Identity, bundles: Sequence[str]) -> None:  # noqa: ARG001  the app lists its assets
    """Write the name into the resources of every language, and the id into the app's build file."""
    if identity.name is not None:
        text = escape("".join(_SPECIAL.get(letter, letter) for letter in identity.name))
        for strings in sorted((project / "app/src/main/res").glob("values*/strings.xml")):
            if 'name="app_name"' in strings.read_text("utf-8"):
                substitute(strings, r'<string name="app_name"[^>]*>(?P<value>[^<]*)</string>', text)
        settings = project / "settings.gradle.kts"
        substitute(settings, r'rootProject\.name = "(?P<value>[^"]*)"', slug(identity.name))
    if identity.id is not None:
        substitute(project / "app/build.gradle.kts", r'applicationId = "(?P<value>[^"]*)"', identity.id)
