"""Answers texts with a bundle and nothing else: its tokenizer, its model in its runtime, its decode rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """What may follow the text; the documents that are ranked by it."""
    top_k: int | None = None
    aggregation: str = "simple"
    truncate: bool = False
    prompt: str | None = None
    """The name of the bundle's prompt that is put before each text; None: its default, if it has one."""


class Session:
    """A bundle ready to answer."""

    def __init__(self, bundle: Bundle, tokenizer: TextTokenizer, runner: Runner) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.tokenizer = tokenizer
        self.runner = runner
        artifact = self.manifest["artifact"]
        self.names = [spec["name"] for spec in artifact["inputs"]]
        self._dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"] if "dtype" in spec}
        self._by_token = {spec["name"] for spec in artifact["outputs"] if "length" in spec["shape"][1:2]}

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
        Whatever the model reads for it, windows or choices, is run alone, so that nothing shares a quantization range.
        """
        rows = self.rows(question, self.tokenizer.encode_batch(self.texts(question)))
        return self.decode(question, rows, [self.split([row], self.outputs([row]))[0] for row in rows])

    def texts(self, question: Question) -> list[Text]:
        """What is to be tokenized for a question; UsageError when the task does not take all that is asked."""
        task = self._task(question)
        given = {name: getattr(question, name) for name in _FLAGS} | {"choices": question.choices or None}
        surplus = [_FLAGS[name] for name, value in given.items() if value is not None and name not in task.takes]
        if surplus:
            raise UsageError(f"{self.manifest['task']} takes no {surplus[0]}.")
        return task.texts(self._prompted(question) if "prompt" in task.takes else question)

    def _task(self, question: Question) -> _Task:
        """How a question is answered: a bundle that scores pairs ranks the documents it is given."""
        ranks = ranks_documents(self.manifest) and question.choices
        return _RANKING if ranks else _TASKS[self.manifest["task"]]

    def _prompted(self, question: Question) -> Question:
        """The question with its prompt before each text, as sentence-transformers' ``encode`` puts it there."""
        found = self.manifest.get("prompts") or {"texts": {}, "default": None}
        name = found["default"] if question.prompt is None else question.prompt
        if name is None:
            return question
        if name not in found["texts"]:
            names = ", ".join(found["texts"]) or "none"
            raise UsageError(f"The bundle has no prompt {name!r:.60}.", hint=f"There are: {names}.")
        prompt = found["texts"][name]
        parts = [question.text] if question.pair is None else [question.text, question.pair]
        text, *pair = (prompt + part if part.strip() else part for part in parts)  # an empty one is refused as such
        return replace(question, text=text, pair=pair[0] if pair else None)

    def rows(self, question: Question, encodings: Sequence[Encoding]) -> list[Encoding]:
        """What the model reads for a question, of its ``texts`` tokenized: windows of them, or cut, or as they are."""
        if self.manifest["task"] == "question-answering":
            return windows(self, (question.text, question.pair or ""), encodings[0])
        pairs = zip(self.texts(question), encodings, strict=True)
        return [self._fitting(text, encoding, truncate=question.truncate) for text, encoding in pairs]

    def decode(self, question: Question, rows: Sequence[Encoding], outputs: Sequence[Mapping[str, Array]]) -> Any:
        """The answer, of a question's ``rows`` and the model's outputs for each of them, without the batch axis."""
        return self._task(question).answer(self, question, rows, outputs)

    def encode(self, text: Text, *, truncate: bool) -> Encoding:
        """Encode a text; one that is too long is a UsageError unless it may be truncated."""
        return self._fitting(text, self.tokenizer.encode(text), truncate=truncate)

    def _fitting(self, text: Text, encoding: Encoding, *, truncate: bool) -> Encoding:
        limit = self.manifest["max_length"]
        if len(encoding.ids) <= limit:
            return encoding
        if truncate:
            return cut(self.tokenizer, text, limit)
        raise UsageError(
            f"The text has {len(encoding.ids)} tokens; this bundle takes {limit}.",
            hint="Pass --truncate to cut it, or export with a larger --max-length.",
        )

    def outputs(self, encodings: Sequence[Encoding]) -> dict[str, Array]:
        """Run the model on one padded batch."""
        return self.runner(self.tokenizer.arrays(encodings, self.names, dtypes=self._dtypes))

    def split(self, encodings: Sequence[Encoding], outputs: Mapping[str, Array]) -> list[dict[str, Array]]:
        """The outputs of each text of a batch, without the batch axis and without its padding."""
        return [
            {name: a[row][: len(e.ids)] if name in self._by_token else a[row] for name, a in outputs.items()}
            for row, e in enumerate(encodings)
        ]


