"""Bundles in other versions of their runtime: what may be asked for, the replay here, and (slow) real old versions."""

from __future__ import annotations

import ast
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import environments
from edgelm.errors import ParityError, ToolchainError, UsageError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.remote import RemoteRunner
from edgelm.types import Array, Converter, ConvertRequest, Runner
from edgelm_converters.onnx import ONNX as ONNX_CONVERTER
from edgelm_converters.openvino import OPENVINO as OPENVINO_CONVERTER
from edgelm_converters.tflite import TFLITE as TFLITE_CONVERTER
from edgelm_targets import TARGETS, _openers
from edgelm_targets.base import BaseTarget
from edgelm_targets.coreml import COREML
from edgelm_targets.onnx import ONNX
from edgelm_targets.openvino import CPU_SERVER, OPENVINO
from edgelm_targets.pinned import FORMATS, PinnedTarget
from edgelm_targets.tflite import TFLITE

FORMS: Mapping[str, tuple[Converter, BaseTarget, str]] = {
    "tflite": (TFLITE_CONVERTER, TFLITE, "ai-edge-litert"),
    "onnx": (ONNX_CONVERTER, ONNX, "onnxruntime"),
    "openvino": (OPENVINO_CONVERTER, OPENVINO, "openvino"),
}
LENGTHS = ((1,), (17,), (9, 4, 3))
SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""


@dataclass(frozen=True)
class Case:
    """A bundle's folder and manifest, the feeds for it, and what the interpreter answers to each."""

    target: BaseTarget
    here: str
    """The distribution that this environment has."""
    folder: Path
    manifest: dict[str, Any]
    feeds: Sequence[Mapping[str, Array]]
    expected: Sequence[Mapping[str, Array]]

    def pinned(self) -> PinnedTarget:
        """The target in this very environment's version, as if that were another one."""
        version = environments.current().packages[self.here]
        target = self.target.in_runtime(f"{self.here}=={version}")
        assert isinstance(target, PinnedTarget)
        return replace(target, environment=environments.current())

    def difference(self, runner: Runner) -> tuple[float, float]:
        """The largest difference to the interpreter over all feeds, and the worst cosine."""
        worst, cosine = 0.0, 1.0
        for feed, expected in zip(self.feeds, self.expected, strict=True):
            real = feed["attention_mask"].astype(bool)
            want, got = expected["logits"][real], runner(feed)["logits"][real]
            worst = max(worst, float(np.abs(want - got).max()))
            cosine = min(cosine, float((want * got).sum() / np.linalg.norm(want) / np.linalg.norm(got)))
        return worst, cosine


@pytest.fixture(scope="module")
def make_case(
    make_checkpoint: Callable[..., Path], open_model: Any, make_batch: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Case]:
    """``make_case(form, precision="fp32", lengths=(), **options)``: a token classifier of two layers as that bundle."""
    made: dict[tuple[Any, ...], Case] = {}
    model: Model = open_model(make_checkpoint("bert", "token-classification", **SIZES))

    def make(form: str, precision: str = "fp32", lengths: tuple[int, ...] = (), **options: str) -> Case:
        key = (form, precision, lengths, *options.items())
        if key not in made:
            converter, target, here = FORMS[form]
            folder = tmp_path_factory.mktemp(f"{form}-{precision}")
            scheme = converter.precisions[precision]
            graph = rewrites.apply(model.graph("token-classification", 64), converter.rewrites)
            graph = quantize.apply_scheme(graph, scheme)
            artifact = converter.convert(graph, ConvertRequest(folder, scheme, 64, lengths, options))
            manifest = {"artifact": asdict(artifact), "lengths": lengths, "max_length": 64, "precision": precision}
            feeds = [make_batch(model, batch) for batch in LENGTHS]
            made[key] = Case(target, here, folder, manifest, feeds, [Interpreter(graph)(feed) for feed in feeds])
        return made[key]

    return make


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# -- what may be asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requirement",
    [
        "",
        "onnxruntime",
        "onnxruntime>=1.15",
        "onnxruntime==",
        "onnxruntime==1.15.*",
        "onnxruntime==latest",
        "onnxruntime == 1.15.1",
        "onnxruntime==1.15.1 ",
        "onnxruntime==1.15.1\n",
        "onnxruntime==1.15.1,<2",
        "onnxruntime[gpu]==1.15.1",
        "onnxruntime==1.15.1 --index-url=http://x",
        "onnxruntime==../../x",
        "onnxruntime==1/../../x",
        "-r==1",
        "==1.0",
    ],
)
def test_not_a_version_of_a_name(requirement: str) -> None:
    with pytest.raises(UsageError, match="is not of the form NAME==VERSION") as raised:
        ONNX.in_runtime(requirement)
    assert raised.value.hint == "For example: tflite-runtime==2.14.0"


