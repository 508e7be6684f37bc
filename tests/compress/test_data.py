"""Rows and batches: what was encoded comes out again, the right targets beside it, in an order the seed decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.datasets import Entity, Example
from edgelm.errors import UsageError
from edgelm.tokenizer import TextTokenizer

TEXTS = ("the movie was good", "bad", "she lives in london and works in paris")


@pytest.fixture(scope="module")
def tokenizer(make_checkpoint: Callable[..., Path]) -> TextTokenizer:
    return TextTokenizer.from_folder(make_checkpoint("bert"))


@pytest.fixture(scope="module")
def encode(tokenizer: TextTokenizer) -> Callable[..., Any]:
    """``encode(examples, task, labels=(), max_length=64, **settings)``"""
    from edgelm.compress.data import encode

    def run(examples: Any, task: str, labels: Any = (), max_length: int = 64, **settings: Any) -> Any:
        return encode(examples, tokenizer, task, labels, max_length, **settings)

    return run


def test_a_batch_is_what_the_tokenizer_gives(encode: Any, tokenizer: TextTokenizer) -> None:
    rows = encode([Example(text, labels=(i % 2,)) for i, text in enumerate(TEXTS)], "text-classification", ("n", "y"))
    batch = rows.batch(np.asarray([2, 0]))
    expected = tokenizer.batch([TEXTS[2], TEXTS[0]], ["input_ids", "attention_mask"])
    assert {name: tensor.tolist() for name, tensor in batch.inputs.items()} == {
        name: array.tolist() for name, array in expected.items()
    }
    assert batch.targets["labels"].tolist() == [0, 0]
    assert len(rows) == 3
    assert rows.lengths.tolist() == [len(tokenizer.encode(text).ids) for text in TEXTS]


def test_pairs_have_types(encode: Any, tokenizer: TextTokenizer) -> None:
    rows = encode([Example(TEXTS[0], TEXTS[1], labels=(1,))], "text-classification", ("n", "y"))
    expected = tokenizer.batch([(TEXTS[0], TEXTS[1])], ["token_type_ids"])["token_type_ids"]
    assert rows.batch(np.asarray([0])).inputs["token_type_ids"].tolist() == expected.tolist()


def test_targets_by_problem_type(encode: Any) -> None:
    several = [Example("good", labels=(0, 2)), Example("bad")]
    rows = encode(several, "text-classification", "abc", problem_type="multi_label_classification")
    assert rows.batch(np.arange(2)).targets["labels"].tolist() == [[1, 0, 1], [0, 0, 0]]
    numbers = encode([Example("good", score=2.5)], "text-classification", ["score"])
    assert numbers.batch(np.arange(1)).targets["labels"].tolist() == [2.5]
    with pytest.raises(UsageError, match="Example 1 has 2 labels"):
        encode(several, "text-classification", "abc")


@pytest.mark.parametrize(("score", "share"), [(0.5, 0.5), (4.0, 0.8), (8.0, 0.8), (50.0, 0.5), (200.0, 1.0)])
def test_similarities_are_shares_of_their_scale(encode: Any, score: float, share: float) -> None:
    rows = encode([Example("good", "bad", score=score)], "sentence-similarity")
    batch = rows.batch(np.arange(1))
    assert batch.targets["scores"].tolist() == pytest.approx([share])
    assert batch.inputs["input_ids"].shape[0] == 2


def test_choices_of_uneven_number_are_marked(encode: Any) -> None:
    examples = [
        Example("the film was", choices=("good", "bad"), labels=(0,)),
        Example("he", choices=("is", "was", "not"), labels=(2,)),
    ]
    rows = encode(examples, "multiple-choice")
    batch = rows.batch(np.arange(2))
    assert tuple(batch.inputs["input_ids"].shape) == (2, 3, int(rows.lengths.max()))
    assert batch.targets["choices"].tolist() == [[True, True, False], [True, True, True]]
    assert "choices" not in rows.batch(np.asarray([1])).targets


LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


@st.composite
def tagged(draw: st.DrawFn) -> Example:
    """Words of the vocabulary, and of none, with entities on some of them."""
    known = st.sampled_from(["ann", "lives", "in", "london", "xyzzy", "playing"])
    words = draw(st.lists(known, min_size=1, max_size=8))
    entities, place = [], 0
    while place < len(words):
        size = draw(st.integers(0, 2))
        end = min(place + size, len(words))
        if end > place:
            start = len(" ".join(words[:place])) + (place > 0)
            entities.append(Entity(start, len(" ".join(words[:end])), draw(st.sampled_from(["PER", "LOC"]))))
        place = max(end, place + 1)
    return Example(" ".join(words), entities=tuple(entities), spaced=draw(st.booleans()))


@given(tagged())
def test_right_token_labels_decode_to_the_entities(encode: Any, tokenizer: TextTokenizer, example: Example) -> None:
    """The targets, taken for a model's answer, are read back by the decode rules."""
    from edgelm import decode
    from edgelm.compress.targets import IGNORED

    labels = encode([example], "token-classification", LABELS).batch(np.arange(1)).targets["labels"][0].numpy()
    logits = np.where(labels[:, None] == np.arange(len(LABELS)), 10.0, 0.0)
    encoding = tokenizer.encode(example.text)
    words, unknown = ("spaces", None) if example.spaced else ("pieces", tokenizer.special_ids["unk"])
    found = decode.entities(logits, encoding, example.text, LABELS, "first", words=words, unknown=unknown)
    assert [(one["start"], one["end"], one["entity_group"]) for one in found] == list(example.entities)
    assert labels[0] == labels[-1] == IGNORED


