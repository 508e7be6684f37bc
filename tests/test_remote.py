"""A model in another process: the frames both sides speak in, and what is said of a process that dies or hangs."""

from __future__ import annotations

import ast
import io
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edgelm import worker
from edgelm.errors import EdgelmError, ParityError, ToolchainError, UnmeasuredError
from edgelm.remote import Call, RemoteRunner
from edgelm.types import Array

ARRAYS: Mapping[str, Array] = {
    "ids": np.arange(6, dtype=np.int32).reshape(2, 3),
    "long ids": np.asarray([[-1, 2**40]]),
    "floats": np.asarray([[np.nan, np.inf, -0.0]], np.float32),
    "scalar": np.asarray(2.5, np.float16),
    "nothing": np.zeros((0, 4), np.float32),
    "every other": np.arange(8, dtype=np.float32)[::2],
    "mask": np.asarray([True, False]),
}

OPENER = """
import ctypes, os, signal, sys, time

def open_model(factor):
    {load}

    def run(inputs):
        {run}
        return {{name: array * factor for name, array in inputs.items()}}

    return run
"""


class Fake:
    """Writes an opener of given behaviour, and starts the worker on it in this machine's own Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        *,
        requires: tuple[str, ...] = ("json",),
        load: str = "pass",
        run: str = "pass",
        refusal: type[EdgelmError] = ParityError,
    ) -> RemoteRunner:
        file = self.folder / "opener.py"
        file.write_text(OPENER.format(load=load, run=run), "utf-8")
        call = Call(str(file), "open_model", {"factor": 2}, requires)
        python = [sys.executable, "-I", "-B"]
        return RemoteRunner("here", python, {}, call, hint="Make it again.", refusal=refusal)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


# -- frames ------------------------------------------------------------------------------------------------------------


def test_arrays_survive_a_frame() -> None:
    stream = io.BytesIO()
    worker.write_frame(stream, worker.pack(ARRAYS))
    stream.seek(0)
    found = worker.unpack(worker.read_frame(stream) or b"")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array, err_msg=name, strict=True)


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="OBJECT array"):
        worker.unpack(worker.pack({"x": np.asarray([{}], object)}))


@pytest.mark.parametrize("cut", [1, 5, 8, 11])
def test_half_a_frame_is_none(cut: int) -> None:
    stream = io.BytesIO()
    worker.write_frame(stream, b"four")
    assert worker.read_frame(io.BytesIO(stream.getvalue())) == b"four"
    assert worker.read_frame(io.BytesIO(stream.getvalue()[:-cut])) is None


def test_feeds_are_answered_in_order() -> None:
    requests, answers = io.BytesIO(), io.BytesIO()
    for value in range(3):
        worker.write_frame(requests, worker.pack({"x": np.asarray([value])}))
    requests.seek(0)
    worker.serve(lambda inputs: {"y": inputs["x"] + 10}, requests, answers)
    answers.seek(0)
    found = [worker.unpack(worker.read_frame(answers) or b"")["y"].item() for _ in range(3)]
    assert found == [10, 11, 12]
    assert worker.read_frame(answers) is None


def test_the_worker_is_for_old_pythons_too() -> None:
    """What other Pythons run is written as 3.8 reads it, and imports nothing of edgelm there."""
    source = Path(worker.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not any(str(module).startswith("edgelm") for module in imported)
    assert "from __future__ import annotations" in source


# -- the other process -------------------------------------------------------------------------------------------------


def test_answers_feed_after_feed(fake: Fake) -> None:
    runner = fake()
    runner.open()
    numbers = {name: array for name, array in ARRAYS.items() if array.dtype.kind == "f"}
    for _ in range(2):
        found = runner(numbers)
        for name, array in numbers.items():
            np.testing.assert_array_equal(found[name], array * 2, strict=True)


def test_a_feed_larger_than_a_pipe(fake: Fake) -> None:
    runner = fake()
    runner.open()
    values = np.random.default_rng(0).normal(size=(1 << 20,))
    np.testing.assert_array_equal(runner({"x": values})["x"], values * 2)


def test_chatter_on_stdout_is_no_answer(fake: Fake) -> None:
    runner = fake(load="print('from Python')", run="os.write(1, b'from C'); print('more')")
    runner.open()
    for value in (1.0, 2.0):
        assert runner({"x": np.asarray([value])})["x"].item() == 2 * value


def test_neither_the_worker_s_folder_nor_the_opener_s_is_searched(fake: Fake, tmp_path: Path) -> None:
    """There stands a types.py, and whatever an opener stands beside."""
    (tmp_path / "beside.py").touch()
    load = "import types; assert 'edgelm' not in types.__file__; import beside"
    with pytest.raises(ParityError, match="ModuleNotFoundError: No module named 'beside'"):
        fake(load=load).open()


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("raise KeyError('input_ids')", "here: the runtime's process died with exit status 1: KeyError: 'input_ids'."),
        ("raise ValueError('no op.\\nRegistration failed.')", "ValueError: no op. Registration failed."),
        ("os._exit(3)", "died with exit status 3: it wrote nothing."),
        ("os.kill(os.getpid(), 11)", "died of SIGSEGV: it wrote nothing."),
        ("os.write(2, b'a\\nb\\nwhat(): c\\nd\\n'); os.abort()", "died of SIGABRT: b | what(): c | d."),
        ("ctypes.string_at(0)", "died of SIGSEGV: it wrote nothing."),
    ],
)
def test_a_death_while_answering_is_told(run: str, message: str, fake: Fake) -> None:
    runner = fake(run=run)
    runner.open()
    for _ in range(2):
        with pytest.raises(ParityError) as raised:
            runner({"x": np.asarray([1])})
        assert str(raised.value).endswith(message)


def test_a_process_that_is_killed_is_told(fake: Fake) -> None:
    runner = fake()
    runner.open()
    os.kill(runner.pid, signal.SIGKILL)
    with pytest.raises(ParityError, match=r"here: the runtime's process died of SIGKILL"):
        runner({"x": np.asarray([1])})


def test_a_long_message_is_shortened(fake: Fake) -> None:
    with pytest.raises(ParityError) as raised:
        fake(load="raise ValueError('first ' + 'x' * 5000 + ' last')").open()
    assert "ValueError: first xx" in str(raised.value)
    assert str(raised.value).endswith("xx last.")
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize("refusal", [ParityError, UnmeasuredError])
def test_a_model_that_cannot_be_opened_is_a_refusal(refusal: type[EdgelmError], fake: Fake) -> None:
    with pytest.raises(refusal, match="exit status 1: ValueError: unknown operator"):
        fake(load='raise ValueError("unknown operator")', refusal=refusal).open()


def test_a_module_that_cannot_be_imported_is_a_toolchain_error(fake: Fake) -> None:
    with pytest.raises(ToolchainError, match="No module named 'no_such_runtime'") as raised:
        fake(requires=("no_such_runtime",)).open()
    assert raised.value.hint == "Make it again."


def test_a_process_that_hangs_is_killed(fake: Fake) -> None:
    runner = fake(run="time.sleep(600)")
    runner.open()
    runner.most_seconds = 0.1
    with pytest.raises(ParityError, match=r"here: no answer within 0\.1 s"):
        runner({"x": np.asarray([1])})


def test_the_process_ends_with_the_runner(fake: Fake) -> None:
    runner = fake()
    runner.open()
    process = runner._process
    del runner
    assert process.wait(10) == -9
