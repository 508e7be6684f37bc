"""Leaves out the tests that run on emulated ARM where `edgelm doctor --install arm64` has not been run."""

from __future__ import annotations

from edgelm_targets import arm64_counts
from edgelm_targets.arm64_setup import RUNTIMES, missing

_NOT_SET_UP = {
    "test_arm64_replay.py": missing(RUNTIMES) is not None,
    "test_arm64_counts.py": missing(RUNTIMES) is not None or not arm64_counts.folder().is_dir(),
}
collect_ignore = [name for name, absent in _NOT_SET_UP.items() if absent]
