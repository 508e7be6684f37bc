"""`edgelm diff`: what it says of healthy and damaged bundles, and with which exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import registry
from edgelm.cli import main
from edgelm.types import Tolerance, Tolerances


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """``diff(*arguments)``: the command in this process."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main(["diff", *map(str, arguments)])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def model(make_checkpoint: Any) -> Path:
    path: Path = make_checkpoint("bert", "text-classification")
    return path


@pytest.fixture(scope="session")
def healthy(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("diff")
    assert main(["export", str(model), "-t", "onnx", "-o", str(out)]) == 0
    return out / "onnx"


@pytest.fixture
def changed(healthy: Path, tmp_path: Path) -> Callable[[Callable[[Any], None]], Path]:
    """``changed(fault)``: a copy of the bundle after ``fault`` was made to its ONNX model."""

    def make(fault: Callable[[Any], None]) -> Path:
        import onnx

        bundle = tmp_path / "bundle"
        shutil.copytree(healthy, bundle)
        proto = onnx.load(bundle / "model.onnx")
        fault(proto)
        (bundle / "model.onnx").write_bytes(proto.SerializeToString())
        return bundle

    return make


def scale_weight(name: str, by: float) -> Callable[[Any], None]:
    """A fault: one constant is ``by`` times what it was."""

    def fault(proto: Any) -> None:
        (tensor,) = (tensor for tensor in proto.graph.initializer if tensor.name == name)
        tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) * np.float32(by)).tobytes()

    return fault


def rename_inner_tensors(proto: Any) -> None:
    """What other tools that rewrite a model do to its names."""
    outputs = {output.name for output in proto.graph.output}
    inner = {name for node in proto.graph.node for name in node.output} - outputs
    for node in proto.graph.node:
        for names in (node.input, node.output):
            names[:] = [f"renamed.{name}" if name in inner else name for name in names]


UP = "bert.encoder.layer.0.intermediate.dense.weight.T"


def test_a_healthy_bundle_text_by_text(diff: Any, healthy: Path, model: Path) -> None:
    found = diff(healthy, "--against", model)
    assert (found.code, found.err) == (0, "")
    assert "Hello there." in found.out
    assert "padded batch" in found.out
    assert "largest difference from the fp32 original: " in found.out.splitlines()[-1]


def test_a_healthy_bundle_operator_by_operator(diff: Any, healthy: Path, model: Path) -> None:
    found = diff(healthy, "--against", model, "--bisect")
    assert (found.code, found.err) == (0, "")
    assert found.out == ("no operator leaves the reference\n62 of 62 operators were compared, on 16 feeds.\n")
    everything = diff(healthy, "--against", model, "--bisect", "--all", "--text", "Hello there.")
    assert everything.code == 0
    assert everything.out.count(" layer_norm ") == 5
    assert "on 1 feed." in everything.out


def test_the_faulty_operator_and_those_around_it(diff: Any, changed: Any, model: Path) -> None:
    bundle = changed(scale_weight(UP, 1.5))
    found = diff(bundle, "--against", model, "--bisect")
    assert found.code == 5
    summary = found.out.splitlines()[-2]
    assert summary.startswith("first operator that leaves the reference: layers.0.up (linear), max abs ")
    assert " against a limit of " in summary
    assert found.out.count(" pass ") == 6
    assert found.out.count(" fail ") == 1
    assert "fail, logits vs fp32 original: max abs" in found.err
    assert f"note: {bundle / 'model.onnx'} was changed since the export." in found.err
    assert diff(bundle, "--against", model).code == 5


def test_a_fault_too_small_for_the_outputs_is_a_fault(diff: Any, changed: Any, model: Path) -> None:
    bundle = changed(scale_weight(UP, 1.0001))
    assert diff(bundle, "--against", model).code == 0
    found = diff(bundle, "--against", model, "--bisect")
    assert found.code == 5
    assert "layers.0.up (linear)" in found.out
    assert found.out.endswith("The outputs stay within the target's limits on these texts.\n")


