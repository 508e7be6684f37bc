"""What targets share: their fields, default tolerances, and batching for runtimes that take one row or one length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelm import environments
from edgelm.errors import UsageError
from edgelm.types import Array, Runner, Tensors, Tolerance, Tolerances

_EXACT = Tolerance(max_abs=1e-4, min_cosine=0.99999, min_sqnr_db=80, min_top1=1.0)
_STORED = Tolerance(max_abs=1e-3, min_cosine=0.9999, min_sqnr_db=50)
_STATIC = Tolerance(min_cosine=0.98, min_sqnr_db=15)
DEFAULT_TOLERANCES: Mapping[str, Tolerances] = {
    "fp32": Tolerances(lowering=_EXACT, loss=_EXACT, invariance=_EXACT),
    "fp16": Tolerances(
        lowering=_STORED,
        loss=Tolerance(max_abs=1e-2, min_cosine=0.999, min_sqnr_db=40),
        invariance=_STORED,
    ),
    "int8": Tolerances(
        lowering=Tolerance(min_cosine=0.995, min_sqnr_db=20),
        loss=Tolerance(min_cosine=0.98, min_sqnr_db=14),
        invariance=Tolerance(min_cosine=0.999, min_sqnr_db=25),
    ),
    # The integer products are exact, but a last digit of float32 before them decides roundings at the border of two
    # steps, and each moves more of the next layer's. With its biases and norms moved by 1e-7 of themselves the
    # interpreter agrees with itself to a cosine of 0.993 (all-MiniLM-L6-v2 over extremes; ranges that cut outliers
    # bring it nearer): no artifact can do better. The same holds between a text alone and in company.
    "int8-static": Tolerances(lowering=_STATIC, loss=Tolerance(min_cosine=0.98, min_sqnr_db=14), invariance=_STATIC),
    # Only weights are rounded, and by no calibration; the built-in model keeps a cosine of 0.90 on its worst text.
    "int4": Tolerances(lowering=_STORED, loss=Tolerance(min_cosine=0.85, min_sqnr_db=5), invariance=_STORED),
    "bf16": Tolerances(
        lowering=_STORED, loss=Tolerance(max_abs=5e-2, min_cosine=0.999, min_sqnr_db=30), invariance=_STORED
    ),
}
"""By precision; a target replaces what its runtime does otherwise."""


@dataclass(frozen=True)
class BaseTarget(ABC):
    """Everything a target is; a device profile is the same class with another name, precision or option."""

    name: str
    description: str
    converter: str
    extra: str
    requires: tuple[str, ...]
    precision: str = "fp32"
    tolerances: Mapping[str, Tolerances] = field(default_factory=lambda: DEFAULT_TOLERANCES)
    most_tokens: int | None = None
    """Tokens, texts times length, that a parity run should take in all, where running is slow; None: no limit."""

    @property
    def unmeasured(self) -> str | None:
        """Why this machine cannot run the artifact; None when it can."""
        return None

    @property
    def emulated(self) -> str | None:
        """What computes the outputs here in place of the runtime, so that no latency is measured; None: the runtime."""
        return None

    @property
    def unwritable(self) -> str | None:
        """Why no bundle can even be written here, with the command that helps; None when one can."""
        return None

    @property
    def set_up(self) -> str | None:
        """The name under which `edgelm doctor --install` knows what the target needs beyond pip; None: nothing."""
        return None

    def install(self, say: Callable[[str], None]) -> None:  # noqa: ARG002  nothing is done, so nothing is said
        """Install that, telling ``say`` each step."""
        raise UsageError(f"Target {self.name} needs nothing beyond pip.", hint=f"pip install 'edgelm[{self.extra}]'")

    @property
    def versions(self) -> str:
        """What runs the bundle here, for a report."""
        return environments.current().told(*self.requires)

    def in_runtime(self, requirement: str) -> BaseTarget:
        """This target in another version of its runtime, ``NAME==VERSION``, which its ``install`` sets up."""
        from edgelm_targets.pinned import pinned

        return pinned(self, requirement)

    @property
    def machines(self) -> Mapping[str, BaseTarget]:
        """The machines parity is measured on, by their names in a report; most targets have one, without a name."""
        return {"": self}

    @property
    def counts_instructions(self) -> bool:
        """Whether ``instructions`` counts any."""
        return False

    def instructions(
        self,
        bundle: Path,  # noqa: ARG002  only targets that can do it look at the arguments
        manifest: Mapping[str, Any],  # noqa: ARG002
        lengths: Sequence[int],  # noqa: ARG002
        runs: int,  # noqa: ARG002
    ) -> Mapping[int, tuple[int, ...]]:
        """UsageError: this target's instructions cannot be counted."""
        raise UsageError(f"Instructions of target {self.name} cannot be counted.")

    @abstractmethod
    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """Open the bundle's model in the target's runtime."""

    @property
    def shows_values(self) -> bool:
        """Whether ``trace`` shows any intermediate tensor: a target that can has its own."""
        return type(self).trace is not BaseTarget.trace

    def trace(
        self,
        bundle: Path,  # noqa: ARG002  only targets that can do it look at the arguments
        manifest: Mapping[str, Any],  # noqa: ARG002
        threads: int,  # noqa: ARG002
        names: Collection[str],  # noqa: ARG002
    ) -> Runner:
        """UsageError: this target's runtime does not show intermediate tensors."""
        is_format = self.name == self.converter
        raise UsageError(
            f"Target {self.name} cannot show what its model computes on the way.",
            hint="The same model exported with --target onnx can."
            if is_format
            else f"Its files are those of target {self.converter}: export with --target {self.converter}.",
        )


def row_by_row(run: Runner) -> Runner:
    """A runner for any batch over one that takes a batch of one."""

    def runner(inputs: Tensors) -> dict[str, Array]:
        rows = len(next(iter(inputs.values())))
        outputs = [run({name: array[i : i + 1] for name, array in inputs.items()}) for i in range(rows)]
        return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}

    return runner


def pad_to_lengths(run: Runner, lengths: Sequence[int], outputs: Sequence[Mapping[str, Any]]) -> Runner:
    """A runner for any length over one that takes only ``lengths``: pads with mask 0, and cuts the outputs again.

    ``outputs`` are the manifest's output specs; those whose axis 1 is ``"length"`` are cut back.
    """
    by_token = {spec["name"] for spec in outputs if len(spec["shape"]) > 1 and spec["shape"][1] == "length"}

    def runner(inputs: Tensors) -> dict[str, Array]:
        length = next(iter(inputs.values())).shape[1]
        results = run(padded(inputs, lengths))
        return {name: array[:, :length] if name in by_token else array for name, array in results.items()}

    return runner


def padded(inputs: Tensors, lengths: Sequence[int]) -> dict[str, Array]:
    """The inputs at the first of ``lengths`` that holds them, with mask 0 behind; without lengths, as they are."""
    length = next(iter(inputs.values())).shape[1]
    fixed = next((size for size in sorted(lengths) if size >= length), None if lengths else length)
    if fixed is None:
        raise UsageError(f"{length} tokens are more than the bundle's largest fixed length, {max(lengths)}.")
    return {name: np.pad(array, ((0, 0), (0, fixed - length))) for name, array in inputs.items()}
