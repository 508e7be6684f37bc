"""Holds an artifact's outputs against a reference: max and mean abs, cosine, SQNR, top-1, each with its limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgelm.types import Array, Check, Group, TensorSpec, TextError, Tolerance

_LENGTH = "length"
_TIE = 1e-5
"""Scores this close, as a share of the larger where that exceeds one, may change places by round-off alone."""

_DIRECTED = 0.05
"""Of the longest output: one shorter than that, as two logits near zero, has no direction that survives rounding."""


@dataclass
class Difference:
    """What two runs differ by on one output, over any number of feeds; only real tokens count."""

    max_abs: float = 0.0
    peak: float = 0.0
    cosines: list[float] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    """Of the reference of each text, as a vector."""
    agreed: int = 0
    decided: int = 0
    _sum_abs: float = 0.0
    _count: int = 0
    _signal: float = 0.0
    _noise: float = 0.0

    def add(self, reference: Array, actual: Array) -> None:
        """Count one text's output, the reference first; any shape, equal in both."""
        if reference.shape != actual.shape:
            self.max_abs = float("nan")
            return
        reference, actual = (values.astype(np.float64) for values in (reference, actual))
        error = np.abs(reference - actual)
        self.max_abs = float(np.max([self.max_abs, error.max()]))
        self.peak = max(self.peak, float(np.abs(reference).max()))
        self._sum_abs += float(error.sum())
        self._count += error.size
        self._signal += float(np.square(reference).sum())
        self._noise += float(np.square(error).sum())
        self.lengths.append(float(np.linalg.norm(reference)))
        norms = self.lengths[-1] * np.linalg.norm(actual)
        self.cosines.append(
            float((reference * actual).sum() / norms) if norms else float(np.array_equal(reference, actual))
        )

    def decide(self, reference: Array, actual: Array) -> None:
        """Count how often the largest of the last axis is at the same place, or at one that ties with it."""
        chosen = np.take_along_axis(reference, actual.argmax(axis=-1, keepdims=True), axis=-1)[..., 0]
        best = reference.max(axis=-1)
        same = np.atleast_1d(best - chosen <= _TIE * np.maximum(1.0, np.abs(best)))
        self.agreed += int(same.sum())
        self.decided += same.size

    @property
    def directed(self) -> list[float]:
        """The cosines of the texts whose reference is long enough to have a direction; max abs judges the others."""
        shortest = _DIRECTED * max(self.lengths, default=0.0)
        return [cosine for cosine, length in zip(self.cosines, self.lengths, strict=True) if not length < shortest]

    @property
    def mean_abs(self) -> float:
        """Mean absolute difference over all values."""
        return self._sum_abs / self._count if self._count else float("nan")

    @property
    def sqnr_db(self) -> float:
        """Signal to quantization noise ratio in dB; infinite where nothing differs."""
        if not self._count:
            return float("nan")
        if not self._noise:
            return float("inf")
        with np.errstate(divide="ignore"):
            return 10 * float(np.log10(self._signal / self._noise))

    def checks(self, name: str, tolerance: Tolerance, group: Group = "parity") -> Iterator[Check]:
        """One check for each measure."""
        scale = max(1.0, self.peak)
        cosines = self.directed or [float("nan")]
        yield Check.at_most(group, f"{name} max abs", self.max_abs, _scaled(tolerance.max_abs, scale))
        yield Check.at_most(group, f"{name} mean abs", self.mean_abs, _scaled(tolerance.mean_abs, scale))
        yield Check.at_least(group, f"{name} cosine, worst", float(np.min(cosines)), tolerance.min_cosine)
        yield Check.at_least(group, f"{name} cosine, mean", float(np.mean(cosines)), None)
        yield Check.at_least(group, f"{name} SQNR", self.sqnr_db, tolerance.min_sqnr_db, "dB")
        if self.decided:
            yield Check.at_least(group, f"{name} top-1", self.agreed / self.decided, tolerance.min_top1)


def _scaled(limit: float | None, scale: float) -> float | None:
    return None if limit is None else limit * scale


def compare(
    reference: Sequence[Mapping[str, Array]],
    actual: Sequence[Mapping[str, Array]],
    masks: Sequence[Array],
    outputs: Iterable[TensorSpec],
    tolerance: Tolerance,
    against: str,
) -> list[Check]:
    """Checks of every output over all feeds. ``masks`` [texts, length] say which tokens are real."""
    checks: list[Check] = []
    for spec in outputs:
        difference = Difference()
        for want, got, mask in zip(reference, actual, masks, strict=True):
            with np.errstate(all="ignore"):  # a broken artifact's infinities are figures here, not warnings
                _count(difference, spec, want[spec.name], got.get(spec.name), _mask_for(spec, mask))
        checks.extend(difference.checks(f"{spec.name} vs {against}:", tolerance))
    return checks


def text_errors(
    reference: Sequence[Mapping[str, Array]],
    actual: Sequence[Mapping[str, Array]],
    masks: Sequence[Array],
    spec: TensorSpec,
) -> Iterator[TextError]:
    """How far one output is from the reference on every single text."""
    for want, got, mask in zip(reference, actual, masks, strict=True):
        for row in range(len(mask)):
            difference = Difference()
            found = got.get(spec.name)
            with np.errstate(all="ignore"):
                one = None if found is None else found[row : row + 1]
                _count(difference, spec, want[spec.name][row : row + 1], one, _mask_for(spec, mask[row : row + 1]))
            cosine = difference.cosines[0] if difference.cosines else float("nan")
            yield TextError(int(mask[row].sum()), difference.max_abs, cosine)


def _mask_for(spec: TensorSpec, mask: Array) -> Array | None:
    """The mask of an output that has a value for each token; None for one that has not."""
    return mask if len(spec.shape) > 1 and spec.shape[1] == _LENGTH else None


def _count(difference: Difference, spec: TensorSpec, want: Array, got: Array | None, mask: Array | None) -> None:
    if got is None or got.shape != want.shape:
        difference.max_abs = float("nan")
        return
    for row in range(len(want)):
        real = slice(None) if mask is None else mask[row].astype(bool)
        reference, actual = want[row][real], got[row][real]
        difference.add(reference, actual)
        if "logits" in spec.name and reference.shape[-1] > 1:
            difference.decide(reference, actual)
