"""What a latency table says of models it was not fitted to, beside what they take.

The table's own small encoders and models of two to six layers of unequal widths are converted and timed in one run, in
turns. For each of the models the table's sum is compared with its time, and the speed-up that it promises over the full
model with the one that was measured: that is what a budget in milliseconds is met by.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from _record import Table, save

from edgelm import registry
from edgelm.compress import latency, probe
from edgelm.compress.probe import Setting
from edgelm.families.base import HIDDEN_STATES, POOLED
from edgelm.graph.canonical import EncoderConfig, Head, LayerConfig

TARGETS = ("onnx", "tflite", "openvino")
PRECISIONS = ("fp32", "int8")
LENGTHS = (16, 64, 128)
HEADS: Mapping[str, Head] = {"all": HIDDEN_STATES, "first": POOLED}
Shape = tuple[tuple[int, int], ...]
FULL: Mapping[int, tuple[int, Shape]] = {
    384: (32, ((12, 1536),) * 6),
    312: (26, ((12, 1200),) * 4),
}
"""By hidden size: the size of a head, and the widths (heads, units) of the layers of the model that is cut."""
SHAPES: Mapping[int, tuple[Shape, ...]] = {
    384: (
        ((12, 1536), (6, 768), (3, 384), (9, 1024), (2, 128), (5, 512)),
        ((1, 64), (12, 256), (4, 1536), (8, 96), (10, 640), (2, 1280)),
        ((7, 896), (7, 896), (5, 640), (5, 640)),
        ((3, 200), (5, 640), (2, 320)),
        ((6, 960), (7, 1088)),
    ),
    312: (
        ((12, 1200), (4, 304), (2, 704), (8, 96)),
        ((5, 608), (3, 304), (2, 160)),
        ((1, 64), (9, 800)),
    ),
}


def config(hidden_size: int, shape: Shape) -> EncoderConfig:
    """A BERT of those layers."""
    layers = tuple(LayerConfig(heads, FULL[hidden_size][0], units) for heads, units in shape)
    return EncoderConfig(30522, hidden_size, hidden_size, layers, 512, 2, 1e-12, "gelu")


def compare(setting: Setting, hidden_size: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """A record for the full model and for each shape of that hidden size; the table is fitted to neither."""
    shapes = [FULL[hidden_size][1], *SHAPES[hidden_size]]
    configs = [config(hidden_size, shape) for shape in shapes]
    heads, units = latency.grids(setting)
    designs = latency.designs(setting, heads, units)
    times = probe.time_encoders(setting, [*configs, *designs], rounds=rounds, seconds=seconds, seed=0, say=say)
    table = latency.fit(setting, heads, units, designs, times[len(configs) :])
    predicted = np.asarray([table.predict(one) for one in configs])
    measured = times[: len(configs)]
    return [
        {
            "target": setting.target,
            "precision": setting.precision,
            "length": setting.length,
            "hidden size": hidden_size,
            "widths": shape,
            "measured ms": measured[i],
            "predicted ms": predicted[i],
            "speed-up": measured[0] / measured[i],
            "predicted speed-up": predicted[0] / predicted[i],
            "residual of the fit": table.residual,
        }
        for i, shape in enumerate(shapes)
    ]


def say(doing: str) -> None:
    """Progress, for whoever waits."""
    print(doing, file=sys.stderr, flush=True)


def tables(records: list[dict[str, Any]]) -> list[Table]:
    """Every model, and the errors of each target, precision and length."""
    columns = (
        "target",
        "length",
        "hidden",
        "heads/units by layer",
        "ms",
        "predicted",
        "speed-up",
        "predicted",
        "error",
    )
    rows = [row(record) for record in records]
    every = Table("Predicted and measured", columns, rows, ("Error: of the predicted speed-up over the full model.",))
    groups: dict[tuple[Any, ...], list[float]] = {}
    for record in records:
        if record["speed-up"] != 1.0:
            key = (record["target"], record["precision"], record["length"])
            groups.setdefault(key, []).append(abs(error(record)))
    summary = [
        [*map(str, key), str(len(errors)), f"{statistics.median(errors):.1%}", f"{max(errors):.1%}"]
        for key, errors in groups.items()
    ]
    names = ("target", "precision", "length", "models", "median error", "largest")
    return [every, Table("Errors of the predicted speed-up", names, summary)]


def row(record: Mapping[str, Any]) -> list[str]:
    """One model."""
    return [
        f"{record['target']} {record['precision']}",
        str(record["length"]),
        str(record["hidden size"]),
        " ".join(f"{heads}/{units}" for heads, units in record["widths"]),
        f"{record['measured ms']:.2f}",
        f"{record['predicted ms']:.2f}",
        f"{record['speed-up']:.2f}",
        f"{record['predicted speed-up']:.2f}",
        f"{error(record):+.1%}",
    ]


def error(record: Mapping[str, Any]) -> float:
    """Of the predicted speed-up, relative."""
    return float(record["predicted speed-up"] / record["speed-up"] - 1)


def main() -> None:
    """Measure, print, and write latency_table.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", dest="targets", action="append", choices=TARGETS, help="only this; repeatable")
    parser.add_argument("--precision", dest="precisions", action="append", choices=PRECISIONS, help="only this")
    parser.add_argument("--length", dest="lengths", action="append", type=int, help="only this many tokens; repeatable")
    parser.add_argument("--hidden-size", dest="hidden_sizes", action="append", type=int, choices=FULL, help="only this")
    parser.add_argument("--reads", choices=HEADS, default="all", help="the positions the head reads (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads of every runtime (default: 2)")
    parser.add_argument("--rounds", type=int, default=latency.ROUNDS, help="times each encoder is opened and timed")
    parser.add_argument("--seconds", type=float, default=latency.SECONDS, help="for each encoder in each round")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: the process's own CPU time, which with --threads 1 other work on the machine hardly changes",
    )
    asked = parser.parse_args()
    records = []
    for target in asked.targets or TARGETS:
        for precision in asked.precisions or PRECISIONS:
            for length in asked.lengths or LENGTHS:
                for hidden_size in asked.hidden_sizes or FULL:
                    full = config(hidden_size, FULL[hidden_size][1])
                    head = HEADS[asked.reads]
                    setting = Setting(target, precision, full, length, asked.threads, head, asked.clock)
                    say(f"{target} {precision}, {length} tokens, hidden size {hidden_size}")
                    records += compare(setting, hidden_size, asked.rounds, asked.seconds)
    versions = {name: registry.target(name).versions for name in asked.targets or TARGETS}
    facts = {
        "threads": str(asked.threads),
        "clock": asked.clock,
        "load average at the end": f"{os.getloadavg()[0]:.1f}",
    }
    save("latency_table", tables(records), versions | facts, records)


if __name__ == "__main__":
    main()
