"""The words of the tag: what is known of a model and its training that does not change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import keras

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.keras import labels
from mlflow_bce_monitor.keras.architecture import depth, hidden_units, n_features, strongest_dropout
from mlflow_bce_monitor.keras.forward import layers_of
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.linearity import is_linear
from mlflow_bce_monitor.keras.measure import Measurement
from mlflow_bce_monitor.monitored import LONGEST_TAG

_FEW: Final = 6  # decimals of class weights
_SHORT: Final = 120  # characters of a reason


def words_of(
    model: Any, measurement: Measurement, tables: Sequence[FloatArray], not_measured: Mapping[str, str]
) -> dict[str, Any]:
    """Return the tag's object; see ``monitored.WORDS`` for its keys.

    Parameters
    ----------
    measurement
        The first one, for the outputs.
    tables
        Label tables of the training so far, one a target.
    not_measured
        Part to reason.
    """
    layers = layers_of(model)
    optimizer = getattr(model, "optimizer", None)
    compute, variable = model.compute_dtype, model.variable_dtype
    return {
        "version": __version__,
        "backend": f"{keras.config.backend()}, keras {keras.__version__}",
        "layers": sum(bool(layer.weights) and not hasattr(layer, "layers") for layer in layers),
        "batch_norm": any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers),
        "linear": is_linear(model),
        "dropout": strongest_dropout(model),
        "depth": depth(model),
        "hidden_units": hidden_units(model),
        "features": n_features(model),
        "optimizer": type(getattr(optimizer, "inner_optimizer", optimizer)).__name__ if optimizer else None,
        "steps_per_execution": int(model.steps_per_execution),
        "jit_compile": bool(model.jit_compile),
        "run_eagerly": bool(model.run_eagerly),
        "mixed_precision": compute if compute != variable else None,
        "heads": [
            _head_words(measurement, at, tables[at] if len(tables) == len(measurement.heads) else None)
            for at in range(len(measurement.heads))
        ],
        "not_measured": {part: reason[:_SHORT] for part, reason in not_measured.items()},
    }


def as_tag(words: Mapping[str, Any]) -> str:
    """Return compact JSON of at most 5,000 characters; the last heads go where it would be longer."""
    kept = dict(words)
    text = _compact(kept)
    while len(text) > LONGEST_TAG and kept.get("heads"):
        kept["heads"] = kept["heads"][:-1]
        text = _compact(kept)
    return text if len(text) <= LONGEST_TAG else _compact({"version": words.get("version")})


def _compact(words: Mapping[str, Any]) -> str:
    return json.dumps(words, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _head_words(measurement: Measurement, at: int, table: FloatArray | None) -> dict[str, Any]:
    head = measurement.heads[at]
    said: dict[str, Any] = {
        "name": head.name[:_SHORT],
        "loss": head.loss.name,
        "from_logits": head.loss.from_logits,
        "label_smoothing": head.loss.label_smoothing,
        "reduction": head.loss.reduction,
        "activation": measurement.activations[at],
        "units": measurement.units[at],
        "read_as": measurement.read_as or None,
    }
    if table is None:
        return said
    weighted = labels.is_weighted(table)
    weights = labels.class_weights(table) if weighted else None
    said |= {
        "labels": labels.values_seen(table),
        "class_weight": None if weights is None else [round(weight, _FEW) for weight in weights],
        "sample_weight": weighted and weights is None,
    }
    return said
