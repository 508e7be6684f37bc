"""Faults in tokenizers: in what tokenizer.json does, and in the files beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from edgelm.tokenizer import TextTokenizer

from . import healthy as h
from .harness import Fault, Patient, Plant

State = dict[str, Any]
TEXTS, FILES = "integrity: texts tokenized otherwise", "integrity: tokenizer files other than"


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


def part(name: str, **fields: Any) -> Plant:
    """One part of tokenizer.json with other fields."""
    return tokenizer(lambda state: state[name].update(fields))


def template(kind: str, change: Callable[[list[Any]], list[Any]]) -> Plant:
    """What is put around a ``single`` text or a ``pair``."""
    return tokenizer(lambda state: state["post_processor"].update({kind: change(state["post_processor"][kind])}))


def file(name: str, change: Callable[[str], str]) -> Plant:
    """A file of the tokenizer with other content; an app without Hugging Face's library reads vocab.txt."""

    def plant(at: Patient) -> None:
        path = at.path / name
        path.write_text(change(path.read_text("utf-8")), "utf-8")

    return plant


def _exchanged(one: str, other: str) -> Plant:
    def change(state: State) -> None:
        words = state["model"]["vocab"]
        words[one], words[other] = words[other], words[one]

    return tokenizer(change)


def _special_exchanged(state: State) -> None:
    """[CLS] where [SEP] should be, and the other way round."""
    tokens = state["post_processor"]["special_tokens"]
    tokens["[CLS]"]["ids"], tokens["[SEP]"]["ids"] = tokens["[SEP]"]["ids"], tokens["[CLS]"]["ids"]


def _shorter(state: State) -> None:
    words = state["model"]["vocab"]
    last = sorted(words, key=words.__getitem__)[-20:]
    state["model"]["vocab"] = {word: i for word, i in words.items() if word not in last}


def _without_added(state: State) -> None:
    state["added_tokens"] = [token for token in state["added_tokens"] if token["special"]]


def _merges_reordered(state: State) -> None:
    state["model"]["merges"].reverse()


def _scores_reordered(state: State) -> None:
    """Pieces of several letters with one another's scores."""
    pieces = state["model"]["vocab"]
    places = [i for i, (piece, _) in enumerate(pieces) if len(piece) > 1 and not piece.startswith("<")]
    scores = [pieces[i][1] for i in reversed(places)]
    for i, score in zip(places, scores, strict=True):
        pieces[i][1] = score


def _cut_to_eight(state: State) -> None:
    state["truncation"] = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}


def _one_type(pieces: list[Any]) -> list[Any]:
    return [{kind: {**fields, "type_id": 0} for kind, fields in piece.items()} for piece in pieces]


def _lines_exchanged(text: str) -> str:
    lines = text.split("\n")
    lines[10], lines[20] = lines[20], lines[10]
    return "\n".join(lines)


def _first_half(text: str) -> str:
    return text[: len(text) // 2]


_fault = partial(Fault, "tokenizer")

FAULTS = (
    _fault("lower-casing lost", h.BERT_ONNX, part("normalizer", lowercase=False), TEXTS, quick=True),
    _fault("accents kept", h.DISTILBERT, part("normalizer", strip_accents=False), TEXTS),
    _fault("no spaces around Chinese characters", h.BERT_FIXED, part("normalizer", handle_chinese_chars=False), TEXTS),
    _fault("two words' ids swapped", h.MPNET, _exchanged("the", "was"), TEXTS),
    _fault("ids swapped of words that no sample has", h.MPNET, _exchanged("boring", "london"), FILES),
    _fault("the end of the vocabulary lost", h.ELECTRA, tokenizer(_shorter), TEXTS),
    _fault("an added token lost", h.BERT_ADDED, tokenizer(_without_added), TEXTS),
    _fault("[CLS] and [SEP] swapped", h.ERNIE, tokenizer(_special_exchanged), TEXTS),
    _fault("another unknown token", h.ALBERT, part("model", unk_token="[MASK]"), TEXTS),
    _fault("no [SEP] at the end", h.BERT_TFLITE, template("single", lambda pieces: pieces[:-1]), TEXTS),
    _fault("pairs of one token type", h.BERT_ONNX, template("pair", _one_type), FILES),
    _fault("words of 5 characters at most", h.ELECTRA_IOS, part("model", max_input_chars_per_word=5), TEXTS),
    _fault("another mark of continued words", h.BERT_ANDROID, part("model", continuing_subword_prefix="@@"), TEXTS),
    _fault("merges in another order", h.ROBERTA_BPE, tokenizer(_merges_reordered), TEXTS),
    _fault("a space put before every text", h.ROBERTA_BPE, part("pre_tokenizer", add_prefix_space=True), TEXTS),
    _fault("pieces' scores in another order", h.XLMR, tokenizer(_scores_reordered), TEXTS),
    _fault("NFKC lost", h.XLMR, tokenizer(lambda state: state.update(normalizer=None)), TEXTS),
    _fault("the first metaspace lost", h.XLMR, part("pre_tokenizer", prepend_scheme="never"), TEXTS),
    _fault("cuts every text to 8 tokens", h.SENTENCE, tokenizer(_cut_to_eight), FILES),
    _fault("vocab.txt: two lines swapped", h.BERT_FIXED, file("vocab.txt", _lines_exchanged), FILES, quick=True),
    _fault("vocab.txt: the second half lost", h.BERT_TFLITE, file("vocab.txt", _first_half), FILES),
    _fault("vocab.txt: missing", h.BERT_TFLITE, lambda at: (at.path / "vocab.txt").unlink(), FILES),
    _fault(
        "merges.txt: another merge", h.ROBERTA_BPE, file("merges.txt", lambda text: text.replace("i n", "n i")), FILES
    ),
    _fault(
        "tokenizer.json: cut off", h.BERT_ONNX, file("tokenizer.json", _first_half), "refused: tokenizer.json is no"
    ),
)
