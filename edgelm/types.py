"""The vocabulary every part of edgelm shares: frozen dataclasses and Protocols; NumPy only."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgelm.graph.ir import Graph

Array = NDArray[Any]
Dim = int | str
"""A size: an int when it is known, a name such as ``"batch"`` or ``"length"`` when it is not."""
Tensors = Mapping[str, Array]
Runner = Callable[[Tensors], dict[str, Array]]
"""Named arrays in, named arrays out: any batch, any length up to the bundle's, whatever the runtime behind it."""

TASKS = (
    "text-classification",
    "token-classification",
    "intent-and-slots",
    "question-answering",
    "multiple-choice",
    "fill-mask",
    "feature-extraction",
    "sentence-similarity",
)
"""The tasks edgelm exports, by Hugging Face's names; it has none for joint intent and slots."""


@dataclass(frozen=True)
class Checkpoint:
    """A place and a hash, not a module: a Hugging Face or sentence-transformers folder on disk."""

    path: Path
    name: str
    config: Mapping[str, Any]
    digest: str
    parent_digest: str | None = None


@dataclass(frozen=True)
class TensorSpec:
    """Name, dtype and shape of one input or output of an artifact."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]


Storage = Literal["float32", "float16", "bfloat16", "int8", "int4"]
"""How a constant is kept: ``int8`` symmetric per channel, ``int4`` symmetric by blocks of 32 along a row."""


@dataclass(frozen=True)
class Scheme:
    """How one precision is stored and computed; the name follows ai-edge-quantizer's (``dynamic_wi8_afp32``)."""

    name: str
    weights: Storage
    """Of linear layers."""
    activations: Literal[
        "float32",
        "float16",
        "dynamic_tensor_asymmetric",
        "dynamic_token_symmetric",
        "dynamic_token_asymmetric",
        "dynamic_block_symmetric",
        "static_tensor_asymmetric",
    ]
    """Of what a linear layer over integer weights reads; ``static`` has one range per tensor, from calibration."""
    note: str
    """One sentence for the report: what this precision really means on this runtime."""
    embeddings: Storage | None = None
    """Of look-up tables; None: as the weights."""
    outputs: Literal["float32", "int8"] = "float32"
    """Of static linear layers: integer kernels that can only write integers round once more."""
    float_tensors: tuple[str, ...] = ()
    """Weights that stay float32, and are multiplied in float32, by their names in the graph."""
    smallest: int = 4096
    """Weights of fewer elements stay float32: a classifier of a few labels is no size, and its rounding is not
    averaged."""

    @property
    def is_static(self) -> bool:
        """Whether it needs the ranges of a calibration."""
        return self.activations == "static_tensor_asymmetric"

    @property
    def quantizes_activations(self) -> bool:
        """Whether linear layers multiply integers."""
        return self.activations not in ("float32", "float16")


@dataclass(frozen=True)
class ConvertRequest:
    """What a converter is asked to write, and where."""

    directory: Path
    scheme: Scheme
    max_length: int
    lengths: tuple[int, ...] = ()
    """Fixed sequence lengths, ascending; empty means true dynamic length."""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """What a converter wrote: file names relative to the request's directory, and the signature of the model."""

    files: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    toolchain: Mapping[str, str]
    details: Mapping[str, Any] = field(default_factory=dict)
    """Format-specific facts the runner needs, for instance the opset or the fixed lengths' signature names."""


class Converter(Protocol):
    """Writes a graph in one format with that format's own builder."""

    @property
    def name(self) -> str: ...
    @property
    def requires(self) -> tuple[str, ...]:
        """Importable modules the converter needs."""

    @property
    def precisions(self) -> Mapping[str, Scheme]: ...
    @property
    def rewrites(self) -> tuple[str, ...]:
        """The exact graph rewrites that pay on this format."""

    @property
    def options(self) -> Mapping[str, str]:
        """Option names of this format with their defaults, for example ``minimum_ios``."""

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact: ...


