"""What a model is built of, as its layers tell: widths, inputs, dropout."""

from __future__ import annotations

from typing import Any, Final

import keras

from mlflow_bce_monitor.keras.forward import layers_of, path_of
from mlflow_bce_monitor.keras.heads import output_layers
from mlflow_bce_monitor.model_summary import has_units

_DROPPING: Final = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
)
"""Keras' layers that do nothing else."""

_RATES: Final = ("dropout", "recurrent_dropout")
"""Attributes of recurrent and attention layers that drop something on the way."""


MOST_WIDTHS: Final = 32
"""Layers whose widths are told; of more, the narrowest ones."""

_TABLE: Final = 2
"""Rank of an input of rows and features."""


def hidden_units(model: Any) -> list[int]:
    """Return the units of the hidden Dense layers in their order, [] for a model whose graph is not known.

    All of a row passes through those at once. A convolution or a recurrent layer passes on more than its
    number of units says.
    """
    ends = output_layers(model, "")
    found = [
        int(layer.units)
        for layer in layers_of(model)
        if isinstance(layer, keras.layers.Dense) and path_of(layer) not in ends
    ]
    if ends == {""}:
        return []
    return found if len(found) <= MOST_WIDTHS else sorted(found)[:MOST_WIDTHS]


def depth(model: Any) -> int:
    """Return the number of layers that transform with weights of their own, as the model summary is read."""
    return sum(bool(layer.weights) and has_units(type(layer).__name__) for layer in layers_of(model))


def n_features(model: Any) -> int | None:
    """Return the number of columns of a model with one table as input, None for any other."""
    inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
    if len(inputs) != 1 or len(inputs[0].shape) != _TABLE or "float" not in str(inputs[0].dtype):
        return None
    columns = inputs[0].shape[-1]
    return None if columns is None else int(columns)


def strongest_dropout(model: Any) -> float:
    """Return the highest dropout rate of a layer, 0 without any.

    A layer of one's own that drops something in its ``call`` goes unseen unless it says its rate in an
    attribute ``dropout``, as Keras' own do.
    """
    rates = [0.0]
    for layer in layers_of(model):
        if isinstance(layer, _DROPPING):
            rates.append(_number(layer.rate))
        rates += [_number(getattr(layer, name, None)) for name in _RATES]
    return max(rates)


def _number(rate: Any) -> float:
    """Return a rate between 0 and 1; 0 for whatever else an attribute of that name may hold."""
    is_rate = isinstance(rate, (int, float)) and not isinstance(rate, bool) and 0.0 <= rate <= 1.0
    return float(rate) if is_rate else 0.0
