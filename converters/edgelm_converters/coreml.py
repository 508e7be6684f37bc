"""Writes a graph as a Core ML package (``model.mlpackage``, an ML Program) with coremltools' MIL builder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph.ir import BATCH, Graph
from edgelm.toolchain import import_coremltools
from edgelm.types import Artifact, ConvertRequest, Scheme, TensorSpec
from edgelm_converters._coreml_ops import BLOCKWISE_SINCE, Lowering

_PACKAGE = "model.mlpackage"
_MODEL = "Data/com.apple.CoreML/model.mlmodel"
_WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
_VERSIONS = ("16", "17", "18")
_ENUMERATED_SINCE = 18
"""Before iOS 18 only one input may have enumerated shapes, and an encoder has two or three."""
_STATIC_SINCE = 17
"""The iOS whose programs have ``quantize`` and ``dequantize``."""
_TYPICAL_LENGTH = 64
"""The default of a range: the one length that runs on the Neural Engine (developer.apple.com/forums/thread/724930)."""
SCHEMES = {
    "fp32": Scheme(
        "fp32", "float32", "float32", "float32 weights and arithmetic; keeps the model off the Neural Engine"
    ),
    "fp16": Scheme("fp16", "float16", "float16", "float16 weights and arithmetic, all but the final normalisation"),
    "int8": Scheme(
        "weight_only_wi8_afp16", "int8", "float16", "int8 weights per channel, widened to float16; float16 arithmetic"
    ),
    "int8-static": Scheme(
        "static_wi8_ai8",
        "int8",
        "static_tensor_asymmetric",
        "int8 weights per channel; linear layers read int8 of fixed ranges, found on texts; float16 arithmetic besides",
    ),
    "int4": Scheme(
        "weight_only_wi4b32_afp16",
        "int4",
        "float16",
        "int4 weights, a scale for 32 in a row, and int8 embeddings, widened to float16; float16 arithmetic",
        embeddings="int8",
    ),
}

_NOTES = {
    "range": (
        "Any length up to the maximum runs, but Apple's Neural Engine takes the default length alone, and coremltools "
        "issue 2825 reports crashes of pooling encoders with a range outside the CPU. Not tried on a device: should it "
        "matter, fix one length (--lengths 128) or, from iOS 18 on, enumerate several."
    ),
    "enumerated": (
        "Each length can run on Apple's Neural Engine; the app pads a text to the next one. Not tried on a device."
    ),
    "fixed": "The safest form, and one for Apple's Neural Engine; the app pads every text. Not tried on a device.",
}


@dataclass(frozen=True)
class CoreMLConverter:
    """A batch of one; ids are int32. Option ``shapes``: ``range``, ``enumerated``, ``fixed``, or ``auto``.

    ``auto`` is a range up to the maximum length, one fixed length where one is asked for, and enumerated shapes where
    several are.
    """

    name: str = "coreml"
    requires: tuple[str, ...] = ("coremltools",)
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: SCHEMES)
    # Not merge_qkv: it adds a split, and no measurement here says that a wide product pays for it on Apple's chips.
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale")
    options: Mapping[str, str] = field(default_factory=lambda: {"minimum_ios": "17", "shapes": "auto"})

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write the package; the same graph gives the same bytes. UsageError for options that do not go together."""
        options = {**self.options, **request.options}
        if options["minimum_ios"] not in _VERSIONS:
            raise UsageError(
                f"Unknown minimum_ios {options['minimum_ios']!r}.", hint=f"Choose from {', '.join(_VERSIONS)}."
            )
        minimum_ios = int(options["minimum_ios"])
        _check_ios(request.scheme, minimum_ios)
        shapes, lengths = _shapes(options["shapes"], request, minimum_ios)
        compute = "fp32" if request.scheme.activations == "float32" else "fp16"
        coremltools = import_coremltools()
        program = _program(coremltools, graph, compute, minimum_ios, lengths[0] if shapes == "fixed" else None)
        _save(coremltools, program, graph, request, minimum_ios, _input_shape(coremltools, shapes, lengths))
        package = request.directory / _PACKAGE
        operators = _finish(coremltools, package)
        files = (package / _MODEL, package / _WEIGHTS, package / "Manifest.json")
        return Artifact(
            files=tuple(path.relative_to(request.directory).as_posix() for path in files if path.exists()),
            inputs=tuple(_batch_of_one(graph[name].spec) for name in graph.inputs),
            outputs=tuple(_batch_of_one(graph[name].spec) for name in graph.outputs),
            toolchain={"coremltools": coremltools.__version__},
            details={
                "package": _PACKAGE,
                "minimum_ios": minimum_ios,
                "compute": compute,
                "shapes": shapes,
                "lengths": list(lengths),
                "operators": operators,
                "notes": [_NOTES[shapes]],
            },
        )


def _check_ios(scheme: Scheme, minimum_ios: int) -> None:
    """UsageError where the scheme's operators are newer than the oldest iOS that is to run the package."""
    needed = BLOCKWISE_SINCE if scheme.weights == "int4" else _STATIC_SINCE if scheme.is_static else minimum_ios
    if needed > minimum_ios:
        raise UsageError(
            f"{scheme.name} needs iOS {needed}, and minimum_ios is {minimum_ios}.",
            hint=f"Pass --option minimum_ios={needed}.",
        )


