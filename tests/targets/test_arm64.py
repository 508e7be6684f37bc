"""What the ARM targets do without an ARM machine: a replay by the same code, and the messages of the set-up."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.environments import building
from edgelm.errors import ParityError, ToolchainError
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH
from edgelm.remote import RemoteRunner
from edgelm.types import ConvertRequest, Tolerance
from edgelm_converters.onnx import ONNX as CONVERTER
from edgelm_targets import arm64, arm64_setup
from edgelm_targets.arm64 import ONNX_ARM64, TFLITE_ARM64
from edgelm_targets.onnx import ONNX


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with a dpkg."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    write_tool(folder / "dpkg", "echo amd64")
    return folder


def write_tool(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def write_stamp(cache: Path, **changes: Any) -> None:
    installed = {module: arm64_setup._installed(module) for module in arm64_setup.RUNTIMES}
    (cache / "arm64").mkdir(parents=True, exist_ok=True)
    stamp = {"schema": arm64_setup.SCHEMA, **installed, **changes}
    (cache / "arm64" / "stamp.json").write_text(json.dumps(stamp), "utf-8")


# -- the other process -------------------------------------------------------------------------------------------------


def test_replays_a_real_model_exactly(tmp_path: Path) -> None:
    """Here in the same onnxruntime: the same bits, for several shapes and with int32 ids in."""
    b = GraphBuilder()
    table = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    rows = b.op("gather", b.constant("table", table), b.input("input_ids", "int32", (BATCH, LENGTH)), name="rows")
    graph = b.build((b.op("softmax", rows, name="y"),))
    artifact = CONVERTER.convert(graph, ConvertRequest(tmp_path, CONVERTER.precisions["fp32"], 64))
    manifest = {"artifact": asdict(artifact), "lengths": []}
    native = ONNX.load(tmp_path, manifest, 1)
    call = arm64.open_call(ONNX_ARM64.original, ONNX_ARM64.requires, tmp_path, manifest, 1)
    paths = {"PYTHONPATH": ":".join(map(str, arm64._PACKAGES))}
    replay = RemoteRunner("here", [sys.executable, "-P", "-B"], paths, call)
    replay.open()
    for shape in ((1, 1), (3, 7)):
        feed = {"input_ids": np.random.default_rng(1).integers(0, 20, shape, dtype=np.int32)}
        for name, values in native(feed).items():
            np.testing.assert_array_equal(replay(feed)[name], values, strict=True)


# -- two CPU models ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tolerance", "actual", "differs"),
    [
        (Tolerance(max_abs=1e-4), [1.0, 2.0, 3.0001], False),
        (Tolerance(max_abs=1e-4), [1.0, 2.0, 3.001], True),
        (Tolerance(min_cosine=0.99), [1.0, 2.0, 3.1], False),
        (Tolerance(min_cosine=0.99), [3.0, 2.0, 1.0], True),
        (Tolerance(max_abs=1e-4), [1.0, 2.0, np.nan], True),
        (Tolerance(min_cosine=0.99), [0.0, 0.0, 0.0], True),
    ],
)
def test_cpu_models_must_agree(tolerance: Tolerance, actual: list[float], differs: bool) -> None:
    want, got = np.asarray([1.0, 2.0, 3.0], np.float32), np.asarray(actual, np.float32)
    if not differs:
        arm64._check_same("logits on A76", want, got, tolerance)
        return
    with pytest.raises(ParityError, match="logits on A76 differs from the other CPU model's"):
        arm64._check_same("logits on A76", want, got, tolerance)


@pytest.mark.parametrize("target", [ONNX_ARM64, TFLITE_ARM64], ids=lambda target: target.name)
def test_a_report_has_a_machine_for_each_cpu(target: arm64.Arm64Target) -> None:
    assert list(target.machines) == ["Cortex-A53", "Cortex-A76"]
    assert [machine.cpus for machine in target.machines.values()] == [("cortex-a53",), ("cortex-a76",)]
    assert {machine.name for machine in target.machines.values()} == {target.name}
    assert all(
        f"{target.requires[0]} under qemu, on {cpu}" in str(one.emulated) for cpu, one in target.machines.items()
    )


# -- the set-up --------------------------------------------------------------------------------------------------------


def test_without_a_set_up_nothing_is_measured(cache: Path, tmp_path: Path) -> None:
    assert arm64_setup.folder() == cache / "arm64"
    for target in (ONNX_ARM64, TFLITE_ARM64):
        assert target.unmeasured == f"the emulated ARM machine is not set up; run: {arm64_setup.COMMAND}"
        with pytest.raises(ToolchainError, match="is not set up; run: edgelm doctor"):
            target.load(tmp_path, {}, 1)


def test_the_stamp_must_name_the_version_installed_here(cache: Path) -> None:
    write_stamp(cache)
    assert ONNX_ARM64.unmeasured is None
    assert TFLITE_ARM64.unmeasured is None
    assert TFLITE_ARM64.versions.startswith(f"ai-edge-litert {arm64_setup._installed('ai_edge_litert')} on Python ")
    write_stamp(cache, onnxruntime="1.0.0")
    assert ONNX_ARM64.unmeasured is not None
    assert "has onnxruntime 1.0.0, this environment" in ONNX_ARM64.unmeasured
    assert TFLITE_ARM64.unmeasured is None


@pytest.mark.parametrize("stamp", ["", "{", '{"schema": 0}'])
def test_a_stamp_that_says_nothing_is_no_set_up(stamp: str, cache: Path) -> None:
    (cache / "arm64").mkdir(parents=True)
    (cache / "arm64" / "stamp.json").write_text(stamp, "utf-8")
    assert "is not set up" in str(ONNX_ARM64.unmeasured)


def test_a_runtime_that_is_not_here_has_no_version(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stamp(cache)
    monkeypatch.setitem(arm64_setup.RUNTIMES, "onnxruntime", "no-such-distribution")
    assert "onnxruntime is not installed here" in str(ONNX_ARM64.unmeasured)


def test_a_second_call_does_nothing(cache: Path, tools: Path) -> None:
    write_stamp(cache)
    write_tool(tools / "apt-get", "exit 1")
    assert arm64_setup.install() == cache / "arm64"


@pytest.mark.usefixtures("tools")
def test_no_apt(cache: Path) -> None:
    with pytest.raises(ToolchainError, match="there is no apt-get here") as raised:
        arm64_setup.install()
    assert "Debian 12" in raised.value.hint
    assert list(cache.iterdir()) == []


APT_FAILURES = {
    "no network, so that update warns and exits 0": (
        'echo "W: Failed to fetch InRelease  Could not connect." >&2; echo "W: Some were ignored." >&2',
        "No package list could be read: W: Failed to fetch InRelease  Could not connect. Check the network",
    ),
    "no such package": (
        'for last; do :; done; case "$last" in update) touch "$(dirname "$4")/lists/x_Packages";;'
        ' *) echo "E: Unable to locate package python3" >&2; exit 100;; esac',
        "Downloading qemu-user-static:amd64 failed: E: Unable to locate package python3. Check the network",
    ),
    "a silent failure": ("exit 7", "Reading the package lists failed: exit status 7. Check the network"),
}


@pytest.mark.parametrize("failure", APT_FAILURES)
def test_apt_fails(failure: str, cache: Path, tools: Path) -> None:
    script, message = APT_FAILURES[failure]
    write_tool(tools / "apt-get", f"PATH=/usr/bin:/bin\n{script}")
    with pytest.raises(ToolchainError) as raised:
        arm64_setup.install()
    assert message in str(raised.value)
    assert str(raised.value).endswith("run the same command again.")
    assert list(cache.iterdir()) == []


def test_apt_keeps_to_its_folder(cache: Path, tools: Path, tmp_path: Path) -> None:
    """Lists, state, downloads and logs are its own; no hook of the machine's runs."""
    write_tool(tools / "apt-get", f'/bin/cp "$4" {tmp_path}/apt.conf; exit 1')
    with pytest.raises(ToolchainError):
        arm64_setup.install()
    lines = (tmp_path / "apt.conf").read_text("utf-8").splitlines()
    places = [line.split('"')[1] for line in lines if line.startswith("Dir::")]
    assert len(places) == 6
    assert all(place.startswith(f"{cache}/.arm64.") for place in places)
    assert {"#clear APT::Update::Post-Invoke;", "#clear APT::Update::Post-Invoke-Success;"} <= set(lines)
    assert 'APT::Architectures { "arm64"; "amd64"; };' in lines


