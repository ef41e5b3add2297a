"""The networks of the block ``proof`` between input and output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import keras

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.bodies import layers_of, mlp
from benchmarks.zoo.layers import (
    EMBEDDING_WIDTH,
    Layers,
    Tensor,
    behind,
    convolution,
    dense,
    dropout_of,
    hidden_settings,
    recurrent_settings,
)
from benchmarks.zoo.plan import NetworkPlan
from benchmarks.zoo.rows import VOCABULARY


def _waist3(plan: NetworkPlan) -> Layers:
    """Return three layers, the inner one a quarter as wide as the others."""
    return layers_of(plan, (2, 0.5, 2))


def _spindle8(plan: NetworkPlan) -> Layers:
    """Return eight layers, the inner ones twice as wide as those at the ends."""
    return layers_of(plan, (1, 1, 2, 2, 2, 2, 1, 1))


def _batchnorm_once(plan: NetworkPlan) -> Layers:
    """Return three layers, of which the first alone is normalised before its activation."""
    first = [dense(plan, None), keras.layers.BatchNormalization(), keras.layers.Activation(plan.activation)]
    return [*first, *dropout_of(plan), *layers_of(plan, (1, 1))]


def _cnn_pointwise(plan: NetworkPlan) -> Layers:
    """Return convolutions, each followed by layers that see one pixel at a time."""
    mixing = [
        keras.layers.Conv2D(plan.width, 1, activation=plan.activation, **hidden_settings(plan))
        for _ in range(2)
    ]
    pooled = [keras.layers.MaxPooling2D(), convolution(plan, plan.width), mixing[1], keras.layers.Flatten()]
    return [convolution(plan, plan.width), mixing[0], *pooled, *dropout_of(plan)]


def _gru_max(plan: NetworkPlan) -> Layers:
    return [
        keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
        keras.layers.GRU(plan.width, return_sequences=True, **recurrent_settings(plan)),
        keras.layers.GlobalMaxPooling1D(),
        *dropout_of(plan),
    ]


def _convolution_1d(plan: NetworkPlan, activation: str) -> keras.layers.Layer:
    return keras.layers.Conv1D(plan.width, 3, padding="same", activation=activation, **hidden_settings(plan))


def _halving_conv(plan: NetworkPlan) -> Layers:
    """Return two convolutions over tokens, each followed by the maxima of neighbours."""
    body: Layers = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)]
    for _ in range(2):
        body += [_convolution_1d(plan, plan.activation), keras.layers.MaxPooling1D(2)]
    return [*body, keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "waist3": _waist3,
    "mlp12": mlp,
    "spindle8": _spindle8,
    "batchnorm_once": _batchnorm_once,
    "cnn_pointwise": _cnn_pointwise,
    "gru_max": _gru_max,
    "halving_conv": _halving_conv,
}
"""Architecture to plan -> hidden layers, one behind the other."""


def _opposed1(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """One hidden layer, from whose units another's are subtracted."""
    units = [dense(plan, plan.activation)(stream) for _ in range(2)]
    return behind(keras.layers.Subtract()(units), dropout_of(plan))


def _forked2(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """One layer, and behind it a wide and a narrow one side by side."""
    trunk = behind(stream, [dense(plan, plan.activation), *dropout_of(plan)])
    widths = (2 * plan.width, max(plan.width // 2, 1))
    branches = [dense(plan, plan.activation, width)(trunk) for width in widths]
    return behind(keras.layers.Concatenate()(branches), dropout_of(plan))


def _shortcut_mlp(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Hidden layers, and a linear one around all of them that is added."""
    return keras.layers.Add()([dense(plan, None)(stream), behind(stream, mlp(plan))])


def _cnn_linked(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Convolutions of which each sees the images of all before it."""
    for _ in range(ARCHITECTURES["cnn_linked"].depth - 1):
        stream = keras.layers.Concatenate()([stream, convolution(plan, plan.width)(stream)])
    pooled = [keras.layers.MaxPooling2D(3), keras.layers.Flatten()]
    return behind(stream, [*pooled, dense(plan, plan.activation), *dropout_of(plan)])


def _gated_conv(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Convolved tokens, let through by another convolution; then one layer on all places."""
    embedded: Tensor = keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)(stream)
    gated: Tensor = keras.layers.Multiply()(
        [_convolution_1d(plan, activation)(embedded) for activation in (plan.activation, "sigmoid")]
    )
    return behind(gated, [keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)])


GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {
    "opposed1": _opposed1,
    "forked2": _forked2,
    "shortcut_mlp": _shortcut_mlp,
    "cnn_linked": _cnn_linked,
    "gated_conv": _gated_conv,
}
"""Architecture to (plan, inputs; images flattened unless it is convolutional) -> last hidden layer."""
