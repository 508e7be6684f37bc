"""Saves named arrays as a checkpoint, with TensorFlow: run in TensorFlow's own environment.

``python tensorflow_writer.py ARRAYS.npz PREFIX KIND``: ``graph`` as TensorFlow 1 did and google-research's repositories
do, with what an optimizer leaves beside the weights; ``objects`` as Keras does.
"""

from __future__ import annotations

import sys

import numpy as np
import tensorflow as tf


def main(arrays: str, prefix: str, kind: str) -> None:
    with np.load(arrays) as found:
        variables = {name: tf.Variable(found[name], name=name.replace("/", "_")) for name in found.files}
    if kind == "objects":
        tf.train.Checkpoint(**{f"layer_{i}": variable for i, variable in enumerate(variables.values())}).write(prefix)
        return
    slots = {f"{name}/{slot}": tf.Variable(variable) for name, variable in variables.items() for slot in ("adam_m",)}
    step = {"global_step": tf.Variable(10, dtype=tf.int64)}
    tf.compat.v1.train.Saver({**variables, **slots, **step}).save(None, prefix, write_meta_graph=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
