"""What counts as a difference, and what rounding may do to the direction of a short vector."""

from __future__ import annotations

import numpy as np
import pytest

from edgelm.types import Tolerance, Verdict
from edgelm.validate.parity import Difference

LIMITS = Tolerance(max_abs=0.05, min_cosine=0.98)


def verdicts(rows: list[tuple[list[float], list[float]]]) -> dict[str, Verdict]:
    difference = Difference()
    for reference, actual in rows:
        difference.add(np.asarray(reference), np.asarray(actual))
    return {check.name.removeprefix("logits "): check.verdict for check in difference.checks("logits", LIMITS)}


SURE = ([4.0, -4.0], [4.05, -3.97])


def test_undecided_text_is_judged_by_its_distance() -> None:
    """Logits near zero change sign by a rounding that is small beside the logits of other texts."""
    near_zero = ([0.06, -0.05], [-0.04, 0.05])
    assert verdicts([SURE, near_zero])["cosine, worst"] is Verdict.PASS
    assert verdicts([SURE, ([0.06, -0.05], [-0.9, 0.8])])["max abs"] is Verdict.FAIL


def test_direction_of_every_longer_text_counts() -> None:
    assert verdicts([SURE, ([0.5, -0.4], [-0.5, 0.4])])["cosine, worst"] is Verdict.FAIL
    assert verdicts([([0.06, -0.05], [-0.06, 0.05])])["cosine, worst"] is Verdict.FAIL


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_fails(bad: float) -> None:
    with np.errstate(all="ignore"):
        assert verdicts([SURE, ([1.0, 2.0], [bad, 2.0])])["max abs"] is Verdict.FAIL
        assert verdicts([SURE, ([bad, 2.0], [1.0, 2.0])])["cosine, worst"] is Verdict.FAIL
