"""Encoded rows of a data set, tokenized once, and the padded batches a training takes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from edgelm.compress.targets import IGNORED, TARGETS, EncodedRow, EncodingSettings, answer_at, token_labels_of
from edgelm.datasets import MASK, Example
from edgelm.errors import UsageError
from edgelm.source import decode_rules
from edgelm.tokenizer import Text, TextTokenizer, windows
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

_MASKED, _RANDOM = 0.8, 0.1
"""Of the tokens that are to be guessed; the others stay as they are (Devlin et al. 2019)."""
_GUESSED = 0.15
_ENCODED_AT_ONCE = 2048
_SORTED = 50
"""Batches that are sorted by length at a time; what order the rows of an epoch come in stays mostly random."""


@dataclass(frozen=True)
class Batch:
    """Some rows as a model takes them, and what is right of each; which rows they are, for what is kept by row."""

    indices: Array
    inputs: dict[str, Tensor]
    targets: dict[str, Tensor]

    def to(self, device: Any) -> Batch:
        """The same on a device."""
        inputs, targets = (
            {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
            for tensors in (self.inputs, self.targets)
        )
        return Batch(self.indices, inputs, targets)


@dataclass(frozen=True)
class Masking:
    """What masks tokens for fill-mask: the mask's id, the ids that are never masked, and those there are in all."""

    mask_id: int
    special: tuple[int, ...]
    vocab_size: int


