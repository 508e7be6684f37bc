"""A model repository for NVIDIA Triton Inference Server: ``<name>/config.pbtxt`` and ``<name>/1/model.*``.

https://github.com/triton-inference-server/server, ``docs/user_guide/model_configuration.md``; the fields are those of
``model_config.proto``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgelm import registry
from edgelm.layouts.subject import Subject, client, place_model, rendered, write_request
from edgelm.serve.settings import Limits
from edgelm.session import takes_one_text

_SHORT_TEXT_TOKENS = 16
_LIMITS = Limits()
MAX_BATCH_SIZE = _LIMITS.max_batch_tokens // _SHORT_TEXT_TOKENS
"""Of short texts, what `edgelm serve` puts together: more gain nothing on a core."""
_TOLD = ("PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS")
"""What Triton's OpenVINO backend hands on of a model's parameters; the rest is the plugin's own choice there."""


@dataclass(frozen=True)
class Engine:
    """How one of Triton's backends runs a bundle."""

    backend: str
    max_batch_size: int
    """As Triton has it: 0 is no axis before those of the tensors, so that a request is run as it comes."""
    parameters: Mapping[str, object]
    untold: Mapping[str, object]
    """What the proof ran with and the backend cannot be told."""

    @property
    def merges(self) -> bool:
        """Whether requests of different callers may be put together."""
        return self.max_batch_size > 1


def fill(subject: Subject, folder: Path) -> None:
    """The repository, and beside it the README and a request."""
    engine = engine_of(subject)
    place_model(subject, folder / subject.name / "1")
    (folder / subject.name / "config.pbtxt").write_text(config(subject, engine), "utf-8")
    write_request(subject, folder)
    readme = rendered(
        "triton.md",
        name=subject.name,
        bundle=subject.bundle.path.name,
        precision=subject.bundle.manifest["precision"],
        runtime=subject.runtime,
        batching=textwrap.fill(" ".join(_batching(engine)), 120, break_on_hyphens=False),
        client=client(subject),
    )
    (folder / "README.md").write_text(readme, "utf-8")


def engine_of(subject: Subject) -> Engine:
    """The backend of the bundle's format, set as the proof was.

    Texts that must not meet have a batch of 1, not of 0, in whose place the onnxruntime backend would put one of its
    own and merge. The OpenVINO backend fills every batch up to ``max_batch_size``, or refuses those that are smaller,
    so there requests are left as they are.
    """
    target = registry.target(subject.bundle.manifest["target"])
    alone = takes_one_text(subject.bundle.manifest)
    if target.converter == "onnx":
        parameters = {"intra_op_thread_count": subject.threads}
        return Engine("onnxruntime", 1 if alone else MAX_BATCH_SIZE, parameters, untold={})
    told = {key: value for key, value in subject.compiled_with.items() if key in _TOLD}
    untold = {key: value for key, value in subject.compiled_with.items() if key not in _TOLD}
    return Engine("openvino", 1 if alone else 0, told, untold)


def config(subject: Subject, engine: Engine) -> str:
    """``config.pbtxt``, in protobuf's text format."""
    first = 1 if engine.max_batch_size else 0
    lines = [
        f'name: "{subject.name}"',
        f'backend: "{engine.backend}"',
        f"max_batch_size: {engine.max_batch_size}",
        *_tensors("input", subject.tensors("inputs"), first),
        *_tensors("output", subject.tensors("outputs"), first),
        "instance_group [ { kind: KIND_CPU count: 1 } ]",
        *_dynamic_batching(engine),
        *(
            f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'
            for key, value in engine.parameters.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _tensors(kind: str, tensors: Sequence[tuple[str, str, list[int]]], first: int) -> Iterator[str]:
    for name, datatype, shape in tensors:
        dims = ", ".join(map(str, shape[first:]))
        yield f'{kind} {{ name: "{name}" data_type: TYPE_{datatype} dims: [ {dims} ] }}'


def _dynamic_batching(engine: Engine) -> Iterator[str]:
    if engine.merges:
        sizes = f"{MAX_BATCH_SIZE // 2}, {MAX_BATCH_SIZE}"
        delay = round(_LIMITS.max_wait_ms * 1000)
        yield f"dynamic_batching {{ preferred_batch_size: [ {sizes} ] max_queue_delay_microseconds: {delay} }}"


def _batching(engine: Engine) -> Iterator[str]:
    """What a client must know of batches, and of what may differ from the report, in sentences."""
    if engine.merges:
        yield (
            f"Triton puts up to {MAX_BATCH_SIZE} texts of several requests together, but only those of equal length: "
            "pad to a few lengths (padding is 0 in `attention_mask`) to let more of them meet. A request may "
            "itself hold several texts, padded to the longest. That many are for short texts: `edgelm serve` puts no "
            f"more than {_LIMITS.max_batch_tokens} tokens together, so lower `max_batch_size` for long ones."
        )
    elif engine.max_batch_size:
        yield (
            "A request holds one text, and Triton never puts requests together: the activations of a batch share one "
            "quantization range here, so an answer would depend on its company. `int8-static` has fixed ranges and is "
            "put together."
        )
    else:
        yield (
            "Triton does not put requests together here: its OpenVINO backend would fill every batch up to "
            "`max_batch_size`. A request may itself hold several texts, padded to the longest (0 in `attention_mask`)."
        )
    if engine.untold:
        untold = ", ".join(f"`{key}={value}`" for key, value in engine.untold.items())
        yield (
            f"The proof also ran with {untold}, which this backend cannot be told: where the CPU computes otherwise by "
            "itself, as in bf16, answers may be further from the original than the report says. OpenVINO Model Server "
            "can be told (`--layout ovms`)."
        )