def test_a_cache_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ToolchainError, match="failed: Not a directory") as raised:
        arm64_setup.install()
    assert "EDGELM_CACHE" in raised.value.hint


def test_nothing_to_set_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm64_setup, "RUNTIMES", {"no_runtime": "no-such-distribution"})
    with pytest.raises(ToolchainError, match="No runtime to set up is installed") as raised:
        arm64_setup.install()
    assert "pip install" in raised.value.hint
    assert not cache.exists()


def test_an_older_set_up_makes_way_only_for_a_finished_one(cache: Path, tools: Path) -> None:
    write_stamp(cache, onnxruntime="1.0.0")
    write_tool(tools / "apt-get", "exit 1")
    with pytest.raises(ToolchainError):
        arm64_setup.install()
    assert [path.name for path in cache.iterdir()] == ["arm64"]
    with building(cache / "arm64") as partial:
        (partial / "new").touch()
    assert [path.name for path in (cache / "arm64").iterdir()] == ["new"]
    assert [path.name for path in cache.iterdir()] == ["arm64"]


def test_each_cpu_model_has_its_own_cpuinfo(tmp_path: Path) -> None:
    """With another core's features onnxruntime runs instructions that the CPU model lacks, and dies of SIGILL."""
    for cpu in arm64_setup.CPUS.values():
        arm64_setup._write_prefix(tmp_path, cpu)
        text = (tmp_path / cpu.model / "proc" / "cpuinfo").read_text("ascii")
        assert text.count(f"CPU part\t: {cpu.part}\n") == 4
        assert ("asimddp" in text) == (cpu.model == "cortex-a76")
        assert (tmp_path / cpu.model / "sys/devices/system/cpu/possible").read_text("ascii") == "0-3\n"
