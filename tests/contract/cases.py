"""Every registered target at each of its precisions, as the contract tests expand over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from edgelm import registry
from edgelm.types import Target

OPTIONS = {
    ("coreml", "int4"): {"minimum_ios": "18"},
    ("tflite", "int4"): {"minimum_runtime": "2.21"},
}
"""By converter and precision: what an old device cannot run."""


@dataclass(frozen=True)
class Case:
    """One target at one of its precisions."""

    target: Target
    precision: str

    @property
    def options(self) -> Mapping[str, str]:
        """What the export must be told."""
        return OPTIONS.get((self.target.converter, self.precision), {})

    @property
    def is_quick(self) -> bool:
        """Whether the default run has it: not on an emulated machine, and of a device profile its own precision only.

        A profile is its format's own target, which is tried at all of them, with other settings.
        """
        is_format = self.target.name == self.target.converter
        return not self.target.set_up and (is_format or self.precision == self.target.precision)

    @property
    def only_stores(self) -> bool:
        """Whether its arithmetic is that of another precision, on weights that are kept otherwise."""
        return self.precision in ("fp16", "int4", "bf16")

    def __str__(self) -> str:
        return f"{self.target.name}-{self.precision}"


def every_case() -> list[Case]:
    """All targets that can be written here at all precisions."""
    return [
        Case(target, precision)
        for target in registry.targets().values()
        if not target.unwritable
        for precision in registry.converter_of(target).precisions
    ]


def parameters(cases: Iterable[Case]) -> list[Any]:
    """For pytest: slow but for the quick ones."""
    return [pytest.param(case, marks=[] if case.is_quick else [pytest.mark.slow], id=str(case)) for case in cases]
