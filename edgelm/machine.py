"""What a figure was measured on: the machine, its CPU's instructions, its cores."""

from __future__ import annotations

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
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def usual_threads() -> int:
    """The cores this process may use, four at most."""
    return min(4, len(os.sched_getaffinity(0)) if sys.platform == "linux" else 2)


def _cpuinfo(key: str) -> str:
    """The first value of that key, or nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.partition(":")[0].strip() == key), "")
