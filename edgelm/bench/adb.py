"""Bundles on a phone: the golden texts replayed and the model timed there, by its own runtime, over adb."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import edgelm
from edgelm import golden
from edgelm.bench import selftest
from edgelm.bench.phone import Phone
from edgelm.bench.plan import check_positive, lengths_of, open_rows
from edgelm.bench.result import Bench, Row, Times, What
from edgelm.bench.rounds import in_turns
from edgelm.bundle import Bundle, sha256
from edgelm.checkpoint import read_json
from edgelm.errors import UsageError
from edgelm.report.words import trouble
from edgelm.tokenizer import TextTokenizer
from edgelm.types import Array, Check, Tensors, TensorSpec, Tolerance, Verdict
from edgelm.validate import parity
from edgelm.validate.latency import model_feed

_MOST_THREADS = 4
_MOST_CALLS = 200
_NAME_DIGITS = 12
_NOTES = (
    "The phone runs the model alone, in the runtime's own library for 64-bit ARM Linux, with glibc beside it and no "
    "Python; tokenizer and decoding are not run there, so no time from text to answer is given.",
    "Golden replay: the phone's outputs for the bundle's golden texts, held against those that were exported.",
    "Every bundle has several processes, one after the other; those of several bundles take turns. Load: the model "
    "opened in a fresh process. A phone that is warm, or in power saving, is slower: let it cool, and plug it in.",
)


@dataclass(frozen=True)
class AdbRequest:
    """The bundles, how long they are measured, and the limits every one of them must keep."""

    bundles: tuple[Path, ...]
    serial: str | None = None
    """Of the device; None: the only one there is."""
    lengths: tuple[int, ...] = ()
    """Tokens the model is timed at; none: as `edgelm bench` does."""
    threads: int = 0
    """0: the phone's cores, four at most."""
    seconds: float = 2.0
    """For each bundle at each length, in all its processes together."""
    processes: int = 6
    time_limit_s: float = 120.0
    """A process that takes so much longer than it was asked to measure is ended."""
    max_p50_ms: Mapping[str, float] = field(default_factory=dict)
    """By length in tokens, as text."""
    max_size_mb: float | None = None
    max_memory_mb: float | None = None


@dataclass
class Job:
    """One bundle on its way over the phone."""

    row: Row
    folder: str
    """Of its files, on the phone and on the way there."""
    runtime: selftest.Runtime
    lengths: tuple[int, ...]
    cases: Sequence[golden.Case]
    tolerance: Tolerance
    replayed: Sequence[Check] = ()
    """The golden replay of its last process."""

    @property
    def beside(self) -> str:
        """The runtime's folder, seen from the bundle's."""
        return f"../{self.runtime.name}"


class AdbPlan:
    """The opened bundles, what is timed, and the phone; an EdgelmError says what is wrong before anything is copied."""

    def __init__(self, request: AdbRequest) -> None:
        self.request = request
        _check_numbers(request)
        self.rows = open_rows(request.bundles)
        self.jobs = [_job(row, str(i), request.lengths) for i, row in enumerate(self.rows)]
        _check_limits(request, sorted({length for job in self.jobs for length in job.lengths}))
        self.runtimes = {job.runtime.name: job.runtime for job in self.jobs}
        self.set_ups = {name: selftest.set_up(runtime) for name, runtime in self.runtimes.items()}
        for name, runtime in self.runtimes.items():
            selftest.check_tools(runtime, self.set_ups[name])
        self.phone = Phone.connect(request.serial)
        self.device = self.phone.facts
        self.threads = request.threads or min(_MOST_THREADS, int(self.device["cores"]))


def bench(plan: AdbPlan, say: Callable[[str], None]) -> Bench:
    """Measure every bundle of a plan on its phone, which is left as it was; ``say`` is told each step."""
    with tempfile.TemporaryDirectory(prefix="edgelm-adb-") as scratch:
        say("building what the phone runs")
        local = _prepared(plan, Path(scratch))
        plan.phone.check_space(_bytes(local))
        say(f"copying {_bytes(local) / 1e6:.0f} MB to {plan.phone.serial}")
        with plan.phone.holding(local) as place:
            for turn in range(plan.request.processes):
                for job in in_turns([job for job in plan.jobs if job.row.is_alive], turn):
                    say(f"process {turn + 1} of {plan.request.processes}: {job.row.label}")
                    _measure(plan, job, place, Path(scratch) / f"{job.folder}-{turn}")
    for job in plan.jobs:
        job.row.checks = [*_checks(plan.request, job)]
    return Bench(plan.rows, _facts(plan), _NOTES)


# -- preparing ---------------------------------------------------------------------------------------------------------


def _job(row: Row, folder: str, asked: tuple[int, ...]) -> Job:
    """What a bundle's row needs; the row itself is alive again, for what this machine cannot run, the phone can."""
    runtime = selftest.runtime_of(row.bundle)
    row.unmeasured = ""
    row.runtime = f"{runtime.distribution} {selftest.version(runtime)} for aarch64 Linux"
    cases = golden.read(row.bundle.path)
    return Job(row, folder, runtime, _lengths(row.bundle, asked), cases, _tolerance(row.bundle))


def _prepared(plan: AdbPlan, scratch: Path) -> Path:
    """The folder that is copied: one for each runtime, one for each bundle; named by what is in it."""
    folder = scratch / "phone"
    folder.mkdir()
    for runtime in plan.runtimes.values():
        selftest.write_runtime(runtime, plan.set_ups[runtime.name], folder / runtime.name)
    for job in plan.jobs:
        selftest.write_work(_work(plan, job), job.runtime, job.beside, folder / job.folder)
    return folder.rename(scratch / f"edgelm-{_digest(folder)}")


