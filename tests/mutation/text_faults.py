"""Faults in what stands beside the model: tokenizers, manifests and golden files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.bundle import MANIFEST, write_json
from edgelm.tokenizer import TextTokenizer

from . import healthy as h
from .harness import Fault, Healthy, Patient, Plant

State = dict[str, Any]

# -- tokenizers --------------------------------------------------------------------------------------------------------


def tokenizer(change: Callable[[State], Any]) -> Plant:
    """tokenizer.json with other content, and the manifest's facts as they follow from it."""

    def plant(at: Patient) -> None:
        path = at.path / "tokenizer.json"
        state = json.loads(path.read_text("utf-8"))
        change(state)
        path.write_text(json.dumps(state, ensure_ascii=False), "utf-8")
        facts = asdict(TextTokenizer.from_bundle(at.path, at.manifest["tokenizer"]).facts)
        at.manifest["tokenizer"] = {**at.manifest["tokenizer"], **facts, "files": list(facts["files"])}

    return plant


def rule(name: str, value: Any) -> Plant:
    """One rule of the BertNormalizer."""
    return tokenizer(lambda state: state["normalizer"].update({name: value}))


def _exchanged(one: str, other: str) -> Plant:
    """Two entries of the vocabulary."""

    def change(state: State) -> None:
        words = state["model"]["vocab"]
        words[one], words[other] = words[other], words[one]

    return tokenizer(change)


def _special_exchanged(state: State) -> None:
    """[CLS] where [SEP] should be, and the other way round."""
    tokens = state["post_processor"]["special_tokens"]
    tokens["[CLS]"]["ids"], tokens["[SEP]"]["ids"] = tokens["[SEP]"]["ids"], tokens["[CLS]"]["ids"]


def _shorter(state: State) -> None:
    """Without the last twenty words."""
    words = state["model"]["vocab"]
    kept = {token["content"] for token in state["added_tokens"]}
    last = sorted(words, key=words.__getitem__)[-20:]
    state["model"]["vocab"] = {word: i for word, i in words.items() if word not in last or word in kept}


def _template(part: str, change: Callable[[list[Any]], list[Any]]) -> Plant:
    return tokenizer(lambda state: state["post_processor"].update({part: change(state["post_processor"][part])}))


def _pair_of_one_type(pieces: list[Any]) -> list[Any]:
    return [{kind: {**fields, "type_id": 0} for kind, fields in piece.items()} for piece in pieces]


def _merges_reordered(state: State) -> None:
    state["model"]["merges"] = state["model"]["merges"][::-1]


def _scores_reordered(state: State) -> None:
    """The pieces of several letters with one another's scores."""
    pieces = state["model"]["vocab"]
    places = [i for i, (piece, _) in enumerate(pieces) if len(piece) > 1 and not piece.startswith("<")]
    scores = [pieces[i][1] for i in places][::-1]
    for i, score in zip(places, scores, strict=True):
        pieces[i][1] = score


def _without_added_tokens(state: State) -> None:
    state["added_tokens"] = [token for token in state["added_tokens"] if token["special"]]


def _file(name: str, change: Callable[[str], str]) -> Plant:
    """Another file of the tokenizer, which an app without Hugging Face's library reads."""

    def plant(at: Patient) -> None:
        path = at.path / name
        path.write_text(change(path.read_text("utf-8")), "utf-8")

    return plant


def _lines_exchanged(text: str) -> str:
    lines = text.split("\n")
    lines[10], lines[20] = lines[20], lines[10]
    return "\n".join(lines)


def _tokenizer(name: str, where: Healthy, plant: Plant, caught_by: str, **fields: Any) -> Fault:
    return Fault(name, "tokenizer", where, plant, caught_by, **fields)


TOKENIZED = "integrity: texts tokenized otherwise"
FILES = "integrity: tokenizer files other than"

