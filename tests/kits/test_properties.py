"""Each kit's tokenizer is Hugging Face's on texts that nobody wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from conformance import texts
from conformance.cases import brief, encoding
from conformance.comparison import first_difference, same
from conformance.driver import Driver
from conformance.generated import KINDS, strings

KEPT = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
COUNT, BATCH = 100_000, 1000
_CLUSTERS = (
    "e\u0301",
    "İ",
    "ﬁ",
    "👩🏽‍🚀",
    "🇩🇪",
    "ﾊﾟ",
    "각",
    " ",
    "  ",
    "\u3000",
    "'s",
    "[MASK]",
    "<mask>",
    "北京",
    "ß",
    "\u0345",
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(st.sampled_from(_CLUSTERS), st.text(max_size=3)), max_size=12).map("".join),
    st.text(st.sampled_from(" ab.AÉé\u0301\u0323北ｱﾞ가\u1100\u1161\u200d👍🏽\u00a0'1²\n"), max_size=30),
)


def opened(driver: Driver, folder: Path, kind: str) -> Tokenizer:
    """The kind's tokenizer in Python, and in the kit."""
    path = folder / "tokenizers" / kind / "tokenizer.json"
    assert driver.ok("open", tokenizer=str(path)) is True
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def wanted(found: Any) -> dict[str, Any]:
    return json.loads(json.dumps(encoding(found)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_text(driver: Driver, conformance_slice: Path, kind: str) -> None:
    tokenizer = opened(driver, conformance_slice, kind)

    @KEPT
    @given(TEXTS)
    def check(text: str) -> None:
        found, expected = driver.ok("encode", text=text), wanted(tokenizer.encode(text))
        assert same(found, expected), first_difference(found, expected)

    check()


@pytest.mark.parametrize("kind", KINDS[:4])
def test_a_pair(driver: Driver, conformance_slice: Path, kind: str) -> None:
    tokenizer = opened(driver, conformance_slice, kind)

    @KEPT
    @given(TEXTS, TEXTS)
    def check(text: str, pair: str) -> None:
        found, expected = driver.ok("encode", text=text, pair=pair), wanted(tokenizer.encode(text, pair))
        assert same(found, expected), first_difference(found, expected)

    check()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand(driver: Driver, conformance_slice: Path, kind: str) -> None:
    tokenizer = opened(driver, conformance_slice, kind)
    different = []
    for batch in batches(strings(COUNT, seed=0), BATCH):
        expected = [json.loads(json.dumps(brief(found))) for found in tokenizer.encode_batch(batch)]
        found = driver.ok("encode_many", texts=batch, brief=True)
        different += [text for text, one, other in zip(batch, found, expected, strict=True) if one != other]
    assert not different, f"{len(different)} of {COUNT}: {different[:5]!r}"


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def test_generated_strings_are_all_there_and_the_same_each_time() -> None:
    """Scripts, signs and marks of every pool, whatever the count."""
    first = strings(2000, seed=1)
    assert first == strings(2000, seed=1) != strings(2000, seed=2)
    seen = set("".join(first))
    assert all(seen.intersection("".join(pool)) for pool in texts._POOLS)