def _work(plan: AdbPlan, job: Job) -> selftest.Work:
    request, bundle = plan.request, job.row.bundle
    return selftest.Work(
        bundle,
        plan.threads,
        [case.inputs for case in job.cases],
        _timed(bundle, job.lengths),
        _MOST_CALLS // request.processes,
        request.seconds / request.processes,
    )


def _timed(bundle: Bundle, lengths: Sequence[int]) -> dict[int, Tensors]:
    """A feed of each length, with the ids of `edgelm bench`."""
    tokenizer = TextTokenizer.from_bundle(bundle.path, bundle.manifest["tokenizer"]).tokenizer
    names = [spec["name"] for spec in bundle.manifest["artifact"]["inputs"]]
    return {length: model_feed(names, length, tokenizer.get_vocab_size(with_added_tokens=True)) for length in lengths}


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in _files(folder):
        found.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return found.hexdigest()[:_NAME_DIGITS]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# -- measuring ---------------------------------------------------------------------------------------------------------


def _measure(plan: AdbPlan, job: Job, place: str, local: Path) -> None:
    """One process of a bundle: its golden replay, and what it adds to the row."""
    request, row, folder = plan.request, job.row, f"{place}/{job.folder}"
    limit = request.time_limit_s + len(job.lengths) * request.seconds / request.processes
    ended = plan.phone.run(folder, selftest.command(job.beside), limit)
    local.mkdir()
    plan.phone.pull(f"{folder}/out", local)
    report = selftest.read_report(local / "out")
    if not report.is_done:
        row.failure = f"On the phone: {report.error or ended.told}"
        return
    row.loads.append(report.load_ms)
    row.peak_mb = max(row.peak_mb or 0.0, report.peak_mb)
    row.cpu_s += report.cpu_s
    for length, calls in zip(job.lengths, report.times, strict=True):
        times = row.times.setdefault(What(length), Times())
        times.processes.append([[wall] for wall, _ in calls])
        times.cpu_ms += [cpu for _, cpu in calls]
    job.replayed = [*_replayed(job, report)]


def _replayed(job: Job, report: selftest.Report) -> Iterator[Check]:
    """Every output of the golden texts against the exported one, by the bundle's own tolerance."""
    if not job.cases:
        yield Check.unmeasured("parity", "golden replay", "the bundle has no golden texts")
        return
    bundle = job.row.bundle
    masks = [case.inputs["attention_mask"] for case in job.cases]
    actual = selftest.outputs_of(report, bundle, [mask.shape[1] for mask in masks])
    wanted: list[Mapping[str, Array]] = [case.outputs for case in job.cases]
    specs = [TensorSpec(**spec) for spec in bundle.manifest["artifact"]["outputs"]]
    yield from parity.compare(wanted, actual, masks, specs, job.tolerance, "golden")


# -- judging -----------------------------------------------------------------------------------------------------------


def _checks(request: AdbRequest, job: Job) -> Iterator[Check]:
    """The replay, and the row's figures against the limits. A replay that differs is a failure: the exit code is 5."""
    row = job.row
    yield Check.at_most("size", "bundle", row.size_mb, request.max_size_mb, "MB")
    if row.failure:
        yield Check.failed("integrity", "runs in its runtime", row.failure)
        return
    yield from job.replayed
    failed = [check for check in job.replayed if check.verdict is Verdict.FAIL]
    row.failure = trouble(failed[0]) if failed else ""
    yield Check.at_most("latency", "peak memory", row.peak_mb or float("nan"), request.max_memory_mb, "MB")
    for key, limit in request.max_p50_ms.items():
        what = What(int(key))
        if what in row.times:
            yield Check.at_most("latency", f"{what}, p50", row.times[what].p50, limit, "ms")
        else:
            longest = row.bundle.manifest["max_length"]
            yield Check.unmeasured("latency", f"{what}, p50", f"the bundle takes {longest} tokens")


def _facts(plan: AdbPlan) -> dict[str, Any]:
    request = plan.request
    return {
        "edgelm": edgelm.__version__,
        **plan.device,
        "threads": plan.threads,
        "seconds for each bundle and measurement": request.seconds,
        "processes of each bundle": request.processes,
        "time limit, s": request.time_limit_s,
    }


# -- checking what was asked -------------------------------------------------------------------------------------------


def _check_numbers(request: AdbRequest) -> None:
    check_positive(
        {
            "--seconds": request.seconds,
            "--time-limit": request.time_limit_s,
            "--processes": request.processes,
            "--lengths": min(request.lengths, default=None),
            **{f"--max-p50-ms {key}": value for key, value in request.max_p50_ms.items()},
            "--max-size-mb": request.max_size_mb,
            "--max-memory-mb": request.max_memory_mb,
        }
    )


def _check_limits(request: AdbRequest, timed: Sequence[int]) -> None:
    strange = [key for key in request.max_p50_ms if key not in map(str, timed)]
    if strange:
        raise UsageError(
            f"--max-p50-ms {strange[0]}=... names a length that is not measured on the phone.",
            hint=f"Measured are: {', '.join(map(str, timed))}, for example: --max-p50-ms {timed[-1]}=20",
        )


def _lengths(bundle: Bundle, asked: tuple[int, ...]) -> tuple[int, ...]:
    found = lengths_of(bundle, asked)
    if not found:
        raise UsageError(
            f"{bundle.path} takes {bundle.manifest['max_length']} tokens.", hint="Choose others with --lengths."
        )
    return found


def _tolerance(bundle: Bundle) -> Tolerance:
    try:
        return Tolerance(**read_json(bundle.path / "golden" / "golden.json")["tolerance"])
    except (KeyError, TypeError):
        raise UsageError(f"{bundle.path / 'golden'} is damaged.", hint="Export it again.") from None
