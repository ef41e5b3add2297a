"""The networks of the block ``exercise`` between input and output."""

from __future__ import annotations

import math
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

MOST_GROUPS: Final = 4
"""Groups of units that are normalised apart; fewer where the width is no multiple."""


def _factored1(plan: NetworkPlan) -> Layers:
    """Return one hidden layer whose kernel is the product of two."""
    narrow = dense(plan, None, max(plan.width // 2, 1))
    return [narrow, dense(plan, plan.activation), *dropout_of(plan)]


def _barrel4(plan: NetworkPlan) -> Layers:
    """Return four layers, the inner two twice as wide."""
    return layers_of(plan, (1, 2, 2, 1))


def _widening7(plan: NetworkPlan) -> Layers:
    """Return layers that widen from half of the width to three times it."""
    return layers_of(plan, (0.5, 1, 1, 1, 2, 2, 3))


def _groupnorm_mlp(plan: NetworkPlan) -> Layers:
    """Return layers whose sums are normalised within groups of units before the activation."""
    groups = math.gcd(plan.width, MOST_GROUPS)
    return normalised_mlp(plan, lambda: keras.layers.GroupNormalization(groups))


def _cnn_valid(plan: NetworkPlan) -> Layers:
    """Return two convolutions that stay within the image, so that each leaves a smaller one."""
    body: Layers = [
        keras.layers.Conv2D(filters, 3, activation=plan.activation, **hidden_settings(plan))
        for filters in (plan.width, 2 * plan.width)
    ]
    return [*body, keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]


def _lstm_averaged(plan: NetworkPlan) -> Layers:
    return [
        keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
        keras.layers.LSTM(plan.width, return_sequences=True, **recurrent_settings(plan)),
        keras.layers.GlobalAveragePooling1D(),
        *dropout_of(plan),
    ]


def _separable(plan: NetworkPlan) -> keras.layers.Layer:
    kernel = initializer(plan.kernel_initializer)
    return keras.layers.SeparableConv1D(
        plan.width,
        3,
        activation=plan.activation,
        padding="same",
        depthwise_initializer=kernel,
        pointwise_initializer=kernel,
        bias_initializer=keras.initializers.Constant(plan.bias) if plan.bias else "zeros",
        depthwise_regularizer=regularizer(plan),
        pointwise_regularizer=regularizer(plan),
    )


def _separable_conv(plan: NetworkPlan) -> Layers:
    flat = [keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]
    embedding = keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)
    return [embedding, _separable(plan), _separable(plan), *flat]


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "factored1": _factored1,
    "barrel4": _barrel4,
    "mlp11": mlp,
    "widening7": _widening7,
    "groupnorm_mlp": _groupnorm_mlp,
    "cnn_valid": _cnn_valid,
    "lstm_averaged": _lstm_averaged,
    "separable_conv": _separable_conv,
}
"""Architecture to plan -> hidden layers, one behind the other."""


def _halves_joined(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Layers for either half of the columns, then one on both."""
    middle = stream.shape[1] // 2
    halves = [dense(plan, plan.activation)(half) for half in (stream[:, :middle], stream[:, middle:])]
    joined: Tensor = keras.layers.Concatenate()(halves)
    return behind(joined, [*dropout_of(plan), dense(plan, plan.activation), *dropout_of(plan)])


class _Scaled(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Multiplies by one trained number that is zero at first."""

    def build(self, _input_shape: tuple[int | None, ...]) -> None:
        """Make the number."""
        self.scale = self.add_weight(shape=(), initializer="zeros", name="scale")

    def call(self, stream: Tensor) -> Tensor:
        """Return the scaled stream."""
        return self.scale * stream


def _rezero_mlp(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Layers added to the stream, each as much as a number says that is trained from zero on."""
    stream = dense(plan, None)(stream)
    for _ in range(ARCHITECTURES["rezero_mlp"].depth):
        branch = behind(stream, [dense(plan, plan.activation), *dropout_of(plan), _Scaled()])
        stream = keras.layers.Add()([stream, branch])
    return stream


def _cnn_gated(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Channels of a convolution, let through by what they are on average; then another convolution."""
    stream = convolution(plan, plan.width)(stream)
    gate: Tensor = dense(plan, "sigmoid")(keras.layers.GlobalAveragePooling2D()(stream))
    gate = keras.layers.Reshape((1, 1, plan.width))(gate)
    gated: Tensor = keras.layers.Multiply()([stream, gate])
    pooled = [keras.layers.MaxPooling2D(), convolution(plan, plan.width), keras.layers.Flatten()]
    return behind(gated, [*pooled, dense(plan, plan.activation), *dropout_of(plan)])


def _attended_conv(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Convolved tokens, averaged over their places by weights that come from themselves."""
    embedded: Tensor = keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)(stream)
    found: Tensor = keras.layers.Conv1D(
        plan.width, 3, padding="same", activation=plan.activation, **hidden_settings(plan)
    )(embedded)
    weights: Tensor = keras.layers.Softmax(axis=1)(keras.layers.Dense(1)(found))
    averaged = [keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]
    return behind(keras.layers.Dot(axes=1)([weights, found]), averaged)


GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {
    "halves_joined": _halves_joined,
    "rezero_mlp": _rezero_mlp,
    "cnn_gated": _cnn_gated,
    "attended_conv": _attended_conv,
}
"""Architecture to (plan, inputs; images flattened unless it is convolutional) -> last hidden layer."""
