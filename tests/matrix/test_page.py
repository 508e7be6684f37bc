"""docs/matrix.md promises nothing that was not tried: its record covers every cell there is, and none failed."""

from __future__ import annotations

import json
from pathlib import Path

from .cells import every_cell

RECORD = json.loads((Path(__file__).parents[2] / "docs" / "matrix.json").read_text("utf-8"))
OUTCOMES = {
    f"{architecture}/{task}/{target}/{precision}": outcome
    for architecture, tasks in RECORD["cells"].items()
    for task, targets in tasks.items()
    for target, precisions in targets.items()
    for precision, outcome in precisions.items()
}


def test_every_cell_was_tried_and_none_that_is_gone_is_left() -> None:
    """A target that needs a set-up of its own may have cells that nobody tried; the page leaves them empty."""
    cells = every_cell()
    assert {str(cell) for cell in cells if not cell.case.target.set_up} <= set(OUTCOMES) <= set(map(str, cells))


def test_every_outcome_is_a_pass_or_a_reason_why_not() -> None:
    assert [outcome for outcome in OUTCOMES.values() if not outcome.startswith(("passed", "refused: ", "lost: "))] == []
