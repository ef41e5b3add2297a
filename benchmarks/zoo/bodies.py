"""The networks of the first two blocks between input and output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import keras

from benchmarks.zoo.architectures import ARCHITECTURES
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


def mlp(plan: NetworkPlan) -> Layers:
    """Return hidden layers one after the other, as many as the architecture is deep."""
    return layers_of(plan, (1,) * ARCHITECTURES[plan.architecture].depth)


def layers_of(plan: NetworkPlan, factors: Iterable[float]) -> Layers:
    """Return hidden layers one after the other, each so many times as wide as the plan says."""
    body: Layers = []
    for factor in factors:
        body += [dense(plan, plan.activation, max(round(factor * plan.width), 1)), *dropout_of(plan)]
    return body


def normalised_mlp(plan: NetworkPlan, normalisation: Callable[[], keras.layers.Layer]) -> Layers:
    """Return hidden layers, as many as the architecture is deep, normalised before their activation."""
    body: Layers = []
    for _ in range(ARCHITECTURES[plan.architecture].depth):
        normalised = [normalisation(), keras.layers.Activation(plan.activation)]
        body += [dense(plan, None), *normalised, *dropout_of(plan)]
    return body


def _batchnorm_mlp(plan: NetworkPlan) -> Layers:
    return normalised_mlp(plan, keras.layers.BatchNormalization)


def _cnn_flat(plan: NetworkPlan) -> Layers:
    pooled = [keras.layers.MaxPooling2D(), convolution(plan, 2 * plan.width), keras.layers.Flatten()]
    return [convolution(plan, plan.width), *pooled, dense(plan, plan.activation), *dropout_of(plan)]


def _cnn_pooled(plan: NetworkPlan) -> Layers:
    convolutions = [
        convolution(plan, plan.width),
        keras.layers.MaxPooling2D(),
        convolution(plan, plan.width),
    ]
    return [*convolutions, keras.layers.GlobalMaxPooling2D(), *dropout_of(plan)]


def _recurrent(layer: Callable[..., keras.layers.Layer]) -> Callable[[NetworkPlan], Layers]:
    def body(plan: NetworkPlan) -> Layers:
        return [
            keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
            layer(plan.width, **recurrent_settings(plan)),
            *dropout_of(plan),
        ]

    return body


def _embedding_bag(plan: NetworkPlan) -> Layers:
    bag = [keras.layers.Embedding(VOCABULARY, plan.width), keras.layers.GlobalAveragePooling1D()]
    return [*bag, dense(plan, plan.activation), *dropout_of(plan)]


def _embedding_conv(plan: NetworkPlan) -> Layers:
    convolution = keras.layers.Conv1D(plan.width, 3, activation=plan.activation, **hidden_settings(plan))
    front = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH), convolution]
    return [*front, keras.layers.GlobalMaxPooling1D(), dense(plan, plan.activation), *dropout_of(plan)]


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "mlp1": mlp,
    "mlp2": mlp,
    "mlp3": mlp,
    "mlp6": mlp,
    "mlp8": mlp,
    "logistic": mlp,
    "batchnorm_mlp": _batchnorm_mlp,
    "cnn_flat": _cnn_flat,
    "cnn_pooled": _cnn_pooled,
    "gru": _recurrent(keras.layers.GRU),
    "lstm": _recurrent(keras.layers.LSTM),
    "embedding_bag": _embedding_bag,
    "embedding_conv": _embedding_conv,
}
"""Architecture to plan -> hidden layers, one behind the other."""


def _residual(plan: NetworkPlan, stream: Tensor) -> Tensor:
    stream = dense(plan, None)(stream)
    for _ in range(ARCHITECTURES["residual_mlp"].depth // 2):
        two = (dense(plan, plan.activation), dense(plan, plan.activation), *dropout_of(plan))
        branch = behind(stream, two)
        stream = keras.layers.Add()([stream, branch])
    return stream


GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {"residual_mlp": _residual}
"""Architecture to (plan, flat inputs) -> last hidden layer."""