@pytest.mark.parametrize(
    ("target", "requirement", "message"),
    [
        (TFLITE, "numpy==1.26.4", "numpy does not run tflite bundles. What does: tflite-runtime, ai-edge-litert, tens"),
        (TFLITE, "onnxruntime==1.15.1", "onnxruntime does not run tflite bundles."),
        (ONNX, "tflite-runtime==2.14.0", "tflite-runtime does not run onnx bundles. What does: onnxruntime."),
        (CPU_SERVER, "onnxruntime==1.15.1", "onnxruntime does not run openvino bundles. What does: openvino."),
        (COREML, "coremltools==8.0", "coremltools does not run coreml bundles. What does: nothing that pip installs"),
    ],
)
def test_a_distribution_that_does_not_run_the_format(target: BaseTarget, requirement: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        target.in_runtime(requirement)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("target", [target for target in TARGETS if target.converter in FORMATS], ids=lambda t: t.name)
def test_the_same_target_elsewhere(target: BaseTarget, cache: Path) -> None:
    """Also of one that is replayed on emulated ARM: its files are of a format like any other."""
    distribution = next(iter(FORMATS[target.converter].distributions))
    pinned = target.in_runtime(f"{distribution.replace('-', '_').upper()}==1.2.3")
    assert isinstance(pinned, PinnedTarget)
    for name in ("name", "description", "converter", "precision", "tolerances"):
        assert getattr(pinned, name) == getattr(target, name)
    assert pinned.requires == ()
    assert pinned.most_tokens is None
    assert pinned.versions == f"{distribution} 1.2.3"
    assert not cache.exists()


@pytest.mark.parametrize(
    ("target", "requirement", "beside", "without"),
    [
        (TFLITE, "tflite-runtime==2.14.0", ("numpy<2",), ()),
        (TFLITE, "ai-edge-litert==1.0.1", ("numpy<2",), ()),
        (TFLITE, "ai-edge-litert==1.2.0", (), ()),
        (TFLITE, "tensorflow==2.8.0", ("numpy<2", "protobuf<3.21"), ()),
        (TFLITE, "tensorflow-cpu==2.15.0.post1", ("numpy<2",), ()),
        (TFLITE, "tensorflow-cpu==2.18.0", (), ()),
        (ONNX, "onnxruntime==1.18.1", ("numpy<2",), ()),
        (ONNX, "onnxruntime==1.19", (), ()),
        (OPENVINO, "openvino==2024.0.0", ("numpy<2",), ("openvino-telemetry",)),
        (OPENVINO, "openvino==2025.3.0", (), ("openvino-telemetry",)),
    ],
)
def test_what_old_versions_need_and_do_not_say(
    target: BaseTarget, requirement: str, beside: tuple[str, ...], without: tuple[str, ...]
) -> None:
    pinned = target.in_runtime(requirement)
    assert isinstance(pinned, PinnedTarget)
    wanted = FORMATS[pinned.converter].distributions[pinned.distribution].wanted(pinned.distribution, pinned.version)
    assert wanted.requirement == requirement
    assert (wanted.beside, wanted.without) == (beside, without)


def test_the_openers_are_for_old_pythons_too() -> None:
    """They are written as Python 3.8 reads it, and import nothing of edgelm there."""
    tree = ast.parse(Path(_openers.__file__).read_text("utf-8"), feature_version=(3, 8))
    imported = {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "importlib", "pathlib", "typing"}


# -- the replay, in this environment's own version ---------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("form", FORMS)
def test_answers_as_in_this_process(form: str, precision: str, make_case: Callable[..., Case]) -> None:
    """The same bits: the same version, on as many threads, over any batch and length."""
    case = make_case(form, precision)
    native, there = (target.load(case.folder, case.manifest, 1) for target in (case.target, case.pinned()))
    for feed in case.feeds:
        np.testing.assert_array_equal(there(feed)["logits"], native(feed)["logits"], strict=True)
    worst, cosine = case.difference(there)
    assert worst < 1e-4 if precision != "int8" else cosine > 0.98


def test_fixed_lengths(make_case: Callable[..., Case]) -> None:
    case = make_case("tflite", lengths=(16, 32))
    worst, _ = case.difference(case.pinned().load(case.folder, case.manifest, 1))
    assert worst < 1e-4


def test_tflite_with_and_without_its_delegate(make_case: Callable[..., Case]) -> None:
    case = make_case("tflite")
    machines = case.pinned().machines
    assert list(machines) == ["XNNPACK", "plain kernels"]
    outputs = [machine.load(case.folder, case.manifest, 1)(case.feeds[1])["logits"] for machine in machines.values()]
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-5)
    assert not np.array_equal(*outputs)


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_one_machine_where_there_is_no_choice_of_kernels(form: str, make_case: Callable[..., Case]) -> None:
    assert list(make_case(form).pinned().machines) == [""]


