"""Programs that another framework has finished, Paddle's inference models: an ONNX file in place of a graph's nodes.

paddle2onnx writes the file in an environment of its own, and Paddle's predictor there says what it must answer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgelm import setups
from edgelm.checkpoint import TensorStore
from edgelm.checkpoint.layouts import PROGRAM, layout_of
from edgelm.checkpoint.paddle_program import Files, program_files
from edgelm.errors import EdgelmError, UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.families.base import CheckpointWeights, Config, Family
from edgelm.graph.canonical import EncoderConfig
from edgelm.graph.ir import BATCH, LENGTH, Graph, Tensor
from edgelm.remote import Call, RemoteRunner
from edgelm.tokenizer import TextTokenizer
from edgelm.types import Checkpoint, Runner

_SCRIPT = Path(__file__).with_name("_paddle_program.py")
_SET_UP = "paddle"
_QUIET = {"GLOG_minloglevel": "2"}
_USUAL_LENGTH = 512
"""Tokens, where no configuration says how long a text may be; the run of full length shows whether it is true."""
_SIZE = "size"
_PER_TEXT, _PER_TOKEN = (BATCH, _SIZE), (BATCH, LENGTH, _SIZE)
OUTPUTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "text-classification": {"logits": _PER_TEXT},
    "token-classification": {"logits": _PER_TOKEN},
    "question-answering": {"start_logits": (BATCH, LENGTH), "end_logits": (BATCH, LENGTH)},
    "fill-mask": {"logits": _PER_TOKEN},
    "feature-extraction": {"last_hidden_state": _PER_TOKEN},
}
"""By task, what a program's first outputs are called in a bundle, and their shapes."""


@dataclass(frozen=True)
class Program(Graph):
    """A graph without nodes: its inputs and outputs, the finished ONNX model, and the framework's own predictor."""

    onnx: bytes = field(repr=False)
    predictor: Callable[[], Runner]
    toolchain: Mapping[str, str]
    """What made the file, and what the predictor is of."""


class ProgramModel(Model):
    """A folder with a program, understood as far as a program can be: the task is the user's to say."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task a program may be for."""
        return tuple(OUTPUTS)

    def resolve_task(self, task: str = "auto") -> str:
        """The task that was asked for; UsageError where none was, for nothing in a program says it."""
        if task not in OUTPUTS:
            raise UsageError(
                f"{self.checkpoint.path} holds a program, which does not say what its outputs mean.",
                hint=f"Pass --task with one of: {', '.join(OUTPUTS)}.",
            )
        return task

    def head(self, task: str) -> Any:
        """None, of any task: what follows the encoder is inside the program."""

    def graph(self, task: str, max_length: int) -> Program:
        """The program under edgelm's names, tried on ``max_length`` tokens.

        ToolchainError with the command where Paddle is not set up; UnsupportedError with paddle2onnx's reason where it
        does not take the program.
        """
        tokenizer = TextTokenizer.from_folder(self.checkpoint.path)
        shapes, files = OUTPUTS[self.resolve_task(task)], _files(self.checkpoint)
        environment = setups.require(_SET_UP, f"Reading {files.model.name}")
        outputs, pad_id = tuple(shapes), tokenizer.special_ids.get("pad", 0)
        found = _opened("open_converter", files, outputs, UnsupportedError, pad_id=pad_id, length=max_length)({})
        facts: dict[str, Any] = json.loads(found["facts"].tobytes())
        for name, shape in shapes.items():
            own = tuple(size if isinstance(size, str) else _SIZE for size in facts["outputs"][name])
            if own != shape:
                raise UsageError(
                    f"{files.model.name} gives {list(own)} where {task} has {name} {list(shape)}.",
                    hint="Pass the --task the program was trained for.",
                )
        tensors = {name: Tensor(name, "int32", (BATCH, LENGTH)) for name in facts["inputs"]}
        tensors |= {name: Tensor(name, "float32", tuple(shape)) for name, shape in facts["outputs"].items()}
        return Program(
            inputs=tuple(facts["inputs"]),
            outputs=outputs,
            nodes=(),
            tensors=tensors,
            onnx=found["model"].tobytes(),
            predictor=Predictor(files, outputs),
            toolchain={name: environment.packages[name] for name in ("paddlepaddle", "paddle2onnx")},
        )


@dataclass(frozen=True)
class Predictor:
    """Paddle's own predictor, opened when it is called."""

    files: Files
    outputs: tuple[str, ...]

    def __call__(self) -> Runner:
        """The program in a process of its own; UsageError when it refuses a feed."""
        return _opened("open_predictor", self.files, self.outputs, UsageError)


def open_program(checkpoint: Checkpoint) -> ProgramModel | None:
    """The program in a checkpoint's folder; None where there is none."""
    if layout_of(checkpoint.path) is not PROGRAM:
        return None
    weights = CheckpointWeights(_FAMILY, checkpoint.config, TensorStore({}))
    return ProgramModel(checkpoint, _FAMILY, _sizes(checkpoint), weights, modules=None)


def _sizes(checkpoint: Checkpoint) -> EncoderConfig:
    """What is known of the encoder inside: by the configuration beside it, else by the tokenizer and by custom."""
    vocab_size = checkpoint.config.get("vocab_size")
    return EncoderConfig(
        vocab_size=vocab_size or TextTokenizer.from_folder(checkpoint.path).vocabulary_size,
        hidden_size=0,
        embedding_size=0,
        layers=(),
        max_length=checkpoint.config.get("max_position_embeddings", _USUAL_LENGTH),
        type_vocab_size=0,
        layer_norm_eps=0.0,
        hidden_act="gelu",
    )


def _no_encoder(_: Config) -> EncoderConfig:
    raise UnsupportedError("A finished program has no encoder that could be built.")


_FAMILY = Family(
    name="paddle program",
    model_types=(),
    prefix="",
    encoder=_no_encoder,
    heads=lambda _config: {},
    names={},
    layer_names={},
)


def _files(checkpoint: Checkpoint) -> Files:
    files = program_files(checkpoint.path)
    assert files is not None
    return files


def _opened(
    function: str, files: Files, outputs: tuple[str, ...], refusal: type[EdgelmError], **more: Any
) -> RemoteRunner:
    """A function of the script in Paddle's environment, ready to be asked."""
    environment = setups.require(_SET_UP, f"Reading {files.model.name}")
    runner = RemoteRunner(
        f"{files.model.name} in {environment.told('paddlepaddle', 'paddle2onnx')}",
        [str(environment.python), "-I", "-B"],
        {**os.environ, **_QUIET},
        Call(
            str(_SCRIPT),
            function,
            {"model": str(files.model.resolve()), "params": str(files.params.resolve()), "outputs": outputs, **more},
            setups.SET_UPS[_SET_UP].imports,
        ),
        hint=f"Run: edgelm doctor --install {_SET_UP}",
        refusal=refusal,
    )
    runner.open()
    return runner