def _shapes(kind: str, request: ConvertRequest, minimum_ios: int) -> tuple[str, tuple[int, ...]]:
    """The kind of input shapes and their lengths: of a range the bounds."""
    lengths = request.lengths
    if kind == "auto":
        kind = "range" if not lengths else "fixed" if len(lengths) == 1 else "enumerated"
    if kind == "range":
        return kind, (1, max(lengths, default=request.max_length))
    if kind == "fixed" and len(lengths) < 2:
        return kind, lengths or (request.max_length,)
    if kind == "fixed":
        raise UsageError("shapes=fixed takes one length.", hint="Pass one, as in --lengths 128, or shapes=enumerated.")
    if kind != "enumerated":
        raise UsageError(f"Unknown shapes {kind!r}.", hint="Choose from auto, range, enumerated, fixed.")
    if len(lengths) < 2:
        raise UsageError("Enumerated shapes need several lengths.", hint="Pass them, as in --lengths 32,64,128.")
    if minimum_ios < _ENUMERATED_SINCE:
        raise UsageError(
            f"Several fixed lengths on more than one input need iOS {_ENUMERATED_SINCE}, not {minimum_ios}.",
            hint=f"Set minimum_ios={_ENUMERATED_SINCE}, pass a single length, or set shapes=range.",
        )
    return kind, lengths


def _input_shape(coremltools: Any, shapes: str, lengths: tuple[int, ...]) -> Any:
    if shapes == "fixed":
        return (1, lengths[0])
    if shapes == "enumerated":
        return coremltools.EnumeratedShapes([(1, length) for length in lengths], default=(1, lengths[-1]))
    low, high = lengths
    return (1, coremltools.RangeDim(low, high, default=min(_TYPICAL_LENGTH, high)))


def _program(coremltools: Any, graph: Graph, compute: str, minimum_ios: int, length: int | None) -> Any:
    """The MIL program: one function of the graph's inputs."""
    from coremltools.converters.mil.mil import Builder, Function, Program, get_new_symbol, types

    size = get_new_symbol() if length is None else length
    inputs = {name: Builder.placeholder((1, size), types.int32) for name in graph.inputs}
    with Function(inputs, opset_version=getattr(coremltools.target, f"iOS{minimum_ios}")) as function:
        lowering = Lowering(graph, Builder, compute, minimum_ios, length)
        function.set_outputs(lowering.run(function.inputs))
    program = Program()
    program.add_function("main", function)
    return program


def _save(coremltools: Any, program: Any, graph: Graph, request: ConvertRequest, minimum_ios: int, shape: Any) -> None:
    """Write the package as coremltools does. No graph passes run: the program is what it should be already."""
    with _without_progress_bars():
        coremltools.convert(
            program,
            source="milinternal",
            convert_to="mlprogram",
            minimum_deployment_target=getattr(coremltools.target, f"iOS{minimum_ios}"),
            compute_precision=coremltools.precision.FLOAT32,  # that is: insert no casts
            inputs=[coremltools.TensorType(name=name, shape=shape, dtype=np.int32) for name in graph.inputs],
            pass_pipeline=coremltools.PassPipeline.EMPTY,
            skip_model_load=True,
            package_dir=str(request.directory / _PACKAGE),
        )


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """coremltools draws one for each pipeline and has no switch for it."""
    from coremltools.converters.mil.mil.passes import pass_pipeline

    bar = pass_pipeline.tqdm
    pass_pipeline.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        pass_pipeline.tqdm = bar


def _finish(coremltools: Any, package: Path) -> list[str]:
    """Make the package's bytes depend on its contents alone, and give the operators of its program.

    coremltools draws the identifiers of the manifest at random, and protobuf writes maps in any order.
    """
    path = package / _MODEL
    spec = coremltools.proto.Model_pb2.Model.FromString(path.read_bytes())
    spec.description.metadata.userDefined["com.github.apple.coremltools.version"] = coremltools.__version__
    path.write_bytes(spec.SerializeToString(deterministic=True))
    manifest = json.loads((package / "Manifest.json").read_text("utf-8"))
    items = {str(uuid5(NAMESPACE_URL, item["path"])): item for item in manifest["itemInfoEntries"].values()}
    root = next(key for key, item in items.items() if item["path"].endswith(path.name))
    manifest |= {"itemInfoEntries": dict(sorted(items.items())), "rootModelIdentifier": root}
    (package / "Manifest.json").write_text(json.dumps(manifest, indent=4) + "\n", "utf-8")
    (function,) = spec.mlProgram.functions.values()
    operations = function.block_specializations[function.opset].operations
    return sorted({operation.type for operation in operations} - {"const"})


def _batch_of_one(spec: TensorSpec) -> TensorSpec:
    return replace(spec, shape=tuple(1 if size == BATCH else size for size in spec.shape))


COREML = CoreMLConverter()
