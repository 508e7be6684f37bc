"""Every fault: a table of data."""

from __future__ import annotations

from . import (
    artifact_faults,
    calibration_faults,
    graph_faults,
    manifest_faults,
    own_faults,
    quantization_faults,
    tokenizer_faults,
)
from . import healthy as h
from .harness import Fault, OwnFault, Sweep, built, stored
from .quantization_faults import scales, values, zero_point
from .surgery import every, scalars, weights

FAULTS: tuple[Fault, ...] = (
    *graph_faults.FAULTS,
    *quantization_faults.FAULTS,
    *calibration_faults.FAULTS,
    *artifact_faults.FAULTS,
    *tokenizer_faults.FAULTS,
    *manifest_faults.FAULTS,
)
OWN_FAULTS: tuple[OwnFault, ...] = own_faults.FAULTS

_DOWN = "layers.0.down"
SWEEPS = (
    Sweep(
        "LayerNorm's epsilon, for 1e-12",
        h.BERT_ONNX,
        lambda size: built(every("layer_norm", attrs={"epsilon": size})),
        (1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7),
    ),
    Sweep(
        "LayerNorm's epsilon, for 1e-12, embeddings as small as a trained model's",
        h.BERT_SMALL,
        lambda size: built(every("layer_norm", attrs={"epsilon": size})),
        (1e-5, 3e-6, 1e-6, 3e-7, 1e-7),
    ),
    Sweep(
        "the mask's constant, for -10000",
        h.MPNET,
        lambda size: built(scalars("mask.scaled", lambda _: -size)),
        (4, 8, 12, 16, 100, 5000),
    ),
    Sweep(
        "the attention's scale, by a share",
        h.BERT_TFLITE,
        lambda size: built(scalars("scaled_scores", lambda scale: scale * (1 + size))),
        (0.1, 0.01, 1e-3, 1e-4, 1e-5),
    ),
    Sweep(
        "a matrix, by a share",
        h.BERT_TFLITE,
        lambda size: built(weights("layers.0.up", lambda v: v * (1 + size))),
        (0.01, 1e-3, 1e-4, 1e-5, 1e-6),
    ),
    Sweep(
        "an int8 matrix's scales, by a share",
        h.BERT_INT8,
        lambda size: stored(scales("layers.0.up", lambda s: s * (1 + size))),
        (0.1, 0.03, 0.01, 3e-3, 1e-3),
    ),
    Sweep(
        "an int8 matrix's zero point, in steps",
        h.BERT_INT8,
        lambda size: stored(values(_DOWN, zero_point(int(size)))),
        (3, 2, 1),
    ),
)
"""From the largest to the smallest."""
