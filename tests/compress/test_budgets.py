"""Budgets: in milliseconds of a real runtime, and those that nothing can meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelm.errors import BudgetError, UsageError


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Costs on onnxruntime, with a cache of their own and few encoders timed."""
    from edgelm.compress import latency
    from edgelm.compress.budgets import Costs
    from edgelm.families.base import POOLED

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(latency, "ROUNDS", 1)
    monkeypatch.setattr(latency, "SECONDS", 0.002)
    return Costs("onnx", POOLED, 1, lambda _: None)


def test_budget_in_milliseconds(costs: Any, make_checkpoint: Any) -> None:
    """What is kept is predicted within the budget, and the table comes from the target's own runtime."""
    import numpy as np

    from edgelm import nn
    from edgelm.compress.budgets import encoder_config, everything
    from edgelm.compress.importance import Importance, LayerImportance
    from edgelm.compress.passes import Width
    from edgelm.compress.search import Latency
    from edgelm.compress.shape import to_budget
    from edgelm.compress.surgery import cut

    folder = make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=512)
    model = nn.canonical(folder, "text-classification")
    table = costs.table(model.config)
    assert "onnxruntime" in table.runtime
    whole = Latency(table, 2).total(everything(model.config))
    assert table.predict(encoder_config(model.config)) == pytest.approx(whole)
    least = Latency(table, 2).total([type(one)(one.heads[:1], one.units[:8]) for one in everything(model.config)])
    width = Width(latency_ms=(whole + least) / 2)
    cost, budget = costs(model.config, width)
    rng = np.random.default_rng(0)
    layers = [LayerImportance(rng.random(4), rng.random((4, 16)), rng.random((4, 16)), rng.random(512)) for _ in "ab"]
    smaller = cut(model, to_budget(Importance(rng.random(64), tuple(layers)), cost, budget, width))
    assert table.predict(encoder_config(smaller.config)) <= width.latency_ms + 1e-9


def test_budget_that_is_met_already_or_never(costs: Any, make_checkpoint: Any) -> None:
    import numpy as np

    from edgelm import nn
    from edgelm.compress.passes import Width
    from edgelm.compress.search import Importance, search

    config = nn.canonical(make_checkpoint("bert", "text-classification"), "text-classification").config
    with pytest.raises(BudgetError, match="cuts nothing: the model is at"):
        costs(config, Width(latency_ms=1e6))
    cost, budget = costs(config, Width(latency_ms=1e-6))
    worth = Importance(tuple(np.ones(4) for _ in "ab"), tuple(np.ones(48) for _ in "ab"))
    with pytest.raises(BudgetError, match=r"cannot be met: .* cost \d"):
        search(worth, cost, budget)


def test_target_that_cannot_be_timed(costs: Any, make_checkpoint: Any) -> None:
    from dataclasses import replace

    from edgelm import nn
    from edgelm.compress.passes import Width

    config = nn.canonical(make_checkpoint("bert", "text-classification"), "text-classification").config
    with pytest.raises(UsageError, match="onnx"):
        replace(costs, target="coreml")(config, Width(latency_ms=1.0))
