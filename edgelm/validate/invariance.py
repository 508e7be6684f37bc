"""The same text alone, padded, and among other texts must be answered alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from edgelm.samples import Feed
from edgelm.types import Array, Check, TensorSpec, Tolerance
from edgelm.validate.parity import Difference

_FEW = 3
"""Tokens of padding that change nothing but the shape."""
_MIDDLE = 64


@dataclass(frozen=True)
class Variant:
    """A text in other company: row ``row`` of ``arrays`` is the text of feed ``base``, which was also run alone."""

    how: str
    base: int
    row: int
    arrays: Mapping[str, Array]


def variants(
    feeds: Sequence[Feed], pad_id: int, max_length: int, lengths: Sequence[int] = (), *, few: bool = False
) -> list[Variant]:
    """What to run beside the feeds: short texts padded to several lengths, and each text of a batch in other orders.

    ``lengths`` are the bundle's fixed ones; a text is then padded to every one of them. ``few`` leaves it at a little
    padding and one small batch, for runtimes that are emulated.
    """
    alone = sorted((feed.arrays["input_ids"].shape[1], i) for i, feed in enumerate(feeds) if len(feed.texts) == 1)
    if few:
        alone = sorted(dict(alone).items())[:2]
    found = [
        Variant("padded", i, 0, _padded(feeds[i], size, pad_id))
        for tokens, i in (alone[0], alone[len(alone) // 2])
        for size in sorted(_sizes(tokens, max_length, lengths, few=few))
    ]
    company = _company(alone)
    widest = max(feeds[i].arrays["input_ids"].shape[1] for i in company)
    for order in (company, company[::-1], company[1:] + company[:1])[: 1 if few else 3]:
        rows = [_padded(feeds[i], widest, pad_id) for i in order]
        batch = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        found.extend(Variant("in a batch", i, row, batch) for row, i in enumerate(order))
    return found


def checks(
    alone: Sequence[Mapping[str, Array]],
    found: Sequence[tuple[Variant, Mapping[str, Array]]],
    outputs: Iterable[TensorSpec],
    tolerance: Tolerance,
    on: str = "",
) -> Iterator[Check]:
    """Largest difference and worst cosine by way of company; ``alone`` has the outputs of every feed by itself."""
    specs = list(outputs)
    for how, group in groupby(sorted(found, key=lambda pair: pair[0].how), key=lambda pair: pair[0].how):
        pairs = list(group)
        for spec in specs:
            difference = Difference()
            for variant, results in pairs:
                with np.errstate(all="ignore"):
                    _count(difference, alone[variant.base].get(spec.name), results.get(spec.name), variant.row)
            found_here = difference.checks(f"{spec.name} {how} vs alone{on}:", tolerance, "invariance")
            yield from (check for check in found_here if "mean" not in check.name)


def _count(difference: Difference, alone: Array | None, results: Array | None, row: int) -> None:
    """By-token outputs are longer where the text was padded; only its own tokens count."""
    if alone is None or results is None or results.ndim != alone.ndim or row >= len(results):
        difference.max_abs = float("nan")
        return
    actual = results[row][tuple(slice(size) for size in alone.shape[1:])]
    difference.add(alone[0], actual)


def _company(alone: Sequence[tuple[int, int]]) -> list[int]:
    """Texts for one batch, of as many lengths: among texts of one length nothing is padded, and no mask counts.

    The longest is left out, which is the text of full length, as long as all the others.
    """
    distinct = sorted(dict(alone).items())
    return [i for _, i in distinct[-5:-1] if len(distinct) > 2] or [i for _, i in (*distinct, *alone)][:2]


def _sizes(tokens: int, max_length: int, lengths: Sequence[int], *, few: bool) -> set[int]:
    wanted = set(lengths) or {tokens + _FEW, *(() if few else (_MIDDLE, max_length))}
    return {size for size in wanted if tokens < size <= max_length} or {max_length}


def _padded(feed: Feed, size: int, pad_id: int) -> dict[str, Array]:
    more = size - feed.arrays["input_ids"].shape[1]
    return {
        name: np.pad(array, ((0, 0), (0, more)), constant_values=pad_id if name == "input_ids" else 0)
        for name, array in feed.arrays.items()
    }
