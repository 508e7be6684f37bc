"""Reads Paddle's ``.pdparams``, a pickle of NumPy arrays, without running anything that a pickle may ask for.

Pickle is a program: its opcodes may call any function that can be imported. Here the opcodes are looked through first,
and every name that NumPy's arrays are pickled with stands for a note of what was said, never for NumPy's own function.
Nothing is copied on the way, so a file can take no more memory than its own size and a little for each opcode.
"""

from __future__ import annotations

import math
import mmap
import pickle
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, cast

import numpy as np

from edgelm.checkpoint.files import first_line
from edgelm.errors import UnsupportedError, UsageError
from edgelm.types import Array

_PROTOCOLS = range(2, 5)
"""Those that ``paddle.save`` writes."""
_OPCODES = """
PROTO FRAME STOP MARK POP POP_MARK MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
SHORT_BINBYTES BINBYTES BINBYTES8 SHORT_BINUNICODE BINUNICODE BINUNICODE8
EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS
GLOBAL STACK_GLOBAL REDUCE BUILD
"""
"""What a table of arrays is pickled with; not among them: extension codes, persistent ids, whatever makes instances."""
_PUTS = ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT")
_DTYPES = {"f2": "<f2", "f4": "<f4", "f8": "<f8", "u1": "u1", "u2": "<u2", "i4": "<i4", "i8": "<i8"}
"""The dtypes of parameters and counters; u2 is Paddle's bfloat16, for which NumPy has no dtype."""
_MOST_DIMENSIONS = 8
_STRUCTURE = "StructuredToParameterName@@"
_SPLIT = "UnpackBigParamInfor@@"
"""Keys that ``paddle.save`` adds to a state dictionary."""


def read_pdparams(path: Path) -> dict[str, PickledArray]:
    """The arrays of a ``.pdparams`` by name, the bookkeeping of ``paddle.save`` left out.

    UsageError for a file that is no whole pickle, or one that asks for anything but arrays of numbers.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            stream = cast(IO[bytes], mapped)
            _look_through(stream)
            mapped.seek(0)
            content = _Unpickler(stream).load()
    except Exception as error:  # noqa: BLE001  pickle raises many kinds for a hostile or broken file
        raise UsageError(
            f"{path} is not read, for it is no pickle of arrays alone: {first_line(error)}.",
            hint="Is the download complete, and did paddle.save(model.state_dict(), ...) write it?",
        ) from None
    return _parameters(content, path)


def _look_through(stream: IO[bytes]) -> None:
    """Refuse opcodes that no array needs, lengths beyond the file's end, and places that would blow up the memo."""
    allowed, puts = set(_OPCODES.split()), 0
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name not in allowed:
            raise pickle.UnpicklingError(f"opcode {opcode.name}")
        if opcode.name == "PROTO" and argument not in _PROTOCOLS:
            raise pickle.UnpicklingError(f"protocol {argument}")
        if opcode.name in _PUTS:
            puts += 1
            if argument is not None and int(argument) > puts:
                raise pickle.UnpicklingError(f"place {argument} in a memo of {puts}")


def _parameters(content: object, path: Path) -> dict[str, PickledArray]:
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds a {type(content).__name__}, not a table of arrays by name.")
    if _SPLIT in content:
        raise UnsupportedError(
            f"{path} splits its largest arrays, as paddle.save does in protocols 2 and 3.",
            hint="Save it again with protocol=4.",
        )
    arrays = {}
    for name, value in content.items():
        if name == _STRUCTURE:
            continue
        # Of a model that is wrapped, Paddle keeps each parameter's own name beside its array.
        array = value[1] if isinstance(value, tuple) and len(value) == 2 else value
        if not isinstance(name, str) or not isinstance(array, PickledArray) or not array.data:
            raise UsageError(f"{path}: {name!r} is no array.")
        arrays[name] = array
    return arrays


# -- what stands for the names of a pickle -----------------------------------------------------------------------------


