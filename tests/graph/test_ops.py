"""Each operator computes what torch computes, and infers the shape that its result has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from edgelm.errors import UsageError
from edgelm.graph.ir import GraphError, Tensor
from edgelm.graph.ops import OPS, reshaped

Arrays = list[np.ndarray]


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, shape).astype(np.float32)


def ids(high: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(high).integers(0, high, shape, dtype=np.int32)


def infer(op: str, arrays: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
    return OPS[op].infer([Tensor(f"x{i}", str(a.dtype), a.shape) for i, a in enumerate(arrays)], attrs)


def run(op: str, arrays: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """The results, after a check that they are what was inferred."""
    results = OPS[op].run(arrays, attrs)
    assert [(str(r.dtype), r.shape) for r in results] == infer(op, arrays, attrs)
    return results


A, B, ROW, POSITIVE = floats(2, 3, 4), floats(2, 3, 4, seed=1), floats(4, seed=2), np.abs(floats(2, 3, 4)) + 0.1
CASES: dict[str, tuple[str, Arrays, dict[str, Any], Callable[..., Any]]] = {
    "add": ("add", [A, B], {}, lambda t, x, y: t.add(x, y)),
    "add a row": ("add", [A, ROW], {}, lambda t, x, y: t.add(x, y)),
    "add int32": ("add", [ids(9, 2, 3), ids(9, 1, 3)], {}, lambda t, x, y: t.add(x, y)),
    "sub": ("sub", [A, B[:, :1]], {}, lambda t, x, y: t.sub(x, y)),
    "mul": ("mul", [A, np.float32(0.25) * np.ones((), np.float32)], {}, lambda t, x, y: t.mul(x, y)),
    "div": ("div", [A, POSITIVE[:, :, :1]], {}, lambda t, x, y: t.div(x, y)),
    "maximum": ("maximum", [A, np.zeros((), np.float32)], {}, lambda t, x, y: t.maximum(x, y)),
    "sqrt": ("sqrt", [POSITIVE], {}, lambda t, x: t.sqrt(x)),
    "tanh": ("tanh", [A], {}, lambda t, x: t.tanh(x)),
    "sigmoid": ("sigmoid", [A * 50], {}, lambda t, x: t.sigmoid(x)),
    "relu": ("relu", [A], {}, lambda t, x: t.relu(x)),
    "gelu": ("gelu", [A], {"approximate": "none"}, lambda t, x: t.nn.functional.gelu(x)),
    "gelu tanh": ("gelu", [A], {"approximate": "tanh"}, lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    "cast": ("cast", [ids(2, 2, 5)], {"dtype": "float32"}, lambda t, x: t.Tensor.float(x)),
    "linear": ("linear", [A, floats(5, 4), floats(5)], {}, lambda t, x, w, b: t.nn.functional.linear(x, w, b)),
    "linear, no bias": ("linear", [A, floats(5, 4)], {}, lambda t, x, w: t.nn.functional.linear(x, w)),
    "matmul": ("matmul", [A, floats(2, 4, 6)], {"transpose_b": False}, lambda t, x, y: t.matmul(x, y)),
    "matmul transposed": ("matmul", [A, B], {"transpose_b": True}, lambda t, x, y: t.matmul(x, y.transpose(1, 2))),
    "matmul broadcast": ("matmul", [A, floats(1, 4, 6)], {"transpose_b": False}, lambda t, x, y: t.matmul(x, y)),
    "softmax": ("softmax", [A * 10], {}, lambda t, x: t.softmax(x, -1)),
    "layer_norm": ("layer_norm", [A, ROW, ROW], {"epsilon": 0.1}, lambda t, *x: t.layer_norm(x[0], (4,), *x[1:], 0.1)),
    "l2_normalize": ("l2_normalize", [A], {"epsilon": 1e-12}, lambda t, x: t.nn.functional.normalize(x, dim=-1)),
    "l2 of zeros": ("l2_normalize", [A * 0], {"epsilon": 1e-12}, lambda t, x: t.nn.functional.normalize(x, dim=-1)),
    "reduce_sum": ("reduce_sum", [A], {"axis": 1, "keepdims": False}, lambda t, x: t.sum(x, 1)),
    "reduce_sum kept": ("reduce_sum", [A], {"axis": 2, "keepdims": True}, lambda t, x: t.sum(x, 2, keepdim=True)),
    "reduce_max": ("reduce_max", [A], {"axis": -2, "keepdims": False}, lambda t, x: t.amax(x, 1)),
    "gather": ("gather", [floats(7, 4), ids(7, 2, 3)], {}, lambda t, x, i: t.nn.functional.embedding(i, x)),
    "gather 3d": ("gather", [floats(7, 4), ids(7, 2, 3, 3)], {}, lambda t, x, i: t.nn.functional.embedding(i, x)),
    "gather integers": ("gather", [ids(9, 7), ids(7, 2, 3)], {}, lambda t, x, i: t.take(x, i.long())),
    "gather_columns": (
        "gather_columns",
        [A, ids(4, 3, 5)],
        {},
        lambda t, x, i: t.gather(x, 2, i.long().expand(2, 3, 5)),
    ),
    "positions": ("position_ids", [ids(9, 2, 5)], {"padding_idx": None}, lambda t, x: t.arange(x.shape[1])[None]),
    "reshape": ("reshape", [A], {"shape": (0, 0, 2, 2)}, lambda t, x: t.reshape(x, (2, 3, 2, 2))),
    "reshape rest": ("reshape", [A], {"shape": (0, -1)}, lambda t, x: t.reshape(x, (2, 12))),
    "transpose": ("transpose", [A], {"perm": (2, 0, 1)}, lambda t, x: t.permute(x, (2, 0, 1))),
    "squeeze": ("squeeze", [A[:, :1]], {"axis": 1}, lambda t, x: t.squeeze(x, 1)),
    "unsqueeze": ("unsqueeze", [A], {"axis": 1}, lambda t, x: t.unsqueeze(x, 1)),
    "slice": ("slice", [A], {"axis": 1, "start": 1, "stop": 3}, lambda t, x: t.narrow(x, 1, 1, 2)),
    "concat": ("concat", [A, B[:, :2]], {"axis": 1}, lambda t, x, y: t.cat([x, y], 1)),
}  # fmt: skip


@pytest.mark.parametrize(("op", "arrays", "attrs", "expected"), CASES.values(), ids=CASES)
def test_values(op: str, arrays: Arrays, attrs: dict[str, Any], expected: Callable[..., Any], torch: Any) -> None:
    with np.errstate(all="raise", under="ignore"):
        (found,) = run(op, arrays, attrs)
    wanted = expected(torch, *(torch.from_numpy(np.asarray(array)) for array in arrays)).numpy()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-6)


def test_split(torch: Any) -> None:
    found = run("split", [A], {"axis": 2, "sizes": (1, 3)})
    for part, wanted in zip(found, torch.from_numpy(A).split([1, 3], dim=2), strict=True):
        np.testing.assert_array_equal(part, wanted.numpy())


def test_every_operator_has_a_case() -> None:
    assert {case[0] for case in CASES.values()} | {"split", "quantized_linear"} == set(OPS)


@pytest.mark.parametrize("output", [None, (0.3, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_quantized_linear_is_integer_arithmetic(bias: bool, output: tuple[float, int] | None, torch: Any) -> None:
    """Against torch's own quantization of x and of the result, and NumPy's int32 product between them; bit for bit."""
    rng = np.random.default_rng(0)
    x, scale, zero_point = floats(3, 5, 1600), 0.05, -7
    integers, scales = rng.integers(-127, 128, (8, 1600)), rng.uniform(0.01, 0.1, 8).astype(np.float32)
    offsets = floats(8)
    real = torch.fake_quantize_per_tensor_affine(torch.from_numpy(x), scale, zero_point, -128, 127).numpy()
    product = np.rint(real / scale).astype(np.int32) @ integers.astype(np.int32).T
    steps = np.float32(scale) * scales
    offset = (offsets if output is None else np.rint(offsets / steps) * steps) if bias else np.float32(0)
    wanted = product.astype(np.float32) * steps + offset
    attrs: dict[str, Any] = {"scale": scale, "zero_point": zero_point}
    if output:
        attrs |= {"output_scale": output[0], "output_zero_point": output[1]}
        wanted = torch.fake_quantize_per_tensor_affine(torch.from_numpy(wanted), *output, -128, 127).numpy()
    operands = [x, integers.astype(np.float32), scales, *([offsets] if bias else [])]
    (found,) = OPS["quantized_linear"].run(operands, attrs)
    np.testing.assert_array_equal(found, wanted)


def test_positions_over_padding(torch: Any) -> None:
    from transformers.models.mpnet.modeling_mpnet import create_position_ids_from_input_ids

    tokens = np.asarray([[0, 5, 1, 7, 2, 1, 1], [1, 1, 1, 1, 1, 1, 1], [3, 4, 5, 6, 7, 8, 9]], np.int32)
    (found,) = run("position_ids", [tokens], {"padding_idx": 1})
    wanted = create_position_ids_from_input_ids(torch.from_numpy(tokens), 1)
    np.testing.assert_array_equal(found, wanted.numpy())


@pytest.mark.parametrize("index", [7, -1])
def test_gather_outside_the_table(index: int) -> None:
    with pytest.raises(UsageError, match=rf"Index {index} is outside a table of 7 rows\. .*tokenizer"):
        OPS["gather"].run([floats(7, 4), np.asarray([[0, index]], np.int32)], {})


def test_sigmoid_of_extremes() -> None:
    with np.errstate(all="raise", under="ignore"):
        (found,) = run("sigmoid", [np.asarray([-1e4, -89, 0, 89, 1e4], np.float32)], {})
    np.testing.assert_allclose(found, [0, 2.2273636e-39, 0.5, 1, 1], rtol=1e-5)


# -- shapes ------------------------------------------------------------------------------------------------------------

shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)
broadcastable = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4)


@given(pair=broadcastable, op=st.sampled_from(["add", "sub", "mul", "maximum"]))
def test_elementwise_shapes(pair: Any, op: str) -> None:
    left, right = pair.input_shapes
    (found,) = run(op, [np.ones(left, np.float32), np.ones(right, np.float32)], {})
    assert found.shape == pair.result_shape


@given(shape=shapes, op=st.sampled_from(["sqrt", "tanh", "sigmoid", "relu", "softmax", "l2_normalize"]))
def test_same_shapes(shape: tuple[int, ...], op: str) -> None:
    run(op, [np.ones(shape, np.float32)], {"epsilon": 1e-12})


@given(shape=shapes, data=st.data())
def test_axis_operators(shape: tuple[int, ...], data: st.DataObject) -> None:
    array = floats(*shape)
    axis = data.draw(st.integers(0, len(shape) - 1))
    start = data.draw(st.integers(0, shape[axis] - 1))
    stop = data.draw(st.integers(start + 1, shape[axis]))
    run("reduce_sum", [array], {"axis": axis - len(shape), "keepdims": data.draw(st.booleans())})
    run("reduce_max", [array], {"axis": axis, "keepdims": data.draw(st.booleans())})
    run("slice", [array], {"axis": axis, "start": start, "stop": stop})
    run("unsqueeze", [array], {"axis": axis})
    run("concat", [array, array, array], {"axis": axis})
    run("transpose", [array], {"perm": tuple(data.draw(st.permutations(range(len(shape)))))})
    run("split", [array], {"axis": axis, "sizes": (start, shape[axis] - start)})
    (kept,) = run("slice", [array], {"axis": axis, "start": start, "stop": start + 1})
    run("squeeze", [kept], {"axis": axis})


@given(batch=hnp.array_shapes(max_dims=2, max_side=3), m=st.integers(1, 5), k=st.integers(1, 5), n=st.integers(1, 5))
def test_matrix_shapes(batch: tuple[int, ...], m: int, k: int, n: int) -> None:
    run("linear", [floats(*batch, m, k), floats(n, k), floats(n)], {})
    run("layer_norm", [floats(*batch, m, k), floats(k), floats(k)], {"epsilon": 1e-5})
    run("matmul", [floats(*batch, m, k), floats(*batch, k, n)], {"transpose_b": False})
    run("matmul", [floats(*batch, m, k), floats(1, n, k)], {"transpose_b": True})
    run("gather", [floats(k, n), ids(k, *batch, m)], {})
    run("position_ids", [ids(k, batch[0], m)], {"padding_idx": 1})


@settings(max_examples=200)
@given(shape=shapes, data=st.data())
def test_reshape_shapes(shape: tuple[int, ...], data: st.DataObject) -> None:
    """Any prefix kept by 0, the rest flattened, split by a divisor, or inferred."""
    kept = data.draw(st.integers(0, len(shape)))
    rest = int(np.prod(shape[kept:]))
    divisor = data.draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
    tail = data.draw(st.sampled_from([(rest,), (-1,), (divisor, rest // divisor), (divisor, -1), (-1, divisor)]))
    run("reshape", [floats(*shape)], {"shape": (*(0,) * kept, *tail)})


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        (("batch", "length", 32), (0, 0, 4, 8), ("batch", "length", 4, 8)),
        (("batch", "length", 4, 8), (0, 0, 32), ("batch", "length", 32)),
        (("batch", "length", 4, 8), (0, 0, -1), ("batch", "length", 32)),
        (("batch", 4, 8), (-1, 32), ("batch", 32)),
        (("batch", "length", 32), (0, -1, 32), ("batch", "length", 32)),
        ((2, 3, 4), (0, -1), (2, 12)),
        ((2, 3, 4), (4, 0, 2), (4, 3, 2)),
        ((), (1, -1), (1, 1)),
    ],
)
def test_reshape_of_named_sizes(shape: Any, target: Any, expected: Any) -> None:
    assert reshaped(shape, target) == expected


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        ((2, 3), (7,)),
        ((2, 3), (4, -1)),
        ((2, 3), (-1, -1)),
        (("batch", "length", 4), (-1, 4)),
        (("batch", "length", 4), (0, 4)),
        (("batch", 4), (-1, 8)),
        (("batch", "length"), (0, 0, 2)),
    ],
)
def test_impossible_reshape(shape: Any, target: Any) -> None:
    with pytest.raises(GraphError, match="cannot reshape"):
        reshaped(shape, target)