def test_openvino_keeps_the_target_s_own_settings(make_case: Callable[..., Case]) -> None:
    """cpu-server lets int8 layers quantize their inputs, the format's own target does not."""
    case = make_case("openvino", "int8")
    exact = case.pinned().load(case.folder, case.manifest, 1)(case.feeds[1])["logits"]
    fast_case = replace(case, target=CPU_SERVER)
    fast = fast_case.pinned().load(case.folder, case.manifest, 1)(case.feeds[1])["logits"]
    native = CPU_SERVER.load(case.folder, case.manifest, 1)(case.feeds[1])["logits"]
    np.testing.assert_array_equal(fast, native)
    assert not np.array_equal(fast, exact)


def test_the_versions_are_told(make_case: Callable[..., Case]) -> None:
    case = make_case("onnx")
    assert case.pinned().versions == case.target.versions
    assert case.pinned().versions.startswith("onnxruntime 1.")
    assert case.pinned().emulated == f"{case.pinned().versions}, in an environment of its own"
    assert case.pinned().unmeasured is None


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_without_its_environment_nothing_is_measured(cache: Path, make_case: Callable[..., Case]) -> None:
    case = make_case("onnx")
    target = case.target.in_runtime("onnxruntime==1.15.1")
    assert target.unmeasured == "onnxruntime==1.15.1 is not installed in its own environment"
    with pytest.raises(ToolchainError, match="is not installed in its own environment") as raised:
        target.load(case.folder, case.manifest, 1)
    assert raised.value.hint == f"Run: edgelm validate {case.folder} --runtime onnxruntime==1.15.1"
    assert not cache.exists()


def test_a_broken_environment(make_case: Callable[..., Case], tmp_path: Path) -> None:
    """The command to make it again is in the message."""
    case = make_case("onnx")
    python = tmp_path / "runtime" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ImportError: libgomp.so.1: cannot open shared object file" >&2\nexit 1\n')
    python.chmod(0o755)
    environment = replace(environments.current(), python=python)
    with pytest.raises(ToolchainError, match="exit status 1: ImportError: libgomp") as raised:
        replace(case.pinned(), environment=environment).load(case.folder, case.manifest, 1)
    assert raised.value.hint.startswith(f"Remove {tmp_path / 'runtime'} and run: edgelm validate ")


