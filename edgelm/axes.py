"""Axes for charts: round ticks whose labels have room, and where on the axis a value stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_MOST_TICKS = 6
_HUGE = 1e300
"""Values beyond are drawn at it: the differences of those that are not stay finite."""
_FLAT = 1e-12
"""A span below this share of its values is one value: a float's own digits end there."""
_ZERO_SLOT = 0.12
"""The share of a logarithmic axis that is set apart for zero, which has no logarithm."""
_STRIDES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 400)


@dataclass(frozen=True)
class Tick:
    """Where a tick stands, 0 to 1 along the axis, and what it says."""

    place: float
    label: str


@dataclass(frozen=True)
class Axis:
    """From values to places between 0 and 1."""

    low: float
    high: float
    log: bool = False
    has_zero: bool = False
    """Zero is a value of a logarithmic axis; it stands apart, at place 0."""
    ticks: tuple[Tick, ...] = ()

    def takes(self, value: float) -> bool:
        """Whether the value has a place: it is finite and, where the axis is logarithmic, not negative."""
        return math.isfinite(value) and not (self.log and value < 0)

    def place(self, value: float) -> float:
        """Where the value stands, 0 to 1."""
        if self.log and value <= 0:
            return 0.0
        return self._along(math.log10(value) if self.log else _drawable(value))

    def _along(self, position: float) -> float:
        share = min(max((position - self.low) / (self.high - self.low), 0.0), 1.0)
        return _ZERO_SLOT + (1 - _ZERO_SLOT) * share if self.has_zero else share


class Positions(NamedTuple):
    """Ticks that an axis may have, each at a value (or its logarithm) and with its label, and where the axis ends."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


def axis(values: Iterable[float], *, log: bool, fits: Callable[[Sequence[Tick]], bool]) -> Axis:
    """An axis with as many round ticks as ``fits``; linear where no value is positive.

    What has no place on it is left out of account: not a number, infinite, negative on a logarithmic axis.
    """
    finite = [value for value in values if math.isfinite(value)]
    positive = [value for value in finite if value > 0]
    log = log and bool(positive)
    candidates = _log_positions(positive) if log else _linear_positions([_drawable(value) for value in finite])
    has_zero = log and 0.0 in finite
    for found in candidates:
        bare = Axis(found.low, found.high, log, has_zero)
        zero = [Tick(0.0, "0")] if has_zero else []
        ticks = (*zero, *(Tick(bare._along(position), label) for position, label in found.ticks))
        if 2 <= len(found.ticks) <= _MOST_TICKS and fits(ticks):
            break
    return Axis(bare.low, bare.high, log, has_zero, ticks)


def _drawable(value: float) -> float:
    return 0.0 if abs(value) < 1 / _HUGE else min(max(value, -_HUGE), _HUGE)


def _linear_positions(values: Sequence[float]) -> Iterator[Positions]:
    """From tick to tick, at multiples of 1, 2 or 5 times a power of ten, finest first."""
    low, high = _limits(values)
    for count in range(_MOST_TICKS, 0, -1):
        exponent = math.floor(math.log10((high - low) / count))
        factor = next(f for f in (1, 2, 5, 10) if (high - low) / _decimal(f, exponent) <= count or f == 10)
        step = _decimal(factor, exponent)
        marks = [k * factor for k in range(math.floor(low / step), math.ceil(high / step) + 1)]
        ticks = [(_decimal(mark, exponent), number(_decimal(mark, exponent))) for mark in marks]
        yield Positions(ticks[0][0], ticks[-1][0], ticks)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """What a linear axis must show: from zero where the values come near it, and some room around a single one."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low == high == 0:
        return 0.0, 1.0
    if high - low <= _FLAT * max(abs(low), abs(high)):
        room = 0.1 * max(abs(low), abs(high))
        return low - room, high + room
    if 0 < low < high / 2:
        return 0.0, high
    return (low, 0.0) if low / 2 < high < 0 else (low, high)


def _log_positions(values: Sequence[float]) -> Iterator[Positions]:
    """Between two of 1, 2 and 5 times a power of ten: ticks at all of those, else at powers ever further apart."""
    low, high = math.log10(min(values)), math.log10(max(values))
    fine = [
        (exponent + math.log10(factor), _power(factor, exponent))
        for exponent in range(math.floor(low), math.ceil(high) + 1)
        for factor in (1, 2, 5)
    ]
    first = max(i for i, (position, _) in enumerate(fine) if position <= low)
    last = next(i for i, (position, _) in enumerate(fine) if position >= high and i > first)
    start, end = fine[first], fine[last]
    yield Positions(start[0], end[0], fine[first : last + 1])
    for stride in _STRIDES:
        powers = range(math.ceil(start[0] / stride) * stride, math.floor(end[0]) + 1, stride)
        yield Positions(start[0], end[0], [(float(power), _power(1, power)) for power in powers])
    yield Positions(start[0], end[0], [start, end])


def _decimal(mantissa: int, exponent: int) -> float:
    """mantissa · 10^exponent, rounded once: multiples of 0.1 that read 0.3 and not 0.30000000000000004."""
    return float(f"{mantissa}e{exponent}")


def _power(factor: int, exponent: int) -> str:
    return number(_decimal(factor, exponent)) if -3 <= exponent <= 5 else f"{factor}e{exponent}"


def number(value: float) -> str:
    """A number of an axis: plain where that is short, else with an exponent without needless zeros."""
    mantissa, e, exponent = f"{value:.12g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
