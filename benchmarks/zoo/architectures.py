"""The networks of the zoo, as Keras models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import keras

from benchmarks.zoo.datasets import VOCABULARY, Kind
from benchmarks.zoo.plan import NetworkPlan

Tensor = Any  # Keras has no static tensor type
Layers = list[keras.layers.Layer]

EMBEDDING_WIDTH: Final = 8
"""Dimensions of the embedding in front of recurrent layers."""
SMOOTHING: Final = 0.1
"""Label smoothing of the loss "smoothed", the value of the paper that introduced it."""


@dataclass(frozen=True)
class Architecture:
    """One way to connect layers.

    Attributes
    ----------
    kinds
        The shapes of rows it takes.
    stratum
        Architectures of one stratum resemble each other; the split takes half of each stratum.
    depth
        Number of hidden layers with an activation.
    width
        (smallest, largest) width that learns without effort.
    """

    kinds: frozenset[Kind]
    stratum: str
    depth: int
    width: tuple[int, int]


_FLAT = frozenset({Kind.TABLE, Kind.IMAGE})
_IMAGE = frozenset({Kind.IMAGE})
_SEQUENCE = frozenset({Kind.SEQUENCE})

ARCHITECTURES: Final[dict[str, Architecture]] = {
    "logistic": Architecture(_FLAT, "shallow", 0, (1, 1)),
    "mlp1": Architecture(_FLAT, "shallow", 1, (16, 64)),
    "mlp2": Architecture(_FLAT, "usual", 2, (16, 64)),
    "mlp3": Architecture(_FLAT, "usual", 3, (16, 48)),
    "mlp6": Architecture(_FLAT, "deep", 6, (16, 32)),
    "mlp8": Architecture(_FLAT, "deep", 8, (16, 32)),
    "batchnorm_mlp": Architecture(_FLAT, "aided", 2, (16, 48)),
    "residual_mlp": Architecture(_FLAT, "aided", 4, (16, 32)),
    "cnn_flat": Architecture(_IMAGE, "convolutional", 3, (8, 12)),
    "cnn_pooled": Architecture(_IMAGE, "convolutional", 2, (12, 16)),
    "gru": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "lstm": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "embedding_bag": Architecture(_SEQUENCE, "token", 1, (8, 24)),
    "embedding_conv": Architecture(_SEQUENCE, "token", 2, (8, 24)),
}


@dataclass(frozen=True)
class Head:
    """The output of a network.

    Attributes
    ----------
    units, activation
        Of the output layer.
    reshaped
        Whether a Reshape follows, behind which Keras no longer finds the logits.
    from_logits
        What the loss is told.
    is_two_class
        Whether the loss is the sparse categorical cross-entropy of two classes.
    """

    units: int
    activation: str | None
    reshaped: bool = False
    from_logits: bool = False
    is_two_class: bool = False


HEADS: Final[dict[str, Head]] = {
    "sigmoid": Head(1, "sigmoid"),
    "logits": Head(1, None, from_logits=True),
    "softmax2": Head(2, "softmax", is_two_class=True),
    # The rest are mistakes.
    "softmax_one_unit": Head(1, "softmax"),
    "softmax_one_unit_reshaped": Head(1, "softmax", reshaped=True),
    "relu": Head(1, "relu"),
    "tanh": Head(1, "tanh"),
    "linear": Head(1, None),
    "double_sigmoid": Head(1, "sigmoid", reshaped=True, from_logits=True),
}


def build(plan: NetworkPlan, kind: Kind, input_shape: tuple[int, ...]) -> keras.Model:
    """Build the network; ``input_shape`` is that of one row."""
    architecture = plan.architecture
    if architecture == "residual_mlp":
        model = _residual(plan, kind, input_shape)
    else:
        flat = [keras.layers.Flatten()] if kind is Kind.IMAGE and "cnn" not in architecture else []
        body = _BODIES.get(architecture, _mlp)(plan)
        start = keras.Input(input_shape, dtype="int32" if kind is Kind.SEQUENCE else "float32")
        model = keras.Sequential([start, *flat, *body, *_output(plan)])
    _freeze(model, plan)
    return model


def loss_of(plan: NetworkPlan) -> str | keras.losses.Loss:
    """Return the loss as a user would pass it to ``compile``."""
    head = HEADS[plan.head]
    if head.is_two_class:
        return "sparse_categorical_crossentropy"
    if plan.loss == "focal":
        return keras.losses.BinaryFocalCrossentropy(from_logits=head.from_logits)
    if plan.loss == "smoothed":
        return keras.losses.BinaryCrossentropy(from_logits=head.from_logits, label_smoothing=SMOOTHING)
    if head.from_logits:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return "binary_crossentropy"


def _initializer(name: str) -> Any:
    if name.startswith("normal:"):
        return keras.initializers.RandomNormal(stddev=float(name.removeprefix("normal:")))
    return name


def _regularizer(plan: NetworkPlan) -> keras.regularizers.Regularizer | None:
    if plan.l1 or plan.l2:
        return keras.regularizers.L1L2(l1=plan.l1, l2=plan.l2)
    return None


def _hidden_settings(plan: NetworkPlan) -> dict[str, Any]:
    """Return what every hidden layer with a kernel is given."""
    return {
        "kernel_initializer": _initializer(plan.kernel_initializer),
        "bias_initializer": keras.initializers.Constant(plan.bias) if plan.bias else "zeros",
        "kernel_regularizer": _regularizer(plan),
    }


def _dropout(plan: NetworkPlan) -> Layers:
    return [keras.layers.Dropout(plan.dropout)] if plan.dropout else []


def _dense(plan: NetworkPlan, activation: str | None) -> keras.layers.Layer:
    return keras.layers.Dense(plan.width, activation=activation, **_hidden_settings(plan))


def _mlp(plan: NetworkPlan) -> Layers:
    body: Layers = []
    for _ in range(ARCHITECTURES[plan.architecture].depth):
        body += [_dense(plan, plan.activation), *_dropout(plan)]
    return body


def _batchnorm_mlp(plan: NetworkPlan) -> Layers:
    body: Layers = []
    for _ in range(ARCHITECTURES["batchnorm_mlp"].depth):
        normalised = [keras.layers.BatchNormalization(), keras.layers.Activation(plan.activation)]
        body += [_dense(plan, None), *normalised, *_dropout(plan)]
    return body


def _convolution(plan: NetworkPlan, filters: int) -> keras.layers.Layer:
    settings = _hidden_settings(plan)
    return keras.layers.Conv2D(filters, 3, activation=plan.activation, padding="same", **settings)


def _cnn_flat(plan: NetworkPlan) -> Layers:
    pooled = [keras.layers.MaxPooling2D(), _convolution(plan, 2 * plan.width), keras.layers.Flatten()]
    return [_convolution(plan, plan.width), *pooled, _dense(plan, plan.activation), *_dropout(plan)]


def _cnn_pooled(plan: NetworkPlan) -> Layers:
    convolutions = [
        _convolution(plan, plan.width),
        keras.layers.MaxPooling2D(),
        _convolution(plan, plan.width),
    ]
    return [*convolutions, keras.layers.GlobalMaxPooling2D(), *_dropout(plan)]


def _recurrent(layer: Callable[..., keras.layers.Layer]) -> Callable[[NetworkPlan], Layers]:
    def body(plan: NetworkPlan) -> Layers:
        kernel = _initializer(plan.kernel_initializer)
        settings = {"kernel_initializer": kernel, "kernel_regularizer": _regularizer(plan)}
        if plan.kernel_initializer != "glorot_uniform":
            settings["recurrent_initializer"] = kernel
        return [
            keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH),
            layer(plan.width, **settings),
            *_dropout(plan),
        ]

    return body


def _embedding_bag(plan: NetworkPlan) -> Layers:
    bag = [keras.layers.Embedding(VOCABULARY, plan.width), keras.layers.GlobalAveragePooling1D()]
    return [*bag, _dense(plan, plan.activation), *_dropout(plan)]


def _embedding_conv(plan: NetworkPlan) -> Layers:
    convolution = keras.layers.Conv1D(plan.width, 3, activation=plan.activation, **_hidden_settings(plan))
    front = [keras.layers.Embedding(VOCABULARY, EMBEDDING_WIDTH), convolution]
    return [*front, keras.layers.GlobalMaxPooling1D(), _dense(plan, plan.activation), *_dropout(plan)]


_BODIES: Final[dict[str, Callable[[NetworkPlan], Layers]]] = {
    "batchnorm_mlp": _batchnorm_mlp,
    "cnn_flat": _cnn_flat,
    "cnn_pooled": _cnn_pooled,
    "gru": _recurrent(keras.layers.GRU),
    "lstm": _recurrent(keras.layers.LSTM),
    "embedding_bag": _embedding_bag,
    "embedding_conv": _embedding_conv,
}


def _output(plan: NetworkPlan) -> Layers:
    head = HEADS[plan.head]
    kernel = _initializer(plan.kernel_initializer) if plan.kernel_initializer == "zeros" else "glorot_uniform"
    layer = keras.layers.Dense(
        head.units,
        activation=head.activation,
        kernel_initializer=kernel,
        kernel_regularizer=_regularizer(plan),
    )
    return [layer, keras.layers.Reshape((head.units,))] if head.reshaped else [layer]


def _residual(plan: NetworkPlan, kind: Kind, input_shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(input_shape)
    stream: Tensor = keras.layers.Flatten()(inputs) if kind is Kind.IMAGE else inputs
    stream = _dense(plan, None)(stream)
    for _ in range(ARCHITECTURES["residual_mlp"].depth // 2):
        branch: Tensor = stream
        for layer in (_dense(plan, plan.activation), _dense(plan, plan.activation), *_dropout(plan)):
            branch = layer(branch)
        stream = keras.layers.Add()([stream, branch])
    for layer in _output(plan):
        stream = layer(stream)
    return keras.Model(inputs, stream)


def _freeze(model: keras.Model, plan: NetworkPlan) -> None:
    if plan.frozen == "all":
        model.trainable = False
    elif plan.frozen == "hidden":
        n_output_layers = len(_output(plan))
        for layer in model.layers[:-n_output_layers]:
            layer.trainable = False
