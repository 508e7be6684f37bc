"""The texts a source is tried on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelm.source import Source


@pytest.mark.parametrize(("family", "pairs"), [("bert", 1), ("distilbert", 0)])
def test_a_model_of_token_types_is_tried_on_a_pair_whatever_the_samples_are(
    make_checkpoint: Any, tmp_path: Path, family: str, pairs: int
) -> None:
    samples = tmp_path / "samples.txt"
    samples.write_text("Hello there.\nThe train leaves at half past nine.\n", "utf-8")
    source = Source(str(make_checkpoint(family)), None, "auto", None, samples=samples)
    found = [feed for feed in source.feeds if any(not isinstance(text, str) for text in feed.texts)]
    alone = [feed for feed in found if len(feed.texts) == 1]
    assert len(alone) == pairs
    assert all(feed.arrays["token_type_ids"].max() == 1 for feed in found)


def test_samples_with_a_pair_are_left_as_they_are(make_checkpoint: Any, tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    samples.write_text('{"text": "Hello there.", "pair": "Hi."}\n{"text": "One."}\n', "utf-8")
    source = Source(str(make_checkpoint("bert")), None, "auto", None, samples=samples)
    assert [feed.texts for feed in source.feeds][:2] == [(("Hello there.", "Hi."),), ("One.",)]
    assert len(source.feeds) == 4  # the two, a batch of them, and the long text