def test_labels_without_o(encode: Any) -> None:
    with pytest.raises(UsageError, match="have no O"):
        encode([Example("ann")], "token-classification", ["LABEL_0", "LABEL_1"])


def test_answers_in_windows(encode: Any, tokenizer: TextTokenizer) -> None:
    context = "she lives in london . " * 6 + "he works in paris ."
    examples = [
        Example("where ?", context, answers=("paris",), answer_start=context.index("paris")),
        Example(" ", context, answers=("paris",)),
        Example("who ?", context, answers=("google",)),
        Example("who ?", context),
    ]
    rows = encode(examples, "question-answering", max_length=24)
    assert set(rows.examples.tolist()) == {0, 3}
    batch = rows.batch(np.arange(len(rows)))
    held = 0
    for row, example in enumerate(rows.examples):
        start, end = (int(batch.targets[name][row]) for name in ("start_positions", "end_positions"))
        if example == 0 and start:
            held += 1
            assert tokenizer.tokenizer.decode(batch.inputs["input_ids"][row, start : end + 1].tolist()) == "paris"
        else:
            assert start == end == 0
    assert held >= 1


def test_the_answer_nearest_to_where_the_file_says(encode: Any) -> None:
    context = "london is not london"
    spans = [
        encode([Example("where ?", context, answers=("london",), answer_start=at)], "question-answering").targets
        for at in (0, 14)
    ]
    first, second = (int(span["start_positions"][0]) for span in spans)
    assert second == first + 3


def test_masks_depend_on_seed_epoch_and_row_alone(encode: Any, tokenizer: TextTokenizer) -> None:
    from edgelm.compress.targets import IGNORED

    rows = encode([Example(text) for text in TEXTS], "fill-mask")
    alone, together = rows.batch(np.asarray([2]), seed=3, epoch=1), rows.batch(np.arange(3), seed=3, epoch=1)
    assert together.inputs["input_ids"][2].tolist() == alone.inputs["input_ids"][0].tolist()
    labels = together.targets["labels"]
    assert bool((labels != IGNORED).any(1).all())
    original = tokenizer.batch(TEXTS, ["input_ids"])["input_ids"]
    guessed = (labels != IGNORED).numpy()
    assert (labels.numpy()[guessed] == original[guessed]).all()
    assert (together.inputs["input_ids"].numpy()[~guessed] == original[~guessed]).all()
    assert not np.isin(labels.numpy()[guessed], list(tokenizer.special_ids.values())).any()
    others = [rows.batch(np.arange(3), seed=seed, epoch=epoch) for seed, epoch in ((4, 1), (3, 2))]
    assert all(other.targets["labels"].tolist() != labels.tolist() for other in others)


def test_unlabelled_rows_have_no_targets(encode: Any) -> None:
    for task in ("text-classification", "token-classification", "sentence-similarity", "fill-mask"):
        rows = encode([Example(text) for text in TEXTS], task, labelled=False)
        assert rows.batch(np.arange(3)).targets == {}


def test_what_is_too_long_is_cut_and_counted(encode: Any) -> None:
    rows = encode([Example(text, labels=(0,)) for text in TEXTS], "text-classification", ("n", "y"), max_length=6)
    assert rows.lengths.tolist() == [6, 3, 6]
    assert rows.truncated == 1


def test_empty_texts_and_half_characters(encode: Any) -> None:
    with pytest.raises(UsageError, match="Example 2 has an empty text"):
        encode([Example("good"), Example(" ")], "text-classification", labelled=False)
    with pytest.raises(UsageError, match="not valid Unicode"):
        encode([Example("\ud800")], "text-classification", labelled=False)


def test_the_digest_tells_rows_apart(encode: Any) -> None:
    one, same, label, text = (
        encode([Example(words, labels=(i,))], "text-classification", ("n", "y")).digest
        for words, i in (("good", 0), ("good", 0), ("good", 1), ("bad", 0))
    )
    assert one == same
    assert len({one, label, text}) == 3


@given(st.lists(st.integers(1, 60), min_size=1, max_size=200), st.integers(1, 16), st.integers(0, 3), st.integers(0, 3))
def test_an_epoch_has_every_row_once(sizes: list[int], batch_size: int, seed: int, epoch: int) -> None:
    from edgelm.compress.data import length_sorted_batches

    lengths = np.asarray(sizes, np.int32)
    batches = length_sorted_batches(lengths, batch_size, seed=seed, epoch=epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(sizes)))
    assert len(batches) == -(-len(sizes) // batch_size)
    again = length_sorted_batches(lengths, batch_size, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]
    bounded = length_sorted_batches(lengths, batch_size, seed=seed, epoch=epoch, tokens=100)
    assert sorted(np.concatenate(bounded).tolist()) == list(range(len(sizes)))
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= 100 for batch in bounded)


def test_batches_have_little_padding_and_each_epoch_its_order() -> None:
    from edgelm.compress.data import length_sorted_batches

    lengths = np.random.default_rng(0).integers(3, 60, 4000)
    first, second = (length_sorted_batches(lengths, 32, seed=0, epoch=epoch) for epoch in (0, 1))
    padded = sum(len(batch) * lengths[batch].max() for batch in first)
    assert padded < 1.05 * lengths.sum()
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in second]
