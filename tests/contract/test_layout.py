"""A bundle has the files and the manifest that an app relies on, whatever its target."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgelm.bundle import REPORTS, SCHEMA_VERSION
from edgelm.types import TASKS

MANIFEST = {
    "schema_version",
    "model",
    "family",
    "task",
    "labels",
    "slot_labels",
    "target",
    "precision",
    "scheme",
    "max_length",
    "lengths",
    "artifact",
    "tokenizer",
    "pooling",
    "prompts",
    "decode",
    "source",
    "toolchain",
    "rewrites",
    "files",
}
OUTPUTS = {
    "question-answering": ["start_logits", "end_logits"],
    "feature-extraction": ["last_hidden_state"],
    "intent-and-slots": ["intent_logits", "slot_logits"],
    "sentence-similarity": ["sentence_embedding"],
}
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


@pytest.mark.parametrize("task", TASKS)
def test_the_manifest_is_complete(case: Any, exported: Any, task: str) -> None:
    bundle, _ = exported(case, task)
    manifest = bundle.manifest
    assert set(manifest) == MANIFEST
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert (manifest["task"], manifest["target"], manifest["precision"]) == (task, case.target.name, case.precision)
    has_labels = task in ("text-classification", "token-classification", "intent-and-slots")
    assert len(manifest["labels"]) == (3 if has_labels else 0)
    assert len(manifest["slot_labels"] or ()) == (5 if task == "intent-and-slots" else 0)
    assert [spec["name"] for spec in manifest["artifact"]["outputs"]] == OUTPUTS.get(task, ["logits"])
    names = [spec["name"] for spec in manifest["artifact"]["inputs"]]
    assert names == INPUTS[: len(names)]
    assert {spec["dtype"] for spec in manifest["artifact"]["inputs"]} <= {"int32", "int64"}
    assert (manifest["pooling"] is not None) == (task == "sentence-similarity")
    assert set(manifest["tokenizer"]["special_ids"]) >= {"pad", "unk", "cls", "sep", "mask"}
    assert manifest["toolchain"]["edgelm"]


def test_the_folder_holds_what_the_manifest_lists(case: Any, exported: Any) -> None:
    bundle, _ = exported(case, "text-classification")
    found = {path.relative_to(bundle.path).as_posix() for path in bundle.path.rglob("*") if path.is_file()}
    listed = set(bundle.manifest["files"])
    assert found == listed | {"edgelm.json", *REPORTS}
    assert set(bundle.manifest["artifact"]["files"]) <= listed
    assert set(bundle.manifest["tokenizer"]["files"]) <= listed
    assert "golden/golden.json" in listed
    bundle.verify()


def test_the_report_can_be_read_back(case: Any, exported: Any) -> None:
    bundle, report = exported(case, "text-classification")
    stored = json.loads((bundle.path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert stored["verdict"] == report.verdict.value
    assert [check["name"] for check in stored["checks"]] == [check.name for check in report.checks]
    assert f"# {'✓' if report.verdict.value == 'pass' else '?'} {report.model} on {case.target.name}" in (
        bundle.path / "report.md"
    ).read_text("utf-8")
