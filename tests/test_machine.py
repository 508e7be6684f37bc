"""The cores a process may use: those it is bound to, and what its container's CPU quota leaves of them."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest

from edgelm import machine


def groups(tmp_path: Path, line: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A /proc/self/cgroup of one line, and a tree of control groups with those files."""
    membership, root = tmp_path / "cgroup", tmp_path / "fs"
    membership.write_text(line + "\n", "utf-8")
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content + "\n", "ascii")
    return membership, root


@pytest.mark.parametrize(
    ("line", "files", "cores"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/", {"cpu.max": "max 100000"}, math.inf),
        ("0::/pod/app", {"pod/app/cpu.max": "max 100000", "pod/cpu.max": "200000 100000"}, 2.0),
        ("0::/pod/app", {"pod/app/cpu.max": "50000 100000", "pod/cpu.max": "200000 100000"}, 0.5),
        ("0::/not/mounted/here", {"cpu.max": "300000 100000"}, 3.0),
        ("4:cpu,cpuacct:/", {"cpu,cpuacct/cpu.cfs_quota_us": "250000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 2.5),
        ("1:cpu:/app", {"cpu/app/cpu.cfs_quota_us": "-1", "cpu/app/cpu.cfs_period_us": "100000"}, math.inf),
        ("3:cpuset:/", {"cpuset/cpu.cfs_quota_us": "100000", "cpuset/cpu.cfs_period_us": "100000"}, math.inf),
        ("nonsense", {}, math.inf),
        ("0::/", {"cpu.max": "nonsense"}, math.inf),
    ],
)
def test_the_smallest_quota_of_a_group_and_its_parents_counts(
    tmp_path: Path, line: str, files: dict[str, str], cores: float
) -> None:
    assert machine._quota(*groups(tmp_path, line, files)) == cores


def test_no_quota_where_the_system_has_no_control_groups(tmp_path: Path) -> None:
    assert machine._quota(tmp_path / "missing", tmp_path) == math.inf


@pytest.mark.skipif(sys.platform != "linux", reason="other systems neither bind processes to cores nor have quotas")
def test_a_quota_below_the_cores_it_is_bound_to_is_rounded_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= machine.cores() <= len(os.sched_getaffinity(0))
    membership, root = groups(tmp_path, "0::/", {"cpu.max": "50000 100000"})
    monkeypatch.setattr(machine, "_MEMBERSHIP", membership)
    monkeypatch.setattr(machine, "_CGROUPS", root)
    assert machine.cores() == machine.usual_threads() == 1
