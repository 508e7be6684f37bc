"""`edgelm validate`: a finished bundle held against its source, its golden files, and other runtimes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import golden, registry, report
from edgelm.audit import Audit, AuditRequest
from edgelm.bundle import MANIFEST, sha256, write_json
from edgelm.calibrate import FILE as QUANTIZATION
from edgelm.cli import main
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Check, Report, Verdict


@pytest.fixture(scope="module")
def classifier(make_checkpoint: Any) -> Path:
    return make_checkpoint("bert", "text-classification")


@pytest.fixture(scope="module")
def exported(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A healthy bundle, not to be changed."""
    out = tmp_path_factory.mktemp("audit")
    (found,) = export(Plan(ExportRequest(str(classifier), ("onnx",), out, threads=1)), lambda *_: None)
    return Path(found.bundle)


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(exported, tmp_path / "onnx")


def audit(bundle: Path, **settings: Any) -> Report:
    return Audit(AuditRequest(bundle, threads=1, **settings), lambda _: None).run()


def failures(found: Report) -> dict[str, Check]:
    return {check.name: check for check in found.checks if check.verdict is Verdict.FAIL}


def change_manifest(bundle: Path, change: Callable[[dict[str, Any]], object], *files: str) -> None:
    """Change edgelm.json, and take over the digests of those files as they are now."""
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    change(manifest)
    for name in files:
        manifest["files"][name] = {"sha256": sha256(bundle / name), "bytes": (bundle / name).stat().st_size}
    write_json(bundle / MANIFEST, manifest)


def test_a_healthy_bundle_passes_and_stays_as_it_is(exported: Path, classifier: Path) -> None:
    before = {path: path.read_bytes() for path in exported.rglob("*") if path.is_file()}
    found = audit(exported, model=str(classifier))
    assert found.verdict is Verdict.PASS
    assert {check.group for check in found.checks} == {"integrity", "parity", "invariance", "latency", "size"}
    assert len(found.text_errors) > 10
    assert found.request == {"bundle": str(exported), "model": str(classifier), "threads": 1}
    assert {path: path.read_bytes() for path in exported.rglob("*") if path.is_file()} == before


def test_without_its_model_only_the_golden_files_speak(exported: Path) -> None:
    found = audit(exported)
    assert found.verdict is Verdict.UNMEASURED
    assert [check.reason for check in found.checks if check.verdict is Verdict.UNMEASURED] == [
        "the model it was exported from is not at hand: pass --against MODEL"
    ]
    assert any(check.name.startswith("logits vs fp32 graph") for check in found.checks)
    assert report.exit_code([found]) == 7


def test_by_hugging_faces_own_module(exported: Path, classifier: Path) -> None:
    found = audit(exported, model=str(classifier), hugging_face=True)
    assert found.verdict is Verdict.PASS
    assert any("transformers" in check.name and "torch" in check.name for check in found.checks)


