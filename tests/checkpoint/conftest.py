"""Leaves out the tests that ask Paddle or TensorFlow where `edgelm doctor --install` has not been run for it."""

from __future__ import annotations

from edgelm import setups

from ..families.conftest import assert_parity  # noqa: F401  the one comparison with Hugging Face's module

_NOT_SET_UP = {
    "test_paddle_itself.py": setups.find("paddle") is None,
    "test_paddle_program_itself.py": setups.find("paddle") is None,
    "test_tensorflow_itself.py": setups.find("tensorflow") is None,
}
collect_ignore = [name for name, absent in _NOT_SET_UP.items() if absent]
