"""The reference that nobody here wrote: Hugging Face's own module, run in a process that has torch.

edgelm's interpreter says what edgelm's graph means; this says what the checkpoint means.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from edgelm import environments
from edgelm.environments import Environment, Wanted
from edgelm.errors import ToolchainError, UnmeasuredError, UnsupportedError
from edgelm.remote import Call, RemoteRunner
from edgelm.tokenizer import Text
from edgelm.types import TASKS, Array

_MODULES = ("numpy", "torch", "transformers", "safetensors.torch")
_IS_MAC = sys.platform == "darwin"
_TRANSFORMERS = "5.23.0"
_TORCH = "torch==2.13.0" if _IS_MAC else "torch==2.13.0+cpu"
"""What is installed where this environment has neither, the versions edgelm is tested with.

Elsewhere than on a Mac a torch for CPUs only: the usual one brings gigabytes of CUDA.
"""
_CPU_INDEX = ("--extra-index-url=https://download.pytorch.org/whl/cpu",)
_INDEXES: tuple[tuple[str, ...], ...] = ((),) if _IS_MAC else ((), _CPU_INDEX)
"""The machine's own indexes may have it; beside one that cannot be reached they are asked for minutes."""
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
_SCRIPT = Path(__file__).with_name("_hugging_face.py")


def outputs(
    checkpoint_path: Path,
    task: str,
    feeds: Sequence[Mapping[str, Array]],
    say: Callable[[str], None],
    pooling: str = "mean",
) -> tuple[list[dict[str, Array]], str]:
    """What the checkpoint's own module answers to each feed, by edgelm's names, and the versions it was run with.

    ``pooling`` is of a plain encoder that is used for similarity.
    The running environment is used where it has torch and transformers; else one is made in edgelm's cache.
    ToolchainError with the command to run where that fails; UnsupportedError for a checkpoint without safetensors, for
    no pickle is read; UnmeasuredError when transformers does not load the checkpoint or dies over a feed.
    """
    assert task in TASKS
    folder = Path(checkpoint_path)
    if not any(folder.rglob("*.safetensors")):
        raise UnsupportedError(
            f"{folder} has no safetensors, and the original is not read from a pickle.",
            hint="Save it again with save_pretrained.",
        )
    environment = _environment(say)
    say("loading the original")
    asked = {"path": str(folder.resolve()), "task": task, "pooling": pooling}
    runner = _opened(environment, "open_original", asked)
    answers = []
    for number, feed in enumerate(feeds, 1):
        say(f"running the original, text {number} of {len(feeds)}")
        answers.append(runner(feed))
    return answers, environment.told("transformers", "torch")


def tokens(checkpoint_path: Path, texts: Sequence[Text], say: Callable[[str], None]) -> list[dict[str, Array]]:
    """``input_ids``, and ``token_type_ids`` if it gives any, of each text by the checkpoint's own tokenizer, uncut.

    It runs where ``outputs`` does; UnmeasuredError when transformers does not load the tokenizer.
    """
    environment = _environment(say)
    say("running the original's tokenizer")
    runner = _opened(environment, "open_tokenizer", {"path": str(Path(checkpoint_path).resolve())})
    parts = [(text,) if isinstance(text, str) else text for text in texts]
    return [runner({str(i): np.frombuffer(part.encode(), np.uint8) for i, part in enumerate(text)}) for text in parts]


def _opened(environment: Environment, function: str, arguments: Mapping[str, str]) -> RemoteRunner:
    """A function of the script in that environment, ready to be asked."""
    runner = RemoteRunner(
        "the original in transformers",
        [str(environment.python), "-I", "-B"],
        {**os.environ, **_OFFLINE},
        Call(str(_SCRIPT), function, arguments, _MODULES),
        hint=f"Run: {_command()}",
        refusal=UnmeasuredError,
    )
    runner.open()
    return runner


def _environment(say: Callable[[str], None]) -> Environment:
    """This one, where it has all that is needed, else that of edgelm's cache."""
    if _is_here():
        return environments.current()
    failure = ""
    for index in _INDEXES:
        beside = (_TORCH, *index, "numpy", "safetensors", "sentencepiece", "protobuf")
        try:
            return environments.install(Wanted("transformers", _TRANSFORMERS, beside, imports=_MODULES), say)
        except ToolchainError as error:
            failure = error.message
    raise ToolchainError(
        f"The original needs torch and transformers, and they could not be installed: {failure}",
        hint=f"Run: {_command()}",
    )


def _is_here() -> bool:
    return all(importlib.util.find_spec(name.partition(".")[0]) for name in _MODULES)


def _command() -> str:
    return f"pip install transformers=={_TRANSFORMERS} {_TORCH} {' '.join(_INDEXES[-1])}".rstrip()
