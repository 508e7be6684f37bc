"""Bundles measured side by side: real processes in turns, some of which die; intervals, limits, pages, wrong input."""

from __future__ import annotations

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import registry
from edgelm.bench import pages, tables
from edgelm.bench.plan import BenchRequest, Plan
from edgelm.bench.process import Worker
from edgelm.bench.result import ANSWER, Bench, Ratio, What, labels, ratio
from edgelm.bench.rounds import bench
from edgelm.bundle import Bundle
from edgelm.cli import main
from edgelm.errors import EdgelmError, UsageError
from edgelm.samples import read_samples
from edgelm.types import Verdict

QUICK = ("--seconds", "0.01", "--processes", "1", "--threads", "1")
PLUGIN = '''
import json, os, time
from dataclasses import dataclass, replace
from edgelm.errors import ParityError
from edgelm_targets.onnx import ONNX, OnnxTarget

@dataclass(frozen=True)
class Faulty(OnnxTarget):
    """onnx, but it writes down when it runs, and does at some length what its manifest says."""

    def load(self, bundle, manifest, threads):
        run = super().load(bundle, manifest, threads)
        faults = manifest.get("faults", {})

        def write(*entry):
            with open(bundle / "log.txt", "a") as log:
                log.write(json.dumps(entry) + "\\n")

        def runner(inputs):
            length = inputs["input_ids"].shape[1]
            start = time.monotonic()
            exec(faults.get(str(length), ""))
            outputs = run(inputs)
            write(length, start, time.monotonic())
            return outputs

        write(os.getpid(), 0, 0)
        exec(faults.get("load", ""))
        return runner

@dataclass(frozen=True)
class Counted(OnnxTarget):
    """Counts what its manifest says, on two machines."""

    cpu: str = "Small"

    @property
    def machines(self):
        return {cpu: replace(self, cpu=cpu) for cpu in ("Small", "Large")}

    @property
    def counts_instructions(self):
        return True

    def instructions(self, bundle, manifest, lengths, runs):
        if self.cpu not in manifest["counts"]:
            raise ParityError("It gave no counts.")
        return {length: tuple(manifest["counts"][self.cpu] * length + i for i in range(runs)) for length in lengths}

TARGETS = (
    Faulty(name="faulty", description="", converter="onnx", extra="onnx", requires=("onnxruntime",)),
    Counted(name="counted", description="", converter="openvino", extra="onnx", requires=("onnxruntime",)),
)
'''


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def edgelm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """``edgelm(*arguments)``: the command in this process."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def exported(make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundles onnx and tflite of a tiny classifier of 64 tokens."""
    out = tmp_path_factory.mktemp("bench")
    model = make_checkpoint("bert", "text-classification", id2label={"0": "bad", "1": "so-so", "2": "good"})
    assert main(["export", str(model), "-t", "onnx", "-t", "tflite", "-o", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def pair(exported: Path) -> Bench:
    """Both bundles, measured."""
    return measured(exported / "onnx", exported / "tflite")


def measured(*bundles: Path, **settings: Any) -> Bench:
    quick = {"seconds": 0.01, "processes": 2, "threads": 1, **settings}
    return bench(Plan(BenchRequest(bundles, **quick)), lambda _: None)


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed package with the targets ``faulty`` and ``counted``."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "faulty_targets.py").write_text(PLUGIN)
    info = folder / "faulty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[edgelm.targets]\nfaulty = faulty_targets:TARGETS\n")
    return folder


@pytest.fixture
def make_bundle(exported: Path, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``make_bundle(name, target="faulty", **manifest)``: the onnx bundle with that in its manifest."""
    caches = (registry.targets, registry.converters, registry.origins)
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", str(plugin))
    for cache in caches:
        cache.cache_clear()

    def make(name: str, target: str = "faulty", **manifest: Any) -> Path:
        folder = tmp_path / name
        shutil.copytree(exported / "onnx", folder)
        content = json.loads((folder / "edgelm.json").read_text("utf-8"))
        (folder / "edgelm.json").write_text(json.dumps({**content, "target": target, **manifest}), "utf-8")
        return folder

    yield make
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


def log_of(bundle: Path) -> list[tuple[int, float, float]]:
    """Length (or process id, with times of 0), start and end of every run."""
    return [tuple(json.loads(line)) for line in (bundle / "log.txt").read_text().splitlines()]


# -- measuring ---------------------------------------------------------------------------------------------------------


def test_everything_is_measured_of_every_bundle(pair: Bench) -> None:
    assert pair.measured == [What(16), What(64), ANSWER]
    assert [row.label for row in pair.rows] == ["onnx fp32", "tflite fp32"]
    texts = read_samples(None)
    for row in pair.rows:
        assert row.verdict is Verdict.PASS
        assert (len(row.cold_starts), len(row.loads), len(row.texts_tokens)) == (2, 2, len(texts))
        assert 0 < min(row.loads) < min(row.cold_starts)
        assert row.peak_mb is not None
        assert min(row.peak_mb, row.cpu_s, row.size_mb) > 0
        for what, times in row.times.items():
            assert len(times.processes) == 2
            assert len(times.cpu_ms) == sum(map(len, times.processes)) >= 4
            assert {len(c) for rounds in times.processes for c in rounds} == {len(texts) if what == ANSWER else 1}
            assert min(times.ms) > 0
            assert min(times.ms) <= times.p50 <= times.p95 <= max(times.ms)


def test_the_first_is_what_others_are_compared_with(pair: Bench) -> None:
    first, second = pair.rows
    assert pair.ratio(first, ANSWER) is None
    found = pair.ratio(second, ANSWER)
    assert found is not None
    assert found.low <= found.value <= found.high
    middles = [[np.median(np.mean(rounds, axis=1)) for rounds in row.times[ANSWER].processes] for row in pair.rows]
    assert found.value == pytest.approx(np.median(np.divide(middles[1], middles[0])))


def test_bundles_take_turns_in_alternating_order_and_never_at_once(make_bundle: Any) -> None:
    bundles = [make_bundle(name) for name in "ABC"]
    found = measured(*bundles, lengths=(48,), processes=2)
    runs = sorted((start, end, bundle.name, length) for bundle in bundles for length, start, end in log_of(bundle))
    for (_, end, *_), (start, *_) in pairwise(runs):
        assert end <= start
    warm_up, at_48 = 4, [name for *_, name, length in runs if length == 48]
    expected = []
    for rounds in found.rows[0].times[What(48)].processes:
        orders = ["ABC", *(["ABC", "CBA"] * len(rounds))[: len(rounds)]]
        calls = [warm_up, *[2] * len(rounds)]
        expected += [name for order, each in zip(orders, calls, strict=True) for name in order for _ in range(each)]
    assert at_48 == expected


def test_each_bundle_has_processes_of_its_own(make_bundle: Any) -> None:
    bundles = [make_bundle(name) for name in "AB"]
    measured(*bundles, processes=2)
    for bundle in bundles:
        opened = [pid for pid, start, end in log_of(bundle) if start == end == 0]
        # One uncounted start, and two processes that open the bundle again at their end.
        assert sorted(len(list(group)) for _, group in groupby(sorted(opened))) == [1, 2, 2]


def test_the_peak_is_that_of_a_process_that_only_runs_the_bundle(exported: Path) -> None:
    """A process's ru_maxrss begins with its parent's."""
    ballast = np.ones(64 << 20)
    with Worker(exported / "onnx", 1, ["good"], 60) as worker:
        worker.ask("open")
        peak = worker.ask("usage")["peak_mb"]
    assert 20 < peak < ballast.nbytes / 1e6


def test_what_a_runtime_prints_is_no_answer(make_bundle: Any) -> None:
    talks = make_bundle("talks", faults={"load": "os.write(1, b'{}\\n'); print('{}')"})
    with Worker(talks, 1, ["good"], 60) as worker:
        assert set(worker.ask("open")) == {"ms"}


def test_a_module_in_the_current_folder_is_not_taken_for_pythons(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    with Worker(exported / "onnx", 1, ["good"], 60) as worker:
        worker.ask("open")


@pytest.mark.parametrize(
    ("task", "own"),
    [("question-answering", None), ("fill-mask", None), ("multiple-choice", None), ("token-classification", None)],
)
def test_every_task_has_answers(make_checkpoint: Any, tmp_path: Path, task: str, own: str | None) -> None:
    assert main(["export", str(make_checkpoint("bert", own or task)), "-t", "onnx", "-o", str(tmp_path)]) == 0
    (row,) = measured(tmp_path / "onnx", processes=1, lengths=(8,)).rows
    assert (row.failure, row.verdict) == ("", Verdict.PASS)
    assert ANSWER in row.times


# -- processes that are lost -------------------------------------------------------------------------------------------

LOST = {
    "dies over the model": ({"64": "os.abort()"}, "SIGABRT"),
    "dies at the start": ({"load": "os._exit(3)"}, "exit code 3"),
    "raises": ({"64": "raise ValueError('no such kernel')"}, "ValueError: no such kernel"),
    "hangs": ({"16": "time.sleep(1000)"}, "time limit of 8 s"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_bundle_is_red_and_the_others_go_on(make_bundle: Any, exported: Path, name: str) -> None:
    faults, told = LOST[name]
    found = measured(make_bundle("lost", faults=faults), exported / "onnx", processes=1, time_limit_s=8)
    lost, healthy = found.rows
    assert told in lost.failure
    assert (lost.verdict, healthy.verdict, found.exit_code()) == (Verdict.FAIL, Verdict.PASS, 5)
    assert set(healthy.times) == {What(16), What(64), ANSWER}
    assert found.ratio(healthy, ANSWER) is None  # there is nothing to compare with
    assert json.dumps(found.to_dict())
    assert told in pages.html(found, "")


def test_what_a_lost_bundle_started_ends_with_it(make_bundle: Any) -> None:
    starts = "import subprocess; child = subprocess.Popen(['sleep', '1000']); write(child.pid, 0, 0); os.abort()"
    bundle = make_bundle("starts", faults={"load": starts})
    assert measured(bundle, processes=1).exit_code() == 5
    pids = [pid for pid, *_ in log_of(bundle)]
    assert len(pids) == 2
    assert all(map(ends, pids))


def ends(pid: int) -> bool:
    """Whether nothing is left of a process but its exit status, at once or soon."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.1)
    return False


def test_what_was_measured_before_is_kept(make_bundle: Any) -> None:
    found = measured(make_bundle("lost", faults={"64": "os.abort()"}), processes=1)
    assert set(found.rows[0].times) == {What(16)}
    assert found.rows[0].cold_starts


def test_all_lost_comes_to_an_end(make_bundle: Any) -> None:
    found = measured(*(make_bundle(name, faults={"load": "os.abort()"}) for name in "AB"))
    assert (found.measured, found.exit_code()) == ([], 5)
    assert "2 of 2 failed" in pages.markdown(found, "")


def test_an_interrupted_bench_leaves_no_process(make_bundle: Any) -> None:
    hangs = make_bundle("hangs", faults={"load": "time.sleep(1000)"})
    command = [sys.executable, "-c", "import sys; from edgelm.cli import main; sys.exit(main())", "bench", str(hangs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (hangs / "log.txt").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    ((pid, *_),) = log_of(hangs)
    assert ends(pid)


# -- ratios ------------------------------------------------------------------------------------------------------------


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    found = ratio([20.0, 2.0, 3.0, 40.0, 5.0], [10.0, 1.0, 1.0, 10.0, 5.0])
    assert found == Ratio(2.0, 1.0, 4.0, 0.9375)
    assert str(found) == "2.00 [1.00, 4.00]"


def test_what_slows_both_down_does_not_widen_the_interval() -> None:
    drifting = list(np.random.default_rng(1).lognormal(0, 1, 10))
    found = ratio([2 * ms for ms in drifting], drifting)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


@pytest.mark.parametrize("processes", [6, 10, 25])
def test_the_interval_holds_the_truth_as_often_as_it_says(processes: int) -> None:
    """Whatever the distribution: here one of two cores is slow."""
    rng = np.random.default_rng(processes)
    held = []
    for _ in range(500):
        ours, theirs = rng.choice([1.0, 2.0], (2, processes)) * rng.lognormal(0, 0.1, (2, processes))
        found = ratio(list(3 * ours), list(theirs))
        assert found is not None
        assert found.low <= found.value <= found.high
        held.append(found.low <= 3 <= found.high)
        assert found.confidence >= 0.95
    assert np.mean(held) > found.confidence - 0.03


def test_more_processes_narrow_the_interval() -> None:
    rng = np.random.default_rng(2)
    noise = list(rng.lognormal(0, 0.3, 100))
    few, many = ratio(noise[:6], [1.0] * 6), ratio(noise, [1.0] * 100)
    assert few is not None
    assert many is not None
    assert few.high - few.low > 2 * (many.high - many.low)


def test_a_process_without_a_partner_does_not_count() -> None:
    assert ratio([2.0, 2.0, 900.0], [1.0, 1.0]) == ratio([2.0, 2.0], [1.0, 1.0])
    assert ratio([1.0], []) is None
    assert ratio([1.5], [1.0]) == Ratio(1.5, 1.5, 1.5, 0.0)
    assert str(ratio([1.5], [1.0])) == "1.50"  # of one pair there is no interval


# -- limits and verdicts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "missed"),
    [
        ({"max_size_mb": 1e-3}, "bundle"),
        ({"max_memory_mb": 1}, "peak memory"),
        ({"max_p50_ms": {"answer": 1e-6}}, "text to answer, p50"),
        ({"max_p50_ms": {"16": 1e-6, "64": 1e9}}, "model, 16 tokens, p50"),
    ],
)
def test_a_missed_limit_is_6(exported: Path, limits: dict[str, Any], missed: str) -> None:
    found = measured(exported / "onnx", processes=1, lengths=(16, 64), **limits)
    (row,) = found.rows
    assert [check.name for check in row.checks if check.verdict is Verdict.FAIL] == [missed]
    assert found.exit_code() == 6


def test_limits_that_are_kept(exported: Path) -> None:
    limits = {"max_size_mb": 1e6, "max_memory_mb": 1e6, "max_p50_ms": {"answer": 1e6, "16": 1e6}}
    found = measured(exported / "onnx", processes=1, lengths=(16,), **limits)
    assert [check.limit for check in found.rows[0].checks] == [1e6] * 4
    assert found.exit_code() == 0


def test_what_cannot_run_here_is_unmeasured(make_bundle: Any, exported: Path) -> None:
    """Under emulation too: that says nothing of a phone's speed."""
    found = measured(make_bundle("arm", "onnx-arm64"), exported / "onnx", processes=1)
    arm, here = found.rows
    assert (arm.verdict, arm.times, arm.peak_mb) == (Verdict.UNMEASURED, {}, None)
    assert arm.size_mb > 0
    assert here.times
    assert (found.exit_code(), found.exit_code(allow_unmeasured=True)) == (7, 0)


def test_a_bundle_of_fewer_tokens_has_no_figure_at_more(make_bundle: Any, exported: Path) -> None:
    short = make_bundle("short", "onnx", max_length=32)
    found = measured(exported / "onnx", short, processes=1, max_p50_ms={"64": 1e6})
    assert found.measured == [What(16), What(32), What(64), ANSWER]
    assert (set(found.rows[0].times), set(found.rows[1].times)) == (
        {What(16), What(64), ANSWER},
        {What(16), What(32), ANSWER},
    )
    assert found.exit_code() == 7  # the limit at 64 tokens holds for every bundle


def test_labels_are_the_shortest_that_differ(make_bundle: Any, exported: Path) -> None:
    def named(*bundles: Path) -> list[str]:
        return labels([Bundle.open(bundle) for bundle in bundles])

    other = make_bundle("other", "onnx", model="other")
    assert named(exported / "onnx", exported / "tflite") == ["onnx fp32", "tflite fp32"]
    assert named(other, exported / "tflite")[0] == "other, onnx fp32"
    assert named(make_bundle("a/x", "onnx"), make_bundle("b/x", "onnx")) == ["a/x", "b/x"]
    assert named(make_bundle("c", "onnx"), make_bundle("c/inside", "onnx")) == ["c", "c/inside"]


# -- wrong input -------------------------------------------------------------------------------------------------------


def refused(*bundles: Path, **settings: Any) -> EdgelmError:
    with pytest.raises(UsageError) as raised:
        Plan(BenchRequest(bundles, **settings))
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"seconds": 0.0}, "--seconds is 0"),
        ({"seconds": math.nan}, "--seconds is nan"),
        ({"seconds": math.inf}, "--seconds is inf"),
        ({"time_limit_s": -1.0}, "--time-limit is -1"),
        ({"processes": 0}, "--processes is 0"),
        ({"lengths": (0, 16)}, "--lengths is 0"),
        ({"lengths": (16, 65)}, "takes 65 tokens; the longest takes 64"),
        ({"max_size_mb": 0.0}, "--max-size-mb is 0"),
        ({"max_p50_ms": {"answer": -1.0}}, "--max-p50-ms answer is -1"),
        ({"max_p50_ms": {"17": 5.0}}, "Measured are: 16, 64."),
        ({"max_p50_ms": {"": 5.0}}, "names a length that is not measured"),
        ({"samples": Path("no such file")}, "no such file cannot be read"),
    ],
)
def test_numbers_nothing_can_be_measured_with(exported: Path, settings: dict[str, Any], told: str) -> None:
    assert told in str(refused(exported / "onnx", **settings))


