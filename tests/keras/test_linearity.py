"""Whether a model bends anywhere but at its output."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers

from mlflow_bce_monitor.keras.linearity import is_linear


class Squared(layers.Layer):
    """A layer of one's own."""

    def call(self, inputs: Any) -> Any:
        """Return the squares."""
        return inputs * inputs


class Subclassed(keras.Model):
    """A model whose call may do anything."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        """Return the predictions."""
        return self.dense(keras.ops.square(inputs))


def stack(*between: layers.Layer) -> Any:
    """Return a model with layers between input and output."""
    return keras.Sequential([keras.Input((6, 4)), *between, layers.Dense(1, activation="sigmoid")])


def with_an_operation() -> Any:
    """Return a functional model that squares its inputs by an operation."""
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(keras.ops.square(inputs)))


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (lambda: stack(layers.Flatten()), True),
        (lambda: stack(layers.Flatten(), layers.Dense(64), layers.Dense(64, activation="linear")), True),
        (lambda: stack(layers.Conv1D(8, 3), layers.GlobalAveragePooling1D()), True),
        (lambda: stack(layers.Flatten(), layers.Dense(8), layers.BatchNormalization()), True),
        (lambda: stack(layers.Flatten(), keras.Sequential([layers.Dense(8)])), True),
        (lambda: stack(layers.Flatten(), layers.Dense(8, activation="relu")), False),
        (lambda: stack(layers.Flatten(), keras.Sequential([layers.Dense(8, activation="gelu")])), False),
        (lambda: stack(layers.Conv1D(8, 3), layers.GlobalMaxPooling1D()), False),
        (lambda: stack(layers.LSTM(4)), False),
        (lambda: stack(layers.Flatten(), Squared()), None),
        (with_an_operation, None),
        (Subclassed, None),
    ],
)
def test_a_model_is_linear_where_only_its_output_bends(model: Any, *, answer: bool | None) -> None:
    """Depth and width do not matter, and what cannot be seen is not known."""
    assert is_linear(model()) is answer