@pytest.mark.parametrize("has_model", [True, False])
def test_a_changed_file_is_named(bundle: Path, classifier: Path, has_model: bool) -> None:
    content = bytearray((bundle / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (bundle / "model.onnx").write_bytes(content)
    found = audit(bundle, model=str(classifier) if has_model else None)
    assert failures(found)["files changed since the export"].reason == "model.onnx"
    assert report.exit_code([found]) == 5


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_what_no_runtime_opens_is_a_finding(bundle: Path, classifier: Path, content: bytes) -> None:
    (bundle / "model.onnx").write_bytes(content)
    change_manifest(bundle, lambda _: None, "model.onnx")
    found = audit(bundle, model=str(classifier))
    assert list(failures(found)) == ["runs in its runtime"]
    assert failures(found)["runs in its runtime"].reason


def test_labels_in_another_order(bundle: Path, classifier: Path) -> None:
    change_manifest(bundle, lambda manifest: manifest["labels"].reverse())
    found = audit(bundle, model=str(classifier))
    assert {name: check.reason for name, check in failures(found).items()} == {
        "manifest entries other than the original's": "labels"
    }


def test_a_bundle_of_another_model(exported: Path, make_checkpoint: Any) -> None:
    found = audit(exported, model=str(make_checkpoint("bert", "text-classification", hidden_size=48)))
    failed = failures(found)
    assert "source" in failed["manifest entries other than the original's"].reason
    assert any(name.startswith("logits vs fp32 original") for name in failed)


def test_a_tokenizer_that_keeps_case(bundle: Path, classifier: Path) -> None:
    path = bundle / "tokenizer.json"
    state = json.loads(path.read_text("utf-8"))
    state["normalizer"]["lowercase"] = False
    path.write_text(json.dumps(state), "utf-8")
    change_manifest(bundle, lambda _: None, "tokenizer.json")
    for found in (audit(bundle, model=str(classifier)), audit(bundle)):
        assert "texts tokenized otherwise than by the original" in failures(found)


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_golden_files_of_another_text(bundle: Path, classifier: Path, part: str) -> None:
    content = json.loads((bundle / "golden" / "golden.json").read_text("utf-8"))
    entry = next(iter(content["cases"][0][part].values()))
    values = np.fromfile(
        bundle / "golden" / entry["file"], entry["dtype"].replace("int64", "<i8").replace("float32", "<f4")
    )
    (bundle / "golden" / entry["file"]).write_bytes((values + 1).astype(values.dtype).tobytes())
    change_manifest(bundle, lambda _: None, f"golden/{entry['file']}")
    failed = failures(audit(bundle, model=str(classifier)))
    assert all("golden" in name for name in failed)
    assert failed


def test_golden_files_are_read_back(exported: Path) -> None:
    cases = golden.read(exported)
    assert len(cases) == 6
    for case in cases:
        assert case.inputs["input_ids"].shape == case.inputs["attention_mask"].shape
        assert case.outputs["logits"].shape == (1, 3)
    assert any(isinstance(case.text, str) for case in cases)


@pytest.mark.parametrize("damage", ["missing", "short", "not JSON", "no cases"])
def test_damaged_golden_files_are_refused(bundle: Path, damage: str) -> None:
    index = bundle / "golden" / "golden.json"
    entry = next(iter(json.loads(index.read_text("utf-8"))["cases"][0]["inputs"].values()))
    if damage == "missing":
        (bundle / "golden" / entry["file"]).unlink()
    elif damage == "short":
        (bundle / "golden" / entry["file"]).write_bytes(b"123")
    else:
        index.write_text("{" if damage == "not JSON" else "{}")
    with pytest.raises(UsageError):
        golden.read(bundle)


@pytest.mark.parametrize("settings", [{"evaluation": Path("x.tsv")}, {"samples": Path("x")}, {"hugging_face": True}])
def test_what_needs_the_model_says_so(exported: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="needs the model the bundle was exported from"):
        audit(exported, **settings)


def test_a_runtime_that_reads_other_files_is_refused(exported: Path) -> None:
    with pytest.raises(UsageError, match="onnxruntime"):
        audit(exported, runtime="tflite-runtime==2.14.0")


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_writes_its_report_where_it_is_told(
    exported: Path, classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["validate", str(exported), "--against", str(classifier), "-o", str(tmp_path / "a" / "b"), "--json"]
    assert main(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["verdict"] == "pass"
    assert json.loads((tmp_path / "a" / "b" / "report.json").read_text("utf-8"))["verdict"] == "pass"
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {"report.json", "report.md", "report.html"}


def test_the_commands_exit_codes(
    bundle: Path, classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    against = ("--against", str(classifier))
    assert main(["validate", str(bundle)]) == 7
    assert main(["validate", str(bundle), "--allow-unmeasured"]) == 0
    change_manifest(bundle, lambda manifest: manifest["labels"].reverse())
    assert main(["validate", str(bundle), *against]) == 5
    assert "labels" in capsys.readouterr().err
    assert main(["validate", str(tmp_path / "none"), *against]) == 2
    assert main(["validate", str(bundle), "--against", str(tmp_path / "none")]) == 2
    assert main(["validate", str(bundle), *against, "--max-drop", "0.1"]) == 2
    (tmp_path / "file").write_text("")
    assert main(["validate", str(bundle), *against, "-o", str(tmp_path / "file")]) == 2


# -- how it was quantized ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def static_model(make_checkpoint: Any) -> Path:
    return Path(make_checkpoint("bert", hidden_size=64, intermediate_size=128))


@pytest.fixture(scope="module")
def static_exports(static_model: Path, make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Static bundles of two models of one shape, not to be changed."""
    models = [static_model, make_checkpoint("bert", hidden_size=64, intermediate_size=128, initializer_range=0.03)]
    out = tmp_path_factory.mktemp("static")
    return [_static(model, out / str(i)) for i, model in enumerate(models)]


def _static(model: Path, out: Path) -> Path:
    request = ExportRequest(str(model), ("onnx",), out, precision="int8-static", threads=1)
    (found,) = export(Plan(request), lambda *_: None)
    return Path(found.bundle)


def _cut_off(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes()[:-64])


def _garbage(path: Path, _: Path) -> None:
    path.write_bytes(b"garbage")


def _swapped(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def _missing(path: Path, _: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("damage", "is_signed", "code", "said"),
    [
        (_cut_off, True, 2, "quantization.safetensors is damaged"),
        (_cut_off, False, 2, "quantization.safetensors is damaged"),
        (_garbage, True, 2, "quantization.safetensors is damaged"),
        (_missing, False, 2, "lacks quantization.safetensors, which its manifest lists"),
        (_missing, True, 2, "has no quantization.safetensors, without which nothing says what a static_wi8_ai8"),
        (_swapped, False, 5, "quantization.safetensors"),
        (_swapped, True, 5, "int8-static graph"),
    ],
)
def test_a_calibration_that_is_not_the_bundles_is_found(
    static_exports: list[Path],
    static_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path, Path], None],
    is_signed: bool,
    code: int,
    said: str,
) -> None:
    exported, other = static_exports
    bundle = shutil.copytree(exported, tmp_path / "onnx")
    damage(bundle / QUANTIZATION, other / QUANTIZATION)
    if is_signed and (bundle / QUANTIZATION).exists():
        change_manifest(bundle, lambda _: None, QUANTIZATION)
    elif is_signed:
        change_manifest(bundle, lambda manifest: manifest["files"].pop(QUANTIZATION))
    assert main(["validate", str(bundle), "--against", str(static_model), "--threads", "1"]) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_a_manifest_cannot_claim_more_float32_than_the_artifact_has(
    static_exports: list[Path], static_model: Path, tmp_path: Path
) -> None:
    """Of each weight it claims the artifact has integers, and the operator that reads them is another one."""
    bundle = shutil.copytree(static_exports[0], tmp_path / "onnx")
    claimed = "encoder.layer.1.intermediate.dense.weight"
    change_manifest(bundle, lambda manifest: manifest["scheme"]["float_tensors"].append(claimed))
    failed = failures(audit(bundle, model=str(static_model)))
    assert claimed in failed["weights other than the graph's"].reason
    assert "layers.1.up" in failed["operators that leave the int8-static graph"].reason


def test_a_scheme_other_than_the_precisions_is_named(
    static_exports: list[Path], static_model: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(static_exports[0], tmp_path / "onnx")
    change_manifest(bundle, lambda manifest: manifest["scheme"].update(outputs="int8"))
    with pytest.raises(UsageError, match="has no range of layers"):
        audit(bundle, model=str(static_model))
    change_manifest(bundle, lambda manifest: manifest["scheme"].update(outputs="float32", embeddings="float32"))
    failed = failures(audit(bundle, model=str(static_model)))
    assert failed["manifest entries other than the original's"].reason == "scheme"


def test_a_runtime_that_crashes_or_hangs_is_a_red_row_and_the_others_are_done(
    classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import faulthandler
    import os
    import signal
    import time

    def crash(*_: object) -> None:
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)

    monkeypatch.setattr(type(registry.target("onnx")), "load", crash)
    monkeypatch.setattr(type(registry.converter_of(registry.target("openvino"))), "convert", lambda *_: time.sleep(60))
    arguments = ["-t", "onnx", "-t", "openvino", "-t", "tflite", "-o", str(tmp_path), "--time-limit", "5"]
    assert main(["export", str(classifier), *arguments, "--json"]) == 5
    found = {row["target"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name: row["verdict"] for name, row in found.items()} == {
        "onnx": "fail",
        "openvino": "fail",
        "tflite": "pass",
    }
    assert "died of SIGSEGV" in found["onnx"]["checks"][0]["reason"]
    assert "time limit of 5 s" in found["openvino"]["checks"][0]["reason"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["onnx.rejected", "tflite"]
