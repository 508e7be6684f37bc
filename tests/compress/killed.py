"""Fine-tunes in child processes that SIGKILL ends, each at another moment, then lets one come to its end.

Started by test_finetune.py: `python killed.py MODEL TRAIN OUTPUT`. Prints the moments at which a child was killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from edgelm.compress import finetune, state
from edgelm.compress import train as training
from edgelm.compress.schedule import Settings

SETTINGS = Settings(epochs=2.0, batch_size=4, learning_rate=1e-3, ema=0.9, precision="fp32")


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number: int, function: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose call of that number does something else."""
    calls = 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return (instead if calls == number else function)(*arguments, **named)

    return called


def half_written(_tensors: Any, path: Path, _metadata: Any) -> None:
    path.write_bytes(b"half of a state")
    die()


def before_any_state() -> None:
    training._Run._step = at_call(1, training._Run._step, die)


def in_a_step() -> None:
    training._Run._update = at_call(4, training._Run._update, die)


def in_a_write() -> None:
    state.save_file = at_call(3, state.save_file, half_written)


def before_the_rename() -> None:
    state._sync = at_call(3, state._sync, die)


def in_an_evaluation() -> None:
    training._Run._metric = at_call(1, training._Run._metric, die)


def while_the_model_is_written() -> None:
    finetune.edgelm_nn.save = die


MOMENTS = (
    before_any_state,
    in_a_step,
    in_a_write,
    before_the_rename,
    in_an_evaluation,
    while_the_model_is_written,
)


def request(model: Path, train: Path, output: Path) -> finetune.FinetuneRequest:
    return finetune.FinetuneRequest(
        str(model),
        train,
        output,
        evaluation=train,
        task="text-classification",
        settings=SETTINGS,
        resume=True,
        checkpoint_seconds=0.0,
    )


def run(wanted: finetune.FinetuneRequest) -> None:
    finetune.finetune(wanted, lambda _: None, lambda _: None)


def main() -> None:
    torch.set_num_threads(1)
    wanted = request(*map(Path, sys.argv[1:]))
    for moment in MOMENTS:
        child = os.fork()
        if not child:
            moment()
            run(wanted)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
            print(moment.__name__)
    run(wanted)


if __name__ == "__main__":
    main()
