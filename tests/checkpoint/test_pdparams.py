"""A ``.pdparams`` is a program that anybody may have written: what is no array of numbers is refused, and never run."""

from __future__ import annotations

import builtins
import collections
import functools
import operator
import os
import pickle
import struct
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.checkpoint.pdparams import read_pdparams
from edgelm.errors import UnsupportedError, UsageError


class Calls:
    """Pickled as the call of a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def read(content: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "model_state.pdparams"
    path.write_bytes(content)
    return {name: array.values() for name, array in read_pdparams(path).items()}


# -- what is read ------------------------------------------------------------------------------------------------------

ARRAYS: dict[str, np.ndarray] = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "float64": np.arange(3, dtype=np.float64),
    "float16": np.arange(3, dtype=np.float16),
    "int64": np.arange(3, dtype=np.int64),
    "uint8": np.arange(3, dtype=np.uint8),
    "a scalar": np.asarray(2.5, np.float32),
    "columns first": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "a view": np.arange(12, dtype=np.float32).reshape(3, 4)[:, 1:3],
}


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays(protocol: int, tmp_path: Path) -> None:
    structure = {"StructuredToParameterName@@": dict.fromkeys(ARRAYS, "linear_0.w_0")}
    found = read(pickle.dumps({**ARRAYS, **structure}, protocol), tmp_path)
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(found[name], values.astype(np.float32), strict=True)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_bfloat16_is_the_upper_half_of_float32(protocol: int, tmp_path: Path) -> None:
    values = np.asarray([1.0, -2.5, 0.0, 3.0e38], np.float32)
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    found = read(pickle.dumps({"w": halves}, protocol), tmp_path)["w"]
    np.testing.assert_allclose(found, values, rtol=2.0**-7)
    np.testing.assert_array_equal(found.view(np.uint32) & 0xFFFF, 0)


def test_a_parameter_with_its_name(tmp_path: Path) -> None:
    """As Paddle writes what is no plain state dictionary: ``tuple((name, array))``."""
    array = np.ones(3, np.float32)
    content = {"w": Calls(tuple, ("linear_0.w_0", array)), "b": ("linear_0.b_0", array)}
    assert set(read(pickle.dumps(collections.OrderedDict(content), 4), tmp_path)) == {"w", "b"}


def test_names_of_older_numpy(tmp_path: Path) -> None:
    """``numpy.core`` became ``numpy._core``; the files of both are about."""
    content = pickle.dumps({"w": np.ones(3, np.float32)}, 2)
    older = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert older != content
    np.testing.assert_array_equal(read(older, tmp_path)["w"], 1.0)


# -- what is refused ---------------------------------------------------------------------------------------------------

TOUCHED = "touched"
HOSTILE: dict[str, Any] = {
    "os.system": Calls(os.system, f"touch {TOUCHED}"),
    "subprocess": Calls(subprocess.check_call, ["touch", TOUCHED]),
    "eval": Calls(eval, f"open('{TOUCHED}', 'w').close()"),
    "exec": Calls(exec, f"open('{TOUCHED}', 'w').close()"),
    "open": Calls(open, TOUCHED, "w"),
    "__import__": Calls(builtins.__import__, "antigravity"),
    "a chain of getattr": Calls(getattr, Calls(builtins.__import__, "os"), "system"),
    "operator.attrgetter": Calls(operator.attrgetter, "__class__.__base__"),
    "functools.partial": Calls(functools.partial, os.system, f"touch {TOUCHED}"),
    "numpy.load of a pickle": Calls(np.load, TOUCHED, None, True),
    "numpy.fromfile": Calls(np.fromfile, "/etc/passwd", np.uint8),
    "numpy.memmap": Calls(np.memmap, TOUCHED, np.uint8, "w+", 0, (8,)),
    "numpy.zeros of a terabyte": Calls(np.zeros, (1 << 40,), np.uint8),
    "numpy.ndarray of a terabyte": Calls(np.ndarray, (1 << 40,), np.dtype("u1")),
    "numpy's runstring": Calls(np.vectorize, os.system),
    "an array of objects": np.asarray([Calls(os.system, f"touch {TOUCHED}")], object),
    "a record array": np.zeros(2, np.dtype([("a", "f4"), ("b", "i4")])),
    "text": np.asarray(["a", "b"]),
    "dates": np.zeros(2, "M8[s]"),
    "complex numbers": np.zeros(2, np.complex64),
    "the other byte order": np.zeros(2, ">f4"),
    "an empty array": np.zeros((0, 4), np.float32),
    "a NumPy scalar": np.float32(1.0),
    "a set": {1, 2},
    "a number": 3,
    "a nested table": {"w": np.zeros(2, np.float32)},
    "None": None,
}


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle(value: Any, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({"good": np.ones(2, np.float32), "w": value}, protocol)
    with pytest.raises(UsageError) as raised:
        read(content, tmp_path)
    assert str(tmp_path / "model_state.pdparams") in raised.value.message
    assert "\n" not in str(raised.value)
    assert not (tmp_path / TOUCHED).exists()


def instructions(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


RECONSTRUCT = name("numpy.core.multiarray", "_reconstruct")
WRITTEN: dict[str, bytes] = {
    "a dotted name": instructions(name("numpy", "ndarray.__class__.__base__"), b"."),
    "a name beside the allowed": instructions(name("numpy.core.multiarray", "scalar"), b"."),
    "a name that says it is built in": instructions(name("builtins", "getattr"), b"."),
    "an instance": instructions(b"}", text("w"), name("numpy", "ndarray"), b")\x81s"),
    "an old-style instance": b"(ios\nsystem\n.",
    "a persistent id": instructions(b"}", text("w"), text("id"), b"Qs"),
    "an extension code": instructions(b"\x82\x01"),
    "state for a function": instructions(RECONSTRUCT, b"}", text("__doc__"), text("x"), b"sb"),
    "attributes for a function": instructions(RECONSTRUCT, b"N}", text("call"), b"N", b"s\x86b"),
    "state for bytes": instructions(name("_codecs", "encode"), text("ab"), text("latin1"), b"\x86R}b"),
    "bytes of another encoding": instructions(name("_codecs", "encode"), text("ab"), text("rot13"), b"\x86R"),
    "a tuple of a text": instructions(name("builtins", "tuple"), text("ab"), b"\x85R"),
    "no arguments": instructions(name("numpy", "dtype"), b")R"),
    "a memo of gigabytes": instructions(b"}r" + struct.pack("<I", 0xFFFFFFFF)),
    "a place of a memo as text": instructions(b"}p99999999999\n"),
    "bytes beyond the end": instructions(b"\x8e" + struct.pack("<Q", 1 << 40) + b"ab"),
    "text beyond the end": instructions(b"\x8d" + struct.pack("<Q", 1 << 40) + b"ab"),
    "an empty stack": instructions(b"R"),
    "a table of lists as keys": instructions(b"}]Ns"),
    "only a list": instructions(b"]"),
    "protocol 5": pickle.dumps({"w": np.zeros(2, np.float32)}, 5),
    "protocol 0": pickle.dumps({"w": np.zeros(2, np.float32)}, 0),
    "nothing": b"",
    "a zip file": b"PK\x03\x04" + bytes(100),
    "a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\nsize 9\n",
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_instructions_that_no_array_needs(content: bytes, tmp_path: Path) -> None:
    tracemalloc.start()
    with pytest.raises(UsageError) as raised:
        read(content, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(tmp_path) in raised.value.message
    assert "\n" not in str(raised.value)
    assert peak < 10e6


def array_state(shape: bytes, data: bytes, dtype: str = "f4") -> bytes:
    """An array as protocol 4 has it, of any shape and bytes."""
    kind = (
        name("numpy", "dtype")
        + text(dtype)
        + b"\x89\x88\x87R(K\x03"
        + text("<")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    empty = RECONSTRUCT + name("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R"
    return instructions(b"}", text("w"), empty, b"(K\x01", shape, kind, b"\x89", data, b"tbs")


SHAPES: dict[str, bytes] = {
    "larger than its bytes": b"K\x09\x85",
    "a terabyte": b"\x8a\x06" + (1 << 40).to_bytes(6, "little") + b"\x85",
    "negative": b"J\xff\xff\xff\xff\x85",
    "a fraction": b"G" + struct.pack(">d", 2.0) + b"\x85",
    "a list": b"]",
    "of ten dimensions": b"(K\x02" + b"K\x01" * 9 + b"t",
    "none": b"N",
}


def test_the_written_array_is_read_where_its_shape_is_right(tmp_path: Path) -> None:
    content = array_state(b"K\x02\x85", b"C\x08" + np.asarray([1, 2], "<f4").tobytes())
    np.testing.assert_array_equal(read(content, tmp_path)["w"], [1, 2])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_shape_that_its_bytes_do_not_fill(shape: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pickle of arrays alone: an array"):
        read(array_state(shape, b"C\x08" + bytes(8)), tmp_path)


def test_a_text_that_never_was_bytes(tmp_path: Path) -> None:
    """It is found when the array is asked for: nothing is copied before."""
    chinese = b"\x8c\x06" + "北京".encode()
    data = name("_codecs", "encode") + chinese + text("latin1") + b"\x86R"
    with pytest.raises(UsageError, match="text in place of its bytes"):
        read(array_state(b"K\x02\x85", data, "u1"), tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_short(share: float, tmp_path: Path) -> None:
    content = pickle.dumps({f"w{i}": np.ones((8, 8), np.float32) for i in range(4)}, 4)
    with pytest.raises(UsageError, match="is no pickle of arrays alone"):
        read(content[: int(len(content) * share)], tmp_path)


WHOLE = {
    protocol: pickle.dumps({"a": np.ones((2, 3), np.float32), "b": np.ones(3, np.uint16)}, protocol)
    for protocol in (2, 3, 4)
}


@given(
    protocol=st.sampled_from(list(WHOLE)),
    place=st.floats(0, 1),
    instead=st.binary(max_size=6),
    removed=st.integers(0, 6),
)
def test_damage_at_any_place_is_read_or_refused(
    protocol: int, place: float, instead: bytes, removed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the bytes have become, there is an answer or edgelm's own error."""
    content = WHOLE[protocol]
    start = int(place * len(content))
    damaged = content[:start] + instead + content[start + removed :]
    try:
        found = read(damaged, tmp_path_factory.getbasetemp())
    except (UsageError, UnsupportedError):
        return
    assert all(values.dtype == np.float32 for values in found.values())


def test_one_reading_leaves_nothing_for_the_next(tmp_path: Path) -> None:
    for content in WRITTEN.values():
        with pytest.raises(UsageError):
            read(content, tmp_path)
    np.testing.assert_array_equal(read(pickle.dumps({"w": np.ones(3, np.float32)}, 2), tmp_path)["w"], 1.0)


def test_split_arrays(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="splits its largest arrays") as raised:
        read(pickle.dumps({"UnpackBigParamInfor@@": {}, "w": np.ones(3, np.float32)}, 2), tmp_path)
    assert raised.value.hint == "Save it again with protocol=4."
