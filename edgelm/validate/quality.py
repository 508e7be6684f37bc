"""The task's own metric on labelled examples, of the source and of the artifact, with bootstrap intervals."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelm import decode
from edgelm.datasets import MASK, Entity, Example
from edgelm.errors import ToolchainError, UsageError
from edgelm.session import Question, Session, takes_one_text
from edgelm.tokenizer import Text
from edgelm.types import Array, Check
from edgelm.validate.metrics import MEASURES, Answer, resampled

if TYPE_CHECKING:
    from tokenizers import Encoding

Progress = Callable[[int, int], None]
"""Called with how many texts are done, and how many there are."""
BATCH = 32
"""Texts that a model is given at once."""
_LENGTH = "length"
_MOST_TOKENS = 4096
"""Of one padded batch; attention's memory grows with it."""
_SORTED = 1024
"""Texts that are sorted by length at a time."""
_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure, and its percentile interval of 95 % over resampled examples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """One metric of the artifact, of the source where that was run too, and what is lost on the way (paired)."""

    name: str
    artifact: Estimate
    source: Estimate | None = None
    drop: Estimate | None = None


@dataclass(frozen=True)
class Quality:
    """How well an artifact does its task on labelled examples."""

    task: str
    examples: int
    truncated: int
    """Texts that were longer than the bundle takes, and were cut."""
    undefined: int
    """Texts for which the artifact's outputs are infinite or no numbers."""
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class Answers:
    """What one model said of every example, in the examples' order."""

    values: tuple[Answer, ...]
    truncated: int = 0
    undefined: int = 0


