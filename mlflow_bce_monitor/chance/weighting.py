"""How a logged loss weighs the classes."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.curves.curve import Split
from mlflow_bce_monitor.settings import ClassWeights, Settings

_UNWEIGHTED: Final = ClassWeights(1.0, 1.0)


def training_weights(settings: Settings) -> ClassWeights:
    """Return the weights that the network was trained with, equal ones without any."""
    return settings.class_weights.value if settings.class_weights else _UNWEIGHTED


def logged_weights(split: Split, settings: Settings) -> tuple[float, float]:
    """Return (w0, w1) in the logged loss of a split; "balanced" without numbers counts as unweighted."""
    weights = training_weights(settings)
    logged = weights.in_training if split is Split.TRAIN else weights.in_validation
    return (1.0, 1.0) if weights.balanced or not logged else (weights.negative, weights.positive)
