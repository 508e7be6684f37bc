"""The Xcode project: its name and bundle identifier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edgelm.apps.identity import Identity, substitute

_ID = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+")
_PROJECT = "EdgeLMDemo/EdgeLMDemo.xcodeproj/project.pbxproj"
_CONFIGURATIONS = 2
"""Debug and Release: each target has every setting twice."""
_VALUE = r'(?P<value>"[^"]*"|[^";]*)'


def is_id(value: str) -> bool:
    """Whether it is letters, digits and hyphens in two parts or more."""
    return _ID.fullmatch(value) is not None


def edit(project: Path, identity: Identity, bundles: Sequence[str]) -> None:  # noqa: ARG001  the app lists its folder
    """Write the name and the identifier, of the app and of its tests, into the project's build settings."""
    path = project / _PROJECT
    if identity.name is not None:
        _set(path, f"INFOPLIST_KEY_CFBundleDisplayName = {_VALUE};", identity.name)
    if identity.id is not None:
        for tests in ("", ".tests"):
            pattern = rf"PRODUCT_BUNDLE_IDENTIFIER = (?P<value>org\.edgelm\.demo{re.escape(tests)});"
            _set(path, pattern, identity.id + tests)


def _set(path: Path, pattern: str, value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    substitute(path, pattern, f'"{escaped}"', _CONFIGURATIONS)
