"""What a bundle says of itself, beside its source: each check passes what was exported, and fails its own fault."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.bundle import Bundle
from edgelm.graph.builder import with_constants
from edgelm.graph.ir import Graph, Tensor
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.source import Source, form_of, shipped_graph
from edgelm.types import Check, Tolerance, Verdict
from edgelm.validate import integrity

LENGTH = 64
FORMS = [
    pytest.param((target, precision, options), id=f"{target}-{precision}")
    for target, precision, options in (
        ("onnx", "fp32", {}),
        ("onnx", "int8-static", {}),
        ("onnx", "int4", {}),
        ("onnx", "bf16", {}),
        ("tflite", "int8", {}),
        ("tflite", "int8-static", {}),
        ("tflite", "int4", {"minimum_runtime": "2.21"}),
        ("openvino", "fp16", {}),
        ("openvino", "int8-static", {}),
        ("openvino", "int4", {}),
        ("coreml", "fp16", {}),
        ("coreml", "int8-static", {}),
        ("coreml", "int4", {"minimum_ios": "18"}),
        ("ncnn", "fp16", {}),
        ("ncnn", "int8", {}),
        ("mnn", "int8", {}),
    )
]
"""Target, precision and options; that a random model's int4 is rejected for its answers is no matter here."""


@pytest.fixture(scope="module")
def folder(make_checkpoint: Any) -> Path:
    return make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=128)


@pytest.fixture(scope="module")
def source(folder: Path) -> Source:
    return Source(str(folder), None, "auto", LENGTH)


@pytest.fixture(scope="module", params=FORMS)
def exported(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    target, precision, options = request.param
    out = tmp_path_factory.mktemp("integrity")
    (report,) = export(
        Plan(ExportRequest(str(folder), (target,), out, precision=precision, options=options, threads=1)),
        lambda *_: None,
    )
    return Bundle.open(Path(report.bundle))


@pytest.fixture
def bundle(exported: Bundle, tmp_path: Path) -> Bundle:
    """A copy, free to be changed."""
    return Bundle.open(shutil.copytree(exported.path, tmp_path / "bundle"))


def graph_of(bundle: Bundle, source: Source) -> Graph:
    return shipped_graph(source.graph, form_of(bundle))


def large(graph: Graph) -> list[Tensor]:
    return [tensor for tensor in graph.constants if tensor.data is not None and tensor.data.size >= 4096]


def wrong(check: Check) -> list[str]:
    """What a check names, which is as many things as it counts."""
    names = check.reason.split(", ") if check.reason else []
    assert (check.value, check.verdict) == (len(names), Verdict.FAIL if names else Verdict.PASS)
    return names


# -- weights -----------------------------------------------------------------------------------------------------------


def test_every_large_weight_is_found_in_every_format(exported: Bundle, source: Source) -> None:
    graph = graph_of(exported, source)
    assert len(large(graph)) > 10
    assert wrong(integrity.weights(exported, graph)) == []


@pytest.mark.parametrize("place", [0, -1])
def test_one_changed_value_of_a_weight_is_found(exported: Bundle, source: Source, place: int) -> None:
    graph = graph_of(exported, source)
    tensor = large(graph)[3]
    values = np.array(tensor.data)
    values.flat[place] += 1
    other = with_constants(graph, [replace(tensor, data=values)])
    assert wrong(integrity.weights(exported, other)) == [tensor.name]


def test_of_a_format_that_holds_no_weight_as_it_is_nothing_is_said(exported: Bundle, source: Source) -> None:
    graph = graph_of(exported, source)
    others = [replace(tensor, data=np.asarray(tensor.data) * 2 + 1) for tensor in large(graph)]
    check = integrity.weights(exported, with_constants(graph, others))
    assert (check.verdict, check.limit, check.value) == (Verdict.PASS, None, len(others))


# -- tokenizer ---------------------------------------------------------------------------------------------------------


def test_the_tokenizers_files_are_the_sources(exported: Bundle, source: Source) -> None:
    assert wrong(integrity.tokenizer(exported, source.tokenizer)) == []


def test_other_spelling_of_the_same_tokenizer_is_no_difference(bundle: Bundle, source: Source) -> None:
    path = bundle.path / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=4), "utf-8")
    assert wrong(integrity.tokenizer(bundle, source.tokenizer)) == []


