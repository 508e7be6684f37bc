"""A cut encoder is the whole one without what was cut: as if its gates were zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.errors import UnsupportedError
from edgelm.graph.interpreter import Interpreter

TASKS = ("feature-extraction", "text-classification", "token-classification", "question-answering", "fill-mask")
OUTPUT = {"feature-extraction": "last_hidden_state", "question-answering": "start_logits"}


@pytest.fixture(scope="module")
def surgery(torch: Any) -> Any:  # noqa: ARG001  sets its threads
    from edgelm.compress import surgery

    return surgery


def inputs(torch: Any, seed: int = 0) -> dict[str, Any]:
    ids = torch.randint(5, 100, (3, 11), generator=torch.Generator().manual_seed(seed))
    mask = (torch.arange(11) < torch.tensor([[11], [7], [2]])).long()
    return {"input_ids": ids, "attention_mask": mask}


def gates_of(torch: Any, keep: Any, config: Any, rows: int) -> Any:
    """Ones on what stays, zeros on what goes; layers must all stay."""
    from edgelm.nn import Gates, LayerGates

    def only(size: int, kept: Any) -> Any:
        gates = torch.zeros(size)
        gates[torch.as_tensor(kept)] = 1.0
        return gates.expand(rows, -1)

    layers = []
    for layer in keep.layers:
        size = config.head_sizes[layer.index]
        query, value = torch.zeros(2, rows, config.attention_heads[layer.index], size)
        for head, q, v in zip(layer.heads, layer.query, layer.value, strict=True):
            query[:, head, q] = 1.0
            value[:, head, v] = 1.0
        heads = only(config.attention_heads[layer.index], layer.heads)
        layers.append(LayerGates(heads, query, value, only(config.intermediate_sizes[layer.index], layer.units)))
    return Gates(torch.ones(rows, config.hidden_size), layers)


@st.composite
def keeps(draw: Any, config: Any, whole_hidden: bool) -> Any:
    from edgelm.compress.surgery import Keep, LayerKeep

    def some(size: int, least: int = 1) -> Any:
        return np.asarray(sorted(draw(st.sets(st.integers(0, size - 1), min_size=least, max_size=size))))

    layers = []
    for i, (heads, size, units) in enumerate(
        zip(config.attention_heads, config.head_sizes, config.intermediate_sizes, strict=True)
    ):
        kept = some(heads)
        width = draw(st.integers(1, size))
        rng = np.random.default_rng(draw(st.integers(0, 1000)))
        dims = [np.stack([np.sort(rng.permutation(size)[:width]) for _ in kept]) for _ in range(2)]
        layers.append(LayerKeep(i, kept, *dims, some(units)))
    hidden = np.arange(config.hidden_size) if whole_hidden else some(config.hidden_size, 4)
    return Keep(hidden, tuple(layers))


@pytest.mark.parametrize("family", ["bert", "edgelm", "electra", "albert", "roberta"])
@given(data=st.data())
def test_cut_is_gates_at_zero(family: str, data: Any, make_checkpoint: Any, surgery: Any, torch: Any) -> None:
    from edgelm import nn

    model = nn.canonical(make_checkpoint(family, "text-classification"), "text-classification")
    keep = data.draw(keeps(model.config, whole_hidden=True))
    batch = inputs(torch)
    with torch.no_grad():
        expected = model(**batch, gates=gates_of(torch, keep, model.config, 3)).logits
        smaller = surgery.cut(model, keep)
        found = smaller(**batch).logits
    assert torch.allclose(found, expected, atol=1e-5), (found - expected).abs().max()
    assert smaller.config.attention_heads == [len(layer.heads) for layer in keep.layers]
    assert smaller.config.intermediate_sizes == [len(layer.units) for layer in keep.layers]
    assert sum(p.numel() for p in smaller.parameters()) <= sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", ["bert", "edgelm", "roberta", "albert", "distilbert"])
def test_hidden_dimensions_go_everywhere(
    family: str, task: str, make_checkpoint: Any, surgery: Any, torch: Any
) -> None:
    """Every tensor loses exactly the rows and columns of the dimensions that go."""
    from edgelm import nn

    model = nn.canonical(make_checkpoint(family, task), task)
    keep = surgery.Keep.everything(model.config)
    hidden = np.arange(0, model.config.hidden_size, 2)
    smaller = surgery.cut(model, surgery.Keep(hidden, keep.layers))
    state, cut_state = model.state_dict(), smaller.state_dict()
    assert smaller.config.hidden_size == len(hidden)
    assert set(state) == set(cut_state)
    for name in state:
        sizes = state[name].shape, cut_state[name].shape
        assert all(b in (a, len(hidden)) for a, b in zip(*sizes, strict=True)), name
    name = OUTPUT.get(task, "logits")
    with torch.no_grad():
        assert torch.isfinite(smaller(**inputs(torch))[name]).all()
    weight = "edgelm.layers.0.down.weight" if task != "feature-extraction" else "layers.0.down.weight"
    assert torch.equal(cut_state[weight], state[weight][hidden])


@pytest.mark.parametrize("task", TASKS)
def test_cut_folder_runs_in_the_graph(
    task: str, make_checkpoint: Any, open_model: Any, make_batch: Any, surgery: Any, torch: Any, tmp_path: Path
) -> None:
    """An uneven student with fewer layers, saved, answers in edgelm's graph as in torch."""
    from edgelm import nn

    folder = make_checkpoint("bert", task, num_hidden_layers=3)
    model = nn.canonical(folder, task)
    config = model.config
    keep = surgery.Keep.everything(config)
    one, two = keep.layers[0], keep.layers[2]
    uneven = surgery.Keep(
        np.arange(24),
        (
            surgery.LayerKeep(0, np.asarray([0, 3]), one.query[:2, :5], one.value[:2, 3:], np.arange(16)),
            surgery.LayerKeep(2, two.heads, two.query, two.value, np.arange(8, 48)),
        ),
    )
    smaller = surgery.cut(model, uneven)
    nn.save(smaller, folder, tmp_path / "student")
    opened = open_model(tmp_path / "student")
    batch = make_batch(opened)
    with torch.no_grad():
        expected = smaller(**{name: torch.from_numpy(array).long() for name, array in batch.items()})
    for name, values in Interpreter(opened.graph(task, 40))(batch).items():
        assert np.abs(values - expected[name].numpy()).max() < 1e-5
    assert [layer.intermediate_size for layer in opened.encoder.layers] == [16, 40]
    assert [layer.head_size for layer in opened.encoder.layers] == [5, 8]


