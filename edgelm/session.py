"""Answers texts with a bundle and nothing else: its tokenizer, its model in its runtime, its decode rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelm import decode, registry, tokenizer
from edgelm.bundle import Bundle
from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer, cut
from edgelm.types import Array, Runner

if TYPE_CHECKING:
    from tokenizers import Encoding


@dataclass(frozen=True)
class Question:
    """What is asked of a bundle: a text, and what its task needs beside it."""

    text: str
    pair: str | None = None
    """The second text of a pair; the context of a question."""
    choices: tuple[str, ...] = ()
    top_k: int | None = None
    aggregation: str = "simple"
    truncate: bool = False


class Session:
    """A bundle ready to answer."""

    def __init__(self, bundle: Bundle, tokenizer: TextTokenizer, runner: Runner) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.tokenizer = tokenizer
        self.runner = runner
        self.names = [spec["name"] for spec in self.manifest["artifact"]["inputs"]]

    @classmethod
    def open(cls, path: Path, threads: int) -> Session:
        """Load a bundle's tokenizer and its model; ToolchainError when the runtime is missing."""
        bundle = Bundle.open(path)
        bundle.verify()
        target = registry.target(bundle.manifest["target"])
        registry.require([target])
        tokenizer = TextTokenizer.from_bundle(path, bundle.manifest["tokenizer"])
        with registry.toolchain_of(target):
            return cls(bundle, tokenizer, target.load(path, bundle.manifest, threads))

    def answer(self, question: Question) -> Any:
        """The answer as Hugging Face's pipeline of the bundle's task gives it: plain dicts, lists and floats.

        Answers with scores are always a list, best first. UsageError when the task does not take all that is asked.
        """
        answer, takes = _ANSWERS[self.manifest["task"]]
        given = {"pair": question.pair, "choices": question.choices or None, "top_k": question.top_k}
        surplus = [_FLAGS[name] for name, value in given.items() if value is not None and name not in takes]
        if surplus:
            raise UsageError(f"{self.manifest['task']} takes no {surplus[0]}.")
        return answer(self, question)

    def encode(self, text: Text, *, truncate: bool) -> Encoding:
        """Encode a text; one that is too long is a UsageError unless it may be truncated."""
        limit = self.manifest["max_length"]
        if truncate:
            return cut(self.tokenizer, text, limit)
        encoding = self.tokenizer.encode(text)
        if len(encoding.ids) > limit:
            raise UsageError(
                f"The text has {len(encoding.ids)} tokens; this bundle takes {limit}.",
                hint="Pass --truncate to cut it, or export with a larger --max-length.",
            )
        return encoding

    def outputs(self, encodings: Sequence[Encoding]) -> dict[str, Array]:
        """Run the model on one padded batch."""
        return self.runner(self.tokenizer.arrays(encodings, self.names))

    def one(self, question: Question) -> tuple[Encoding, dict[str, Array]]:
        """Encode a text or pair and run the model on it alone; outputs without the batch axis."""
        text: Text = question.text if question.pair is None else (question.text, question.pair)
        encoding = self.encode(text, truncate=question.truncate)
        return encoding, {name: array[0] for name, array in self.outputs([encoding]).items()}


def _classify(session: Session, question: Question) -> Any:
    _, outputs = session.one(question)
    activation = session.manifest["decode"]["activation"]
    return decode.classify(outputs["logits"], session.manifest["labels"], activation, question.top_k)


def _entities(session: Session, question: Question) -> Any:
    encoding, outputs = session.one(question)
    return decode.entities(
        outputs["logits"],
        encoding,
        question.text,
        session.manifest["labels"],
        question.aggregation,
        words=session.manifest["decode"]["words"],
        unknown=session.tokenizer.special_ids.get("unk"),
    )


def _answer_span(session: Session, question: Question) -> Any:
    """Long contexts are read in overlapping windows, as Hugging Face's pipeline does."""
    if question.pair is None:
        raise UsageError("question-answering needs a context.", hint="Pass --context.")
    rules = session.manifest["decode"]
    top_k = question.top_k or 1
    candidates: list[decode.Answer] = []
    for window in windows(session, (question.text, question.pair)):
        outputs = {name: array[0] for name, array in session.outputs([window]).items()}
        candidates += decode.span_candidates(
            outputs["start_logits"],
            outputs["end_logits"],
            window,
            max_answer_length=rules["max_answer_length"],
            count=2 * top_k + 10,  # several may be spans of the same words
        )
    return decode.best_spans(candidates, question.pair, top_k)


def windows(session: Session, pair: tuple[str, str]) -> list[Encoding]:
    """What a question and its context are read as, of no more tokens than the bundle and its decode rules allow."""
    rules = session.manifest["decode"]
    length = min(session.manifest["max_length"], rules["max_seq_length"])
    return tokenizer.windows(session.tokenizer, pair, length, rules["doc_stride"])


def _choose(session: Session, question: Question) -> Any:
    if len(question.choices) < 2:
        raise UsageError("multiple-choice needs at least two choices.", hint="Pass --choice twice or more.")
    encodings = [session.encode((question.text, choice), truncate=question.truncate) for choice in question.choices]
    logits = session.outputs(encodings)["logits"][:, 0]
    return decode.classify(logits, question.choices, "softmax", question.top_k)


def _fill_mask(session: Session, question: Question) -> Any:
    encoding, outputs = session.one(question)
    mask = session.tokenizer.special_ids.get("mask")
    positions = [i for i, token in enumerate(encoding.ids) if token == mask]
    if not positions:
        raise UsageError(f"The text has no {session.tokenizer.special_tokens.get('mask', 'mask')} to fill.")
    pad = session.tokenizer.special_ids.get("pad")

    def text_of(tokens: Sequence[int]) -> str:
        """A token itself, or the filled text; of a text with several masks the other masks must be seen."""
        whole = len(tokens) > 1
        kept = [token for token in tokens if token != pad] if whole else list(tokens)
        return session.tokenizer.tokenizer.decode(kept, skip_special_tokens=whole and len(positions) == 1)

    filled = [decode.fill(outputs["logits"], encoding.ids, at, text_of, question.top_k or 5) for at in positions]
    return filled[0] if len(filled) == 1 else filled


def _hidden_states(session: Session, question: Question) -> Any:
    _, outputs = session.one(question)
    return outputs["last_hidden_state"].tolist()


def _similarity(session: Session, question: Question) -> Any:
    """The embedding of a text, or the cosine similarity of a text and its pair, each encoded alone."""
    texts = [question.text] if question.pair is None else [question.text, question.pair]
    vectors = [_embedding(session, text, question.truncate) for text in texts]
    return vectors[0].tolist() if len(vectors) == 1 else {"similarity": decode.cosine(*vectors)}


def _embedding(session: Session, text: str, truncate: bool) -> Array:
    vector: Array = session.outputs([session.encode(text, truncate=truncate)])["sentence_embedding"][0]
    return vector.astype(np.float64)


_FLAGS = {"pair": "second text (--text-pair, --context)", "choices": "--choice", "top_k": "--top-k"}
_ANSWERS: Mapping[str, tuple[Callable[[Session, Question], Any], tuple[str, ...]]] = {
    "text-classification": (_classify, ("pair", "top_k")),
    "token-classification": (_entities, ()),
    "question-answering": (_answer_span, ("pair", "top_k")),
    "multiple-choice": (_choose, ("choices", "top_k")),
    "fill-mask": (_fill_mask, ("pair", "top_k")),
    "feature-extraction": (_hidden_states, ("pair",)),
    "sentence-similarity": (_similarity, ("pair",)),
}
"""What answers a task, and what it takes beside a text."""
