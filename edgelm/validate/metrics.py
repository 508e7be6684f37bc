"""What answers are worth: each task's metrics as values, and as functions of how often each example is counted."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelm.datasets import Example
from edgelm.types import Array

Answer = Any
"""What a model said of one example: an id, a set of ids, a number, a set of entities, both an id and such a set, or a
text, as the task has it."""
RESAMPLES = 1000
_SEED = 0
_MOST_COUNTS = 1 << 22
"""Counts held at a time while resampling, which bounds the memory."""


@dataclass(frozen=True)
class Measure:
    """One metric of one run's answers."""

    name: str
    value: float
    """Over the examples as they are; NaN where the metric is not defined."""
    over: Callable[[Array], Array]
    """Counts [resamples, examples] to values [resamples]: the metric with each example counted that often."""


def resampled(measures: Sequence[Measure], examples: int) -> Array:
    """Every metric over the same ``RESAMPLES`` draws with replacement (paired bootstrap): [measures, resamples]."""
    rng = np.random.default_rng(_SEED)
    rows = max(1, _MOST_COUNTS // examples)
    parts = []
    for first in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - first)
        drawn = rng.integers(0, examples, (count, examples)) + examples * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * examples).reshape(count, examples).astype(np.float64)
        parts.append(np.stack([measure.over(counts) for measure in measures]))
    return np.concatenate(parts, axis=1)


# -- classes -----------------------------------------------------------------------------------------------------------