def test_outputs_beyond_their_limits_without_a_faulty_operator(
    diff: Any, healthy: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target: Any = registry.target("onnx")
    none = Tolerance(max_abs=0.0)
    strict = replace(target, tolerances={"fp32": Tolerances(none, none, none)})
    monkeypatch.setitem(registry.targets(), "onnx", strict)  # type: ignore[arg-type]
    found = diff(healthy, "--against", model, "--bisect")
    assert found.code == 5
    assert "no operator leaves the reference" in found.out
    assert "The outputs are beyond the target's limits all the same" in found.out


def test_a_file_with_other_names_is_not_measured(diff: Any, changed: Any, model: Path) -> None:
    bundle = changed(rename_inner_tensors)
    assert diff(bundle, "--against", model).code == 0
    found = diff(bundle, "--against", model, "--bisect")
    assert found.code == 7
    assert found.out.startswith("not measured: ")
    assert "1 of 62 operators were compared" in found.out


def test_json_holds_everything(diff: Any, healthy: Path, changed: Any, model: Path) -> None:
    texts = json.loads(diff(healthy, "--against", model, "--text", "Hello.", "--text", "你好。", "--json").out)
    assert [(row["feed"], row["text"], row["output"]) for row in texts["texts"]] == [
        ("text 0", "Hello.", "logits"),
        ("text 1", "你好。", "logits"),
    ]
    assert {check["verdict"] for check in texts["checks"]} == {"pass"}
    found = diff(changed(scale_weight(UP, float("inf"))), "--against", model, "--bisect", "--json")
    bisection = json.loads(found.out)["bisection"]
    assert found.code == 5
    assert bisection["first"]["operators"] == [{"name": "layers.0.up", "op": "linear"}]
    assert bisection["first"]["max_abs"] in ("inf", "nan")
    assert len(bisection["findings"]) == bisection["operators"] == bisection["compared"] == 62


def test_a_file_that_does_not_run_fails_parity(diff: Any, changed: Any, model: Path) -> None:
    bundle = changed(lambda proto: proto.graph.node.pop(7))
    for extra in ((), ("--bisect",)):
        found = diff(bundle, "--against", model, *extra)
        assert (found.code, found.out) == (5, "")
        assert f"onnx does not run {bundle}: " in found.err


@pytest.mark.parametrize("extra", [(), ("--bisect",)], ids=["outputs", "operators"])
def test_a_runtime_that_crashes_fails_parity(
    diff: Any, healthy: Path, model: Path, monkeypatch: pytest.MonkeyPatch, extra: tuple[str, ...]
) -> None:
    target: Any = registry.target("onnx")

    def crash(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    crashing = type("Crashing", (type(target),), {"load": crash, "trace": crash})
    fields = {name: getattr(target, name) for name in target.__dataclass_fields__}
    monkeypatch.setitem(registry.targets(), "onnx", crashing(**fields))  # type: ignore[arg-type]
    found = diff(healthy, "--against", model, *extra)
    assert (found.code, found.out) == (5, "")
    assert f"onnx does not run {healthy}: it died of SIGKILL" in found.err


def test_another_model_is_refused(diff: Any, healthy: Path, make_checkpoint: Any) -> None:
    other = make_checkpoint("bert", "text-classification", num_hidden_layers=1)
    found = diff(healthy, "--against", other)
    assert (found.code, found.out) == (2, "")
    assert f"{other} is not what {healthy} was exported from" in found.err


def test_an_emulated_target_names_the_plain_one(diff: Any, healthy: Path, model: Path, tmp_path: Path) -> None:
    shutil.copytree(healthy, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "edgelm.json").read_text("utf-8"))
    (tmp_path / "bundle" / "edgelm.json").write_text(json.dumps(manifest | {"target": "onnx-arm64"}), "utf-8")
    found = diff(tmp_path / "bundle", "--against", model, "--bisect")
    assert (found.code, found.out) == (2, "")
    assert "export with --target onnx." in found.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "--against"), (("--against", "MODEL", "--all"), "Pass --bisect too")],
    ids=["no model", "all without bisect"],
)
def test_usage(diff: Any, healthy: Path, model: Path, arguments: tuple[str, ...], message: str) -> None:
    found = diff(healthy, *[str(model) if word == "MODEL" else word for word in arguments])
    assert (found.code, found.out) == (2, "")
    assert message in found.err


def test_a_folder_that_is_no_bundle(diff: Any, model: Path, tmp_path: Path) -> None:
    found = diff(tmp_path, "--against", model)
    assert (found.code, found.out) == (2, "")
    assert "is no bundle" in found.err