def takes_one_text(manifest: Mapping[str, Any]) -> bool:
    """Whether the model must read texts one by one.

    It takes a batch of one, or one quantization range spans a batch and so its texts would meet in it.
    """
    shared = manifest["scheme"]["activations"].startswith("dynamic_tensor")
    return shared or isinstance(manifest["artifact"]["inputs"][0]["shape"][0], int)


def ranks_documents(manifest: Mapping[str, Any]) -> bool:
    """Whether the bundle is a reranker: one score for a pair of a query and a document."""
    return manifest["task"] == "text-classification" and len(manifest["labels"]) == 1


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """The places of ``lengths`` in batches, the shortest first.

    A batch times its longest is at most ``budget``; one that alone is longer runs alone.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[place] > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


_Rows = Sequence["Encoding"]
_Outputs = Sequence[Mapping[str, Array]]


def windows(session: Session, pair: tuple[str, str], whole: Encoding | None = None) -> list[Encoding]:
    """What a question and its context are read as, of no more tokens than the bundle and its decode rules allow."""
    rules = session.manifest["decode"]
    length = min(session.manifest["max_length"], rules["max_seq_length"])
    return tokenizer.windows(session.tokenizer, pair, length, rules["doc_stride"], whole)


def _text_or_pair(question: Question) -> list[Text]:
    return [question.text if question.pair is None else (question.text, question.pair)]


def _question_and_context(question: Question) -> list[Text]:
    if question.pair is None:
        raise UsageError("question-answering needs a context.", hint="Pass --context.")
    return [(question.text, question.pair)]


def _text_and_choices(question: Question) -> list[Text]:
    if len(question.choices) < 2:
        raise UsageError("multiple-choice needs at least two choices.", hint="Pass --choice twice or more.")
    return [(question.text, choice) for choice in question.choices]


def _query_and_documents(question: Question) -> list[Text]:
    if question.pair is not None:
        raise UsageError("Documents are ranked by one text.", hint="Leave the second text out.")
    return [(question.text, document) for document in question.choices]


def _each_text(question: Question) -> list[Text]:
    """The texts whose similarity is asked are each encoded alone."""
    return [question.text] if question.pair is None else [question.text, question.pair]


def _classify(session: Session, question: Question, _: _Rows, outputs: _Outputs) -> Any:
    activation = session.manifest["decode"]["activation"]
    return decode.classify(outputs[0]["logits"], session.manifest["labels"], activation, question.top_k)


def _rank(session: Session, question: Question, _: _Rows, outputs: _Outputs) -> Any:
    """Each document with its score and its place among those given, the best first."""
    activation = session.manifest["decode"]["activation"]
    logits = np.stack([found["logits"][0] for found in outputs])
    return decode.rank(logits, question.choices, activation, question.top_k)


def _entities(session: Session, question: Question, rows: _Rows, outputs: _Outputs) -> Any:
    manifest = session.manifest
    return _found(session, question, rows, outputs[0]["logits"], manifest["labels"], manifest["decode"])


def _intent_and_slots(session: Session, question: Question, rows: _Rows, outputs: _Outputs) -> Any:
    """The best intent, and as slots the entities by the label of each word's first token, which alone is trained."""
    manifest = session.manifest
    rules = manifest["decode"]
    (intent,) = decode.classify(outputs[0]["intent_logits"], manifest["labels"], rules["activation"], 1)
    firsts = replace(question, aggregation="first")
    slots = _found(session, firsts, rows, outputs[0]["slot_logits"], manifest["slot_labels"], rules["slots"])
    return {"intent": intent["label"], "score": intent["score"], "slots": slots}


