"""The scores, by the name under which the probes know them."""

from __future__ import annotations

from mlflow_bce_monitor.scores import (
    KERAS_EPSILON,
    average_precision,
    cross_entropy,
    roc_auc,
    scores,
    second_of_two,
    sigmoid,
)

__all__ = [
    "KERAS_EPSILON",
    "average_precision",
    "cross_entropy",
    "roc_auc",
    "scores",
    "second_of_two",
    "sigmoid",
]
