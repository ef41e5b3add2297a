"""Makes Keras models of network plans."""

from __future__ import annotations

from typing import Final

import keras

from benchmarks.zoo import (
    bodies,
    bodies_of_exercise,
    bodies_of_practice,
    bodies_of_proof,
    bodies_of_rehearsal,
    bodies_of_test,
)
from benchmarks.zoo.architectures import HEADS
from benchmarks.zoo.layers import Tensor, output_of
from benchmarks.zoo.plan import NetworkPlan
from benchmarks.zoo.rows import Kind

SMOOTHING: Final = 0.1
"""Label smoothing of the loss "smoothed", the value of the paper that introduced it."""

_BODIES: Final = (
    bodies,
    bodies_of_test,
    bodies_of_practice,
    bodies_of_rehearsal,
    bodies_of_exercise,
    bodies_of_proof,
)
CHAINS: Final = {name: body for of_block in _BODIES for name, body in of_block.CHAINS.items()}
GRAPHS: Final = {name: body for of_block in _BODIES for name, body in of_block.GRAPHS.items()}


def build(plan: NetworkPlan, kind: Kind, input_shape: tuple[int, ...]) -> keras.Model:
    """Build the network; ``input_shape`` is that of one row."""
    architecture = plan.architecture
    start = keras.Input(input_shape, dtype="int32" if kind is Kind.SEQUENCE else "float32")
    flat = [keras.layers.Flatten()] if kind is Kind.IMAGE and "cnn" not in architecture else []
    if architecture in CHAINS:
        model = keras.Sequential([start, *flat, *CHAINS[architecture](plan), *output_of(plan)])
    else:
        stream: Tensor = start
        for layer in flat:
            stream = layer(stream)
        stream = GRAPHS[architecture](plan, stream)
        for layer in output_of(plan):
            stream = layer(stream)
        model = keras.Model(start, stream)
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


def _freeze(model: keras.Model, plan: NetworkPlan) -> None:
    if plan.frozen == "all":
        model.trainable = False
    elif plan.frozen == "hidden":
        n_output_layers = len(output_of(plan))
        for layer in model.layers[:-n_output_layers]:
            layer.trainable = False
