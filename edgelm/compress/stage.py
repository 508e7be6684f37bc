"""What a pass is given and gives on: a model on its way, and what all passes of a run share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelm.compress.budgets import Costs
from edgelm.compress.distill import Origin
from edgelm.compress.material import Material
from edgelm.compress.schedule import Precision
from edgelm.compress.train import Progress


@dataclass(frozen=True)
class Stage:
    """A model on its way: its folder, where it comes from, and who teaches it."""

    folder: Path
    origin: Origin
    teacher: Path
    """The teacher's folder; it has the student's vocabulary."""
    assistant: Path | None = None
    """The student of the last distillation, and where that comes from."""
    assistant_origin: Origin | None = None

    def save(self, path: Path) -> None:
        """As JSON, whole or not at all; folders are relative to its own."""
        content = {
            "folder": self.folder.name,
            "origin": _origin_dict(self.origin),
            "teacher": str(self.teacher),
            "assistant": str(self.assistant) if self.assistant else None,
            "assistant_origin": _origin_dict(self.assistant_origin) if self.assistant_origin else None,
        }
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(content), "utf-8")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Stage:
        """What ``save`` wrote."""
        content = json.loads(path.read_text("utf-8"))
        origin = content["assistant_origin"]
        return cls(
            path.parent / content["folder"],
            _origin(content["origin"]),
            Path(content["teacher"]),
            Path(content["assistant"]) if content["assistant"] else None,
            _origin(origin) if origin else None,
        )


@dataclass(frozen=True)
class Shop:
    """What every pass may use."""

    material: Material
    costs: Costs
    cache: Path
    """Where teachers' answers are kept."""
    precision: Precision
    say: Callable[[str], None]
    note: Callable[[str], None]
    """Says it, and puts it into the record of the pass."""
    progress: Callable[[Progress], None]

    @property
    def task(self) -> str:
        """Hugging Face's name."""
        return self.material.task.name


def _origin_dict(origin: Origin) -> dict[str, list[int]]:
    return {"states": list(origin.states), "hidden": origin.hidden.tolist()}


def _origin(content: dict[str, list[int]]) -> Origin:
    return Origin(tuple(content["states"]), np.asarray(content["hidden"], np.int64))