def test_no_bundle_and_what_is_none(exported: Path, tmp_path: Path) -> None:
    assert "No BUNDLE given" in str(refused())
    assert "is no bundle" in str(refused(exported / "onnx", tmp_path))
    assert "is no bundle" in str(refused(tmp_path / "not there"))


def test_a_bundle_twice(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(exported / "onnx")
    for again in (exported / "onnx", exported / "tflite" / ".." / "onnx", tmp_path / "link"):
        assert "is given twice" in str(refused(exported / "onnx", again))


def test_a_changed_file(make_bundle: Any) -> None:
    changed = make_bundle("changed", "onnx")
    path = changed / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert "was changed since the export" in str(refused(changed))


def test_a_missing_toolchain_is_3(exported: Path, monkeypatch: pytest.MonkeyPatch, edgelm: Any) -> None:
    monkeypatch.setattr(registry, "missing_modules", lambda _: ("onnxruntime",))
    found = edgelm("bench", exported / "onnx")
    assert (found.code, found.out) == (3, "")
    assert "pip install 'edgelm[onnx]'" in found.err


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_output_that_cannot_be_written_is_told_first(
    edgelm: Any, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(Worker, "__init__", pytest.fail)
    found = edgelm("bench", exported / "onnx", "-o", tmp_path / place)
    assert (found.code, found.out) == (2, "")
    assert "Cannot write to" in found.err


def test_nothing_is_made_when_the_input_is_wrong(edgelm: Any, tmp_path: Path) -> None:
    assert edgelm("bench", tmp_path, "-o", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--max-p50-ms", "fast"), "--max-p50-ms 'fast' is not a number, nor KEY=NUMBER."),
        (("--max-p50-ms", "16="), "--max-p50-ms '16=' is not a number"),
        (("--lengths", "16,x"), "--lengths '16,x' is not a list of whole numbers."),
        (("--seconds", "soon"), "'soon' is not a valid float"),
        (("--threads", "0"), "--threads"),
        (("--max-instructions", "5"), "--max-instructions goes only with --instructions."),
        (("--instructions", "--seconds", "5"), "--seconds does not go with --instructions."),
        (("--instructions", "--time-limit", "5"), "--time-limit does not go with --instructions."),
        (("--instructions", "--max-p50-ms", "5"), "--max-p50-ms does not go with --instructions."),
    ],
)
def test_wrong_options(edgelm: Any, exported: Path, arguments: tuple[str, ...], told: str) -> None:
    found = edgelm("bench", exported / "onnx", *arguments)
    assert (found.code, found.out) == (2, "")
    assert told in found.err


# -- what is shown -----------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """The tags of a page, which must close in order, and its text."""

    VOID = ("meta", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_bench_as_a_table(edgelm: Any, exported: Path) -> None:
    found = edgelm("bench", exported / "onnx", exported / "tflite", *QUICK)
    assert (found.code, found.err) == (0, "")
    for word in ("onnx fp32", "tflite fp32", "64 tokens", "text to answer", "cold start", "memory", "ratio", "pass"):
        assert word in found.out


def test_json_and_files_tell_the_same(edgelm: Any, exported: Path, tmp_path: Path) -> None:
    arguments = ("bench", exported / "onnx", exported / "tflite", *QUICK, "-o", tmp_path / "new" / "out", "--json")
    found = edgelm(*arguments)
    told = json.loads(found.out, parse_constant=pytest.fail)
    assert (found.code, found.err) == (0, "")
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "new" / "out").iterdir()}
    assert set(files) == set(pages.NAMES)
    written = json.loads(files["bench.json"])
    assert written.pop("command").startswith("edgelm ")
    assert written == told
    first, second = told["bundles"]
    assert (first["bundle"], first["target"], second["target"]) == (str(exported / "onnx"), "onnx", "tflite")
    assert [(times["what"], times["tokens"]) for times in first["times"]] == [
        ("model", 16),
        ("model", 64),
        ("text to answer", None),
    ]
    for times in (*first["times"], first["cold_start_ms"], first["load_ms"]):
        flat = [ms for rounds in times["processes_ms"] for calls in rounds for ms in calls]
        assert len(flat) == times["runs"]
        assert times["p50_ms"] == pytest.approx(np.percentile(flat, 50), abs=1e-3)
        assert times["p95_ms"] == pytest.approx(np.percentile(flat, 95), abs=1e-3)
    assert first["times"][0]["ratio_to_first"] is None
    assert set(second["times"][0]["ratio_to_first"]) == {"value", "low", "high", "confidence"}
    assert told["facts"]["threads"] == 1


