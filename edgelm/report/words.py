"""What reports say in every form they take: figures, limits, facts, one sentence, and the commands that repeat them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edgelm.types import Check, Report, Verdict

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNMEASURED: "?"}
_BOUNDS = {"at most": "≤", "at least": "≥", None: ""}
_MOST_DB = 6000.0
"""A float's own range; a noise that many decibels above its limit needs no closer figure."""


def figure(value: float | None, unit: str = "") -> str:
    """A figure as people read it: four significant digits, its unit behind."""
    if value is None:
        return "-"
    text = f"{value:.6f}" if 0.99 <= value < 1 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def limit(check: Check) -> str:
    """The limit with its side, or nothing."""
    return "" if check.limit is None else f"{_BOUNDS[check.bound]} {figure(check.limit)}".strip()


def used(check: Check) -> float | None:
    """How much of its limit a figure uses: 1 is all of it, more is a failure; None where there is no such share.

    Of a limit from below, what is lost is held against what may be: of 1, or of the noise where the unit is dB.
    """
    value, limit = check.value, check.limit
    if value is None or limit is None or math.isnan(value) or not math.isfinite(limit):
        return None
    if check.unit == "dB" and check.bound == "at least":
        return float(10 ** (min(limit - value, _MOST_DB) / 20))
    room, taken = (1 - limit, 1 - value) if check.bound == "at least" else (limit, value)
    return max(taken / room, 0.0) if room > 0 else None


def plain(value: Any) -> str:
    """A fact as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def cell(text: str) -> str:
    """The text as a cell of a Markdown table: one line, no bar of its own."""
    return " ".join(text.split()).replace("|", "\\|")


def sentence(report: Report) -> str:
    """What was measured, and with what result."""
    verdicts = [check.verdict for check in report.checks if check.verdict is not Verdict.PASS]
    held = sum(check.verdict is Verdict.PASS and check.limit is not None for check in report.checks)
    counts = {
        "limits held" if held != 1 else "limit held": held,
        "failed": verdicts.count(Verdict.FAIL),
        "not measured": verdicts.count(Verdict.UNMEASURED),
        "recorded without a limit": len(report.checks) - held - len(verdicts),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "none"
    texts = f" on {report.facts['texts']}" if "texts" in report.facts else ""
    place = f" ({report.facts['machine']})" if "machine" in report.facts else ""
    return f"The {report.target} bundle was held against the original{texts}{place}. Checks: {told}."


def trouble(check: Check) -> str:
    """A check that does not pass, in words."""
    value = "" if check.value is None else f" is {figure(check.value, check.unit)}"
    bound = "" if check.limit is None else f", limit {limit(check)}"
    reason = f" ({check.reason})" if check.reason else ""
    return f"{check.group}, {check.name}{value}{bound}{reason}"


def command(request: Mapping[str, Any], targets: Iterable[str] | None = None) -> str:
    """The `edgelm export` or `edgelm validate` that was asked for, for a shell; an export of ``targets`` if given."""
    if "bundle" in request:
        return _shell("validate", "bundle", request, VALIDATION_OPTIONS)
    asked = {**request, "targets": list(targets)} if targets is not None else request
    return _shell("export", "model", asked, EXPORT_OPTIONS)


def _shell(
    name: str, argument: str, asked: Mapping[str, Any], options: Mapping[str, Callable[[Any], list[str]]]
) -> str:
    words = [word for key, put in options.items() if key in asked for word in put(asked[key])]
    return shlex.join(["edgelm", name, str(asked[argument]), *words])


def _option(flag: str) -> Callable[[Any], list[str]]:
    return lambda value: [flag, str(value)]


def _repeated(flag: str) -> Callable[[Any], list[str]]:
    return lambda values: [word for value in values for word in (flag, str(value))]


def _pairs(flag: str) -> Callable[[Any], list[str]]:
    return lambda values: _repeated(flag)([f"{key}={value}" for key, value in values.items()])


_EVALUATION: Mapping[str, Callable[[Any], list[str]]] = {
    "samples": _option("--samples"),
    "evaluation": _option("--eval"),
    "max_drop": _option("--max-drop"),
    "min_metric": _option("--min-metric"),
    "threads": _option("--threads"),
    "time_limit_s": _option("--time-limit"),
    "revision": _option("--revision"),
}
EXPORT_OPTIONS: Mapping[str, Callable[[Any], list[str]]] = {
    "targets": _repeated("-t"),
    "output": _option("-o"),
    "task": _option("--task"),
    "pooling": _option("--pooling"),
    "prompts": _pairs("--prompt"),
    "default_prompt": _option("--default-prompt"),
    "precision": _option("--precision"),
    "max_length": _option("--max-length"),
    "lengths": lambda values: ["--lengths", ",".join(map(str, values))],
    "options": _pairs("--option"),
    "without_rewrites": _repeated("--without"),
    "calibration": _option("--calibration"),
    **_EVALUATION,
}
VALIDATION_OPTIONS: Mapping[str, Callable[[Any], list[str]]] = {
    "model": _option("--against"),
    "runtime": _option("--runtime"),
    "hugging_face": lambda value: ["--reference", "transformers"] if value else [],
    **_EVALUATION,
}
"""How each field of a request but its argument is written on the command line."""
