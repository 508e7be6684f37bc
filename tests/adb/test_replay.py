"""`edgelm bench --adb`, all of it real but the phone: what is built and copied runs as it was copied, under qemu."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import kits
from edgelm.bench import selftest
from edgelm.bench.adb import AdbPlan, AdbRequest, bench
from edgelm.bench.result import Bench, What
from edgelm.bundle import MANIFEST, sha256, write_json
from edgelm.cli import main
from edgelm.types import Verdict

from .conftest import FakePhone

QUICK: dict[str, Any] = {"seconds": 0.02, "processes": 1, "threads": 1, "lengths": (8, 24)}


def measured(*bundles: Path, **settings: Any) -> Bench:
    return bench(AdbPlan(AdbRequest(bundles, **{**QUICK, **settings})), lambda _: None)


def test_the_program_is_built_without_a_warning(tmp_path: Path) -> None:
    sources = sorted((kits.place("android_demo") / "native").glob("*.c"))
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
    command = [selftest.COMPILER, *selftest.FLAGS, *strict, "-o", tmp_path / "selftest", *sources]
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_both_runtimes_replay_the_golden_texts(arm_phone: FakePhone, exported: Path) -> None:
    found = measured(exported / "onnx", exported / "tflite", exported / "fixed" / "tflite", processes=2)
    for row in found.rows:
        assert (row.failure, row.verdict) == ("", Verdict.PASS)
        replayed = {check.name: check for check in row.checks if check.group == "parity"}
        error = replayed["logits vs golden: max abs"]
        assert error.value is not None
        assert error.limit is not None
        assert 0 < error.value < 1e-4 <= error.limit
        assert set(row.times) == {What(8), What(24)}
        assert all(len(times.processes) == 2 and min(times.ms) > 0 for times in row.times.values())
        assert len(row.loads) == 2
        assert row.peak_mb is not None
        assert row.peak_mb > 5
        assert row.cpu_s > 0
    assert [row.runtime.split()[0] for row in found.rows] == ["onnxruntime", "ai-edge-litert", "ai-edge-litert"]
    assert found.facts["device"] == "Fake Folder 2"
    assert not list(arm_phone.root.iterdir())


def test_the_command_prints_the_table_and_names_the_phone(
    arm_phone: FakePhone, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm_phone.update(hides_status=True)  # as before Android 7
    quick = ["--seconds", "0.02", "--processes", "1", "--lengths", "16", "--serial", "R5CT"]
    code = main(["bench", "--adb", str(exported / "onnx"), *quick, "-o", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert code == 0
    assert "phone: Fake Folder 2, SoC FS-1, Android 15, ABI arm64-v8a, threads" in printed
    assert "onnx fp32: logits vs golden: max abs" in printed
    assert "16 tokens" in printed
    written = json.loads((tmp_path / "out" / "bench.json").read_text("utf-8"))
    assert written["facts"]["device"] == "Fake Folder 2"
    assert [times["tokens"] for times in written["bundles"][0]["times"]] == [16]
    assert "Fake Folder 2" in (tmp_path / "out" / "bench.md").read_text("utf-8")


@pytest.mark.usefixtures("arm_phone")
def test_outputs_other_than_the_golden_ones_fail(exported: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "altered"
    shutil.copytree(exported / "tflite", bundle)
    name = next(path.name for path in sorted((bundle / "golden").glob("0.logits.bin")))
    values = np.fromfile(bundle / "golden" / name, "<f4")
    (values + np.float32(0.01)).tofile(bundle / "golden" / name)
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    manifest["files"][f"golden/{name}"]["sha256"] = sha256(bundle / "golden" / name)
    write_json(bundle / MANIFEST, manifest)
    found = measured(bundle)
    assert found.rows[0].verdict is Verdict.FAIL
    assert "max abs is 0.01" in found.rows[0].failure
    assert found.exit_code() == 5


@pytest.mark.usefixtures("arm_phone")
def test_a_bundle_without_golden_texts_is_unmeasured(exported: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "empty"
    shutil.copytree(exported / "tflite", bundle)
    golden = bundle / "golden" / "golden.json"
    write_json(golden, {**json.loads(golden.read_text("utf-8")), "cases": []})
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    manifest["files"]["golden/golden.json"]["sha256"] = sha256(golden)
    write_json(bundle / MANIFEST, manifest)
    found = measured(bundle)
    assert found.rows[0].verdict is Verdict.UNMEASURED
    assert found.exit_code() == 7


@pytest.mark.usefixtures("arm_phone")
def test_limits_are_kept_or_missed(exported: Path) -> None:
    bundle = exported / "tflite"
    assert measured(bundle, max_p50_ms={"8": 1e6}, max_memory_mb=1e6, max_size_mb=1e3).exit_code() == 0
    assert measured(bundle, max_p50_ms={"24": 1e-6}).exit_code() == 6


@pytest.mark.usefixtures("arm_phone")
def test_a_model_that_the_runtime_refuses_is_red_and_the_others_are_finished(exported: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(exported / "onnx", broken)
    (broken / "model.onnx").write_bytes(b"no model")
    manifest = json.loads((broken / MANIFEST).read_text("utf-8"))
    manifest["files"]["model.onnx"]["sha256"] = sha256(broken / "model.onnx")
    write_json(broken / MANIFEST, manifest)
    found = measured(broken, exported / "tflite")
    assert found.rows[0].failure.startswith("On the phone: ")
    assert "model" in found.rows[0].failure
    assert found.rows[1].verdict is Verdict.PASS
    assert found.exit_code() == 5


@pytest.mark.parametrize("library", ["libstdc++.so.6", "libonnx.so"])
def test_a_library_that_did_not_arrive_is_named(arm_phone: FakePhone, exported: Path, library: str) -> None:
    """So nothing of this machine stands in for what the phone has not."""
    arm_phone.update(forgets=[library])
    found = measured(exported / "onnx")
    assert library in found.rows[0].failure
    assert not list(arm_phone.root.iterdir())


def test_a_crash_is_told_by_its_signal(arm_phone: FakePhone, exported: Path) -> None:
    arm_phone.update(scripts={"exec ": "kill -SEGV $$; exec "})
    found = measured(exported / "onnx")
    assert "it died of SIGSEGV" in found.rows[0].failure


def test_a_run_that_hangs_is_ended_on_the_phone(arm_phone: FakePhone, exported: Path) -> None:
    arm_phone.update(scripts={"exec ": "exec sleep 300; exec "})
    started = time.monotonic()
    code = main(["bench", "--adb", str(exported / "onnx"), "--lengths", "8", "--time-limit", "2", "--processes", "1"])
    assert code == 7
    assert time.monotonic() - started < 60
    assert not list(arm_phone.root.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_on_the_phone(arm_phone: FakePhone, exported: Path, number: signal.Signals) -> None:
    arm_phone.update(scripts={"exec ": "exec sleep 300; exec "})
    command = [sys.executable, "-m", "edgelm", "bench", "--adb", str(exported / "onnx"), "--lengths", "8"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    pid = wait_for(arm_phone.root)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert not list(arm_phone.root.iterdir())
    assert not is_running(pid)


def wait_for(root: Path) -> int:
    """The process that runs on the phone, once there is one."""
    for _ in range(600):
        found = [path.read_text("utf-8").strip() for path in root.glob("*/*/pid")]
        if found and found[0]:
            return int(found[0])
        time.sleep(0.1)
    raise AssertionError("nothing was started on the phone")


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only its entry until its parent asks."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