def test_a_missed_limit_is_told_on_stderr(edgelm: Any, exported: Path) -> None:
    found = edgelm("bench", exported / "onnx", *QUICK, "--max-p50-ms", "64=0.000001", "--max-size-mb", 1e-4)
    assert found.code == 6
    assert [line.split(" is ")[0] for line in found.err.splitlines()] == [
        "fail: onnx fp32: size, bundle",
        "fail: onnx fp32: latency, model, 64 tokens, p50",
    ]


def test_unmeasured_is_7_unless_allowed(edgelm: Any, make_bundle: Any) -> None:
    arm = make_bundle("arm", "onnx-arm64")
    found = edgelm("bench", arm, *QUICK)
    assert (found.code, found.err.startswith("unmeasured: onnx-arm64 fp32: ")) == (7, True)
    assert edgelm("bench", arm, *QUICK, "--allow-unmeasured").code == 0


def test_pages_show_everything(pair: Bench) -> None:
    page = Reader(pages.html(pair, "edgelm bench a b"))
    assert page.tags.count("svg") >= 8
    table = tables.overview(pair)
    markdown = pages.markdown(pair, "edgelm bench a b")
    for cell in (*table.columns, *table.rows[0], *table.rows[1], "edgelm bench a b", *pair.notes):
        assert cell in markdown
        assert cell in page.text.replace("\u00a0", " ") or cell == "pass"
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_what_a_name_holds_is_only_shown(make_bundle: Any) -> None:
    name = "<script>alert(1)</script> | a\n\n# b `c`"
    found = measured(make_bundle("odd", "onnx", model=name), make_bundle("other", "onnx", model="other"), processes=1)
    page = Reader(pages.html(found, "edgelm bench '<b>'"))
    assert "script" not in page.tags
    assert "b" not in page.tags
    markdown = pages.markdown(found, "")
    odd, other = (line for line in markdown.splitlines() if ", onnx fp32 | pass |" in line)
    assert odd.replace("\\|", "").count("|") == other.count("|")
    assert "\n# b" not in markdown


