"""ExecuTorch with XNNPACK, PyTorch's runtime for phones; here its Python bindings, in an environment of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm import setups
from edgelm.remote import Call, RemoteRunner
from edgelm.types import Runner
from edgelm_targets import _openers
from edgelm_targets.base import BaseTarget, row_by_row

_SET_UP = "executorch"


@dataclass(frozen=True)
class ExecuTorchTarget(BaseTarget):
    """A batch of one, any length."""

    @property
    def unmeasured(self) -> str | None:
        """That the environment is not there, with the command that makes it."""
        return setups.missing(_SET_UP)

    @property
    def unwritable(self) -> str | None:
        """The same: what writes a program lies beside what runs it."""
        return setups.missing(_SET_UP)

    @property
    def set_up(self) -> str | None:
        """The environment of torch, ExecuTorch and its runtime."""
        return _SET_UP

    def install(self, say: Callable[[str], None]) -> None:
        """Make it if it is not there."""
        setups.install(_SET_UP, say)

    @property
    def versions(self) -> str:
        """What runs the bundle, ``executorch 1.5.1 on Python 3.11, numpy 2.4.6``."""
        environment = setups.find(_SET_UP)
        return environment.told("executorch") if environment else "executorch"

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """The program for one text, open in a process of that environment, and asked text by text.

        ToolchainError where it is not there or is broken; ParityError when the runtime refuses the program, or dies or
        hangs over it.
        """
        return row_by_row(self._opened(bundle, manifest, threads))

    def _opened(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        environment, artifact = setups.require(_SET_UP, "An ExecuTorch program"), manifest["artifact"]
        arguments = {
            "path": str(bundle.resolve() / artifact["files"][0]),
            "dtypes": {spec["name"]: spec["dtype"] for spec in artifact["inputs"]},
            "outputs": [spec["name"] for spec in artifact["outputs"]],
            "threads": threads,
        }
        runner = RemoteRunner(
            f"{self.name} in {self.versions}",
            [str(environment.python), "-I", "-B"],  # isolated: no folder of edgelm is searched for modules
            os.environ,
            Call(_openers.__file__, "open_executorch", arguments, ("numpy", "executorch.runtime")),
            hint=f"Remove {environment.python.parents[1]} and run: edgelm doctor --install {_SET_UP}",
        )
        runner.open()
        return runner


EXECUTORCH = ExecuTorchTarget(
    name="executorch",
    description="ExecuTorch program for phones: XNNPACK on the CPU, any length",
    converter="executorch",
    extra="",
    requires=(),
)
