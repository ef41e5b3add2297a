"""Leave every source of random numbers as it was found.

Keras' own generators are variables, which a stateless scope protects. Layers may also use
those of Python, NumPy and the backend.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Restore the global generators of Python, NumPy, TensorFlow's eager mode and Torch on leaving."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one is the point
    backend = keras.config.backend()
    eager = _eager_generator() if backend == "tensorflow" else None
    eager_state = eager.getstate() if eager is not None else None
    torch = _torch() if backend == "torch" else None
    torch_state = torch.random.get_rng_state() if torch is not None else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - as above
        if eager is not None:
            eager.setstate(eager_state)
        if torch is not None:
            torch.random.set_rng_state(torch_state)


def _eager_generator() -> Any:
    """Return the generator that seeds TensorFlow's unseeded eager operations; None before it is seeded."""
    from tensorflow.python.eager import context  # noqa: PLC0415 - Keras' trainer imports it as well

    return getattr(context.context(), "_rng", None)


def _torch() -> Any:
    import importlib  # noqa: PLC0415

    return importlib.import_module("torch")