def test_many_calls_are_drawn_as_their_quantiles() -> None:
    values = [float(value) for value in np.random.default_rng(0).lognormal(0, 1, 5000)]
    shown = pages.drawn(values)
    assert len(shown) < 300
    for share in (50, 95):
        assert np.percentile(shown, share) == pytest.approx(np.percentile(values, share))
    assert pages.drawn(values[:10]) == values[:10]


# -- instructions ------------------------------------------------------------------------------------------------------


def test_counts_are_compared_on_each_machine(edgelm: Any, make_bundle: Any, tmp_path: Path) -> None:
    a = make_bundle("a", "counted", counts={"Small": 1000, "Large": 100}, precision="fp32")
    b = make_bundle("b", "counted", counts={"Small": 1500, "Large": 50}, precision="int8")
    found = edgelm("bench", "--instructions", a, b, "--lengths", "16,32", "-o", tmp_path / "out", "--json")
    assert found.code == 0
    told = json.loads(found.out)
    assert told["facts"]["instructions"] == "a regression gate, not milliseconds"
    rows = [(entry["machine"], entry["tokens"], entry["least"]) for entry in told["bundles"][1]["instructions"]]
    assert rows == [("Small", 16, 24000), ("Small", 32, 48000), ("Large", 16, 800), ("Large", 32, 1600)]
    assert [entry["ratio_to_first"] for entry in told["bundles"][1]["instructions"]] == [1.5, 1.5, 0.5, 0.5]
    assert "not milliseconds" in (tmp_path / "out" / "bench.md").read_text()
    assert Reader((tmp_path / "out" / "bench.html").read_text()).tags.count("svg") == 4
    table = edgelm("bench", "--instructions", a, b)
    assert "0.096 (1.500)" in table.out  # 1500 at the usual length, here the longest: 64


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (("64000",), 0),
        (("63999",), 6),
        (("Small=64000", "Large=6400"), 0),
        (("Small=64000", "Large=6399"), 6),
        (("6400", "Small=64000"), 0),
        (("Medium=5",), 2),
        (("0",), 2),
    ],
)
def test_a_limit_on_instructions(edgelm: Any, make_bundle: Any, limits: tuple[str, ...], code: int) -> None:
    bundle = make_bundle("a", "counted", counts={"Small": 1000, "Large": 100})
    options = [word for limit in limits for word in ("--max-instructions", limit)]
    assert edgelm("bench", "--instructions", bundle, *options).code == code


