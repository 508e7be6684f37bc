"""A model of every task, exported to every target at every precision, answers as the original does."""

from __future__ import annotations

from typing import Any

import pytest

from edgelm.types import TASKS, Verdict


@pytest.mark.parametrize("task", TASKS)
def test_every_task_passes_its_checks(case: Any, exported: Any, task: str) -> None:
    _, report = exported(case, task)
    for check in report.checks:
        print(f"{check.name}: {check.value} (limit {check.limit}) {check.verdict}")
    if case.target.unmeasured:
        assert report.verdict is Verdict.UNMEASURED
        assert case.target.unmeasured in [check.reason for check in report.checks]
        return
    assert report.verdict is Verdict.PASS
    timed = set() if case.target.emulated else {"latency"}
    assert {check.group for check in report.checks} == {"integrity", "parity", "invariance", "size", *timed}
    assert bool(case.target.emulated) == any(str(case.target.emulated) in note for note in report.notes)
