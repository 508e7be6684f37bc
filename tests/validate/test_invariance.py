"""Which company a text is tried in, and what is found where an answer depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.samples import Feed
from edgelm.types import TensorSpec, Tolerance, Verdict
from edgelm.validate import invariance

PAD = 7
LIMITS = Tolerance(max_abs=1e-4, min_cosine=0.999, min_sqnr_db=60)
POOLED = TensorSpec("embedding", "float32", ("batch", 3))
TOKENS = TensorSpec("states", "float32", ("batch", "length", 3))


def feed(*lengths: int) -> Feed:
    """One call with texts of so many tokens; ids 100, 101, ... so that every text is another."""
    longest = max(lengths)
    ids = np.full((len(lengths), longest), PAD, np.int32)
    mask = np.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = 100 * length + np.arange(length)
        mask[row, :length] = 1
    return Feed("", ("text",) * len(lengths), {"input_ids": ids, "attention_mask": mask})


FEEDS = [feed(5), feed(9), feed(12), feed(20), feed(5, 9, 12), feed(64)]


def model(arrays: Mapping[str, np.ndarray], *, sees_padding: bool = False) -> dict[str, np.ndarray]:
    """A value of each token and of each text that depend on all of its own tokens, and at wish on padding too."""
    ids, mask = arrays["input_ids"].astype(np.float32), arrays["attention_mask"].astype(np.float32)
    weights = np.ones_like(mask) if sees_padding else mask
    mean = (ids * weights).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    factors = np.array([1, 2, 3], np.float32)
    return {"embedding": mean * factors, "states": (ids + mean)[..., None] * factors}


def checked(run: Any, variants: list[invariance.Variant]) -> list[Any]:
    alone = [run(one.arrays) for one in FEEDS]
    found = [(variant, run(variant.arrays)) for variant in variants]
    return list(invariance.checks(alone, found, [POOLED, TOKENS], LIMITS))


def test_a_model_that_minds_its_own_tokens_is_invariant() -> None:
    found = checked(model, invariance.variants(FEEDS, PAD, 64))
    assert {check.verdict for check in found} == {Verdict.PASS}
    assert {check.group for check in found} == {"invariance"}
    assert {check.name.partition(" vs ")[0] for check in found} == {
        f"{output} {how}" for output in ("embedding", "states") for how in ("padded", "in a batch")
    }


def test_a_model_that_sees_padding_is_not() -> None:
    def run(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return model(arrays, sees_padding=True)

    failed = {
        check.name.partition(":")[0]
        for check in checked(run, invariance.variants(FEEDS, PAD, 64))
        if check.verdict is Verdict.FAIL
    }
    assert failed == {f"{o} {how} vs alone" for o in ("embedding", "states") for how in ("padded", "in a batch")}


def test_a_model_that_mixes_the_rows_of_a_batch_is_not() -> None:
    def run(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[::-1] for name, array in model(arrays).items()}

    found = checked(run, invariance.variants(FEEDS, PAD, 64))
    assert {check.name.partition(" vs ")[0] for check in found if check.verdict is Verdict.FAIL} == {
        "embedding in a batch",
        "states in a batch",
    }


@pytest.mark.parametrize("missing", ["output", "row", "not a number"])
def test_answers_that_are_missing_or_no_numbers_fail(missing: str) -> None:
    def run(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = model(arrays)
        if len(arrays["input_ids"]) == 1:
            return found
        if missing == "output":
            return {}
        return {name: array[:1] if missing == "row" else array * np.nan for name, array in found.items()}

    found = checked(run, invariance.variants(FEEDS, PAD, 64))
    assert [check.verdict for check in found if " in a batch" in check.name and check.name.endswith("max abs")] == [
        Verdict.FAIL
    ] * 2


def test_a_text_is_padded_to_every_fixed_length() -> None:
    lengths = (8, 16, 32, 64)
    sizes = {
        variant.arrays["input_ids"].shape[1]
        for variant in invariance.variants(FEEDS, PAD, 64, lengths)
        if variant.how == "padded"
    }
    assert sizes == set(lengths)


def test_few_is_less_work_of_each_kind() -> None:
    every, few = (invariance.variants(FEEDS, PAD, 64, few=few) for few in (False, True))
    work = [sum({id(v.arrays): v.arrays["input_ids"].size for v in found}.values()) for found in (every, few)]
    assert work[1] < work[0] / 4
    assert {variant.how for variant in few} == {"padded", "in a batch"}


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("lengths", [(5, 5, 9, 64), (5, 9, 64, 64, 64, 64), (5, 64)])
def test_a_batch_has_texts_of_several_lengths(lengths: tuple[int, ...], few: bool) -> None:
    """As many as are cut to the same length: among those alone nothing is padded, and no mask counts."""
    found = invariance.variants([*map(feed, lengths)], PAD, 64, few=few)
    batches = [variant.arrays for variant in found if variant.how == "in a batch"]
    assert all(len({int(row.sum()) for row in batch["attention_mask"]}) > 1 for batch in batches)
    assert batches


@given(lengths=st.lists(st.integers(2, 30), min_size=1, max_size=7), limit=st.integers(30, 64), few=st.booleans())
def test_variants_are_the_texts_themselves(lengths: list[int], limit: int, few: bool) -> None:
    feeds = [*map(feed, lengths), feed(limit)]
    for variant in invariance.variants(feeds, PAD, limit, few=few):
        base = feeds[variant.base].arrays
        size = base["input_ids"].shape[1]
        row = {name: array[variant.row] for name, array in variant.arrays.items()}
        assert row["input_ids"][:size].tolist() == base["input_ids"][0].tolist()
        assert set(row["input_ids"][size:].tolist()) <= {PAD}
        assert row["attention_mask"].sum() == size
        assert size <= row["input_ids"].size <= limit
