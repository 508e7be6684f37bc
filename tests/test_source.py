"""The texts a source is tried on, and how its graph is shipped."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import calibrate, registry
from edgelm.bundle import Bundle
from edgelm.errors import UsageError
from edgelm.graph.interpreter import Interpreter
from edgelm.source import Source, form_of, shipped_graph
from edgelm.types import Scheme


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


def test_the_longest_text_is_one_whose_attention_fits(make_checkpoint: Any) -> None:
    """4 heads of 2048 tokens have 64 MB of scores; all 8192 positions would have a gigabyte, in every layer."""
    source = Source(str(make_checkpoint("modernbert", max_position_embeddings=8192)), None, "auto", None)
    assert source.max_length == 8192
    assert max(feed.arrays["input_ids"].shape[1] for feed in source.feeds) == 2048


# -- how it is shipped -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quantizable(make_checkpoint: Any) -> Source:
    return Source(str(make_checkpoint("bert", hidden_size=64, intermediate_size=128)), None, "auto", 16)


def scheme(precision: str) -> Scheme:
    return registry.converter_of(registry.target("onnx")).precisions[precision]


def test_what_multiplies_integers_is_calibrated_once(quantizable: Source) -> None:
    form = quantizable.form(scheme("int8-static"), ("slice_last_layer",))
    assert quantizable.form(scheme("int8-static"), ("slice_last_layer",)) is form
    assert form.calibration is not None
    assert quantizable.calibrated[form].calibration is form.calibration
    assert quantizable.form(scheme("int8"), ()).calibration is not None
    for precision in ("fp32", "fp16", "int4", "bf16"):
        assert quantizable.form(scheme(precision), ()).calibration is None


def test_a_bundle_says_how_it_was_shipped(quantizable: Source, tmp_path: Path) -> None:
    form = quantizable.form(scheme("int8-static"), ())
    manifest = {"scheme": asdict(form.scheme), "rewrites": []}
    with pytest.raises(UsageError, match=r"has no quantization\.safetensors, without which"):
        form_of(Bundle(tmp_path, manifest))
    assert form.calibration is not None
    calibrate.write(form.calibration, tmp_path)
    found = form_of(Bundle(tmp_path, manifest))
    assert found == form
    assert found.calibration is not None
    assert found.calibration.ranges == form.calibration.ranges
    feed = quantizable.feeds[0].arrays
    expected, again = (Interpreter(shipped_graph(quantizable.graph, one))(feed) for one in (form, found))
    for name, array in expected.items():
        np.testing.assert_array_equal(again[name], array)
