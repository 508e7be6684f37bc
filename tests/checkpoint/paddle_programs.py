"""Saves models as Paddle's inference models, as PaddleNLP's export does: run in Paddle's own environment.

``python paddle_programs.py FOLDER`` writes one folder for each task and for each program that is to be refused.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.static import InputSpec

sys.path.insert(0, str(Path(__file__).parent))

from paddle_models import FAMILIES, SIZES, build

FREE = [None, None]


class WithoutMask(nn.Layer):
    """The mask is where the ids are not padding, as PaddleNLP finds it."""

    def __init__(self, inner: nn.Layer) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, input_ids: Any, token_type_ids: Any) -> Any:
        return self.inner(input_ids, token_type_ids, (input_ids != 0).astype("int64"))


class WithMask(nn.Layer):
    def __init__(self, inner: nn.Layer) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
        return self.inner(input_ids, token_type_ids, attention_mask)


def save(model: nn.Layer, folder: Path, *names: str, shape: list[Any] = FREE) -> None:
    paddle.jit.save(model, str(folder / "inference"), input_spec=[InputSpec(shape, "int64", name) for name in names])


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    config = {**SIZES, **FAMILIES["ernie"][1]}
    tasks = ("text-classification", "token-classification", "question-answering", "fill-mask", "feature-extraction")
    for task in tasks:
        save(WithoutMask(build("ernie", task, config, rng)), folder / task, "input_ids", "token_type_ids")
    inner = build("ernie", "text-classification", config, rng)
    save(WithMask(inner), folder / "with a mask", "input_ids", "attention_mask", "token_type_ids")
    save(WithoutMask(inner), folder / "of one length", "input_ids", "token_type_ids", shape=[1, 16])
    save(WithoutMask(inner), folder / "of other inputs", "tokens", "segments")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
