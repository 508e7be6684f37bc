"""Opens models in the process that `edgelm.worker` is: one function for each runtime, and one for a target of edgelm.

It runs in whatever Python and version a runtime has, from Python 3.8 on, so it imports nothing of edgelm at the top.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgelm.types import Array, Runner, Tensors


def open_target(module: str, attribute: str, bundle: str, manifest: Mapping[str, Any], threads: int) -> Runner:
    """What a target's own ``load`` gives, in a process that has edgelm."""
    runner: Runner = getattr(import_module(module), attribute).load(Path(bundle), manifest, threads)
    return runner


def open_tflite(
    module: str,
    path: str,
    dtypes: Mapping[str, str],
    outputs: list[str],
    signatures: Mapping[str, int | None],
    kernels: str,
    threads: int,
) -> Runner:
    """A TFLite file in the interpreter of ``module``, for one text of any length or one of the file's fixed ones.

    ``kernels`` names a member of the runtime's OpResolverType.
    """
    runtime = import_module(module)
    resolver = getattr(runtime.OpResolverType, kernels)
    interpreter = runtime.Interpreter(path, num_threads=threads, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    runners = {length: interpreter.get_signature_runner(name) for name, length in signatures.items()}

    def run(inputs: Tensors) -> dict[str, Array]:
        length = inputs["input_ids"].shape[1]
        signature = runners[length if length in runners else None]
        results = signature(**{name: inputs[name].astype(dtype) for name, dtype in dtypes.items()})
        return {name: results[name] for name in outputs}

    return run


def open_onnx(path: str, dtypes: Mapping[str, str], threads: int) -> Runner:
    """An ONNX file in onnxruntime, on the CPU with every graph optimisation; without its telemetry."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(inputs: Tensors) -> dict[str, Array]:
        results = session.run(names, {name: inputs[name].astype(dtype) for name, dtype in dtypes.items()})
        return dict(zip(names, results))  # noqa: B905  zip is strict from Python 3.10 on only

    return run


def open_executorch(path: str, dtypes: Mapping[str, str], outputs: list[str], threads: int) -> Runner:
    """An ExecuTorch program in the runtime's Python bindings, for one text of any length."""
    import torch
    from executorch.extension.pybindings import portable_lib
    from executorch.runtime import Runtime

    portable_lib._unsafe_reset_threadpool(threads)
    method = Runtime.get().load_program(path).load_method("forward")

    def run(inputs: Tensors) -> dict[str, Array]:
        results = method.execute([torch.from_numpy(inputs[name].astype(dtype)) for name, dtype in dtypes.items()])
        return {name: result.numpy().copy() for name, result in zip(outputs, results)}  # noqa: B905  from 3.10 on only

    return run


def open_openvino(path: str, dtypes: Mapping[str, str], outputs: list[str], properties: Mapping[str, Any]) -> Runner:
    """An OpenVINO IR compiled for the CPU, with those of ``properties`` that this version knows.

    As text, which all versions take: for some, a Python int is no unsigned integer.
    """
    core = _openvino_core()
    known = core.get_property("CPU", "SUPPORTED_PROPERTIES")
    settings = {name: str(value) for name, value in properties.items() if name in known}
    request = core.compile_model(path, "CPU", settings).create_infer_request()

    def run(inputs: Tensors) -> dict[str, Array]:
        request.infer({name: inputs[name].astype(dtype) for name, dtype in dtypes.items()})
        return {name: request.get_tensor(name).data.copy() for name in outputs}

    return run


def _openvino_core() -> Any:
    """In the package itself from 2023.1 on, and until 2025 in its ``runtime``."""
    package = import_module("openvino")
    return (package if hasattr(package, "Core") else import_module("openvino.runtime")).Core()
