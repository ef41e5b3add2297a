"""Copies of weights, and what two copies or one say: updates, zero kernels, equal units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import keras
import numpy as np

MOST_WEIGHTS: Final = 50_000_000
"""Weights beyond which no copy is kept: 200 MB."""

MOST_WEIGHTS_KEPT: Final = 5_000_000
"""Weights beyond which those of the start are let go of after the first epoch: 20 MB for a whole training."""

_MATRIX: Final = 2
"""Rank from which a weight is a kernel: biases and scales are vectors."""

# What belongs to a layer but is no kernel, whatever its rank.
_TABLES: Final = ("embeddings",)


def layer_of(variable: Any) -> str:
    """Return the path of the layer that a variable belongs to: "block/dense" of "block/dense/kernel"."""
    path = str(variable.path)
    return path.rpartition("/")[0] or path


def is_kernel(variable: Any) -> bool:
    """Whether a variable maps inputs to units."""
    return len(variable.shape) >= _MATRIX


def is_table(variable: Any) -> bool:
    """Whether a variable is looked up, where others are multiplied by."""
    return str(variable.path).endswith(_TABLES)


def size_of(variable: Any) -> int:
    """Return how many numbers a variable holds."""
    return int(np.prod(variable.shape, dtype=np.int64))


def copies_of(variables: Sequence[Any]) -> list[Any] | None:
    """Return the values of variables as tensors that later steps do not change; None for too many.

    Raises
    ------
    ValueError
        When a variable has no value yet.
    """
    if sum(size_of(variable) for variable in variables) > MOST_WEIGHTS:
        return None
    return [keras.ops.stop_gradient(keras.ops.copy(variable.value)) for variable in variables]


def update_ratios(before: Sequence[Any], variables: Sequence[Any]) -> dict[str, float]:
    """Return ||change|| / ||weights before|| of each layer's kernels; layers of zero weights are left out.

    Parameters
    ----------
    before
        As :func:`copies_of` returned it for the same variables.
    """
    squares: dict[str, list[float]] = {}
    wanted = [(old, new) for old, new in zip(before, variables, strict=True) if is_kernel(new)]
    norms = numbers([part for old, new in wanted for part in (square(new.value - old), square(old))])
    for at, (_, variable) in enumerate(wanted):
        moved, size = squares.setdefault(layer_of(variable), [0.0, 0.0])
        squares[layer_of(variable)] = [moved + norms[2 * at], size + norms[2 * at + 1]]
    return {layer: (moved / size) ** 0.5 for layer, (moved, size) in squares.items() if size > 0}


def middle(ratios: Mapping[str, float]) -> float:
    """Return the median of the layers', the larger of two in the middle."""
    return sorted(ratios.values())[len(ratios) // 2]


def initial_facts(values: Sequence[Any], variables: Sequence[Any]) -> dict[str, float]:
    """Return the share of kernels that are all zero, and of those whose units all have equal weights.

    Parameters
    ----------
    values
        The values to judge, one for each variable.
    """
    kernels = [
        (value, variable)
        for value, variable in zip(values, variables, strict=True)
        if is_kernel(variable) and not is_table(variable)
    ]
    if not kernels:
        return {}
    largest = numbers([keras.ops.max(keras.ops.abs(value)) for value, _ in kernels])
    several = [value for value, _ in kernels if value.shape[-1] > 1]
    found = {"zero_kernels": float(np.mean([size == 0.0 for size in largest]))}
    if several:
        spans = numbers(
            [
                keras.ops.max(keras.ops.max(value, axis=-1) - keras.ops.min(value, axis=-1))
                for value in several
            ]
        )
        found["equal_units"] = float(np.mean([span == 0.0 for span in spans]))
    return found


def square(tensor: Any) -> Any:
    """Return the sum of squares as a float32 scalar."""
    wide = keras.ops.cast(tensor, "float32")
    return keras.ops.sum(wide * wide)


def numbers(scalars: Sequence[Any]) -> list[float]:
    """Return scalar tensors as floats with one transfer for all of them."""
    if not scalars:
        return []
    stacked = keras.ops.stack([keras.ops.cast(scalar, "float32") for scalar in scalars])
    return [float(value) for value in keras.ops.convert_to_numpy(keras.ops.stop_gradient(stacked))]
