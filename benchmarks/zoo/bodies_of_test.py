"""The networks of the test block between input and output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import keras

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.bodies import layers_of, mlp, normalised_mlp
from benchmarks.zoo.layers import (
    EMBEDDING_WIDTH,
    Layers,
    Tensor,
    behind,
    convolution,
    dense,
    dropout_of,
    hidden_settings,
    initializer,
    recurrent_settings,
    regularizer,
)
from benchmarks.zoo.plan import NetworkPlan
from benchmarks.zoo.rows import VOCABULARY

HEADS_OF_ATTENTION: Final = 2


def _funnel(plan: NetworkPlan) -> Layers:
    """Return layers that narrow from three times the width to half of it."""
    return layers_of(plan, (3, 2, 2, 1, 1, 0.5, 0.5))


def _layernorm_mlp(plan: NetworkPlan) -> Layers:
    return normalised_mlp(plan, keras.layers.LayerNormalization)


def _cnn_strided(plan: NetworkPlan) -> Layers:
    convolutions = [
        convolution(plan, plan.width),
        convolution(plan, 2 * plan.width, strides=2),
        convolution(plan, 2 * plan.width, strides=2),
    ]
    return [*convolutions, keras.layers.GlobalAveragePooling2D(), *dropout_of(plan)]


def _separable(plan: NetworkPlan, filters: int) -> keras.layers.Layer:
    kernel = initializer(plan.kernel_initializer)
    return keras.layers.SeparableConv2D(
        filters,
        3,
        activation=plan.activation,
        padding="same",
        depthwise_initializer=kernel,
        pointwise_initializer=kernel,
        bias_initializer=keras.initializers.Constant(plan.bias) if plan.bias else "zeros",
        depthwise_regularizer=regularizer(plan),
        pointwise_regularizer=regularizer(plan),
    )


def _cnn_separable(plan: NetworkPlan) -> Layers:
    pooled = [keras.layers.MaxPooling2D(), _separable(plan, 2 * plan.width), keras.layers.MaxPooling2D()]
    flat = [keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]
    return [_separable(plan, plan.width), *pooled, *flat]


def _bidirectional_rnn(plan: NetworkPlan) -> Layers:
    return [
        keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
        keras.layers.Bidirectional(keras.layers.SimpleRNN(plan.width, **recurrent_settings(plan))),
        *dropout_of(plan),
    ]


def _strided_conv(plan: NetworkPlan) -> Layers:
    body: Layers = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)]
    for _ in range(2):
        body.append(
            keras.layers.Conv1D(
                plan.width, 3, strides=2, padding="same", activation=plan.activation, **hidden_settings(plan)
            )
        )
    return [*body, keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]


def _wide_and_deep(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Two hidden layers, and beside them the inputs themselves."""
    return keras.layers.Concatenate()([stream, behind(stream, mlp(plan))])


def _concatenating_mlp(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Every layer sees the inputs and the outputs of all layers before it."""
    for _ in range(ARCHITECTURES["concatenating_mlp"].depth):
        grown: Tensor = stream
        for layer in (dense(plan, plan.activation), *dropout_of(plan)):
            grown = layer(grown)
        stream = keras.layers.Concatenate()([stream, grown])
    return stream


class _Positions(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Adds a trained vector for every position."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make one vector a position; the shape is (rows, positions, dimensions)."""
        self.positions = self.add_weight(
            shape=input_shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.1), name="positions"
        )

    def call(self, tokens: Tensor) -> Tensor:
        """Return the embedded tokens with their positions."""
        return tokens + self.positions


def _attention(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Embedded tokens and positions, one layer of self-attention, their maximum, one hidden layer."""
    embedded: Tensor = keras.layers.Embedding(VOCABULARY, plan.width)(stream)
    embedded = _Positions()(embedded)
    attention = keras.layers.MultiHeadAttention(
        HEADS_OF_ATTENTION,
        max(plan.width // HEADS_OF_ATTENTION, 1),
        kernel_initializer=initializer(plan.kernel_initializer),
        kernel_regularizer=regularizer(plan),
    )
    mixed: Tensor = keras.layers.Add()([embedded, attention(embedded, embedded)])
    pooled: Tensor = keras.layers.GlobalMaxPooling1D()(mixed)
    for layer in (dense(plan, plan.activation), *dropout_of(plan)):
        pooled = layer(pooled)
    return pooled


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "wide1": mlp,
    "mlp4": mlp,
    "mlp10": mlp,
    "funnel7": _funnel,
    "layernorm_mlp": _layernorm_mlp,
    "cnn_strided": _cnn_strided,
    "cnn_separable": _cnn_separable,
    "bidirectional_rnn": _bidirectional_rnn,
    "strided_conv": _strided_conv,
}
"""Architecture to plan -> hidden layers, one behind the other."""

GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {
    "wide_and_deep": _wide_and_deep,
    "concatenating_mlp": _concatenating_mlp,
    "attention": _attention,
}
"""Architecture to (plan, inputs; images flattened) -> last hidden layer."""
