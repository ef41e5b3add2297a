"""Parts that networks of the zoo are put together from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import keras

from benchmarks.zoo.architectures import HEADS
from benchmarks.zoo.plan import NetworkPlan

Tensor = Any  # Keras has no static tensor type
Layers = list[keras.layers.Layer]

EMBEDDING_WIDTH: Final = 8
"""Dimensions of the embedding in front of recurrent layers and convolutions."""


def behind(stream: Tensor, layers: Iterable[keras.layers.Layer]) -> Tensor:
    """Return what comes out of layers one behind the other."""
    for layer in layers:
        stream = layer(stream)
    return stream


def initializer(name: str) -> Any:
    """Return what Keras takes for this name of :class:`NetworkPlan`."""
    if name.startswith("normal:"):
        return keras.initializers.RandomNormal(stddev=float(name.removeprefix("normal:")))
    return name


def regularizer(plan: NetworkPlan) -> keras.regularizers.Regularizer | None:
    """Return the penalty on a kernel, None without one."""
    if plan.l1 or plan.l2:
        return keras.regularizers.L1L2(l1=plan.l1, l2=plan.l2)
    return None


def hidden_settings(plan: NetworkPlan) -> dict[str, Any]:
    """Return what every hidden layer with a kernel is given."""
    return {
        "kernel_initializer": initializer(plan.kernel_initializer),
        "bias_initializer": keras.initializers.Constant(plan.bias) if plan.bias else "zeros",
        "kernel_regularizer": regularizer(plan),
    }


def recurrent_settings(plan: NetworkPlan) -> dict[str, Any]:
    """Return what every recurrent layer is given."""
    kernel = initializer(plan.kernel_initializer)
    settings = {"kernel_initializer": kernel, "kernel_regularizer": regularizer(plan)}
    if plan.kernel_initializer != "glorot_uniform":
        settings["recurrent_initializer"] = kernel
    return settings


def dropout_of(plan: NetworkPlan) -> Layers:
    """Return the dropout behind a hidden layer; [] without one."""
    return [keras.layers.Dropout(plan.dropout)] if plan.dropout else []


def dense(plan: NetworkPlan, activation: str | None, units: int | None = None) -> keras.layers.Layer:
    """Return a hidden layer, of the plan's width unless told otherwise."""
    return keras.layers.Dense(units or plan.width, activation=activation, **hidden_settings(plan))


def convolution(plan: NetworkPlan, filters: int, strides: int = 1) -> keras.layers.Layer:
    """Return a convolution of 3 by 3 pixels."""
    settings = hidden_settings(plan)
    return keras.layers.Conv2D(filters, 3, strides, activation=plan.activation, padding="same", **settings)


def output_of(plan: NetworkPlan) -> Layers:
    """Return the head: one layer, or two where a Reshape hides the logits."""
    head = HEADS[plan.head]
    kernel = initializer(plan.kernel_initializer) if plan.kernel_initializer == "zeros" else "glorot_uniform"
    layer = keras.layers.Dense(
        head.units,
        activation=head.activation,
        kernel_initializer=kernel,
        kernel_regularizer=regularizer(plan),
    )
    return [layer, keras.layers.Reshape((head.units,))] if head.reshaped else [layer]
