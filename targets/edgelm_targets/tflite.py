"""LiteRT, the runtime of TFLite files on phones and small boards."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgelm.types import Array, Runner, Tensors, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget, pad_to_lengths, padded, row_by_row

_TOLERANCES: Mapping[str, Tolerances] = {
    **DEFAULT_TOLERANCES,
    # Its linear layers quantize what they read as int8's do; and XNNPACK rounds the scales of its weights to bfloat16.
    "int4": replace(DEFAULT_TOLERANCES["int8"], loss=DEFAULT_TOLERANCES["int4"].loss),
}


@dataclass(frozen=True)
class TFLiteTarget(BaseTarget):
    """A batch of one; any length, or the bundle's fixed lengths, each a signature of its own."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """A LiteRT interpreter on the CPU with XNNPACK, its default delegate."""
        from ai_edge_litert.interpreter import Interpreter

        artifact = manifest["artifact"]
        interpreter = Interpreter(str(bundle / artifact["files"][0]), num_threads=threads)
        batched = row_by_row(_signature_runner(interpreter, artifact))
        lengths = manifest["lengths"]
        return pad_to_lengths(batched, lengths, artifact["outputs"]) if lengths else batched

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """The same, XNNPACK included, with all tensors preserved: ``load``'s outputs, bit for bit."""
        from ai_edge_litert.interpreter import Interpreter

        artifact = manifest["artifact"]
        with warnings.catch_warnings():  # that this is for debugging, which it is
            warnings.simplefilter("ignore")
            interpreter = Interpreter(
                str(bundle / artifact["files"][0]), num_threads=threads, experimental_preserve_all_tensors=True
            )
        run = _signature_runner(interpreter, artifact)
        # The converter writes one subgraph for each signature, in their order.
        subgraphs = {length: i for i, length in enumerate(artifact["details"]["signatures"].values())}

        def runner(inputs: Tensors) -> dict[str, Array]:
            feed = padded(inputs, manifest["lengths"])
            results = run(feed)
            subgraph = subgraphs.get(next(iter(feed.values())).shape[1], 0)
            shown = {
                tensor["name"]: interpreter.get_tensor(tensor["index"], subgraph)
                for tensor in interpreter.get_tensor_details(subgraph)
                if tensor["name"] in names
            }
            return feed | shown | results

        return runner


def _signature_runner(interpreter: Any, artifact: Mapping[str, Any]) -> Runner:
    """A runner for one row through the signature for its length."""
    with _without_chatter():
        interpreter.allocate_tensors()
    dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}
    outputs = [spec["name"] for spec in artifact["outputs"]]
    names = artifact["details"]["signatures"]
    signatures = {length: interpreter.get_signature_runner(name) for name, length in names.items()}

    def run(inputs: Tensors) -> dict[str, Array]:
        length = next(iter(inputs.values())).shape[1]
        signature = signatures[length if length in signatures else None]
        # This resizes and allocates too, but only where a shape is not what it was.
        results = signature(**{name: inputs[name].astype(dtype, copy=False) for name, dtype in dtypes.items()})
        return {name: results[name] for name in outputs}

    return run


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back LiteRT's INFO lines, for which it has no switch; what else reaches stderr meanwhile is passed on."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not line.startswith(b"INFO: ")))
            os.close(stderr)


TFLITE = TFLiteTarget(
    name="tflite",
    description="TFLite file for LiteRT on phones, small boards and desktops",
    converter="tflite",
    extra="tflite",
    requires=("ai_edge_litert",),
    tolerances=_TOLERANCES,
)

ANDROID = replace(
    TFLITE,
    name="android",
    description="Android phones: LiteRT on the CPU, int8 weights, any length",
    precision="int8",
)