@dataclass(frozen=True)
class Rows:
    """Encoded rows of one task. A row has one text, or as many as it has choices, or the two of a similarity.

    The tokens of all texts lie in one array; ``starts`` int64 [texts + 1] says where each begins, ``firsts`` int64
    [rows + 1] which texts are a row's.
    """

    task: str
    ids: Array
    """int32 [tokens]"""
    types: Array | None
    """uint8 [tokens], or None where the tokenizer gives type 0 alone."""
    starts: Array
    firsts: Array
    examples: Array
    """int64 [rows]: the example each row is from; long questions make several rows."""
    pad_id: int
    targets: Mapping[str, Array] = field(default_factory=dict)
    """By row, by the names of the batch's targets; none where nothing is labelled."""
    token_labels: Array | None = None
    """int32 [tokens] of token-classification."""
    masking: Masking | None = None
    """Of labelled fill-mask rows: their texts are masked anew every time."""
    truncated: int = 0
    """Texts that were longer than ``max_length``, and were cut."""

    def __len__(self) -> int:
        return len(self.firsts) - 1

    @cached_property
    def lengths(self) -> Array:
        """Tokens of each row's longest text, int32 [rows]."""
        longest: Array = np.maximum.reduceat(np.diff(self.starts), self.firsts[:-1]).astype(np.int32)
        return longest

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the rows hold: equal for equal examples, tokenizer and settings."""
        digest = hashlib.sha256(self.task.encode())
        for name in (one.name for one in fields(self)):
            value = getattr(self, name)
            parts = sorted(value.items()) if isinstance(value, Mapping) else [(name, value)]
            for key, part in parts:
                digest.update(key.encode())
                digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        return digest.hexdigest()

    def batch(self, indices: Array, *, seed: int = 0, epoch: int = 0) -> Batch:
        """The rows of those indices, padded to the longest of them.

        Inputs are int64 [rows, length]; [rows, choices, length] in multiple-choice, where ``targets["choices"]`` bool
        [rows, choices] says which of them a row has if not all have as many; [rows * texts, length], the two of a row
        beside each other, in sentence-similarity. ``seed`` and ``epoch`` decide what fill-mask masks.
        """
        indices = np.asarray(indices, np.int64)
        counts = self.firsts[indices + 1] - self.firsts[indices]
        places = np.arange(counts.max())
        texts = self.texts(indices)
        arrays, token_places, real = self._padded(texts.ravel())
        targets = {name: values[indices] for name, values in self.targets.items()}
        if self.token_labels is not None:
            targets["labels"] = np.where(real, self.token_labels[token_places], IGNORED).astype(np.int64)
        if self.masking is not None:
            arrays["input_ids"], targets["labels"] = _masked(arrays["input_ids"], indices, self.masking, seed, epoch)
        if self.task == "multiple-choice":
            arrays = {name: array.reshape(*texts.shape, -1) for name, array in arrays.items()}
            if counts.min() < counts.max():
                targets["choices"] = places < counts[:, None]
        return Batch(indices, _tensors(arrays), _tensors(targets))

    def texts(self, indices: Array) -> Array:
        """The texts of those rows, int64 [rows, most texts of one]; a row of fewer has its last again."""
        counts = self.firsts[indices + 1] - self.firsts[indices]
        texts: Array = self.firsts[indices][:, None] + np.minimum(np.arange(counts.max()), counts[:, None] - 1)
        return texts

    def _padded(self, texts: Array) -> tuple[dict[str, Array], Array, Array]:
        """Inputs int64 [texts, longest], the place of each token among ``ids``, and whether there is one."""
        lengths = self.starts[texts + 1] - self.starts[texts]
        offsets = np.arange(lengths.max())
        real = offsets < lengths[:, None]
        places = np.where(real, self.starts[texts][:, None] + offsets, 0)
        arrays = {"input_ids": np.where(real, self.ids[places], self.pad_id), "attention_mask": real}
        if self.types is not None:
            arrays["token_type_ids"] = np.where(real, self.types[places], 0)
        return {name: array.astype(np.int64) for name, array in arrays.items()}, places, real


def _tensors(arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _masked(ids: Array, rows: Array, masking: Masking, seed: int, epoch: int) -> tuple[Array, Array]:
    """Ids with some of them masked, and the ids that were there: the draw of a row depends on nothing but itself."""
    free = ~np.isin(ids, [*masking.special])
    masked, labels = ids.copy(), np.full_like(ids, IGNORED)
    for place, row in enumerate(rows):
        candidates = np.flatnonzero(free[place])
        if not len(candidates):
            continue
        rng = np.random.default_rng([seed, epoch, int(row)])
        guessed = rng.permutation(candidates)[: max(1, round(_GUESSED * len(candidates)))]
        how = rng.random(len(guessed))
        labels[place, guessed] = ids[place, guessed]
        masked[place, guessed[how < _MASKED]] = masking.mask_id
        random = guessed[(how >= _MASKED) & (how < _MASKED + _RANDOM)]
        masked[place, random] = rng.integers(0, masking.vocab_size, len(random))
    return masked, labels


def length_sorted_batches(
    lengths: Array, batch_size: int, *, seed: int, epoch: int, tokens: int | None = None
) -> list[Array]:
    """The rows of one epoch as batches of row indices, each row once, the same for the same ``seed`` and ``epoch``.

    Rows are shuffled, sorted by length within every ``50 * batch_size`` of them, cut into batches, and the batches
    shuffled: little padding, and still a random order. ``tokens`` bounds a batch with its padding.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    batches: list[Array] = []
    for first in range(0, len(order), _SORTED * batch_size):
        part = order[first : first + _SORTED * batch_size]
        batches += bounded_batches(part[np.argsort(lengths[part], kind="stable")], lengths, batch_size, tokens)
    return [batches[i] for i in rng.permutation(len(batches))]


def bounded_batches(rows: Array, lengths: Array, batch_size: int, tokens: int | None) -> Iterator[Array]:
    """Rows in ascending order of length, in batches of at most so many rows, and tokens with padding; one at least."""
    first = 0
    while first < len(rows):
        last = min(first + batch_size, len(rows))
        while tokens is not None and last > first + 1 and (last - first) * lengths[rows[last - 1]] > tokens:
            last -= 1
        yield rows[first:last]
        first = last


# -- encoding ----------------------------------------------------------------------------------------------------------