def classes(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """Accuracy, macro-F1 over the classes that occur in the file, and Matthews' correlation, of one label each."""
    from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

    right, given = [example.labels[0] for example in examples], [int(answer) for answer in answers]
    sums = _label_sums([{label} for label in right], [{label} for label in given])
    matthews = matthews_corrcoef(right, given) if len({*right, *given}) > 1 else 0.0
    macro = f1_score(right, given, labels=sorted(set(right)), average="macro", zero_division=0)
    return [
        Measure("accuracy", float(accuracy_score(right, given)), lambda counts: _accuracy(*sums(counts))),
        Measure("macro F1", float(macro), lambda counts: _macro_f1(*sums(counts))),
        Measure("Matthews", float(matthews), lambda counts: _matthews(*sums(counts))),
    ]


def label_sets(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """Micro- and macro-F1 of any number of labels each; macro over the labels that occur in the file."""
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    right, given = [set(example.labels) for example in examples], [set(answer) for answer in answers]
    binarizer = MultiLabelBinarizer().fit([*right, *given])
    arrays = binarizer.transform(right), binarizer.transform(given)
    present = np.flatnonzero(arrays[0].any(axis=0))
    sums = _label_sums(right, given)
    micro, macro = (
        f1_score(*arrays, average=average, labels=labels, zero_division=0)
        for average, labels in (("micro", None), ("macro", present))
    )
    return [
        Measure("micro F1", float(micro), lambda counts: _f1(*(part.sum(axis=1) for part in sums(counts)))),
        Measure("macro F1", float(macro), lambda counts: _macro_f1(*sums(counts))),
    ]


def _label_sums(right: Sequence[set[int]], given: Sequence[set[int]]) -> Callable[[Array], tuple[Array, Array, Array]]:
    """Counts to sums [resamples, labels]: found rightly, given, right. Labels are those that occur."""
    column = {label: i for i, label in enumerate(sorted(set().union(*right, *given)))}
    columns = [np.zeros((len(right), len(column)), np.float32) for _ in range(3)]
    for i, (wanted, got) in enumerate(zip(right, given, strict=True)):
        for array, labels in zip(columns, (wanted & got, got, wanted), strict=True):
            array[i, [column[label] for label in labels]] = 1
    joined = np.concatenate(columns, axis=1)

    def sums(counts: Array) -> tuple[Array, Array, Array]:
        # Whole numbers below 2**24, so float32 adds them exactly.
        found, got, wanted = np.split((counts.astype(np.float32) @ joined).astype(np.float64), 3, axis=1)
        return found, got, wanted

    return sums


def _divide(above: Array, below: Array) -> Array:
    """The quotient, and NaN where there is nothing to divide by."""
    quotient: Array = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return quotient


def _accuracy(found: Array, _: Array, wanted: Array) -> Array:
    return _divide(found.sum(axis=1), wanted.sum(axis=1))


def _f1(found: Array, given: Array, wanted: Array) -> Array:
    return _divide(2 * found, given + wanted)


def _macro_f1(found: Array, given: Array, wanted: Array) -> Array:
    """The mean over the labels that are right for some example of the resample."""
    present = wanted > 0
    return _divide((np.nan_to_num(_f1(found, given, wanted)) * present).sum(axis=1), present.sum(axis=1))


def _matthews(found: Array, given: Array, wanted: Array) -> Array:
    """The multi-class correlation (Gorodkin 2004); 0 where one side has one class, as scikit-learn has it."""
    total = wanted.sum(axis=1)
    covariance = found.sum(axis=1) * total - (given * wanted).sum(axis=1)
    spread = (total**2 - (given**2).sum(axis=1)) * (total**2 - (wanted**2).sum(axis=1))
    return np.nan_to_num(_divide(covariance, np.sqrt(spread)))


# -- scores ------------------------------------------------------------------------------------------------------------


def scores(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """Spearman's and Pearson's correlation with the file's scores; NaN where either side is constant."""
    from scipy.stats import pearsonr, spearmanr

    right = np.asarray([example.score for example in examples], np.float64)
    given = np.asarray(answers, np.float64)
    varies = bool(np.ptp(right) and np.ptp(given))
    spearman, pearson = (
        float(correlation(right, given).statistic) if varies else math.nan for correlation in (spearmanr, pearsonr)
    )
    return [
        Measure(
            "Spearman", spearman, lambda counts: _correlation(_ranks(right, counts), _ranks(given, counts), counts)
        ),
        Measure("Pearson", pearson, lambda counts: _correlation(right[None], given[None], counts)),
    ]


def _correlation(left: Array, right: Array, counts: Array) -> Array:
    """Pearson's correlation [resamples] of values [resamples or 1, examples]."""
    total = counts.sum(axis=1, keepdims=True)
    left, right = (side - (counts * side).sum(axis=1, keepdims=True) / total for side in (left, right))
    spreads = (counts * left**2).sum(axis=1) * (counts * right**2).sum(axis=1)
    return _divide((counts * left * right).sum(axis=1), np.sqrt(spreads))


def _ranks(values: Array, counts: Array) -> Array:
    """The rank of each example within each resample, ties sharing the middle of theirs: [resamples, examples]."""
    order = np.argsort(values, kind="stable")
    _, starts, inverse = np.unique(values[order], return_index=True, return_inverse=True)
    tied = np.add.reduceat(counts[:, order], starts, axis=1)
    middle = np.cumsum(tied, axis=1) - (tied - 1) / 2
    ranks = np.empty_like(counts)
    ranks[:, order] = middle[:, inverse]
    return ranks


# -- entities ----------------------------------------------------------------------------------------------------------


def entities(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """F1 over all entities; one counts where start, end and type are right, as in seqeval."""
    right, given = [set(example.entities) for example in examples], [set(answer) for answer in answers]
    sizes = [(len(wanted & got), len(got), len(wanted)) for wanted, got in zip(right, given, strict=True)]
    parts = np.asarray(sizes, np.float64)

    def f1(counts: Array) -> Array:
        return _f1(*(counts @ parts).T)

    return [Measure("entity F1", float(f1(np.ones((1, len(parts))))[0]), f1)]


def frames(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """How often intent and all slots are right (sentence accuracy), the intent's accuracy, and the slots' F1."""
    intents = [example.labels[0] == intent for example, (intent, _) in zip(examples, answers, strict=True)]
    (slots,) = entities(examples, [found for _, found in answers])
    whole = [
        is_right and set(example.entities) == set(found)
        for is_right, example, (_, found) in zip(intents, examples, answers, strict=True)
    ]
    return [
        _mean("sentence accuracy", whole),
        _mean("intent accuracy", intents),
        Measure("slot F1", slots.value, slots.over),
    ]


# -- answers that are right or wrong one by one ------------------------------------------------------------------------


def choices(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """The share of right choices."""
    return [_mean("accuracy", [example.labels[0] == got for example, got in zip(examples, answers, strict=True)])]


def words(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """How often the best word for the mask is the right one, in whatever case."""
    pairs = zip(examples, answers, strict=True)
    return [_mean("top-1", [got.strip().casefold() == example.answers[0].strip().casefold() for example, got in pairs])]


def spans(examples: Sequence[Example], answers: Sequence[Answer]) -> list[Measure]:
    """F1 and exact match (EM), each against the best of the right answers; Chinese by CMRC's rules, else by SQuAD's."""
    pairs = [judge(example, got) for example, got in zip(examples, answers, strict=True)]
    return [_mean("F1", [f1 for _, f1 in pairs]), _mean("EM", [exact for exact, _ in pairs])]


def _mean(name: str, values: Sequence[float]) -> Measure:
    array = np.asarray(values, np.float64)
    return Measure(name, float(array.mean()), lambda counts: _divide(counts @ array, counts.sum(axis=1)))


def judge(example: Example, answer: str) -> tuple[float, float]:
    """Exact match and F1, each the best over the right answers; a question without one wants an empty answer."""
    is_chinese = re.search(r"[一-龥]", example.text) is not None
    exact, f1 = (_cmrc_exact, _cmrc_f1) if is_chinese else (_squad_exact, _squad_f1)
    right = example.answers or ("",)
    return max(exact(answer, want) for want in right), max(f1(answer, want) for want in right)


def _squad_words(text: str) -> list[str]:
    """Lower case, without punctuation and articles: the official script's ``normalize_answer``."""
    bare = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def _squad_exact(answer: str, right: str) -> float:
    return float(_squad_words(answer) == _squad_words(right))


def _squad_f1(answer: str, right: str) -> float:
    """F1 of words; where one side has none, they must be equal."""
    got, want = _squad_words(answer), _squad_words(right)
    if not got or not want:
        return float(got == want)
    return 2 * sum((Counter(got) & Counter(want)).values()) / (len(got) + len(want))


_CMRC_SIGNS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""What cmrc2018_evaluate.py takes out of answers; its ``……`` is two characters and so never matches."""
_CMRC_SEGMENTS = re.compile(r"[一-龥]|[^\W一-龥]+(?:[.,]\d+)*|[^\w\s]")
"""A Chinese character, a word or number of another script (the script asks nltk for those), or a sign."""


def _cmrc_bare(text: str) -> str:
    return "".join(letter for letter in text.lower().strip() if letter not in _CMRC_SIGNS)


def _cmrc_exact(answer: str, right: str) -> float:
    return float(_cmrc_bare(answer) == _cmrc_bare(right))


def _cmrc_f1(answer: str, right: str) -> float:
    """F1 of the longest run of segments that both have."""
    got, want = _CMRC_SEGMENTS.findall(_cmrc_bare(answer)), _CMRC_SEGMENTS.findall(_cmrc_bare(right))
    longest, above = 0, [0] * (len(want) + 1)
    for segment in got:
        runs = [0] + [above[i] + 1 if segment == other else 0 for i, other in enumerate(want)]
        longest, above = max(longest, *runs), runs
    return 2 * longest / (len(got) + len(want)) if longest else 0.0


MEASURES: Mapping[str, Callable[[Sequence[Example], Sequence[Answer]], list[Measure]]] = {
    "classes": classes,
    "label sets": label_sets,
    "scores": scores,
    "entities": entities,
    "frames": frames,
    "choices": choices,
    "words": words,
    "spans": spans,
}
"""By what an answer is; the first of each is what limits apply to."""