def _found(
    session: Session, question: Question, rows: _Rows, logits: Array, labels: Sequence[str], rules: Mapping[str, Any]
) -> list[decode.Answer]:
    """The entities of a text by a tagger's decode rules."""
    unknown = session.tokenizer.special_ids.get("unk")
    how = {"words": rules["words"], "tags": rules.get("tags", "BIO"), "crf": rules.get("crf"), "unknown": unknown}
    return decode.entities(logits, rows[0], question.text, labels, question.aggregation, **how)


def _answer_span(session: Session, question: Question, rows: _Rows, outputs: _Outputs) -> Any:
    """Long contexts are read in overlapping windows, as Hugging Face's pipeline does."""
    rules = session.manifest["decode"]
    top_k = question.top_k or 1
    candidates: list[decode.Answer] = []
    for window, found in zip(rows, outputs, strict=True):
        candidates += decode.span_candidates(
            found["start_logits"],
            found["end_logits"],
            window,
            max_answer_length=rules["max_answer_length"],
            count=2 * top_k + 10,  # several may be spans of the same words
        )
    return decode.best_spans(candidates, question.pair or "", top_k)


def _choose(_: Session, question: Question, __: _Rows, outputs: _Outputs) -> Any:
    logits = np.stack([found["logits"][0] for found in outputs])
    return decode.classify(logits, question.choices, "softmax", question.top_k)


def _fill_mask(session: Session, question: Question, rows: _Rows, outputs: _Outputs) -> Any:
    ids = rows[0].ids
    mask = session.tokenizer.special_ids.get("mask")
    positions = [i for i, token in enumerate(ids) if token == mask]
    if not positions:
        raise UsageError(f"The text has no {session.tokenizer.special_tokens.get('mask', 'mask')} to fill.")
    pad = session.tokenizer.special_ids.get("pad")

    def text_of(tokens: Sequence[int]) -> str:
        """A token itself, or the filled text; of a text with several masks the other masks must be seen."""
        whole = len(tokens) > 1
        kept = [token for token in tokens if token != pad] if whole else list(tokens)
        return session.tokenizer.tokenizer.decode(kept, skip_special_tokens=whole and len(positions) == 1)

    filled = [decode.fill(outputs[0]["logits"], ids, at, text_of, question.top_k or 5) for at in positions]
    return filled[0] if len(filled) == 1 else filled


def _hidden_states(_: Session, __: Question, ___: _Rows, outputs: _Outputs) -> Any:
    return outputs[0]["last_hidden_state"].tolist()


def _similarity(_: Session, __: Question, ___: _Rows, outputs: _Outputs) -> Any:
    """The embedding of a text, or the cosine similarity of a text and its pair."""
    vectors = [found["sentence_embedding"].astype(np.float64) for found in outputs]
    return vectors[0].tolist() if len(vectors) == 1 else {"similarity": decode.cosine(*vectors)}


@dataclass(frozen=True)
class _Task:
    """How a task is answered: the texts of a question, the answer from the model's outputs, and what it takes."""

    texts: Callable[[Question], list[Text]]
    answer: Callable[[Session, Question, _Rows, _Outputs], Any]
    takes: tuple[str, ...]
    """What may stand beside a text."""


_FLAGS = {
    "pair": "second text (--text-pair, --context)",
    "choices": "--choice or --document",
    "top_k": "--top-k",
    "prompt": "--prompt",
}
_RANKING = _Task(_query_and_documents, _rank, ("pair", "choices", "top_k"))
_TASKS: Mapping[str, _Task] = {
    "text-classification": _Task(_text_or_pair, _classify, ("pair", "top_k")),
    "token-classification": _Task(_text_or_pair, _entities, ()),
    "intent-and-slots": _Task(_text_or_pair, _intent_and_slots, ()),
    "question-answering": _Task(_question_and_context, _answer_span, ("pair", "top_k")),
    "multiple-choice": _Task(_text_and_choices, _choose, ("choices", "top_k")),
    "fill-mask": _Task(_text_or_pair, _fill_mask, ("pair", "top_k")),
    "feature-extraction": _Task(_text_or_pair, _hidden_states, ("pair",)),
    "sentence-similarity": _Task(_each_text, _similarity, ("pair", "prompt")),
}