@pytest.mark.parametrize("form", FORMS)
def test_a_model_the_runtime_refuses(form: str, make_case: Callable[..., Case], tmp_path: Path) -> None:
    case = make_case(form)
    for name in case.manifest["artifact"]["files"]:
        (tmp_path / name).write_bytes((case.folder / name).read_bytes()[:1000])
    with pytest.raises(ParityError) as raised:
        case.pinned().load(tmp_path, case.manifest, 1)
    assert str(raised.value).startswith(f"{form} in {case.pinned().versions}: the runtime's process died ")
    assert "\n" not in str(raised.value)


def test_a_process_that_is_killed(make_case: Callable[..., Case]) -> None:
    case = make_case("onnx")
    runner = case.pinned().load(case.folder, case.manifest, 1)
    assert isinstance(runner, RemoteRunner)
    os.kill(runner.pid, signal.SIGSEGV)
    with pytest.raises(
        ParityError, match=r"onnx in onnxruntime 1\.\S+ on Python .*: the runtime's process died of SIGSEGV"
    ):
        runner(case.feeds[0])


def test_a_process_that_hangs(make_case: Callable[..., Case]) -> None:
    case = make_case("onnx")
    runner = case.pinned().load(case.folder, case.manifest, 1)
    assert isinstance(runner, RemoteRunner)
    os.kill(runner.pid, signal.SIGSTOP)
    runner.most_seconds = 0.2
    with pytest.raises(ParityError, match=r"onnx in onnxruntime .*: no answer within 0\.2 s"):
        runner(case.feeds[0])


# -- real old versions -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_a_version_that_never_was() -> None:
    with pytest.raises(ToolchainError, match=r"no wheel of tflite-runtime 2\.99\.0 .* there are 2\.9\.1"):
        TFLITE.in_runtime("tflite-runtime==2.99.0").install(lambda _: None)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize(
    ("form", "requirement"),
    [
        ("tflite", "tflite-runtime==2.14.0"),
        ("tflite", "ai-edge-litert==1.0.1"),
        ("tflite", "tensorflow-cpu==2.15.1"),
        ("onnx", "onnxruntime==1.16.3"),
        ("openvino", "openvino==2024.0.0"),
    ],
)
def test_answers_as_the_graph_in_real_old_versions(
    form: str, requirement: str, precision: str, make_case: Callable[..., Case]
) -> None:
    """fp32 to the last digits; int8 rounds, and may round the other way, at each of two layers."""
    for lengths in ((), (16, 32)) if form == "tflite" else ((),):
        case = make_case(form, precision, lengths)
        target = case.target.in_runtime(requirement)
        target.install(print)
        for title, machine in target.machines.items():
            worst, cosine = case.difference(machine.load(case.folder, case.manifest, 2))
            print(f"{precision} {lengths or 'any length'} {machine.versions} {title}: {worst:.1e} {cosine:.6f}")
            assert worst < 1e-4 if precision != "int8" else cosine > 0.98


@pytest.mark.slow
def test_a_file_for_newer_runtimes_is_refused_by_an_old_one(make_case: Callable[..., Case]) -> None:
    """int8 layers carry their own scales from TFLite 2.17 on; the message names the operator."""
    case = make_case("tflite", "int8", (), minimum_runtime="2.17")
    assert case.difference(case.pinned().load(case.folder, case.manifest, 1))[1] > 0.98
    target = case.target.in_runtime("tflite-runtime==2.14.0")
    target.install(print)
    with pytest.raises(ParityError, match="Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'"):
        target.load(case.folder, case.manifest, 1)
