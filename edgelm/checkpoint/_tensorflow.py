"""TensorFlow's own checkpoint reader, in the process that `edgelm.worker` is: nothing of edgelm is imported here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from edgelm.types import Runner, Tensors


def open_variables(prefix: str, without: str) -> Runner:
    """A runner that gives a checkpoint's variables by name, as float32, but for those whose names match ``without``.

    What is no number (the object graph of a Keras checkpoint) is given as an empty array.
    """
    import tensorflow as tf

    reader = tf.train.load_checkpoint(prefix)
    names = [name for name in sorted(reader.get_variable_to_shape_map()) if not re.search(without, name)]

    def run(_: Tensors) -> dict[str, Any]:
        return {name: _number(np.asarray(reader.get_tensor(name))) for name in names}

    return run


def _number(value: Any) -> Any:
    """Also of bfloat16, which is no number to NumPy's own kinds."""
    return np.zeros(0, np.float32) if value.dtype.kind in "OSU" else np.ascontiguousarray(value, np.float32)