@runtime_checkable
class OnnxConverter(Protocol):
    """A converter that also takes a finished ONNX model, of which there is no graph."""

    def adopt(
        self, model: bytes, signature: tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]], request: ConvertRequest
    ) -> Artifact:
        """Write the model in this format; the specs are its inputs, ids as int32, and its outputs."""


@dataclass(frozen=True)
class Tolerance:
    """Limits on the difference between two runs; ``None`` leaves a measure without limit.

    ``max_abs`` and ``mean_abs`` are in units of the reference's largest magnitude where that exceeds one.
    """

    max_abs: float | None = None
    mean_abs: float | None = None
    min_cosine: float | None = None
    min_sqnr_db: float | None = None
    min_top1: float | None = None


@dataclass(frozen=True)
class Tolerances:
    """``lowering``: artifact against the graph at its own precision (tight). ``loss``: against fp32 (loose).

    ``invariance``: the artifact against itself, a text alone against the same text padded or in a batch.
    """

    lowering: Tolerance
    loss: Tolerance
    invariance: Tolerance


class Target(Protocol):
    """Everything a target is, in one object."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def converter(self) -> str:
        """Name of the converter that writes its format."""

    @property
    def extra(self) -> str:
        """The pip extra that brings its toolchain, of the distribution that the target comes with; empty: none."""

    @property
    def requires(self) -> tuple[str, ...]:
        """Importable modules the runtime needs."""

    @property
    def precision(self) -> str:
        """The default precision."""

    @property
    def tolerances(self) -> Mapping[str, Tolerances]:
        """By precision."""

    @property
    def unmeasured(self) -> str | None:
        """Why this machine cannot run the artifact, or None when it can."""

    @property
    def emulated(self) -> str | None:
        """What computes the outputs here in place of the target's own runtime, or None when the runtime does.

        Nothing here then speaks for the device's speed, so no latency is measured.
        """

    @property
    def unwritable(self) -> str | None:
        """Why no bundle can even be written here, with the command that helps, or None when one can."""

    @property
    def set_up(self) -> str | None:
        """The name under which `edgelm doctor --install` knows what the target needs beyond pip, or None."""

    def install(self, say: Callable[[str], None]) -> None:
        """Install that, telling ``say`` each step; ToolchainError says what is in the way."""

    @property
    def most_tokens(self) -> int | None:
        """Tokens, texts times length, that a parity run should take in all, where running is slow; None: no limit."""

    @property
    def versions(self) -> str:
        """What runs the bundle here, ``onnxruntime 1.31.1 on Python 3.11, numpy 2.4.6``, for a report."""

    def in_runtime(self, requirement: str) -> Target:
        """The same target in another version of its runtime, ``NAME==VERSION``, which its ``install`` sets up.

        UsageError when that is no runtime of its format.
        """

    @property
    def counts_instructions(self) -> bool:
        """Whether ``instructions`` counts any, of its own bundles and of those of other targets of its converter."""

    def instructions(
        self, bundle: Path, manifest: Mapping[str, Any], lengths: Sequence[int], runs: int
    ) -> Mapping[int, tuple[int, ...]]:
        """Instructions of each of so many runs of the model on one text, by its length, on the first of ``machines``.

        A gate against regressions, not milliseconds. ParityError when the bundle does not come to the end,
        ToolchainError when its machine is not set up, UsageError where there is none.
        """

    @property
    def machines(self) -> Mapping[str, Target]:
        """The machines parity is measured on, by their names in a report; most targets have one, without a name."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """Open the bundle's model in the target's runtime."""

    @property
    def shows_values(self) -> bool:
        """Whether ``trace`` shows any intermediate tensor."""

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """Open the bundle's own model so that it also answers with its intermediate tensors, by the graph's names.

        Of ``names`` the runner gives those that the file has, and beside them the model's inputs as the model took
        them: texts are padded where it takes fixed lengths. A model of a batch of one takes one row at a time.
        UsageError where the target's runtime cannot show them.
        """


class Verdict(StrEnum):
    """``unmeasured`` is never green."""

    PASS = "pass"
    FAIL = "fail"
    UNMEASURED = "unmeasured"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Fail beats unmeasured beats pass; of no verdicts, unmeasured."""
    found = set(verdicts)
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.UNMEASURED if Verdict.UNMEASURED in found or not found else Verdict.PASS