def test_sentence_encoder_keeps_its_size(make_sentence_model: Any, surgery: Any, torch: Any) -> None:
    from edgelm import nn

    model = nn.canonical(make_sentence_model(pooling=("mean", "cls"), normalize=False), "sentence-similarity")
    keep = surgery.Keep.everything(model.encoder.config)
    hidden = np.arange(3, 27)
    smaller = surgery.cut(model, surgery.Keep(hidden, keep.layers))
    with torch.no_grad():
        found = smaller(**inputs(torch)).sentence_embedding
        states = smaller.encoder(**inputs(torch)).last_hidden_state
    assert found.shape == (3, 64)
    assert torch.allclose(found[:, hidden], states[:, 0], atol=1e-6)
    assert not found[:, :3].any()


def test_shared_bias_keeps_its_heads(make_checkpoint: Any, surgery: Any) -> None:
    from edgelm import nn

    model = nn.canonical(make_checkpoint("mpnet"), "feature-extraction")
    keep = surgery.Keep.everything(model.config)
    layer = keep.layers[0]
    fewer = surgery.LayerKeep(0, layer.heads[:2], layer.query[:2], layer.value[:2], layer.units)
    with pytest.raises(UnsupportedError, match="share one attention bias"):
        surgery.cut(model, surgery.Keep(keep.hidden, (fewer, keep.layers[1])))
    assert surgery.cut(model, keep.only_layers([1])).config.num_hidden_layers == 1