@pytest.mark.parametrize("damage", ["other", "missing"])
def test_a_plain_vocabulary_that_is_another_is_found(bundle: Bundle, source: Source, damage: str) -> None:
    path = bundle.path / "vocab.txt"
    path.unlink() if damage == "missing" else path.write_text("[PAD]\n", "utf-8")
    assert wrong(integrity.tokenizer(bundle, source.tokenizer)) == ["vocab.txt"]


@pytest.mark.parametrize("part", ["truncation", "vocabulary"])
def test_a_tokenizer_that_does_something_else_is_found(bundle: Bundle, source: Source, part: str) -> None:
    path = bundle.path / "tokenizer.json"
    state = json.loads(path.read_text("utf-8"))
    if part == "truncation":
        state["truncation"] = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
    else:
        words = state["model"]["vocab"]
        words["boring"], words["london"] = words["london"], words["boring"]
    path.write_text(json.dumps(state), "utf-8")
    assert wrong(integrity.tokenizer(bundle, source.tokenizer)) == ["tokenizer.json"]


@pytest.mark.parametrize(
    ("original", "found"),
    [
        ({"input_ids": [2, 21, 3]}, []),
        ({"input_ids": [2, 21, 3], "token_type_ids": [0, 0, 0]}, []),
        ({"input_ids": [2, 22, 3]}, ["the"]),
        ({"input_ids": [2, 21, 3], "token_type_ids": [0, 0, 1]}, ["the"]),
    ],
)
def test_texts_by_the_originals_tokenizer(source: Source, original: dict[str, list[int]], found: list[str]) -> None:
    ids = source.tokenizer.encode("the").ids
    arrays = {name: np.asarray([ids[1] if i == 21 else i for i in row]) for name, row in original.items()}
    assert wrong(integrity.tokens(["the"], source.tokenizer, [arrays])) == found


# -- signature and golden files ----------------------------------------------------------------------------------------


def signature(bundle: Bundle, source: Source, **golden: np.ndarray) -> list[str]:
    dtypes = {spec.name: np.zeros(1, spec.dtype) for spec in bundle.inputs}
    return wrong(integrity.signature(bundle, source.names, source.outputs, {**dtypes, **golden}))


def test_a_signature_and_what_is_wrong_with_it(bundle: Bundle, source: Source) -> None:
    assert signature(bundle, source) == []
    assert signature(bundle, source, input_ids=np.zeros(1, np.float32)) == ["input_ids"]
    inputs, outputs = (bundle.manifest["artifact"][kind] for kind in ("inputs", "outputs"))
    outputs[0]["dtype"] = "float16"
    assert signature(bundle, source) == ["logits"]
    outputs[0] |= {"dtype": "float32", "name": "scores"}
    assert signature(bundle, source) == ["logits", "scores"]
    outputs[0]["name"] = "logits"
    outputs.append({**outputs[0], "name": "hidden"})
    assert signature(bundle, source) == ["hidden"]
    outputs.pop()
    del inputs[1:]
    assert signature(bundle, source) == ["attention_mask", "token_type_ids"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"max_abs": 1e-4, "min_cosine": 0.999}, []),
        ({"max_abs": 1e-5, "min_cosine": 0.9999}, []),
        ({"max_abs": 1e-3, "min_cosine": 0.999}, ["max_abs"]),
        ({"max_abs": 1e-4, "min_cosine": 0.9}, ["min_cosine"]),
        ({"max_abs": None, "min_cosine": None}, ["max_abs", "min_cosine"]),
        (None, ["max_abs", "min_cosine"]),
    ],
)
def test_golden_limits_may_be_tighter_not_looser(bundle: Bundle, written: Any, found: list[str]) -> None:
    path = bundle.path / "golden" / "golden.json"
    path.write_text(json.dumps({"tolerance": written, "cases": []}), "utf-8")
    assert wrong(integrity.golden_tolerance(bundle, Tolerance(max_abs=1e-4, min_cosine=0.999))) == found
