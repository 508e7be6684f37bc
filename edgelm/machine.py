"""What a figure was measured on: the machine, its CPU's instructions, its cores."""

from __future__ import annotations

import math
import os
import platform
import sys
from pathlib import Path

_TELLING = (
    "avx2",
    "fma",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
)
"""Flags of /proc/cpuinfo that decide which kernels a runtime takes."""


_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def facts() -> dict[str, str]:
    """The machine, its CPU flags and Python, for a report."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {_cpuinfo('model name') or platform.processor()}",
        "CPU flags": " ".join(cpu_flags()) or "unknown",
    }


def cpu_flags() -> tuple[str, ...]:
    """The instructions of this CPU that matter to a runtime, by Linux's names; empty on other systems."""
    present = set((_cpuinfo("flags") or _cpuinfo("Features")).split())
    return tuple(flag for flag in _TELLING if flag in present)


def cores() -> int:
    """The cores this process may use: those it is bound to, and no more than its container's CPU quota pays for."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return math.ceil(min(len(os.sched_getaffinity(0)), _quota(_MEMBERSHIP, _CGROUPS)))


def usual_threads() -> int:
    """The cores this process may use, four at most."""
    return min(4, cores())


def _quota(membership: Path, root: Path) -> float:
    """The smallest CPU quota, in cores, of this process's control groups; infinite where none is set.

    Both layouts of https://docs.kernel.org/admin-guide/cgroup-v2.html and its predecessor: ``cpu.max`` holds quota and
    period, version 1 keeps a file for each. A group's parents limit it too; inside a container the group's own path
    may not be there, and its root is the container's.
    """
    try:
        lines = membership.read_text("utf-8").splitlines()
    except OSError:
        return math.inf
    folders = [folder for line in lines if line.count(":") >= 2 for folder in _cpu_folders(line, root)]
    return min((_quota_of(folder) for folder in folders), default=math.inf)


def _cpu_folders(line: str, root: Path) -> list[Path]:
    """The folders, from the group's own up to the root, that may hold the quota of a line of /proc/self/cgroup."""
    _, controllers, path = line.split(":", 2)
    if controllers and "cpu" not in controllers.split(","):
        return []
    top = root / controllers if controllers else root
    own = top / path.lstrip("/")
    return [own, *(parent for parent in own.parents if parent.is_relative_to(top))]


def _quota_of(folder: Path) -> float:
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text("ascii").split()
        else:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # no such file, or "max": no limit
        return math.inf


def _cpuinfo(key: str) -> str:
    """The first value of that key, or nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.partition(":")[0].strip() == key), "")
