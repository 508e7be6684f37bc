"""Imports vendors' packages without what they would drag in: telemetry, and every framework that is installed."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_COREMLTOOLS_FRONT_ENDS = (
    "torch",
    "torchvision",
    "torchaudio",
    "torchao",
    "executorch",
    "tensorflow",
    "transformers",
    "sklearn",
    "xgboost",
    "libsvm",
)


class _SignalStack(ctypes.Structure):
    """``stack_t`` of signal.h."""

    _fields_ = (("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Inside, importing one of the modules raises ModuleNotFoundError, as if it were not installed.

    What is imported already stays. Afterwards the modules can be imported again.
    """
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's own mark for "not there"
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def import_openvino() -> Any:
    """openvino without its telemetry.

    That sends usage data from a forked process; and the fork, while NumPy computes, can leave OpenBLAS waiting forever.
    """
    with without("openvino_telemetry"):
        import openvino
    return openvino


def import_onnxruntime() -> Any:
    """onnxruntime without its telemetry, unless the user's ``ORT_DISABLE_TELEMETRY`` says otherwise.

    From 1.29 on it keeps an identifier of the device, and uploads what is run and how fast.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def openvino_core() -> Any:
    """A Core with its CPU plugin loaded, and the thread's signal stack as it was.

    On Linux the plugin of OpenVINO 2026 gives its thread a signal stack and unmaps it when it goes, but gives back the
    one before only where no other plugin came in between: the next signal would end the process.
    """
    with _same_signal_stack():
        core = import_openvino().Core()
        core.get_property("CPU", "FULL_DEVICE_NAME")
    return core


@contextmanager
def _same_signal_stack() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None)
    before = _SignalStack()
    libc.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)


def import_coremltools() -> Any:
    """coremltools without the frameworks of its front ends, and without its warnings about what this system lacks."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with without(*_COREMLTOOLS_FRONT_ENDS):
            import coremltools
    finally:
        logger.setLevel(level)
    return coremltools


def import_mnn() -> Any:
    """MNN's runtime, without what it prints as it is imported."""
    with stdout_held():
        import MNN
    return MNN


def run_mnnconvert(arguments: Sequence[str]) -> str:
    """Run MNN's converter in this process; gives what it printed.

    By way of the extension module: importing ``MNN.tools``, as the command ``mnnconvert`` does, installs a package and
    asks a server for the credentials to log every conversion under the machine's id.
    """
    with stdout_held() as said:
        import_module("_tools").mnnconvert(["mnnconvert", *arguments])
    return said.decode("utf-8", "replace")


@contextmanager
def stdout_held() -> Iterator[bytearray]:
    """Holds back what native code prints on stdout; the bytes are there once the context is left."""
    said = bytearray()
    sys.stdout.flush()
    stdout = os.dup(1)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 1)
        try:
            yield said
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(stdout, 1)
            os.close(stdout)
            held.seek(0)
            said += held.read()


def import_toolchain(module: str) -> Any:
    """Any vendor's module, by the way there is for it here."""
    return _QUIETLY[module]() if module in _QUIETLY else import_module(module)


_QUIETLY: Mapping[str, Callable[[], Any]] = {
    "MNN": import_mnn,
    "coremltools": import_coremltools,
    "onnxruntime": import_onnxruntime,
    "openvino": import_openvino,
}
