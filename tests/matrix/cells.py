"""What can be asked of an export: every architecture, each of its tasks, every target, each of its precisions."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from edgelm import registry
from edgelm.families import family_of
from edgelm.families.joint import INTENT_AND_SLOTS
from edgelm.types import TASKS

from ..conftest import FAMILY_CONFIGS
from ..contract.cases import Case

_QUICK_SHARE = 100
"""One in so many cells is tried by default, drawn by its name."""


@dataclass(frozen=True)
class Cell:
    """One architecture with a head for one task, on one target at one precision."""

    architecture: str
    """The model_type of config.json."""
    task: str
    case: Case

    @property
    def is_quick(self) -> bool:
        """Whether the default run has it."""
        return self.case.is_quick and zlib.crc32(str(self).encode()) % _QUICK_SHARE == 0

    def __str__(self) -> str:
        return f"{self.architecture}/{self.task}/{self.case.target.name}/{self.case.precision}"


def tasks_of(architecture: str) -> list[str]:
    """The tasks that the architecture has a head for, and those that ask for no head of its own."""
    heads = family_of(FAMILY_CONFIGS[architecture]).heads(FAMILY_CONFIGS[architecture])
    return [task for task in TASKS if task in (*heads, INTENT_AND_SLOTS, "sentence-similarity")]


def every_cell() -> list[Cell]:
    """All of them; a device profile or another machine is its format's own target, and takes what that takes."""
    formats = [target for name, target in registry.targets().items() if name == target.converter]
    cases = [Case(target, precision) for target in formats for precision in registry.converter_of(target).precisions]
    precisions = dict.fromkeys(case.precision for case in cases)
    return [
        Cell(architecture, task, case)
        for architecture in FAMILY_CONFIGS
        for task in tasks_of(architecture)
        for precision in precisions
        for case in cases
        if case.precision == precision
    ]