def encode(
    examples: Sequence[Example],
    tokenizer: TextTokenizer,
    task: str,
    labels: Sequence[str],
    max_length: int,
    *,
    problem_type: str | None = None,
    labelled: bool = True,
) -> Rows:
    """Examples of a task as rows with targets, cut to ``max_length`` tokens; without targets unless ``labelled``.

    Targets: ``labels`` int64 [rows] (float32 of a regression, float32 [rows, labels] where ``problem_type`` is Hugging
    Face's ``multi_label_classification``), int64 [rows, length] of tokens; ``start_positions`` and ``end_positions`` of
    answers; ``scores`` float32 in 0 to 1 of similarities. UsageError when a text is empty or nothing is left to train.
    """
    settings = EncodingSettings(tokenizer, task, tuple(labels), max_length, problem_type)
    read = _answer_windows if task == "question-answering" else _texts
    encoded = list(read(examples, settings))
    if not encoded:
        raise UsageError(f"None of the {len(examples)} examples is of use for {task}.")
    rows = [examples[row.example] for row in encoded]
    texts = [encoding for row in encoded for encoding in row.encodings]
    types = np.fromiter(chain.from_iterable(text.type_ids for text in texts), np.uint8)
    is_tokens = labelled and task == "token-classification"
    return Rows(
        task,
        ids=np.fromiter(chain.from_iterable(text.ids for text in texts), np.int32),
        types=types if types.any() else None,
        starts=_ends([len(text.ids) for text in texts]),
        firsts=_ends([len(row.encodings) for row in encoded]),
        examples=np.asarray([row.example for row in encoded], np.int64),
        pad_id=tokenizer.special_ids.get("pad", 0),
        targets=TARGETS[task](encoded, rows, settings) if labelled and task in TARGETS else {},
        token_labels=token_labels_of(encoded, rows, settings) if is_tokens else None,
        masking=_masking(tokenizer) if labelled and task == "fill-mask" else None,
        truncated=0 if task == "question-answering" else sum(bool(text.overflowing) for text in texts),
    )


def _ends(sizes: Sequence[int]) -> Array:
    """Where each of several parts of those sizes begins, and where the last ends, int64."""
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64))])


def _texts(examples: Sequence[Example], settings: EncodingSettings) -> Iterator[EncodedRow]:
    """One row for every example."""
    for first in range(0, len(examples), _ENCODED_AT_ONCE):
        parts = [_parts(example, settings) for example in examples[first : first + _ENCODED_AT_ONCE]]
        for number, texts in enumerate(parts, first + 1):
            if not all(text.strip() for one in texts for text in ((one,) if isinstance(one, str) else one)):
                raise UsageError(f"Example {number} has an empty text.")
        encodings = iter(_encode_batch([text for texts in parts for text in texts], settings))
        for number, texts in enumerate(parts, first):
            yield EncodedRow(number, tuple(next(encodings) for _ in texts))


def _encode_batch(texts: list[Text], settings: EncodingSettings) -> list[Encoding]:
    backend = settings.tokenizer.tokenizer
    backend.enable_truncation(settings.max_length, strategy="longest_first")
    try:
        return backend.encode_batch(texts)
    except TypeError:  # what tokenizers raises for half of a character, which is no UTF-8
        raise UsageError("A text is not valid Unicode.", hint="Is it in another encoding than UTF-8?") from None
    finally:
        backend.no_truncation()


def _parts(example: Example, settings: EncodingSettings) -> list[Text]:
    """The texts of an example, as its task reads them."""
    if settings.task == "multiple-choice":
        return [(example.text, choice) for choice in example.choices]
    if settings.task == "sentence-similarity":
        return [example.text] if example.pair is None else [example.text, example.pair]
    text = _unmasked(example) if settings.task == "fill-mask" else example.text
    return [text if example.pair is None else (text, example.pair)]


def _unmasked(example: Example) -> str:
    """The text with its answer in the place of the first mask."""
    return example.text.replace(MASK, example.answers[0], 1) if example.answers else example.text


def _masking(tokenizer: TextTokenizer) -> Masking:
    if "mask" not in tokenizer.special_ids:
        raise UsageError(
            "The tokenizer has no mask token, so fill-mask cannot be trained.",
            hint="Add one to special_tokens_map.json if the vocabulary has it under another name.",
        )
    special = tuple(sorted(set(tokenizer.special_ids.values())))
    vocab_size = tokenizer.tokenizer.get_vocab_size(with_added_tokens=True)
    return Masking(tokenizer.special_ids["mask"], special, vocab_size)


def _answer_windows(examples: Sequence[Example], settings: EncodingSettings) -> Iterator[EncodedRow]:
    """A row for every window of every question that has words, and whose answer, if there is one, is in its context."""
    rules = decode_rules("question-answering", settings.tokenizer, None, ())
    length = min(settings.max_length, rules["max_seq_length"])
    for number, example in enumerate(examples):
        pair = (example.text, example.pair or "")
        if all(part.strip() for part in pair) and not (example.answers and answer_at(example) is None):
            found = windows(settings.tokenizer, pair, length, rules["doc_stride"])
            yield from (EncodedRow(number, (window,)) for window in found)
