"""Which activation a layer ends in, and what its outputs say about its units."""

from __future__ import annotations

from typing import Any, Final

import keras

LINEAR: Final = "linear"

ZERO_BELOW: Final = frozenset({"relu", "relu6"})
"""Activations that are exactly 0, with no gradient, for all negative inputs."""

BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
"""Activations that are flat near their bounds."""

PROBABILITIES: Final = frozenset({"sigmoid", "softmax", "hard_sigmoid"})
"""Activations whose outputs lie between 0 and 1 and are taken for probabilities."""

UNKNOWN: Final = "unknown"
"""Said of an output that a layer of one's own makes, when trying it out did not tell what it is."""

_OPERATIONS: Final[dict[str, str]] = {
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "Softmax": "softmax",
    "Relu": "relu",
    "Relu6": "relu6",
    "Tanh": "tanh",
    "Softplus": "softplus",
}
"""Class of an operation of ``keras.ops`` in a functional model to the activation that it is."""

_RESHAPING: Final = frozenset(
    {"Reshape", "Flatten", "Permute", "Squeeze", "ExpandDims", "Ravel", "Cast", "Identity", "Dropout"}
)
"""Layers and operations of Keras that leave every number as it is, in inference."""

NEAR_BOUND: Final = 0.01
"""Share of the range. A sigmoid this near to a bound passes 4 % of its largest gradient, or less."""


def activation_of(layer: Any) -> str:
    """Return the name of the activation that a layer or operation ends in, "linear" without one."""
    if not isinstance(layer, keras.layers.Layer):
        return _OPERATIONS.get(type(layer).__name__, LINEAR)
    if isinstance(layer, keras.layers.ReLU):
        return "relu" if not layer.negative_slope and not layer.threshold else "leaky_relu"
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    if activation is None:
        return LINEAR
    name = getattr(activation, "__name__", type(activation).__name__)
    return str(name).lower()


def is_known(layer: Any) -> bool:
    """Whether :func:`activation_of` says what a layer gives: layer and activation are Keras' own."""
    if not _is_of_keras(type(layer)):
        return False
    if not isinstance(layer, keras.layers.Layer):
        return type(layer).__name__ in _OPERATIONS
    if isinstance(layer, (keras.layers.ReLU, keras.layers.Softmax)):
        return True
    activation = getattr(layer, "activation", None)
    return hasattr(layer, "activation") and (activation is None or _is_of_keras(activation))


def is_reshaping(layer: Any) -> bool:
    """Whether a layer or operation passes on the numbers that it gets."""
    if isinstance(layer, keras.layers.Activation):
        return is_known(layer) and activation_of(layer) == LINEAR
    return _is_of_keras(type(layer)) and type(layer).__name__ in _RESHAPING


def _is_of_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "keras"


def is_watched(layer: Any) -> bool:
    """Whether dead or saturated units of a layer mean anything: recurrent layers multiply theirs."""
    if isinstance(layer, keras.layers.RNN):
        return False
    return activation_of(layer) in ZERO_BELOW or activation_of(layer) in BOUNDS


def unit_axis(layer: Any, rank: int) -> int:
    """Return the axis of the units: the channels of convolutions, the last one of all others."""
    first = getattr(layer, "data_format", None) == "channels_first" and rank > 2  # noqa: PLR2004 - rows, units
    return 1 if first else rank - 1


def dead_share(outputs: Any, axis: int) -> float:
    """Return the share of units that are exactly 0 on all rows and places.

    Parameters
    ----------
    outputs
        Backend tensor of shape (n_rows, ..., n_units) or with the units on ``axis``.
    """
    others = tuple(at for at in range(len(outputs.shape)) if at != axis)
    largest = keras.ops.convert_to_numpy(keras.ops.max(keras.ops.abs(outputs), axis=others))
    return float((largest == 0).mean())


def saturated_share(outputs: Any, low: float, high: float) -> float:
    """Return the share of outputs within a hundredth of the range of a bound."""
    margin = NEAR_BOUND * (high - low)
    flat = keras.ops.logical_or(outputs < low + margin, outputs > high - margin)
    return float(keras.ops.convert_to_numpy(keras.ops.mean(keras.ops.cast(flat, "float32"))))
