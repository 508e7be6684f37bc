"""Puts the app kits into wheels, where `edgelm app` and `edgelm bench --adb` take them from; see edgelm/kits.py.

Not into editable installs: those use the repository's own folders, and a copy would go stale beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryKits(BuildHookInterface[Any]):
    """Adds every source file of the kits, and none of what was made of them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built; ``version`` is ``editable`` for `pip install -e`."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from edgelm import kits

        inside = f"edgelm/{kits.CARRIED}"
        carried = {f"{kit}/{name}" for kit in kits.KITS for name in kits.files(root / kit)}
        build_data["force_include"] |= {str(root / name): f"{inside}/{name}" for name in sorted(carried | {"LICENSE"})}
