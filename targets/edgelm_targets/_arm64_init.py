#!/usr/bin/python3 -SPB
"""The only process of the emulated machine of `arm64_counts`: runs one model, prints the counts, switches off.

The machine's clock goes one nanosecond on for every instruction, so a difference of two times is a count.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

MARK = "edgelm-counts "
_POWER_OFF = 0x4321FEDC
_WARM_UP = 2


def main() -> None:
    """Mount what a runtime reads, and obey /order.json."""
    libc = ctypes.CDLL(None)
    for place, kind in (("/proc", "proc"), ("/sys", "sysfs"), ("/dev", "devtmpfs")):
        Path(place).mkdir(exist_ok=True)
        libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None)
    sys.path[:0] = ["/site", "/code"]
    order = json.loads(Path("/order.json").read_text("utf-8"))
    print(MARK + json.dumps(counts(order)), flush=True)
    libc.reboot(_POWER_OFF)


def counts(order: dict[str, Any]) -> list[list[int]]:
    """Instructions of each run of the model at each of the order's lengths, the warm-up left out."""
    target = getattr(importlib.import_module(order["module"]), order["attribute"])
    runner = target.load(Path("/bundle"), order["manifest"], 1)
    gc.disable()
    return [_counts_at(runner, order["manifest"], length, order["runs"]) for length in order["lengths"]]


def _counts_at(runner: Any, manifest: dict[str, Any], length: int, runs: int) -> list[int]:
    import numpy as np

    # Which words does not matter to the count.
    ids = np.full((1, length), 4, np.int32)
    values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    feed = {spec["name"]: values[spec["name"]] for spec in manifest["artifact"]["inputs"]}
    found = []
    for _ in range(_WARM_UP + runs):
        start = time.perf_counter_ns()
        runner(feed)
        found.append(time.perf_counter_ns() - start)
    return found[_WARM_UP:]


if __name__ == "__main__":
    main()
