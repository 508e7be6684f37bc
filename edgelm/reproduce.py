"""Runs a reported export again and says what moved: figures, verdicts, files, versions and the source itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgelm import report
from edgelm.bundle import Bundle
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest, Plan, Progress, export
from edgelm.report.words import plain
from edgelm.types import Check, Group, Report, Verdict

_WORSE = (Verdict.PASS, Verdict.UNMEASURED, Verdict.FAIL)
_PATHS = ("output", "samples", "calibration", "evaluation")
_TUPLES = ("targets", "lengths", "without_rewrites")
_MEASURED_FACTS = ("seconds", "peak memory")
"""How facts begin that are of the run and not of what it was made with."""


@dataclass(frozen=True)
class Move:
    """One check as it was and as it is; None where there was or is none of that name."""

    group: Group
    name: str
    before: Check | None
    now: Check | None

    @property
    def same(self) -> bool:
        """Whether verdict and figure are the same."""
        if self.before is None or self.now is None:
            return False
        values = (self.before.value, self.now.value)
        return self.before.verdict is self.now.verdict and (values[0] == values[1] or _undefined(*values))

    @property
    def worse(self) -> bool:
        """Whether the verdict became worse; never by latency, which no two runs share."""
        if self.group == "latency" or self.now is None:
            return False
        before = self.before.verdict if self.before else Verdict.PASS
        return _WORSE.index(self.now.verdict) > _WORSE.index(before)

    @property
    def ratio(self) -> float | None:
        """The new figure in units of the old one; None where that says nothing."""
        before, now = (check.value if check else None for check in (self.before, self.now))
        if not before or now is None or not math.isfinite(before) or not math.isfinite(now):
            return None
        return now / before


@dataclass(frozen=True)
class Change:
    """Something that is named, as it was and as it is; None where it was or is not."""

    name: str
    before: str | None
    now: str | None


@dataclass(frozen=True)
class Comparison:
    """A report, the one of the same export made again, and what differs."""

    before: Report
    now: Report
    moves: tuple[Move, ...]
    """Of every check, in the order of the new report."""
    files: tuple[Change, ...] | None
    """The files of the bundle whose sha256 differs; None where the old bundle is not at hand."""
    facts: tuple[Change, ...]
    """Versions, machine and source that differ."""

    @property
    def worse(self) -> bool:
        """Whether any verdict became worse."""
        return any(move.worse for move in self.moves)

    @property
    def exit_code(self) -> int:
        """0 where no verdict became worse, else the new report's own, latency left out of account."""
        if not self.worse:
            return 0
        judged = tuple(check for check in self.now.checks if check.group != "latency")
        return report.exit_code([replace(self.now, checks=judged)])

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON holds it; every check that moved."""
        return {
            "target": self.now.target,
            "verdict": {"before": self.before.verdict, "now": self.now.verdict},
            "worse": self.worse,
            "checks": [_move_dict(move) for move in self.moves if not move.same],
            "files": None if self.files is None else [asdict(change) for change in self.files],
            "facts": [asdict(change) for change in self.facts],
            "report": report.to_dict(self.now),
        }


def reproduce(path: Path, output: Path, progress: Progress) -> Iterator[Comparison]:
    """Export again what each report of a report.json records, into ``output``, and compare; one after the other.

    UsageError where the file is no report, records no export, or the model or another file of it is gone.
    """
    path = path / "report.json" if path.is_dir() else path
    known = report.read_all(path)
    if not known:
        raise UsageError(f"{path} holds no report.")
    runs = _runs(known)
    for i, run in enumerate(runs):
        place = output if len(runs) == 1 else output / str(i + 1)
        plan = Plan(_request(run, place))
        by_target = {old.target: old for old in run}
        for new in export(plan, progress):
            yield compare(by_target[new.target], new, path)


def compare(before: Report, now: Report, path: Path) -> Comparison:
    """What differs between two reports of one export; the first is of ``path``."""
    return Comparison(before, now, _moves(before, now), _files(before, now, path), tuple(_facts(before, now)))


# -- what is run again -------------------------------------------------------------------------------------------------


def _runs(known: Sequence[Report]) -> list[list[Report]]:
    """The reports that one export can make, so that it reads its source once: same settings, different targets."""
    runs: list[list[Report]] = []
    for one in known:
        run = next((run for run in runs if _settings(run[0]) == _settings(one) and _is_new(one, run)), None)
        if run is None:
            runs.append([one])
        else:
            run.append(one)
    return runs


def _settings(one: Report) -> Mapping[str, Any]:
    """All that was asked but the targets, at the precision that was chosen."""
    return {**one.request, "precision": one.precision, "targets": None, "output": None}


def _is_new(one: Report, run: Sequence[Report]) -> bool:
    return one.target not in {other.target for other in run}


def _request(run: Sequence[Report], output: Path) -> ExportRequest:
    """The export that the reports record, for their targets and at their precision."""
    asked = dict(run[0].request)
    if not asked or "bundle" in asked:
        raise UsageError(
            f"The report of {run[0].target} records no export.", hint="Only reports of `edgelm export` do."
        )
    for name in asked:
        if name in _PATHS:
            asked[name] = Path(asked[name])
        elif name in _TUPLES:
            asked[name] = tuple(asked[name])
    targets = tuple(one.target for one in run)
    return ExportRequest(**{**asked, "targets": targets, "output": output, "precision": run[0].precision})


# -- what moved --------------------------------------------------------------------------------------------------------


def _moves(before: Report, now: Report) -> tuple[Move, ...]:
    """In the order of the new report; what only the old one has comes last."""
    old, new = ({(check.group, check.name): check for check in one.checks} for one in (before, now))
    return tuple(Move(*key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old]))


def _undefined(*values: float | None) -> bool:
    return all(value is not None and math.isnan(value) for value in values)


def _move_dict(move: Move) -> dict[str, Any]:
    before, now = (report.check_to_dict(check) if check else None for check in (move.before, move.now))
    return {"group": move.group, "name": move.name, "before": before, "now": now, "ratio": move.ratio}


def _files(before: Report, now: Report, path: Path) -> tuple[Change, ...] | None:
    old = _old_bundle(before, path)
    if old is None or not now.bundle:
        return None
    was, is_now = (
        {name: str(entry["sha256"]) for name, entry in bundle.manifest["files"].items()}
        for bundle in (old, Bundle.open(Path(now.bundle)))
    )
    return tuple(_changes(was, is_now))


def _old_bundle(before: Report, path: Path) -> Bundle | None:
    """The bundle that the report is of: beside it or where it says, while that one's report is still this one."""
    for place in (path.parent, Path(before.bundle)):
        with suppress(UsageError):  # no bundle there, or a damaged one
            found = report.to_dict(replace(report.read(place / "report.json"), bundle=before.bundle))
            if found == report.to_dict(before):
                return Bundle.open(place)
    return None


def _facts(before: Report, now: Report) -> Iterator[Change]:
    was, is_now = (dict(_flat(one.facts)) for one in (before, now))
    return _changes(was, is_now)


def _flat(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Facts that should be the same in every run, each as text; those of versions one by one."""
    for key, value in facts.items():
        if key.startswith(_MEASURED_FACTS):
            continue
        if isinstance(value, Mapping):
            yield from ((f"{key}, {name}", str(item)) for name, item in value.items())
        else:
            yield key, plain(value)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            yield Change(name, before.get(name), now.get(name))