def require() -> None:
    """ToolchainError with the install command where scikit-learn or SciPy is missing."""
    packages = {"sklearn": "scikit-learn", "scipy": "scipy"}
    missing = [package for module, package in packages.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ToolchainError(f"Not installed: {', '.join(missing)}.", hint="Run: pip install 'edgelm[eval]'")


def answers(
    session: Session, examples: Sequence[Example], progress: Progress | None = None, batch: int | None = None
) -> Answers:
    """What a session says of every example, through its bundle's own decode rules.

    A source is a session over the fp32 graph's Interpreter. ``batch`` is how many texts at most are run at once, padded
    to the longest; None: as many as do not change each other's answers on this bundle. Texts that are too long are cut.
    """
    report = progress or _silent
    task = session.manifest["task"]
    if task in _ASKED:
        found = []
        for done, example in enumerate(examples, 1):
            found.append(_ASKED[task](session, example))
            report(done, len(examples))
        return Answers(tuple(answer for answer, _ in found), sum(was_cut for _, was_cut in found))
    return _batched(session, examples, report, batch or (1 if takes_one_text(session.manifest) else BATCH))


def measure(
    manifest: Mapping[str, Any], examples: Sequence[Example], artifact: Answers, source: Answers | None = None
) -> Quality:
    """The metrics of a bundle's task over answers to the same examples."""
    require()
    kind = kind_of(manifest)
    if kind == "classes" and any(len(example.labels) != 1 for example in examples):
        raise UsageError("The file gives some texts several labels or none; this model gives each exactly one.")
    ours = MEASURES[kind](examples, artifact.values)
    theirs = MEASURES[kind](examples, source.values) if source is not None else [None] * len(ours)
    drawn = resampled([*ours, *(one for one in theirs if one is not None)], len(examples))
    metrics = []
    for i, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        metric = Metric(own.name, _estimate(own.value, drawn[i]))
        if other is not None:
            base = drawn[len(ours) + i]
            # Rounded, for 0.9 - 0.89 is more than 0.01 in binary.
            drop = _estimate(round(other.value - own.value, 12), base - drawn[i])
            metric = replace(metric, source=_estimate(other.value, base), drop=drop)
        metrics.append(metric)
    return Quality(manifest["task"], len(examples), artifact.truncated, artifact.undefined, tuple(metrics))


def checks(
    quality: Quality, max_drop: float | None = None, min_metric: float | None = None, metric: str | None = None
) -> list[Check]:
    """Every figure as a check; ``max_drop`` and ``min_metric`` apply to one metric, by default the task's first.

    Both are in the metric's own unit: 0.01 of accuracy is one point. A drop that should be limited and whose source was
    not run is unmeasured.
    """
    names = [one.name for one in quality.metrics]
    if metric is not None and metric not in names:
        raise UsageError(f"{quality.task} has no metric {metric!r} here.", hint=f"There are: {', '.join(names)}.")
    limited = metric or names[0]
    found = [
        check
        for one in quality.metrics
        for check in _checks(one, quality, *((max_drop, min_metric) if one.name == limited else (None, None)))
    ]
    if quality.undefined:
        found.append(Check.at_most("quality", "texts with outputs that are no numbers", quality.undefined, 0))
    if max_drop is not None and quality.metrics[0].drop is None:
        found.append(Check.unmeasured("quality", f"{limited} drop", "the source model was not run"))
    return found


def _silent(_done: int, _total: int) -> None:
    """Where nobody asked for progress."""


def _checks(metric: Metric, quality: Quality, max_drop: float | None, min_metric: float | None) -> Iterator[Check]:
    if metric.source and metric.drop:
        source = Check.at_least("quality", f"{metric.name} of the source", metric.source.value, None)
        yield _explained(source, metric.source, quality)
        drop = Check.at_most("quality", f"{metric.name} drop", metric.drop.value, max_drop)
        yield _explained(drop, metric.drop, quality)
    artifact = Check.at_least("quality", f"{metric.name} of the artifact", metric.artifact.value, min_metric)
    yield _explained(artifact, metric.artifact, quality)


def _explained(check: Check, estimate: Estimate, quality: Quality) -> Check:
    """The check with its interval; a verdict that other examples might turn is called what it is."""
    if math.isnan(estimate.value):
        return replace(check, reason="not defined, as for answers or scores that are all the same")
    reason = f"95 % interval {estimate.low:.4g} to {estimate.high:.4g}, {quality.examples} examples"
    if check.limit is not None and estimate.low < check.limit < estimate.high:
        reason += "; the limit lies inside it"
    return replace(check, reason=f"{reason}; no limit set" if check.limit is None else reason)


def _estimate(value: float, drawn: Array) -> Estimate:
    """Resamples on which the metric is not defined are left out."""
    defined = drawn[~np.isnan(drawn)]
    low, high = np.percentile(defined, _PERCENTILES) if len(defined) else (math.nan, math.nan)
    return Estimate(value, float(low), float(high))


def kind_of(manifest: Mapping[str, Any]) -> str:
    """What an answer of the bundle is: a key of MEASURES."""
    if manifest["task"] != "text-classification":
        return _KINDS[manifest["task"]]
    if len(manifest["labels"]) == 1:
        return "scores"
    activation = manifest["decode"]["activation"]
    if activation == "none":
        raise UsageError(f"A regression of {len(manifest['labels'])} numbers has no metric here.")
    return {"softmax": "classes", "sigmoid": "label sets"}[activation]


# -- answers that are worked out from a batch --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """One text of an example as the model saw it; outputs without the batch axis and without padding."""

    session: Session
    example: Example
    encoding: Encoding
    outputs: Mapping[str, Array]


@dataclass(frozen=True)
class _Way:
    """How a task is run in batches: an example's texts, what is kept of each, and the answer that makes."""

    texts: Callable[[Session, Example], list[Text]]
    keep: Callable[[_Seen], Any]
    answer: Callable[[Sequence[Any]], Answer]


def _batched(session: Session, examples: Sequence[Example], report: Progress, batch: int) -> Answers:
    """Sorted by length, so that little of a batch is padding; the answers are in the examples' order."""
    way = _WAYS[session.manifest["task"]]
    texts = [(example, text) for example in examples for text in way.texts(session, example)]
    kept: list[Any] = [None] * len(texts)
    by_token = {spec["name"] for spec in session.manifest["artifact"]["outputs"] if _LENGTH in spec["shape"][1:2]}
    truncated = undefined = done = 0
    by_length = sorted(range(len(texts)), key=lambda place: len("".join(texts[place][1])))
    for first in range(0, len(by_length), _SORTED):
        encodings = {i: session.encode(texts[i][1], truncate=True) for i in by_length[first : first + _SORTED]}
        truncated += sum(bool(encoding.overflowing) for encoding in encodings.values())
        for rows in _batches(encodings, batch):
            outputs = session.outputs([encodings[i] for i in rows])
            for row, i in enumerate(rows):
                count = len(encodings[i].ids)
                own = {name: array[row][:count] if name in by_token else array[row] for name, array in outputs.items()}
                undefined += not all(np.isfinite(array).all() for array in own.values())
                kept[i] = way.keep(_Seen(session, texts[i][0], encodings[i], own))
            done += len(rows)
            report(done, len(texts))
    parts = iter(kept)
    values = (way.answer([next(parts) for _ in way.texts(session, example)]) for example in examples)
    return Answers(tuple(values), truncated, undefined)


def _batches(encodings: Mapping[int, Encoding], batch: int) -> Iterator[list[int]]:
    """Texts of similar length: at most ``batch``, and no more tokens than ``_MOST_TOKENS`` with the padding."""
    rows: list[int] = []
    for i in sorted(encodings, key=lambda i: len(encodings[i].ids)):
        if rows and (len(rows) == batch or (len(rows) + 1) * len(encodings[i].ids) > _MOST_TOKENS):
            yield rows
            rows = []
        rows.append(i)
    if rows:
        yield rows


def _text(_: Session, example: Example) -> list[Text]:
    return [example.text if example.pair is None else (example.text, example.pair)]


def _two_texts(session: Session, example: Example) -> list[Text]:
    """With the bundle's default prompt."""
    return session.texts(Question(example.text, pair=example.pair))


def _choice_pairs(_: Session, example: Example) -> list[Text]:
    return [(example.text, choice) for choice in example.choices]


def _only(kept: Sequence[Any]) -> Answer:
    return kept[0]


def _classified(seen: _Seen) -> Answer:
    """The best label's id, the ids above one half, or the number of a regression."""
    logits, manifest = seen.outputs["logits"], seen.session.manifest
    ids = [str(i) for i in range(len(logits))]
    found = decode.classify(logits, ids, manifest["decode"]["activation"])
    kind = kind_of(manifest)
    if kind == "scores":
        return found[0]["score"]
    if kind == "classes":
        return int(found[0]["label"])
    return frozenset(int(label["label"]) for label in found if label["score"] > 0.5)


def _entities(seen: _Seen) -> Answer:
    manifest = seen.session.manifest
    return _found(seen, seen.outputs["logits"], manifest["labels"], manifest["decode"])


def _found(seen: _Seen, logits: Array, labels: Sequence[str], rules: Mapping[str, Any]) -> frozenset[Entity]:
    """Every word has the label of its first piece, as in the training of such models; a file's own words come first."""
    example = seen.example
    found = decode.entities(
        logits,
        seen.encoding,
        example.text,
        labels,
        "first",
        words="spaces" if example.spaced else rules["words"],
        # By the rule of spaces an unknown piece would begin a word of its own.
        unknown=None if example.spaced else seen.session.tokenizer.special_ids.get("unk"),
        tags=rules.get("tags", "BIO"),
        crf=rules.get("crf"),
    )
    return frozenset(Entity(entity["start"], entity["end"], entity["entity_group"]) for entity in found)


def _intent_and_slots(seen: _Seen) -> Answer:
    """The intent's id, and the slots."""
    manifest = seen.session.manifest
    slots = _found(seen, seen.outputs["slot_logits"], manifest["slot_labels"], manifest["decode"]["slots"])
    return int(seen.outputs["intent_logits"].argmax()), slots


def _embedding(seen: _Seen) -> Array:
    vector: Array = seen.outputs["sentence_embedding"].astype(np.float64)
    return vector


def _similarity(kept: Sequence[Array]) -> Answer:
    return decode.cosine(*kept)


def _logit(seen: _Seen) -> float:
    return float(seen.outputs["logits"][0])


def _chosen(kept: Sequence[float]) -> Answer:
    ids = [str(i) for i in range(len(kept))]
    return int(decode.classify(np.asarray(kept), ids, "softmax", 1)[0]["label"])


_WAYS: Mapping[str, _Way] = {
    "text-classification": _Way(_text, _classified, _only),
    "token-classification": _Way(_text, _entities, _only),
    "intent-and-slots": _Way(_text, _intent_and_slots, _only),
    "sentence-similarity": _Way(_two_texts, _embedding, _similarity),
    "multiple-choice": _Way(_choice_pairs, _logit, _chosen),
}


# -- answers that are asked for one by one -----------------------------------------------------------------------------


def _found_span(session: Session, example: Example) -> tuple[Answer, bool]:
    """The best answer, none to a question of no words; a long context is read in windows, so nothing is cut."""
    if not example.text.strip():
        return "", False
    found = session.answer(Question(example.text, pair=example.pair))
    return found[0]["answer"] if found else "", False


def _filled(session: Session, example: Example) -> tuple[Answer, bool]:
    """The best token for the first mask; of a text that is too long the beginning goes first, lest the mask does."""
    mask = session.tokenizer.special_tokens.get("mask", MASK)
    before, after = example.text.split(MASK, 1)
    encoding = session.encode(f"{before}{mask}{after}", truncate=True)
    was_cut = bool(encoding.overflowing)
    while before and mask not in encoding.tokens:
        before = before[1 + len(before) // 2 :]
        encoding = session.encode(f"{before}{mask}{after}", truncate=True)
    found = session.answer(Question(f"{before}{mask}{after}", top_k=1, truncate=True))
    best = found[0][0] if isinstance(found[0], list) else found[0]
    return best["token_str"], was_cut


_ASKED: Mapping[str, Callable[[Session, Example], tuple[Answer, bool]]] = {
    "question-answering": _found_span,
    "fill-mask": _filled,
}
"""Each gives an answer, and whether its text was cut."""
_KINDS = {
    "token-classification": "entities",
    "intent-and-slots": "frames",
    "question-answering": "spans",
    "multiple-choice": "choices",
    "fill-mask": "words",
    "sentence-similarity": "scores",
}