TOKENIZERS = (
    _tokenizer("lower-casing lost", h.BERT_ONNX, rule("lowercase", False), TOKENIZED, quick=True),
    _tokenizer("accents kept", h.DISTILBERT, rule("strip_accents", False), TOKENIZED),
    _tokenizer("no spaces around Chinese characters", h.BERT_FIXED, rule("handle_chinese_chars", False), TOKENIZED),
    _tokenizer("two entries of the vocabulary swapped", h.MPNET, _exchanged("the", "was"), TOKENIZED),
    _tokenizer("two entries swapped that no sample has", h.MPNET, _exchanged("boring", "london"), FILES),
    _tokenizer("the last of the vocabulary lost", h.ELECTRA_COREML, tokenizer(_shorter), TOKENIZED),
    _tokenizer("an added token lost", h.BERT_ADDED, tokenizer(_without_added_tokens), TOKENIZED),
    _tokenizer("[CLS] and [SEP] swapped", h.ERNIE_ONNX, tokenizer(_special_exchanged), TOKENIZED),
    _tokenizer("another unknown token", h.ALBERT_OPENVINO, tokenizer(lambda s: s["model"].update(unk_token="[MASK]")), TOKENIZED),
    _tokenizer("no [SEP] at the end", h.BERT_TFLITE, _template("single", lambda pieces: pieces[:-1]), TOKENIZED),
    _tokenizer("pairs of one token type", h.BERT_ONNX, _template("pair", _pair_of_one_type), FILES),
    _tokenizer("longest word of 5 characters", h.ELECTRA_IOS, tokenizer(lambda s: s["model"].update(max_input_chars_per_word=5)), TOKENIZED),
    _tokenizer("another prefix of continued words", h.BERT_INT8, tokenizer(lambda s: s["model"].update(continuing_subword_prefix="@@")), TOKENIZED),
    _tokenizer("merges in the other order", h.ROBERTA_BPE, tokenizer(_merges_reordered), TOKENIZED),
    _tokenizer("a space put before every text", h.ROBERTA_BPE, tokenizer(lambda s: s["pre_tokenizer"].update(add_prefix_space=True)), TOKENIZED),
    _tokenizer("scores of pieces reordered", h.XLMR, tokenizer(_scores_reordered), TOKENIZED),
    _tokenizer("NFKC lost", h.XLMR, tokenizer(lambda s: s.update(normalizer=None)), TOKENIZED),
    _tokenizer("metaspace lost", h.XLMR, tokenizer(lambda s: s["pre_tokenizer"].update(prepend_scheme="never")), TOKENIZED),
    _tokenizer("truncation left on in tokenizer.json", h.SENTENCE, tokenizer(lambda s: s.update(truncation={"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0})), FILES),
    _tokenizer("vocab.txt with two lines swapped", h.BERT_TFLITE, _file("vocab.txt", _lines_exchanged), FILES),
    _tokenizer("vocab.txt without its last lines", h.BERT_TFLITE, _file("vocab.txt", lambda text: text[: len(text) // 2]), FILES),
    _tokenizer("merges.txt of another tokenizer", h.ROBERTA_BPE, _file("merges.txt", lambda text: text.replace("i n", "n i")), FILES),
    _tokenizer("tokenizer.json cut off", h.BERT_ONNX, _file("tokenizer.json", lambda text: text[: len(text) // 2]), "refused: .*tokenizer.json is no tokenizer"),
)

# -- manifests ---------------------------------------------------------------------------------------------------------


def manifest(**entries: Any) -> Plant:
    """Entries of edgelm.json by their path (``__`` for a dot): a value, or a function of the one that is there."""

    def plant(at: Patient) -> None:
        for path, value in entries.items():
            *folders, last = path.split("__")
            place = at.manifest
            for folder in folders:
                place = place[int(folder) if folder.isdigit() else folder]
            place[last] = value(place[last]) if callable(value) else value

    return plant


def _spec(kind: str, index: int, **fields: Any) -> Plant:
    return lambda at: at.manifest["artifact"][kind][index].update(fields)


def _manifest(name: str, where: Healthy, plant: Plant, caught_by: str, **fields: Any) -> Fault:
    return Fault(name, "manifest", where, plant, caught_by, **fields)


ENTRIES = "integrity: manifest entries other than"
SIGNATURE = "integrity: inputs and outputs other than"
RUNS = "integrity: runs in its runtime"


def _without_lengths_signature(signatures: dict[str, int]) -> dict[str, int]:
    return {name: {16: 32, 32: 16}.get(length, length) for name, length in signatures.items()}


def _without_labels(at: Patient) -> None:
    write_json(at.path / MANIFEST, {key: value for key, value in at.manifest.items() if key != "labels"})


MANIFESTS = (
    _manifest("labels permuted", h.BERT_ONNX, manifest(labels=lambda labels: labels[::-1]), ENTRIES, quick=True),
    _manifest("a label missing", h.ROBERTA_TFLITE, manifest(labels=lambda labels: labels[:-1]), ENTRIES),
    _manifest("softmax for sigmoid", h.ROBERTA_BPE, manifest(decode__activation="softmax"), ENTRIES),
    _manifest("another rule for words", h.XLMR, manifest(decode__words="pieces"), ENTRIES),
    _manifest("another longest answer", h.BERT_FIXED, manifest(decode__max_answer_length=5), ENTRIES),
    _manifest("other pooling modes", h.SENTENCE, manifest(pooling__modes=["mean"]), ENTRIES),
    _manifest("normalisation claimed", h.SENTENCE, manifest(pooling__normalize=True), ENTRIES),
    _manifest("a longest text beyond the position table", h.BERT_ONNX, manifest(max_length=512), "refused: A maximum length of 512"),
    _manifest("a longest text beyond what was exported", h.BERT_SHORT, manifest(max_length=64, lengths=[64]), RUNS),
    _manifest("other fixed lengths", h.BERT_FIXED, manifest(lengths=[16, 48, 64]), RUNS),
    _manifest("another task", h.MPNET, manifest(task="feature-extraction"), "integrity: inputs and outputs"),
    _manifest("a task it has no head for", h.BERT_ONNX, manifest(task="fill-mask"), "refused: .* has no head for fill-mask"),
    _manifest("a task there is not", h.BERT_ONNX, manifest(task="poetry"), "refused: Unknown task"),
    _manifest("int8 claimed for fp32", h.BERT_TFLITE, manifest(precision="int8"), ENTRIES),
    _manifest("a precision there is not", h.BERT_TFLITE, manifest(precision="int3"), "refused: "),
    _manifest("another scheme", h.BERT_INT8, manifest(scheme__name="weight_only_wi8_afp32"), ENTRIES),
    _manifest("other activations", h.BERT_INT8, manifest(scheme__activations="float32"), ENTRIES),
    _manifest("a scheme without its fields", h.BERT_INT8, manifest(scheme={"name": "int8"}), "refused: "),
    _manifest("a rewrite there is not", h.BERT_TFLITE, manifest(rewrites=["slice_first_layer"]), "refused: Unknown rewrite"),
    _manifest("another target", h.BERT_TFLITE, manifest(target="openvino"), "parity"),
    _manifest("a target there is not", h.BERT_TFLITE, manifest(target="abacus"), "refused: Unknown target"),
    _manifest("source digest of another model", h.BERT_ONNX, manifest(source__digest="0" * 64), ENTRIES),
    _manifest("another family", h.ERNIE_ONNX, manifest(family="bert"), ENTRIES),
    _manifest("special ids changed", h.MPNET, manifest(tokenizer__special_ids__pad=0), ENTRIES),
    _manifest("special tokens swapped", h.CAMEMBERT, manifest(tokenizer__special_tokens=lambda t: {**t, "cls": t["sep"], "sep": t["cls"]}), ENTRIES),
    _manifest("lower-casing denied", h.ELECTRA_COREML, manifest(tokenizer__lowercase=False), ENTRIES),
    _manifest("another kind of tokenizer", h.XLMR, manifest(tokenizer__kind="WordPiece"), ENTRIES),
    _manifest("an input renamed", h.BERT_ONNX, _spec("inputs", 0, name="ids"), SIGNATURE),
    _manifest("an input missing", h.BERT_FIXED, manifest(artifact__inputs=lambda specs: specs[:2]), SIGNATURE),
    _manifest("inputs in int32, onnx", h.BERT_ONNX, _spec("inputs", 0, dtype="int32"), SIGNATURE),
    _manifest("inputs in int64, coreml", h.ELECTRA_IOS, _spec("inputs", 0, dtype="int64"), SIGNATURE),
    _manifest("inputs in int32, openvino", h.DISTILBERT, _spec("inputs", 0, dtype="int32"), SIGNATURE),
    _manifest("an output renamed", h.ALBERT_OPENVINO, _spec("outputs", 0, name="scores"), SIGNATURE),
    _manifest("an output of another dtype", h.BERT_ONNX, _spec("outputs", 0, dtype="float16"), SIGNATURE),
    _manifest("an output of another shape", h.BERT_ONNX, _spec("outputs", 0, shape=["batch", 7]), SIGNATURE),
    _manifest("an output more", h.BERT_ONNX, manifest(artifact__outputs=lambda specs: [*specs, {**specs[0], "name": "hidden"}]), SIGNATURE),
    _manifest("signatures of one another's length", h.BERT_FIXED, manifest(artifact__details__signatures=_without_lengths_signature), RUNS),
    _manifest("no manifest entry of labels", h.BERT_ONNX, _without_labels, "refused: .* has no 'labels'", sealed=False),
)

# -- golden files ------------------------------------------------------------------------------------------------------


def _golden_of(feed: int) -> Plant:
    """Every case with the outputs of the case after it; shapes as they were."""

    def plant(at: Patient) -> None:
        outputs = at.source.reference
        at.write_golden([*outputs[feed:], *outputs[:feed]])

    return plant


def _golden_bytes(name: str, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], dtype: str) -> Plant:
    def plant(at: Patient) -> None:
        path = at.path / "golden" / name
        path.write_bytes(change(np.fromfile(path, dtype)).tobytes())

    return plant


def _golden_json(change: Callable[[State], Any]) -> Plant:
    def plant(at: Patient) -> None:
        path = at.path / "golden" / "golden.json"
        state = json.loads(path.read_text("utf-8"))
        change(state)
        path.write_text(json.dumps(state, ensure_ascii=False), "utf-8")

    return plant


def _golden(name: str, where: Healthy, plant: Plant, caught_by: str, **fields: Any) -> Fault:
    return Fault(name, "golden", where, plant, caught_by, **fields)


def _missing_tensor(at: Patient) -> None:
    (at.path / "golden" / "0.logits.bin").unlink()


GOLDEN_INPUTS = "integrity: golden inputs"

GOLDEN = (
    _golden("outputs of another text", h.BERT_ONNX, _golden_of(1), "integrity: golden logits", quick=True),
    _golden("ids not those of the text", h.BERT_TFLITE, _golden_bytes("0.input_ids.bin", lambda v: np.roll(v, 1), "<i4"), GOLDEN_INPUTS),
    _golden("a mask of zeros", h.MPNET, _golden_bytes("1.attention_mask.bin", np.zeros_like, "<i8"), GOLDEN_INPUTS),
    _golden("big-endian outputs", h.BERT_INT8, _golden_bytes("2.logits.bin", lambda v: v.astype(">f4"), "<f4"), "integrity: golden logits"),
    _golden("a file cut off", h.ELECTRA_IOS, _golden_bytes("2.logits.bin", lambda v: v[:-1], "<f4"), "refused: .*golden is damaged"),
    _golden("a file missing", h.BERT_ONNX, _missing_tensor, "refused: .*golden is damaged"),
    _golden("another text", h.BERT_TFLITE, _golden_json(lambda s: s["cases"][0].update(texts=["Something else."])), GOLDEN_INPUTS),
    _golden("no cases", h.BERT_TFLITE, _golden_json(lambda s: s.update(cases=[])), "integrity: golden"),
    _golden("a tolerance that lets all pass", h.BERT_TFLITE, _golden_json(lambda s: s.update(tolerance={**s["tolerance"], "max_abs": 1e9, "min_cosine": None, "min_sqnr_db": None, "min_top1": None})), "integrity: golden limits"),
)

FAULTS = (*TOKENIZERS, *MANIFESTS, *GOLDEN)
