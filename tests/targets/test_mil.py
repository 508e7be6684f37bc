"""The evaluator of Core ML packages, against coremltools' own value inference, PyTorch and the graph's interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.toolchain import import_coremltools
from edgelm.types import Array, ConvertRequest
from edgelm_converters.coreml import COREML
from edgelm_targets.mil import MilProgram

RNG = np.random.default_rng(0)


def floats(*shape: int) -> Array:
    return RNG.normal(0, 1, shape).astype(np.float32)


X = floats(1, 5, 8)
HEADS = floats(1, 2, 5, 8)
IDS = RNG.integers(0, 4, (1, 5)).astype(np.int32)
AXES = np.asarray([1], np.int32)
TIES = np.arange(-20, 20, dtype=np.float32).reshape(1, 5, 8) / 4
"""Every second one is half-way between two steps of 0.5."""

MIL: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    # operator, operands computed at run time, constant parameters
    "add": ("add", {"x": X}, {"y": floats(8)}),
    "sub": ("sub", {"x": X}, {"y": floats(8)}),
    "mul": ("mul", {"x": X}, {"y": np.float32(1.5)}),
    "real_div": ("real_div", {"x": X}, {"y": np.float32(3)}),
    "maximum": ("maximum", {"x": X}, {"y": np.float32(0.2)}),
    "minimum": ("minimum", {"x": X}, {"y": np.float32(0.2)}),
    "sqrt": ("sqrt", {"x": np.abs(X)}, {}),
    "square": ("square", {"x": X}, {}),
    "exp": ("exp", {"x": X}, {}),
    "erf": ("erf", {"x": X}, {}),
    "tanh": ("tanh", {"x": X}, {}),
    "sigmoid": ("sigmoid", {"x": X}, {}),
    "relu": ("relu", {"x": X}, {}),
    "clip": ("clip", {"x": X}, {"alpha": np.float32(-0.5), "beta": np.float32(0.5)}),
    "gelu, erf": ("gelu", {"x": X}, {"mode": "EXACT"}),
    "gelu, tanh": ("gelu", {"x": X}, {"mode": "TANH_APPROXIMATION"}),
    "linear": ("linear", {"x": X}, {"weight": floats(6, 8), "bias": floats(6)}),
    "matmul": ("matmul", {"x": HEADS, "y": HEADS}, {"transpose_y": True}),
    "matmul, left": ("matmul", {"x": HEADS, "y": HEADS}, {"transpose_x": True}),
    "softmax": ("softmax", {"x": HEADS}, {"axis": -1}),
    "layer_norm": (
        "layer_norm",
        {"x": X},
        {"axes": [-1], "gamma": floats(8), "beta": floats(8), "epsilon": np.float32(1e-5)},
    ),
    "reduce_sum": ("reduce_sum", {"x": X}, {"axes": AXES, "keep_dims": True}),
    "reduce_mean": ("reduce_mean", {"x": X}, {"axes": AXES, "keep_dims": False}),
    "reduce_max": ("reduce_max", {"x": X}, {"axes": AXES, "keep_dims": False}),
    "reduce_l2_norm": ("reduce_l2_norm", {"x": X}, {"axes": AXES, "keep_dims": True}),
    "gather": ("gather", {"indices": IDS}, {"x": floats(4, 8), "axis": 0}),
    "cumsum": ("cumsum", {"x": X}, {"axis": 1}),
    "cumsum, reversed": ("cumsum", {"x": X}, {"axis": 1, "reverse": True}),
    "reshape": ("reshape", {"x": X}, {"shape": (1, 5, 2, -1)}),
    "transpose": ("transpose", {"x": HEADS}, {"perm": (0, 2, 1, 3)}),
    "squeeze": ("squeeze", {"x": X}, {"axes": (0,)}),
    "expand_dims": ("expand_dims", {"x": X}, {"axes": (1, 2)}),
    "slice_by_index": ("slice_by_index", {"x": X}, {"begin": [0, 1, 2], "end": [1, 3, 7]}),
    "slice_by_index, masks": (
        "slice_by_index",
        {"x": X},
        {"begin": [0, 3, 0], "end": [0, 0, 6], "begin_mask": [True, False, True], "end_mask": [True, False, False],
         "squeeze_mask": [False, True, False], "stride": [1, 1, 2]},
    ),
    "split": ("split", {"x": X}, {"split_sizes": [2, 3, 3], "axis": 2}),
    "concat": ("concat", {"values": (X, X)}, {"axis": 2}),
    "tile": ("tile", {"x": X}, {"reps": (1, 2, 1)}),
    "select": ("select", {"a": X}, {"cond": np.asarray(True), "b": floats(1, 5, 8)}),
    "not_equal": ("not_equal", {"x": IDS}, {"y": np.int32(1)}),
    "cast": ("cast", {"x": IDS}, {"dtype": "fp32"}),
    "quantize": (
        "quantize",
        {"input": TIES},
        {"scale": np.float32(0.5), "zero_point": np.int8(-3), "output_dtype": "int8"},
    ),
    "quantize, clipped": (
        "quantize",
        {"input": X},
        {"scale": np.float32(0.01), "zero_point": np.int8(90), "output_dtype": "int8"},
    ),
    "quantize, by axis": (
        "quantize",
        {"input": X},
        {"scale": np.abs(floats(8)) + 0.01, "zero_point": np.arange(8, dtype=np.uint8), "axis": -1,
         "output_dtype": "uint8"},
    ),
    "quantize, symmetric": ("quantize", {"input": X}, {"scale": np.float32(0.02), "output_dtype": "int8"}),
}  # fmt: skip


def build(case: str, package: Path) -> tuple[dict[str, Array], list[Array]]:
    """Save one operator as a package; returns its inputs and the values coremltools infers for its outputs."""
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, Function

    op, runtime, parameters = MIL[case]
    flat = {
        f"{key}{i}": part
        for key, value in runtime.items()
        for i, part in enumerate(value if isinstance(value, tuple) else [value])
    }

    def call(inputs: Mapping[str, Any]) -> Any:
        operands = {
            key: tuple(inputs.values()) if isinstance(value, tuple) else inputs[f"{key}0"]
            for key, value in runtime.items()
        }
        result = getattr(Builder, op)(**operands, **parameters)
        return list(result) if isinstance(result, tuple | list) else [result]

    with Function({}, opset_version=coremltools.target.iOS17):
        inferred = call({name: Builder.const(val=value, name=name) for name, value in flat.items()})
        expected = [np.asarray(output.val) for output in inferred]
    save(call, flat, package)
    return flat, expected


def save(
    call: Callable[[Mapping[str, Any]], Any], feed: Mapping[str, Array], package: Path, target: Any = None
) -> None:
    """A program of what ``call`` builds over inputs like those of ``feed``, for iOS 17 or another target."""
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, Function, Program, types

    target = target or coremltools.target.iOS17
    kinds = {np.dtype(np.float32): types.fp32, np.dtype(np.int32): types.int32}
    placeholders = {name: Builder.placeholder(values.shape, kinds[values.dtype]) for name, values in feed.items()}
    with Function(placeholders, opset_version=target) as function:
        built = call(function.inputs)
        outputs = [
            Builder.identity(x=output) if output.dtype == types.fp32 else Builder.cast(x=output, dtype="int32")
            for output in (built if isinstance(built, list) else [built])
        ]
        function.set_outputs(outputs)
    program = Program()
    program.add_function("main", function)
    coremltools.convert(
        program,
        source="milinternal",
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=coremltools.precision.FLOAT32,
        pass_pipeline=coremltools.PassPipeline.EMPTY,
        skip_model_load=True,
        package_dir=str(package),
    )


@pytest.mark.parametrize("case", MIL)
def test_operator_is_what_coremltools_infers(case: str, tmp_path: Path) -> None:
    feed, expected = build(case, tmp_path / "one.mlpackage")
    got = list(MilProgram(tmp_path / "one.mlpackage")(feed).values())
    for want, value in zip(expected, got, strict=True):
        np.testing.assert_allclose(value, want, atol=2e-6, rtol=1e-6)


@pytest.mark.parametrize("precision", ["int8", "uint8"])
@pytest.mark.parametrize("axis", [None, 2])
def test_dequantize_is_what_coremltools_says(precision: str, axis: int | None, tmp_path: Path) -> None:
    """coremltools infers no value of it, but has the function."""
    import_coremltools()
    from coremltools.converters.mil.mil import Builder
    from coremltools.optimize import _utils

    shape = () if axis is None else (8,)
    scale = np.asarray(RNG.uniform(0.01, 0.1, shape), np.float32)
    zero_point = RNG.integers(0, 100, shape).astype(precision)
    parameters = {"scale": scale, "zero_point": zero_point, **({} if axis is None else {"axis": axis})}

    def there_and_back(inputs: Mapping[str, Any]) -> Any:
        integers = Builder.quantize(input=inputs["x"], output_dtype=precision, **parameters)
        return Builder.dequantize(input=integers, **parameters)

    save(there_and_back, {"x": X}, tmp_path / "one.mlpackage")
    (got,) = MilProgram(tmp_path / "one.mlpackage")({"x": X}).values()
    wide = [_utils.promote_rank_to_same_as_data(value, X, axis) for value in (scale, zero_point)]
    integers = _utils.quantize_by_scale_and_zp(X, *wide, precision)
    np.testing.assert_array_equal(got, _utils.dequantize_by_scale_and_zp(integers, *wide))
    np.testing.assert_allclose(got, (np.clip(np.rint(X / wide[0]) + wide[1], *bounds(precision)) - wide[1]) * wide[0])


def bounds(dtype: str) -> tuple[int, int]:
    return np.iinfo(dtype).min, np.iinfo(dtype).max


@pytest.mark.parametrize("columns", [5, 64])
@pytest.mark.parametrize("compute", ["float16", "float32"])
def test_int4_is_what_coremltools_unpacks(columns: int, compute: str, tmp_path: Path) -> None:
    """Few values stand in the program itself and many in weight.bin, two to a byte either way."""
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, types
    from coremltools.converters.mil.mil.ops.defs.iOS18.compression import constexpr_blockwise_shift_scale

    data = np.resize(np.arange(-8, 8), (3, columns))
    scale = RNG.uniform(0.01, 0.1, (3, columns // 32 or 1)).astype(compute)

    def widened(inputs: Mapping[str, Any]) -> Any:
        weight = Builder.constexpr_blockwise_shift_scale(data=data.astype(types.np_int4_dtype), scale=scale)
        return Builder.add(x=inputs["x"], y=Builder.cast(x=weight, dtype="fp32"))

    zeros = np.zeros((1, columns), np.float32)
    save(widened, {"x": zeros}, tmp_path / "one.mlpackage", coremltools.target.iOS18)
    (got,) = MilProgram(tmp_path / "one.mlpackage")({"x": zeros}).values()
    np.testing.assert_array_equal(got, constexpr_blockwise_shift_scale.decompress(data, scale, None))


def test_operators_are_pytorchs(torch: Any, tmp_path: Path) -> None:
    from torch.nn import functional as f

    x, heads = torch.from_numpy(X), torch.from_numpy(HEADS)
    norm = {k: torch.from_numpy(v) for k, v in MIL["layer_norm"][2].items() if k in ("gamma", "beta")}
    weight = {k: torch.from_numpy(v) for k, v in MIL["linear"][2].items()}
    expected = {
        "gelu, erf": f.gelu(x),
        "gelu, tanh": f.gelu(x, approximate="tanh"),
        "softmax": f.softmax(heads, -1),
        "layer_norm": f.layer_norm(x, (8,), norm["gamma"], norm["beta"], 1e-5),
        "linear": f.linear(x, **weight),
        "matmul": heads @ heads.transpose(-1, -2),
        "reduce_l2_norm": x.norm(dim=1, keepdim=True),
    }
    for case, want in expected.items():
        feed, _ = build(case, tmp_path / f"{case}.mlpackage")
        (got,) = MilProgram(tmp_path / f"{case}.mlpackage")(feed).values()
        np.testing.assert_allclose(got, want.numpy(), atol=2e-6, err_msg=case)


@pytest.mark.parametrize("minimum_ios", ["16", "17", "18"])
@pytest.mark.parametrize(("precision", "atol"), [("fp32", 1e-5), ("fp16", 2e-2), ("int8", 2e-2)])
@pytest.mark.parametrize("task", ["sentence-similarity", "token-classification"])
def test_package_computes_the_graph(
    task: str,
    precision: str,
    atol: float,
    minimum_ios: str,
    make_checkpoint: Callable[..., Path],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = Model.open(open_checkpoint(str(make_checkpoint("bert", own, vocab_size=200))))
    scheme = COREML.precisions[precision]
    graph = quantize.apply_scheme(rewrites.apply(model.graph(task, 64), COREML.rewrites), scheme)
    artifact = COREML.convert(graph, ConvertRequest(tmp_path, scheme, 64, options={"minimum_ios": minimum_ios}))
    program = MilProgram(tmp_path / artifact.details["package"])
    feed = {name: values[:1] for name, values in make_batch(model, (9, 12)).items()}
    for name, want in Interpreter(graph)(feed).items():
        np.testing.assert_allclose(program(feed)[name], want, atol=atol * max(1.0, float(np.abs(want).max())))


def test_every_enumerated_shape_and_no_other(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    model = Model.open(open_checkpoint(str(make_checkpoint("bert", "text-classification"))))
    graph = model.graph("text-classification", 32)
    request = ConvertRequest(tmp_path, COREML.precisions["fp32"], 32, (8, 32), {"minimum_ios": "18"})
    program = MilProgram(tmp_path / COREML.convert(graph, request).details["package"])
    for length in (8, 32):
        ids = np.arange(length)[None, :]
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        np.testing.assert_allclose(program(feed)["logits"], Interpreter(graph)(feed)["logits"], atol=1e-5)
    with pytest.raises(UsageError, match=r"\(1, 9\)"):
        program({name: values[:, :9] for name, values in feed.items()})


def test_float16_programs_round_after_every_operator(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    model = Model.open(open_checkpoint(str(make_checkpoint("bert", "text-classification"))))
    scheme = COREML.precisions["fp16"]
    graph = quantize.apply_scheme(model.graph("text-classification", 32), scheme)
    artifact = COREML.convert(graph, ConvertRequest(tmp_path, scheme, 32))
    ids = np.arange(7)[None, :]
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    values = MilProgram(tmp_path / artifact.details["package"]).trace(feed)
    assert sum(value.dtype == np.float16 for value in values.values()) > 100


def test_changed_weights_are_noticed(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    model = Model.open(open_checkpoint(str(make_checkpoint("bert", "text-classification"))))
    request = ConvertRequest(tmp_path, COREML.precisions["fp32"], 32)
    artifact = COREML.convert(model.graph("text-classification", 32), request)
    weights = next(tmp_path / name for name in artifact.files if name.endswith("weight.bin"))
    weights.write_bytes(weights.read_bytes()[:200])
    ids = np.arange(7)[None, :]
    with pytest.raises(UsageError, match=r"weight\.bin"):
        MilProgram(tmp_path / artifact.details["package"])(
            {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        )


def test_unknown_operator_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, _ = build("tanh", tmp_path / "one.mlpackage")
    monkeypatch.setattr("edgelm_targets.mil.OPERATORS", {})
    with pytest.raises(UnsupportedError, match="tanh"):
        MilProgram(tmp_path / "one.mlpackage")(feed)
