"""The networks of the block ``practice`` between input and output."""

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


def _pyramid(plan: NetworkPlan) -> Layers:
    """Return layers each half as wide as the one before."""
    return layers_of(plan, (4, 2, 1))


def _hourglass(plan: NetworkPlan) -> Layers:
    """Return nine layers with a waist of half the width."""
    return layers_of(plan, (2, 2, 1, 1, 0.5, 1, 1, 2, 2))


def _mlp_then_norm(plan: NetworkPlan) -> Layers:
    """Return layers that are normalised behind their activation."""
    body: Layers = []
    for _ in range(ARCHITECTURES["mlp_then_norm"].depth):
        body += [dense(plan, plan.activation), keras.layers.BatchNormalization(), *dropout_of(plan)]
    return body


def _cnn_average(plan: NetworkPlan) -> Layers:
    pooled = [keras.layers.AveragePooling2D(2), convolution(plan, plan.width), keras.layers.Flatten()]
    return [convolution(plan, plan.width), *pooled, dense(plan, plan.activation), *dropout_of(plan)]


def _stacked_gru(plan: NetworkPlan) -> Layers:
    settings = recurrent_settings(plan)
    lower = keras.layers.GRU(plan.width, return_sequences=True, **settings)
    front = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH), lower]
    return [*front, keras.layers.GRU(plan.width, **settings), *dropout_of(plan)]


def _embedding_flat(plan: NetworkPlan) -> Layers:
    flat = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH), keras.layers.Flatten()]
    return [*flat, dense(plan, plan.activation), *dropout_of(plan)]


def _dilated_conv(plan: NetworkPlan) -> Layers:
    body: Layers = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)]
    for dilation in (1, 2):
        body.append(
            keras.layers.Conv1D(
                plan.width,
                3,
                dilation_rate=dilation,
                padding="same",
                activation=plan.activation,
                **hidden_settings(plan),
            )
        )
    return [*body, keras.layers.GlobalMaxPooling1D(), dense(plan, plan.activation), *dropout_of(plan)]


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "mlp5": mlp,
    "pyramid3": _pyramid,
    "mlp7": mlp,
    "hourglass9": _hourglass,
    "mlp_then_norm": _mlp_then_norm,
    "cnn_average": _cnn_average,
    "stacked_gru": _stacked_gru,
    "embedding_flat": _embedding_flat,
    "dilated_conv": _dilated_conv,
}
"""Architecture to plan -> hidden layers, one behind the other."""


def _gated1(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """One hidden layer, whose units are let through by another's."""
    hidden: Tensor = keras.layers.Multiply()(
        [dense(plan, plan.activation)(stream), dense(plan, "sigmoid")(stream)]
    )
    return behind(hidden, dropout_of(plan))


def _prenorm_residual(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Branches that see the stream normalised and are added to it."""
    stream = dense(plan, None)(stream)
    for _ in range(ARCHITECTURES["prenorm_residual"].depth):
        normalised: Tensor = keras.layers.LayerNormalization()(stream)
        branch = behind(normalised, (dense(plan, plan.activation), dense(plan, None), *dropout_of(plan)))
        stream = keras.layers.Add()([stream, branch])
    return stream


def _cnn_residual(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Lead the first convolution's output around two more of them."""
    stream = convolution(plan, plan.width)(stream)
    branch: Tensor = convolution(plan, plan.width)(convolution(plan, plan.width)(stream))
    pooled: Tensor = keras.layers.MaxPooling2D()(keras.layers.Add()([stream, branch]))
    return behind(pooled, (keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)))


GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {
    "gated1": _gated1,
    "prenorm_residual": _prenorm_residual,
    "cnn_residual": _cnn_residual,
}
"""Architecture to (plan, inputs; images flattened unless it is convolutional) -> last hidden layer."""