def test_a_bundle_that_gives_no_counts_is_red(edgelm: Any, make_bundle: Any) -> None:
    broken = make_bundle("a", "counted", counts={"Small": 1000})
    found = edgelm("bench", "--instructions", broken, make_bundle("b", "counted", counts={"Small": 1, "Large": 1}))
    assert found.code == 5
    assert "Large: It gave no counts." in found.err
    assert "pass" in found.out


def test_a_bundle_of_the_same_format_is_counted_by_the_target_that_can(edgelm: Any, make_bundle: Any) -> None:
    bundle = make_bundle("a", "openvino", counts={"Small": 1, "Large": 1})
    assert edgelm("bench", "--instructions", bundle).code == 0


def test_targets_without_counts_name_those_that_have_them(edgelm: Any, make_bundle: Any) -> None:
    found = edgelm("bench", "--instructions", make_bundle("a", "coreml"))
    assert (found.code, found.out) == (2, "")
    assert "instructions of target coreml cannot be counted; those of onnx-arm64, tflite-arm64" in found.err
    with pytest.raises(UsageError, match="cannot be counted"):
        registry.target("coreml").instructions(Path(), {}, (16,), 5)


def test_without_the_set_up_its_command_is_the_error(
    edgelm: Any, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    found = edgelm("bench", "--instructions", exported / "onnx")
    assert (found.code, found.out) == (3, "")
    assert "edgelm doctor --install arm64" in found.err