@dataclass
class PickledArray:
    """An array as its pickle describes it, checked and not yet made."""

    dtype: str = "<f4"
    shape: tuple[int, ...] = (0,)
    is_fortran: bool = False
    data: bytes | _Latin1 = b""

    def __setstate__(self, state: object) -> None:
        """Take NumPy's state: version, shape, dtype, whether columns come first, and the bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array of an unknown form")
        _, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, _DType) or not isinstance(data, bytes | _Latin1):
            raise pickle.UnpicklingError("an array of objects")
        if not isinstance(shape, tuple) or not all(type(size) is int and size > 0 for size in shape):
            raise pickle.UnpicklingError("an array without a shape")
        self.dtype, self.shape, self.is_fortran, self.data = dtype.checked(), shape, bool(is_fortran), data
        told = math.prod(shape) * np.dtype(self.dtype).itemsize
        if told != len(data) or len(shape) > _MOST_DIMENSIONS:
            raise pickle.UnpicklingError(f"an array of {told} bytes in {len(shape)} dimensions that has {len(data)}")

    def values(self) -> Array:
        """The array as float32; a view of the bytes where these are that already."""
        data = self.data if isinstance(self.data, bytes) else self.data.encoded()
        values = np.frombuffer(data, self.dtype).reshape(self.shape, order="F" if self.is_fortran else "C")
        if self.dtype == "<u2":
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32, copy=False)


@dataclass
class _DType:
    """A NumPy dtype as its pickle names it."""

    name: object
    order: object = "|"

    def __setstate__(self, state: object) -> None:
        """Take NumPy's state, of which only the byte order says anything of a number."""
        self.order = state[1] if isinstance(state, tuple) and len(state) > 1 else None

    def checked(self) -> str:
        """The dtype for NumPy; UnpicklingError for what is no plain little-endian number."""
        if not isinstance(self.name, str) or self.name not in _DTYPES or self.order not in ("<", "|"):
            raise pickle.UnpicklingError(f"an array of dtype {self.name!r} in byte order {self.order!r}")
        return _DTYPES[self.name]


@dataclass(frozen=True)
class _Latin1:
    """Bytes as protocol 2 has them, a text of as many characters, which becomes bytes when they are asked for."""

    text: str

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("a state for bytes")

    def __len__(self) -> int:
        return len(self.text)

    def encoded(self) -> bytes:
        """The bytes; UsageError for a text that never was any."""
        try:
            return self.text.encode("latin1")
        except UnicodeEncodeError:
            raise UsageError("An array of the .pdparams holds text in place of its bytes.") from None


@dataclass(frozen=True)
class _StandIn:
    """What a pickle gets in place of a function; it can be called, and has no state to be set."""

    call: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        return self.call(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("a state for a function")


def _array(*_: object) -> PickledArray:
    """An array that its state will describe, whatever class and shape it was asked for with."""
    return PickledArray()


def _never(*_: object) -> NoReturn:
    raise pickle.UnpicklingError("an array made by its class")


def _dtype(name: object, *_: object) -> _DType:
    return _DType(name)


def _bytes(text: object = "", encoding: object = "latin1") -> _Latin1:
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes of an unknown encoding")
    return _Latin1(text)


def _tuple(values: object) -> object:
    """The tuple that is given: Paddle makes a tuple of a tuple of a parameter's name and its array."""
    if not isinstance(values, tuple):
        raise pickle.UnpicklingError(f"a tuple made of a {type(values).__name__}")
    return values


def _table() -> dict[object, object]:
    return {}


_STAND_INS: Mapping[tuple[str, str], _StandIn] = {
    ("numpy.core.multiarray", "_reconstruct"): _StandIn(_array),
    ("numpy._core.multiarray", "_reconstruct"): _StandIn(_array),
    ("numpy", "ndarray"): _StandIn(_never),
    ("numpy", "dtype"): _StandIn(_dtype),
    ("_codecs", "encode"): _StandIn(_bytes),
    ("builtins", "tuple"): _StandIn(_tuple),
    ("__builtin__", "tuple"): _StandIn(_tuple),
    ("collections", "OrderedDict"): _StandIn(_table),
}
"""Every name that a parameter file may hold."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> _StandIn:
        """What stands for a name; nothing is imported."""
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return _STAND_INS[module, name]
