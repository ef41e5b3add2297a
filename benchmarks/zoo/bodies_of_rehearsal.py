"""The networks of the block ``rehearsal`` between input and output."""

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
    recurrent_settings,
)
from benchmarks.zoo.plan import NetworkPlan
from benchmarks.zoo.rows import VOCABULARY

EXPERTS: Final = 3
"""Hidden layers side by side, among which a gate decides."""


def _trumpet(plan: NetworkPlan) -> Layers:
    """Return layers each twice as wide as the one before."""
    return layers_of(plan, (1, 2, 4))


def _zigzag(plan: NetworkPlan) -> Layers:
    """Return eight layers, wide and narrow in turn."""
    return layers_of(plan, (2, 1, 2, 1, 2, 1, 2, 1))


def _rmsnorm_mlp(plan: NetworkPlan) -> Layers:
    """Return layers whose sums are divided by their root mean square before the activation."""
    return normalised_mlp(plan, keras.layers.RMSNormalization)


def _cnn_dilated(plan: NetworkPlan) -> Layers:
    """Return two convolutions of which the second sees every other pixel, without any pooling between."""
    wider = keras.layers.Conv2D(
        plan.width,
        3,
        dilation_rate=2,
        padding="same",
        activation=plan.activation,
        **hidden_settings(plan),
    )
    flat = [keras.layers.MaxPooling2D(3), keras.layers.Flatten()]
    return [convolution(plan, plan.width), wider, *flat, dense(plan, plan.activation), *dropout_of(plan)]


def _bidirectional_gru(plan: NetworkPlan) -> Layers:
    return [
        keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
        keras.layers.Bidirectional(keras.layers.GRU(plan.width, **recurrent_settings(plan))),
        *dropout_of(plan),
    ]


CHAINS: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "trumpet3": _trumpet,
    "mlp9": mlp,
    "zigzag8": _zigzag,
    "rmsnorm_mlp": _rmsnorm_mlp,
    "cnn_dilated": _cnn_dilated,
    "bidirectional_gru": _bidirectional_gru,
}
"""Architecture to plan -> hidden layers, one behind the other."""


def _experts1(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Layers side by side, each weighted by a gate that sees the inputs too."""
    gate: Tensor = keras.layers.Dense(EXPERTS, activation="softmax")(stream)
    experts: Tensor = keras.layers.Reshape((EXPERTS, plan.width))(
        dense(plan, plan.activation, EXPERTS * plan.width)(stream)
    )
    mixed: Tensor = keras.layers.Dot(axes=1)([gate, experts])
    return behind(mixed, dropout_of(plan))


def _two_towers(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Two towers side by side, one of two layers and a wider one of a single layer."""
    low: Tensor = dense(plan, plan.activation, 2 * plan.width)(stream)
    return behind(
        keras.layers.Concatenate()([behind(stream, mlp(plan)), low]),
        dropout_of(plan),
    )


def _highway(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Layers of which a gate takes a part, and of the stream the rest."""
    stream = dense(plan, None)(stream)
    for _ in range(ARCHITECTURES["highway_mlp"].depth):
        through: Tensor = dense(plan, "sigmoid")(stream)
        changed: Tensor = keras.layers.Subtract()([dense(plan, plan.activation)(stream), stream])
        stream = keras.layers.Add()([stream, keras.layers.Multiply()([through, changed])])
        stream = behind(stream, dropout_of(plan))
    return stream


def _cnn_two_scales(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Convolutions of three and of five pixels side by side, then one on both."""
    large = keras.layers.Conv2D(
        plan.width, 5, padding="same", activation=plan.activation, **hidden_settings(plan)
    )
    both: Tensor = keras.layers.Concatenate()([convolution(plan, plan.width)(stream), large(stream)])
    pooled = [keras.layers.MaxPooling2D(), convolution(plan, plan.width), keras.layers.Flatten()]
    return behind(both, [*pooled, dense(plan, plan.activation), *dropout_of(plan)])


def _text_cnn(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Convolutions over two, three and four tokens side by side, of each its maximum."""
    embedded: Tensor = keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)(stream)
    found = [
        keras.layers.GlobalMaxPooling1D()(
            keras.layers.Conv1D(plan.width, size, activation=plan.activation, **hidden_settings(plan))(
                embedded
            )
        )
        for size in (2, 3, 4)
    ]
    together: Tensor = keras.layers.Concatenate()(found)
    return behind(together, [dense(plan, plan.activation), *dropout_of(plan)])


def _token_mixer(plan: NetworkPlan, stream: Tensor) -> Tensor:
    """Embedded tokens, mixed along the sequence and then each in itself, both added to what they were."""
    stream = keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH)(stream)
    length = stream.shape[1]
    turned = keras.layers.Permute((2, 1))
    along: Tensor = behind(stream, [turned, dense(plan, plan.activation), dense(plan, None, length)])
    stream = keras.layers.Add()([stream, keras.layers.Permute((2, 1))(along)])
    inside = [dense(plan, plan.activation), dense(plan, None, EMBEDDING_WIDTH)]
    stream = keras.layers.Add()([stream, behind(stream, inside)])
    flat = [keras.layers.Flatten(), dense(plan, plan.activation), *dropout_of(plan)]
    return behind(stream, flat)


GRAPHS: Final[dict[str, Callable[[NetworkPlan, Tensor], Tensor]]] = {
    "experts1": _experts1,
    "two_towers": _two_towers,
    "highway_mlp": _highway,
    "cnn_two_scales": _cnn_two_scales,
    "text_cnn": _text_cnn,
    "token_mixer": _token_mixer,
}
"""Architecture to (plan, inputs; images flattened unless it is convolutional) -> last hidden layer."""
