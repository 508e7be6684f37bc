"""MNN files, run by MNN itself: every operator alone, whole models, and that its tools send nothing home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import UnsupportedError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.toolchain import import_mnn
from edgelm.types import Array, Artifact, ConvertRequest, Runner
from edgelm_converters import mnn
from edgelm_converters.mnn import MNN
from edgelm_targets.mnn import MNN as TARGET

from .written import BERT_LIKE, ROTARY, assert_same, linear_graph

MODELS = (*BERT_LIKE, *ROTARY)

SHARED = ("matmul", "matmul, shared by the batch")
"""Operators with an operand for the whole batch, which MNN gets wrong when the batch changes."""


def write(graph: Graph, folder: Path, precision: str = "fp32") -> tuple[Graph, Artifact]:
    """The graph as the precision stores it, and its file."""
    folder.mkdir(exist_ok=True)
    scheme = MNN.precisions[precision]
    stored = quantize.apply_scheme(graph, scheme)
    return stored, MNN.convert(stored, ConvertRequest(folder, scheme, 64))


def load(folder: Path, artifact: Artifact) -> Runner:
    return TARGET.load(folder, {"artifact": asdict(artifact)}, 1)


def test_operator(operator: str, one_operator: Callable[..., tuple[Graph, dict[str, Array]]], tmp_path: Path) -> None:
    """Of one batch after another through one runner: MNN may keep what it found out of the first."""
    graph, feed = one_operator(operator)
    if operator in SHARED:
        with pytest.raises(UnsupportedError, match=r"matmul .* shares an operand"):
            write(graph, tmp_path)
        return
    _, artifact = write(graph, tmp_path)
    run = load(tmp_path, artifact)
    for inputs in (feed, one_operator(operator, batch=1)[1], one_operator(operator, batch=3)[1], feed):
        assert_same(Interpreter(graph)(inputs), run(inputs))


@pytest.mark.parametrize("precision", MNN.precisions)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    make_checkpoint: Callable[..., Path],
    open_model: Callable[[Path], Model],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    """In int8 as well to float32's last digits: MNN's integers and scales are the graph's."""
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = open_model(make_checkpoint(family, own, **config, vocab_size=200))
    stored, artifact = write(rewrites.apply(model.graph(task, 64), MNN.rewrites), tmp_path, precision)
    reference, runner = Interpreter(stored), load(tmp_path, artifact)
    for lengths in ((17, 9, 3), (1,), (64, 2)):
        feed = make_batch(model, lengths)
        assert_same(reference(feed), runner(feed), atol=2e-5)


def test_int8_keeps_the_graphs_integers(tmp_path: Path) -> None:
    """Read out of the file by multiplying it with the identity."""
    weight = np.random.default_rng(0).normal(0, 1, (80, 64)).astype(np.float32)
    stored, artifact = write(linear_graph(weight, None), tmp_path, "int8")
    found = load(tmp_path, artifact)({"x": np.eye(64, dtype=np.float32)[None]})["y"][0].T
    np.testing.assert_allclose(found, stored["w"].numpy(), rtol=1e-6)
    assert np.abs(found - weight).max() > 1e-3


def test_the_smallest_weights_are_int8_too(tmp_path: Path) -> None:
    """MNN's converter knows no smallest size, so the graph has none either."""
    stored, _ = write(linear_graph(np.ones((3, 8), np.float32), None), tmp_path, "int8")
    assert stored["w"].dtype == "int8"


def test_int8_is_a_quarter(encoder: Graph, tmp_path: Path) -> None:
    sizes = {}
    for precision in MNN.precisions:
        write(encoder, tmp_path / precision, precision)
        sizes[precision] = (tmp_path / precision / "model.mnn").stat().st_size
    weights = sum(tensor.data.size for tensor in encoder.constants if tensor.data is not None)
    assert 3 * weights - 50_000 < sizes["fp32"] - sizes["int8"] < 3 * weights


def test_same_bytes_and_identity_twice(encoder: Graph, tmp_path: Path) -> None:
    for name in ("once", "twice"):
        write(encoder, tmp_path / name)
    once, twice = (tmp_path / name / "model.mnn" for name in ("once", "twice"))
    assert once.read_bytes() == twice.read_bytes()
    write(encoder, tmp_path / "other", "int8")
    uuid = import_mnn().get_model_uuid
    assert uuid(str(once)) == uuid(str(twice)) != uuid(str(tmp_path / "other" / "model.mnn"))


def test_nothing_is_left_beside_the_file(encoder: Graph, tmp_path: Path) -> None:
    write(encoder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.mnn"]


def test_what_the_converter_refuses_is_told(encoder: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnn, "_ALWAYS", ("--help",))
    with pytest.raises(UnsupportedError, match=r"MNN's converter wrote no file: .*--dumpPass"):
        write(encoder, tmp_path)
    assert list(tmp_path.iterdir()) == []


_CONVERTED = """
import json, sys
from pathlib import Path
from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.types import ConvertRequest
from edgelm_converters.mnn import MNN
from edgelm_targets.mnn import MNN as TARGET
from dataclasses import asdict

folder = Path(sys.argv[2])
graph = Model.open(open_checkpoint(sys.argv[1])).graph("text-classification", 64)
artifact = MNN.convert(graph, ConvertRequest(folder, MNN.precisions["fp32"], 64))
TARGET.load(folder, {"artifact": asdict(artifact)}, 1)
sent = {name for name in sys.modules if name.split(".")[0] in ("aliyun", "torch", "tensorflow") or name == "MNN.tools"}
print(json.dumps(sorted(sent)))
"""


def test_nothing_is_sent_home_or_printed(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    """The command that MNN ships installs a package to log every conversion with; and all of MNN is talkative."""
    model, folder, home = make_checkpoint("bert", "text-classification"), tmp_path / "bundle", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    command = [sys.executable, "-c", _CONVERTED, str(model), str(folder)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == []
    assert list(home.rglob("*")) == []
