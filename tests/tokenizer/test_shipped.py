"""A checkpoint with a SentencePiece model alone is exported, answers, and can be pruned as any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.compress.vocab import coverage, prune_folder
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.inspection import describe
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Question, Session
from edgelm.tokenizer import TextTokenizer

from .. import pieces

ROWS = 405
"""Of the word embedding: more than any of the small models has pieces."""
TEXTS = ("the movie was good", "我爱北京，天气很好", "unbelievable café, 1990")


@pytest.fixture
def checkpoint(
    make_checkpoint: Callable[..., Path], make_pieces: Callable[..., Path], tmp_path: Path
) -> Callable[..., Path]:
    """``checkpoint(family, task)``: a tiny random model with nothing but its SentencePiece model as tokenizer."""

    def make(family: str, task: str = "text-classification") -> Path:
        folder = tmp_path / family
        source = make_checkpoint(family, task, vocab_size=ROWS)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*token*", "vocab.txt"))
        shutil.copy(make_pieces(family) / pieces.LAYOUTS[family][0], folder)
        return folder

    return make


@pytest.mark.parametrize("family", pieces.LAYOUTS)
def test_it_is_exported_and_answers_as_the_original(
    checkpoint: Callable[..., Path], reference: Any, tmp_path: Path, family: str
) -> None:
    folder = checkpoint(family)
    name = pieces.LAYOUTS[family][0]
    (report,) = export(Plan(ExportRequest(str(folder), ("onnx",), tmp_path / "out", threads=1)), lambda *_: None)
    assert report.verdict == "pass", [check for check in report.checks if check.verdict == "fail"]
    bundle = tmp_path / "out" / "onnx"
    tokenizer = json.loads((bundle / "edgelm.json").read_text("utf-8"))["tokenizer"]
    assert tokenizer["kind"] == "Unigram"
    assert tokenizer["files"] == ["tokenizer.json", name]
    assert (bundle / name).read_bytes() == (folder / name).read_bytes()
    session, ours = Session.open(bundle, 1), TextTokenizer.from_folder(folder)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if family in ("albert",) else [])]
    for text in TEXTS:
        logits = reference(folder, "text-classification", ours.batch([text], names))["logits"][0]
        found = {answer["label"]: answer["score"] for answer in session.answer(Question(text))}
        wanted = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert [found[f"LABEL_{i}"] for i in range(3)] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_the_mask_is_filled(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folder = checkpoint("xlm-roberta", "fill-mask")
    (report,) = export(Plan(ExportRequest(str(folder), ("onnx",), tmp_path / "out", threads=1)), lambda *_: None)
    assert report.verdict == "pass"
    answers = Session.open(tmp_path / "out" / "onnx", 1).answer(Question("the movie was <mask>", top_k=3))
    assert len(answers) == 3


def test_inspect_names_its_kind(checkpoint: Callable[..., Path]) -> None:
    assert describe(str(checkpoint("albert")))["tokenizer"].startswith("Unigram, lower-casing; special ids {'pad': 0")
    assert describe(str(checkpoint("xlm-roberta")))["tokenizer"].startswith("Unigram; special ids {'pad': 1")


def test_an_embedding_with_fewer_rows_is_refused(checkpoint: Callable[..., Path], make_pieces: Any) -> None:
    folder = checkpoint("albert")
    shutil.copy(
        make_pieces("albert", vocab_size=600, lines=[*pieces.sentences(), *map(chr, range(0x4E00, 0x4F00))])
        / "spiece.model",
        folder,
    )
    with pytest.raises(UsageError, match=f"word embedding has {ROWS} rows"):
        Plan(ExportRequest(str(folder), ("onnx",), folder / "out", threads=1))


@pytest.mark.parametrize("family", pieces.LAYOUTS)
def test_its_vocabulary_is_pruned_into_a_tokenizer_json(
    checkpoint: Callable[..., Path], tmp_path: Path, family: str
) -> None:
    folder, out = checkpoint(family), tmp_path / "pruned"
    corpus = [*pieces.sentences(40), *TEXTS]
    facts = prune_folder(folder, corpus, out, keep_characters=False)
    assert facts["text_share"] == 1.0
    assert facts["tokens"] < facts["tokens_before"]
    assert not (out / pieces.LAYOUTS[family][0]).exists()
    before, after = TextTokenizer.from_folder(folder), TextTokenizer.from_folder(out)
    assert [after.encode(text).tokens for text in corpus] == [before.encode(text).tokens for text in corpus]
    assert len(after.tokenizer.get_vocab()) == facts["tokens"]
    assert after.special_tokens == before.special_tokens
    model = Model.open(open_checkpoint(str(out)))
    assert model.encoder.vocab_size == facts["tokens"]
    kept = np.asarray([before.tokenizer.token_to_id(after.tokenizer.id_to_token(i)) for i in range(facts["tokens"])])
    assert coverage(folder, out, kept, ["movie good"]).texts == 1