Group = Literal["integrity", "parity", "invariance", "quality", "latency", "size"]
"""``integrity``: the bundle is what its source says: digests, manifest, tokenizer, and a runtime that survives it."""

Bound = Literal["at most", "at least"]
RECORDED = "recorded, no limit set"
"""The reason of a check that has a figure and no limit."""


@dataclass(frozen=True)
class Check:
    """One measured figure held against one limit."""

    group: Group
    name: str
    value: float | None
    limit: float | None
    unit: str
    verdict: Verdict
    reason: str = ""
    bound: Bound | None = None
    """On which side of the limit the figure must be; None without a limit."""

    @classmethod
    def at_most(cls, group: Group, name: str, value: float, limit: float | None, unit: str = "") -> Check:
        """Pass when ``value <= limit``; without a limit the figure is recorded; NaN fails either way."""
        return cls._compare(group, name, value, limit, unit, "at most", limit is None or value <= limit)

    @classmethod
    def at_least(cls, group: Group, name: str, value: float, limit: float | None, unit: str = "") -> Check:
        """Pass when ``value >= limit``; without a limit the figure is recorded; NaN fails either way."""
        return cls._compare(group, name, value, limit, unit, "at least", limit is None or value >= limit)

    @classmethod
    def unmeasured(cls, group: Group, name: str, reason: str) -> Check:
        """A check that had to be made and could not be."""
        return cls(group, name, None, None, "", Verdict.UNMEASURED, reason)

    @classmethod
    def failed(cls, group: Group, name: str, reason: str) -> Check:
        """A check that failed without a figure."""
        return cls(group, name, None, None, "", Verdict.FAIL, reason)

    @classmethod
    def _compare(
        cls, group: Group, name: str, value: float, limit: float | None, unit: str, bound: Bound, ok: bool
    ) -> Check:
        if math.isnan(value):
            return cls(group, name, value, limit, unit, Verdict.FAIL, "not a number", None if limit is None else bound)
        if limit is None:
            return cls(group, name, float(value), None, unit, Verdict.PASS, RECORDED)
        return cls(group, name, float(value), limit, unit, Verdict.PASS if ok else Verdict.FAIL, "", bound)


@dataclass(frozen=True)
class TextError:
    """How far the artifact's first output is from the original's on one text."""

    tokens: int
    max_abs: float
    cosine: float


@dataclass(frozen=True)
class Stage:
    """A model on its way from teacher to student: the teacher itself, or what one pass left."""

    name: str
    status: str
    """``teacher``, or what became of the pass: ``done``, ``skipped`` or ``reused``."""
    parameters: int
    encoder_parameters: int
    bytes_fp32: int
    bytes_int8: int
    flops: int
    metric: float | None
    seconds: float | None


@dataclass(frozen=True)
class Lineage:
    """How a student was made of its teacher, for a report."""

    recipe: str
    metric: str
    """The task's metric by name, or nothing where none was measured."""
    length: int
    """Tokens at which the FLOPs are counted."""
    stages: tuple[Stage, ...]
    """The teacher first."""


@dataclass(frozen=True)
class Report:
    """The checks of one target's bundle, with what is needed to read and repeat them."""

    target: str
    model: str
    task: str
    precision: str
    scheme: str
    bundle: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    """The export that was asked for, by the names of `ExportRequest`, paths as strings: what repeats it."""
    text_errors: tuple[TextError, ...] = ()
    """Against the fp32 original, one for each text."""
    timings: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Milliseconds of every timed call, by what was timed, for example ``model, 16 tokens``."""
    compression: Lineage | None = None
    """How the model was compressed; None of one that edgelm did not compress."""

    @property
    def verdict(self) -> Verdict:
        """Fail beats unmeasured beats pass; a report without checks is unmeasured."""
        return worst(check.verdict for check in self.checks)

    def value(self, name: str) -> float | None:
        """The figure of the first check of that name, or None."""
        return next((check.value for check in self.checks if check.name == name), None)
