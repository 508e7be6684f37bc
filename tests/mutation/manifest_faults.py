"""Faults in edgelm.json and in the golden files: what apps and phones take on trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from edgelm.bundle import MANIFEST, write_json
from edgelm.types import Array

from . import healthy as h
from .artifact_faults import RUNS
from .harness import Fault, Patient, Plant

ENTRIES, SIGNATURE = "integrity: manifest entries other than", "integrity: inputs and outputs other than"
INPUTS, OUTPUTS = "integrity: golden inputs", "integrity: golden logits"

# -- edgelm.json -------------------------------------------------------------------------------------------------------


def entry(path: str, value: Any) -> Plant:
    """An entry by its path: a value, or a function of the one that is there."""

    def plant(at: Patient) -> None:
        *folders, last = path.split("/")
        place: Any = at.manifest
        for folder in folders:
            place = place[int(folder) if folder.isdigit() else folder]
        place[last] = value(place[last]) if callable(value) else value

    return plant


def _other_length(at: Patient) -> None:
    at.manifest["max_length"], at.manifest["lengths"] = 64, [64]


def _without_labels(at: Patient) -> None:
    write_json(at.path / MANIFEST, {key: value for key, value in at.manifest.items() if key != "labels"})


def _cut_off(at: Patient) -> None:
    path = at.path / MANIFEST
    path.write_text(path.read_text("utf-8")[:400], "utf-8")


def _lengths_exchanged(signatures: dict[str, int]) -> dict[str, int]:
    return {name: {16: 32, 32: 16}.get(length, length) for name, length in signatures.items()}


def _separators_exchanged(tokens: dict[str, str]) -> dict[str, str]:
    return {**tokens, "cls": tokens["sep"], "sep": tokens["cls"]}


def _one_more(specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*specs, {**specs[0], "name": "hidden"}]


_of_manifest = partial(Fault, "manifest")

MANIFESTS = (
    _of_manifest("labels permuted", h.BERT_ONNX, entry("labels", lambda labels: labels[::-1]), ENTRIES, quick=True),
    _of_manifest("a label missing", h.BERT_ONNX, entry("labels", lambda labels: labels[:-1]), ENTRIES, quick=True),
    _of_manifest("softmax for sigmoid", h.ROBERTA_BPE, entry("decode/activation", "softmax"), ENTRIES),
    _of_manifest("another rule for words", h.XLMR, entry("decode/words", "pieces"), ENTRIES),
    _of_manifest("another longest answer", h.BERT_FIXED, entry("decode/max_answer_length", 5), ENTRIES),
    _of_manifest("other pooling modes", h.SENTENCE, entry("pooling/modes", ["mean"]), ENTRIES),
    _of_manifest("a normalisation there is not", h.SENTENCE, entry("pooling/normalize", True), ENTRIES),
    _of_manifest(
        "longer texts than the model takes", h.BERT_ONNX, entry("max_length", 512), "refused: A maximum length"
    ),
    _of_manifest("longer texts than were exported", h.BERT_SHORT, _other_length, RUNS),
    _of_manifest("other fixed lengths", h.BERT_FIXED, entry("lengths", [16, 48, 64]), RUNS),
    _of_manifest("another task", h.MPNET, entry("task", "feature-extraction"), SIGNATURE),
    _of_manifest("a task without a head", h.BERT_ONNX, entry("task", "fill-mask"), "refused: .* has no head for"),
    _of_manifest("a task there is not", h.BERT_ONNX, entry("task", "poetry"), "refused: Unknown task"),
    _of_manifest("int8 claimed of fp32", h.BERT_TFLITE, entry("precision", "int8"), ENTRIES),
    _of_manifest("a precision there is not", h.BERT_TFLITE, entry("precision", "int3"), "refused: .* has a precision"),
    _of_manifest("another scheme's name", h.BERT_INT8, entry("scheme/name", "weight_only_wi8_afp32"), ENTRIES),
    _of_manifest("other activations", h.BERT_INT8, entry("scheme/activations", "float32"), ENTRIES),
    _of_manifest("half a scheme", h.BERT_INT8, entry("scheme", {"name": "int8"}), "refused: .* has no whole scheme"),
    _of_manifest("a rewrite there is not", h.BERT_TFLITE, entry("rewrites", ["slice"]), "refused: Unknown rewrite"),
    _of_manifest("another target", h.BERT_TFLITE, entry("target", "coreml"), "(refused|integrity|parity)"),
    _of_manifest("a target there is not", h.BERT_TFLITE, entry("target", "abacus"), "refused: Unknown target"),
    _of_manifest("another model's digest", h.BERT_ONNX, entry("source/digest", "0" * 64), ENTRIES),
    _of_manifest("another family", h.ERNIE, entry("family", "bert"), ENTRIES),
    _of_manifest("another id for padding", h.MPNET, entry("tokenizer/special_ids/pad", 0), ENTRIES),
    _of_manifest(
        "special tokens swapped", h.CAMEMBERT, entry("tokenizer/special_tokens", _separators_exchanged), ENTRIES
    ),
    _of_manifest("lower-casing denied", h.ELECTRA, entry("tokenizer/lowercase", False), ENTRIES),
    _of_manifest("another kind of tokenizer", h.XLMR, entry("tokenizer/kind", "WordPiece"), ENTRIES),
    _of_manifest("an input renamed", h.BERT_ONNX, entry("artifact/inputs/0/name", "ids"), SIGNATURE),
    _of_manifest("an input missing", h.BERT_FIXED, entry("artifact/inputs", lambda specs: specs[:2]), SIGNATURE),
    _of_manifest("int32 inputs, onnx", h.BERT_ONNX, entry("artifact/inputs/0/dtype", "int32"), SIGNATURE),
    _of_manifest("int64 inputs, coreml", h.ELECTRA_IOS, entry("artifact/inputs/0/dtype", "int64"), SIGNATURE),
    _of_manifest("int32 inputs, openvino", h.DISTILBERT, entry("artifact/inputs/0/dtype", "int32"), SIGNATURE),
    _of_manifest("an output renamed", h.ALBERT, entry("artifact/outputs/0/name", "scores"), SIGNATURE),
    _of_manifest("an output of another type", h.BERT_ONNX, entry("artifact/outputs/0/dtype", "float16"), SIGNATURE),
    _of_manifest("an output of another size", h.BERT_ONNX, entry("artifact/outputs/0/shape", ["batch", 7]), SIGNATURE),
    _of_manifest("an output more", h.BERT_ONNX, entry("artifact/outputs", _one_more), SIGNATURE),
    _of_manifest(
        "lengths of one another", h.BERT_FIXED, entry("artifact/details/signatures", _lengths_exchanged), RUNS
    ),
    _of_manifest("no labels", h.BERT_ONNX, _without_labels, "refused: .* has no 'labels'", sealed=False),
    _of_manifest("cut off", h.BERT_ONNX, _cut_off, "refused: .* is not readable JSON", sealed=False),
)

# -- golden files ------------------------------------------------------------------------------------------------------


def golden_bytes(name: str, dtype: str, change: Callable[[Array], Array]) -> Plant:
    """One golden tensor with other values."""

    def plant(at: Patient) -> None:
        path = at.path / "golden" / name
        path.write_bytes(change(np.fromfile(path, dtype)).tobytes())

    return plant


def golden_json(change: Callable[[dict[str, Any]], Any]) -> Plant:
    """golden.json with other content."""

    def plant(at: Patient) -> None:
        path = at.path / "golden" / "golden.json"
        state = json.loads(path.read_text("utf-8"))
        change(state)
        path.write_text(json.dumps(state, ensure_ascii=False), "utf-8")

    return plant


def _outputs_of_the_next(at: Patient) -> None:
    first, *others = at.source.reference
    at.write_golden([*others, first])


def _anything_passes(state: dict[str, Any]) -> None:
    state["tolerance"] = {**dict.fromkeys(state["tolerance"]), "max_abs": 1e9}


def _other_text(state: dict[str, Any]) -> None:
    state["cases"][0]["texts"] = ["Something else."]


def _file_missing(at: Patient) -> None:
    (at.path / "golden" / "0.logits.bin").unlink()


_of_golden = partial(Fault, "golden files")
_DAMAGED = "refused: golden is damaged"

GOLDEN = (
    _of_golden("outputs of another text", h.BERT_ONNX, _outputs_of_the_next, OUTPUTS, quick=True),
    _of_golden(
        "big-endian outputs", h.BERT_ANDROID, golden_bytes("2.logits.bin", "<f4", lambda v: v.astype(">f4")), OUTPUTS
    ),
    _of_golden("ids of another text", h.BERT_TFLITE, golden_bytes("0.input_ids.bin", "<i4", lambda v: v[::-1]), INPUTS),
    _of_golden("a mask of zeros", h.MPNET, golden_bytes("1.attention_mask.bin", "<i8", np.zeros_like), INPUTS),
    _of_golden("another text", h.BERT_TFLITE, golden_json(_other_text), INPUTS),
    _of_golden("no cases", h.BERT_TFLITE, golden_json(lambda state: state.update(cases=[])), OUTPUTS),
    _of_golden("limits that let all pass", h.BERT_TFLITE, golden_json(_anything_passes), "integrity: golden limits"),
    _of_golden("a file cut off", h.ELECTRA_IOS, golden_bytes("2.logits.bin", "<f4", lambda v: v[:-1]), _DAMAGED),
    _of_golden("a file missing", h.BERT_ONNX, _file_missing, _DAMAGED),
)

FAULTS = (*MANIFESTS, *GOLDEN)
