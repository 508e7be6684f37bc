"""From logits to answers, as Hugging Face's postprocessing does it, on logits that no real model would give."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelm import decode
from edgelm.checkpoint import read_sentence_modules
from edgelm.datasets import bio_entities
from edgelm.tokenizer import TextTokenizer

TEXTS = (
    "he lives in Paris-London",
    "unlovely movies, really!",
    "我 爱北京，天气very好",
    "☃ he☃lives ",
    "x",
)
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC", "B-A-B"]
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def folder(make_checkpoint: Any) -> Any:
    id2label = {str(i): label for i, label in enumerate(LABELS)}
    return make_checkpoint("bert", "token-classification", id2label=id2label, num_labels=len(LABELS))


@pytest.fixture(scope="module")
def tokenizer(folder: Any) -> TextTokenizer:
    return TextTokenizer.from_checkpoint(folder, read_sentence_modules(folder))


@pytest.fixture(scope="module")
def huggingface(torch: Any, folder: Any) -> Callable[..., list[dict[str, Any]]]:
    """``huggingface(text, logits, aggregation)``: TokenClassificationPipeline's entities for given logits."""
    import transformers

    pipeline = transformers.pipeline("token-classification", model=str(folder), device="cpu")

    def answer(text: str, logits: np.ndarray, aggregation: str) -> list[dict[str, Any]]:
        (inputs,) = pipeline.preprocess(text, is_split_into_words=False)
        strategy = pipeline._sanitize_parameters(aggregation_strategy=aggregation)[2]["aggregation_strategy"]
        return pipeline.postprocess([{**inputs, "logits": torch.from_numpy(logits)[None]}], strategy)

    return answer


@pytest.mark.parametrize("aggregation", decode.AGGREGATIONS)
def test_entities_of_any_logits(huggingface: Any, tokenizer: TextTokenizer, aggregation: str) -> None:
    @settings(max_examples=60)
    @given(seeds, st.sampled_from(TEXTS))
    def compare(seed: int, text: str) -> None:
        encoding = tokenizer.encode(text)
        logits = np.random.default_rng(seed).normal(0, 2, (len(encoding.ids), len(LABELS))).astype(np.float32)
        found = decode.entities(logits, encoding, text, LABELS, aggregation, unknown=tokenizer.special_ids["unk"])
        expected = huggingface(text, logits, aggregation)
        for one, other in zip(found, expected, strict=True):
            assert one.pop("score") == pytest.approx(other.pop("score"), abs=1e-6)
            if aggregation != "none":
                assert one.pop("word") == text[one["start"] : one["end"]]
                other.pop("word")
            assert one == other

    compare()


@pytest.mark.parametrize("prefixes", ["BMES", "BIES", "BILU"])
def test_tags_that_end_an_entity(tokenizer: TextTokenizer, prefixes: str) -> None:
    """As `bio_entities` reads them, which is held against seqeval; broken sequences too."""
    labels = ["O", *(f"{prefix}-{kind}" for kind in ("PER", "LOC") for prefix in prefixes)]
    assert decode.tags_of(labels) == "BMES"
    text = "我在北京她在上海"
    encoding = tokenizer.encode(text)

    @settings(max_examples=200)
    @given(st.lists(st.integers(0, len(labels) - 1), min_size=len(text), max_size=len(text)))
    def compare(tags: list[int]) -> None:
        logits = 9 * np.eye(len(labels), dtype=np.float32)[[0, *tags, 0]]
        found = decode.entities(logits, encoding, text, labels, "simple", tags="BMES")
        spans = [(entity["start"], entity["end"] - 1, entity["entity_group"]) for entity in found]
        assert spans == [tuple(entity) for entity in bio_entities([labels[tag] for tag in tags])]

    compare()


def test_what_labels_are_written_in() -> None:
    assert decode.tags_of(LABELS) == "BIO"
    assert decode.tags_of(["O", "S-PER", "PER"]) == "BIO"
    assert decode.tags_of(["O", "E-commerce", "M-health", "sport"]) == "BIO"
    assert decode.tags_of(["S-PER", "B-PER", "E-PER"]) == "BMES"
    assert decode.tags_of(["O"]) == "BIO"


def test_words_between_spaces(tokenizer: TextTokenizer) -> None:
    """The rule of all tokenizers but WordPiece: a token that follows no space belongs to the word before it."""
    encoding = tokenizer.encode(TEXTS[0])
    logits = np.zeros((len(encoding.ids), len(LABELS)), np.float32)
    logits[:, 1] = 1.0
    found = decode.entities(logits, encoding, TEXTS[0], LABELS, "first", words="spaces")
    assert [entity["word"] for entity in found] == ["he", "lives", "in", "Paris-London"]


@settings(max_examples=60)
@given(seeds, st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.integers(1, 8), st.integers(1, 30))
def test_spans_lie_in_the_context(
    tokenizer: TextTokenizer, seed: int, question: str, context: str, longest: int, count: int
) -> None:
    encoding = tokenizer.encode((question, context))
    start, end = np.random.default_rng(seed).normal(0, 3, (2, len(encoding.ids))).astype(np.float32)
    found = decode.span_candidates(start, end, encoding, max_answer_length=longest, count=count)
    assert 1 <= len(found) <= count
    assert [span["score"] for span in found] == sorted((span["score"] for span in found), reverse=True)
    for span in found:
        assert 0 <= span["start"] < span["end"] <= len(context)
        assert 0 < span["score"] <= 1
    answers = decode.best_spans(found, context, top_k=3)
    assert len({answer["answer"].lower() for answer in answers}) == len(answers) <= 3
    total = sum(span["score"] for span in found)
    assert sum(answer["score"] for answer in decode.best_spans(found, context, count)) == pytest.approx(total)


def test_the_score_of_the_same_words_is_summed() -> None:
    spans = [
        {"score": 0.5, "start": 0, "end": 2},
        {"score": 0.4, "start": 3, "end": 5},
        {"score": 0.2, "start": 6, "end": 8},
    ]
    assert decode.best_spans(spans, "he is He", 2) == [
        {"score": pytest.approx(0.7), "start": 0, "end": 2, "answer": "he"},
        {"score": 0.4, "start": 3, "end": 5, "answer": "is"},
    ]


@pytest.mark.parametrize("activation", sorted(decode.ACTIVATIONS))
def test_scores_of_extreme_logits_are_exact(activation: str) -> None:
    logits = np.asarray([-1e30, -200.0, 0.0, 3.0, 200.0], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = decode.classify(logits, ["a", "b", "c", "d", "e"], activation)
    scores = {answer["label"]: answer["score"] for answer in found}
    exact = {"softmax": (0, 0, 0, 0, 1), "sigmoid": (0, 0, 0.5, 1 / (1 + np.exp(-3.0)), 1), "none": logits}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert [scores[label] for label in "abcde"] == pytest.approx(list(exact[activation]), abs=1e-7)


def test_labels() -> None:
    assert decode.label_list({"1": "b", "0": "a"}, 2) == ["a", "b"]
    assert decode.label_list({"0": 7}, 2) == ["7", "LABEL_1"]
    assert decode.label_list(None, 2) == ["LABEL_0", "LABEL_1"]


def test_the_cosine_of_nothing_is_zero() -> None:
    assert decode.cosine(np.zeros(3), np.ones(3)) == 0.0
    assert decode.cosine(np.ones(3), -2 * np.ones(3)) == pytest.approx(-1.0)
