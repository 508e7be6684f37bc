"""Environments of their own for toolchains and frameworks that do not go beside edgelm's: `edgelm doctor --install`."""

from __future__ import annotations

from collections.abc import Mapping

from edgelm import environments
from edgelm.environments import Environment, Say, Wanted
from edgelm.errors import ToolchainError

SET_UPS: Mapping[str, Wanted] = {
    "paddle": Wanted(
        "paddle2onnx", "2.1.0", beside=("paddlepaddle==3.3.1", "packaging"), imports=("paddle", "paddle2onnx")
    ),
    "tensorflow": Wanted("tensorflow-cpu", "2.21.0", imports=("tensorflow",)),
    "executorch": Wanted(
        "executorch",
        "1.5.1",
        # It asks for coremltools, pandas, scikit-learn and more, which nothing here imports; one of them has no wheel.
        beside=(
            "--no-deps",
            "torch==2.13.0",
            "torchao==0.18.0",
            "filelock==4.2.11",
            "flatbuffers==25.12.19",
            "fsspec==2026.9.0",
            "jinja2==3.1.6",
            "markupsafe==3.0.4",
            "mpmath==1.3.0",
            "networkx==3.6.1",
            "numpy==2.4.6",
            "ruamel.yaml==0.19.1",
            "sympy==1.14.0",
            "tabulate==0.10.0",
            "typing_extensions==4.16.0",
        ),
        imports=("executorch.backends.xnnpack.partition.xnnpack_partitioner", "executorch.runtime"),
    ),
}
"""By the name it is asked for with, what the environment is made of."""


def install(name: str, say: Say) -> Environment:
    """Make the environment, or find it made; ToolchainError says what is in the way."""
    return environments.install(SET_UPS[name], say)


def find(name: str) -> Environment | None:
    """The finished environment; None where there is none."""
    return environments.find(SET_UPS[name].name, SET_UPS[name].version)


def missing(name: str) -> str | None:
    """That the environment is not there, with the command that makes it; None when it is."""
    return None if find(name) else f"{SET_UPS[name].requirement} is not set up; run: edgelm doctor --install {name}"


def require(name: str, purpose: str) -> Environment:
    """The finished environment; ToolchainError with the command that makes it where there is none."""
    found = find(name)
    if found is None:
        raise ToolchainError(
            f"{purpose} needs {SET_UPS[name].requirement} in an environment of its own, which is not installed.",
            hint=f"Run: edgelm doctor --install {name}",
        )
    return found
