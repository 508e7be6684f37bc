"""The kits that can be asked here, and how each one's driver is built and started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / ".cache" / "kits"
_CHROOT = Path(os.environ.get("EDGELM_SWIFT_CHROOT") or "/opt/trixie")
"""Where `ios_demo/toolchain.sh` may have put Debian trixie with its Swift."""
_BUILD_S = 900


class BuildError(Exception):
    """A kit whose tools are here does not build."""


@dataclass(frozen=True)
class Kit:
    """A kit: whether its tools are here, and the command line of its driver (which builds it, if it is to be built)."""

    name: str
    needs: tuple[str, ...]
    """The programs without which it cannot be asked."""
    command: Callable[[], Sequence[str]]
    is_here: Callable[[], bool] = lambda: True

    @property
    def is_installed(self) -> bool:
        """Whether this machine has what the kit needs."""
        return all(shutil.which(name) for name in self.needs) and self.is_here()


def _kotlin() -> list[str]:
    path = _built("android_demo/core/build.sh", str(BUILDS / "kotlin"))
    return ["java", "-Xss4m", "-cp", path, "org.edgelm.core.driver.DriverKt"]


def _javascript() -> list[str]:
    return ["node", str(ROOT / "web_demo" / "edgelm" / "driver.js")]


def _swift() -> list[str]:
    return [os.environ.get("EDGELM_SWIFT") or _built("ios_demo/build.sh")]


def _has_swift() -> bool:
    """A link in the chroot leads to a place inside of it."""
    inside = _CHROOT / "usr/bin/swift"
    return bool(os.environ.get("EDGELM_SWIFT") or shutil.which("swift") or inside.is_symlink() or inside.exists())


def _built(script: str, *arguments: str) -> str:
    """The last line of a build script's output; BuildError with the end of what it said."""
    done = subprocess.run(
        ["bash", str(ROOT / script), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=_BUILD_S,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise BuildError(f"{script} failed ({done.returncode}): {(done.stdout + done.stderr)[-3000:].strip()}")
    return lines[-1].strip()


KITS = (
    Kit("kotlin", ("kotlinc", "java"), _kotlin),
    Kit("javascript", ("node",), _javascript),
    Kit("swift", (), _swift, _has_swift),
)


def installed() -> list[Kit]:
    """The kits whose tools are here."""
    return [kit for kit in KITS if kit.is_installed]


def named(name: str) -> Kit:
    """A kit by its name or the beginning of it; ValueError lists the names there are."""
    found = [kit for kit in KITS if kit.name.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"Unknown kit {name!r}; there are {', '.join(kit.name for kit in KITS)}.")
    return found[0]
