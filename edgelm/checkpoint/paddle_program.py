"""Paddle's inference models: a finished program and its parameters, whose names say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from edgelm.checkpoint import paddle
from edgelm.errors import UnsupportedError, UsageError


@dataclass(frozen=True)
class Files:
    """An inference model: the program, and its parameters."""

    model: Path
    params: Path


def program_files(folder: Path) -> Files | None:
    """The inference model of a folder, as ``paddle.jit.save`` wrote it; None where there is none.

    UsageError for several, and for parameters without their program.
    """
    found = sorted(folder.glob("*.pdiparams"))
    if not found:
        return None
    models = [found[0].with_suffix(ending) for ending in (".json", ".pdmodel")]
    model = next((path for path in models if path.is_file()), None)
    if len(found) > 1 or model is None:
        raise UsageError(
            f"{folder} holds {', '.join(path.name for path in found)}, and needs one beside its .json or .pdmodel.",
            hint="Put the program that paddle.jit.save wrote into a folder of its own.",
        )
    return Files(model, found[0])


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration that lies beside a program, if any does."""
    return paddle.read_config(folder) if paddle.config_file(folder).is_file() else {}


def files(folder: Path) -> list[Path]:
    """The program, its parameters and the configuration."""
    found = program_files(folder)
    config = paddle.config_file(folder)
    return [*((found.model, found.params) if found else ()), *([config] if config.is_file() else [])]


def refuse_tensors(folder: Path) -> NoReturn:
    """UnsupportedError: the parameters of a program have no names that say what they are."""
    raise UnsupportedError(
        f"{folder} holds a Paddle inference model: a finished program, whose parameters have no names.",
        hint="`edgelm export` takes it to onnx and openvino. Else give the folder that PaddleNLP saved (.pdparams).",
    )
