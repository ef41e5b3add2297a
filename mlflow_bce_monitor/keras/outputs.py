"""What kind of number a model returns where its layers do not say, and what its loss takes it for.

A sigmoid may hide in a layer of one's own, a ``Lambda``, or the ``call`` of a subclassed model. With
weights that are ten times as large, and with those of the other sign, what a sigmoid gives
stays between 0 and 1, and what is linear does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor import scores
from mlflow_bce_monitor.keras import forward, labels
from mlflow_bce_monitor.keras.activations import LINEAR, UNKNOWN
from mlflow_bce_monitor.keras.heads import Head
from mlflow_bce_monitor.keras.weights import is_kernel

_FACTORS: Final = (10.0, -10.0)
_FEW_ROWS: Final = 32

PROBABILITY: Final = "probability"
LOGITS: Final = "logits"
"""What a loss may take an output for."""

_SAME_LOSS: Final = 1e-3
"""Nats, of losses above one nat a share. The compiled loss is float32."""


def kinds_of_outputs(model: Any, mapping: forward.Mapping_, x: Any) -> list[str]:
    """Return "sigmoid", "linear" or "unknown" for each output, in the order of ``keras.tree.flatten``.

    Parameters
    ----------
    mapping
        (variable, value) pairs; the model itself keeps its values.
    x
        Inputs as tensors.
    """
    few = keras.tree.map_structure(lambda leaf: None if leaf is None else leaf[:_FEW_ROWS], x)
    tried = [_outputs(model, _scaled(model, mapping, factor), few) for factor in _FACTORS]
    return [_kind(np.concatenate(arrays)) for arrays in zip(*tried, strict=True)]


def is_given_by(outputs: Any, end: tuple[Any, Any] | None) -> bool:
    """Whether a model returns the numbers that one layer gave, reshaped at most."""
    if end is None:
        return False
    leaves, given = keras.tree.flatten(outputs), keras.tree.flatten(end[1])
    return len(leaves) == len(given) == 1 and np.array_equal(_flat(leaves[0]), _flat(given[0]))


def read_as(head: Head, output: Any, target: Any, weight: Any, compiled: float) -> str:
    """Return what the compiled loss takes an output for, "" where that does not show.

    TensorFlow's backend finds the logits behind most sigmoids and uses those, whatever ``from_logits`` says;
    the other backends do not. So both readings are tried.

    Parameters
    ----------
    output, target, weight
        As for ``heads.head_scores``.
    compiled
        What the compiled loss gave for these rows, without penalties; nats.
    """
    if head.loss.name != "binary_crossentropy" or not head.loss.is_mean or target is None:
        return ""
    values, y = np.asarray(output, np.float64), np.asarray(target, np.float64).reshape(-1)
    spread = labels.spread_weights(weight, values.shape)
    w = None if spread is None else spread.reshape(-1)
    if y.size != values.size:
        return ""
    fitting = [
        word
        for word, logits in ((PROBABILITY, False), (LOGITS, True))
        if _same(scores.cross_entropy(values.reshape(-1), y, w, logits=logits), compiled)
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _same(found: float | None, compiled: float) -> bool:
    return found is not None and abs(found - compiled) < _SAME_LOSS * max(1.0, abs(compiled))


def _scaled(model: Any, mapping: forward.Mapping_, factor: float) -> forward.Mapping_:
    trained = {id(variable) for variable in model.trainable_variables}
    return [
        (variable, value * factor if id(variable) in trained or is_kernel(variable) else value)
        for variable, value in mapping
    ]


def _outputs(model: Any, mapping: forward.Mapping_, x: Any) -> Sequence[Any]:
    with keras.StatelessScope(state_mapping=mapping):
        outputs = forward.outputs_of(model, x)
    return [_flat(leaf) for leaf in keras.tree.flatten(outputs)]


def _flat(tensor: Any) -> Any:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64).reshape(-1)


def _kind(values: Any) -> str:
    if not np.isfinite(values).all() or not values.any():
        return UNKNOWN
    return "sigmoid" if values.min() >= 0.0 and values.max() <= 1.0 else LINEAR
