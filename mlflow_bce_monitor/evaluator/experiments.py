"""Experiments on copies of the evaluated Keras model, where the caller asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.config import Config
from mlflow_bce_monitor.evaluator.predicting import is_keras
from mlflow_bce_monitor.evaluator.targets import Targets
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from mlflow_bce_monitor.probes import ProbeReport


def refuse_unless_keras(raw: Any) -> None:
    """Raise UsageError when there is no Keras model with one input to make copies of."""
    if not is_keras(raw):
        received = f"a {type(raw).__name__}" if raw is not None else "none that MLflow hands out"
    elif not isinstance(raw.input_shape, tuple):
        received = f"one with {len(raw.input_shape)} inputs"
    else:
        return
    raise UsageError(
        "evaluator_config: probe=True makes experiments on copies of a Keras 3 model with one input, "
        f"and the model is {received}. Leave probe out; everything else is measured all the same."
    )


def probed(raw: Any, features: Any, targets: Targets, record: RunRecord, config: Config) -> ProbeReport:
    """Return what experiments on copies of a Keras model found on the evaluated rows.

    Raises
    ------
    UsageError
        The features are no numbers, or the rows are too few.
    """
    from mlflow_bce_monitor.probes import probe  # noqa: PLC0415 - loads Keras, which is there

    try:
        x = np.asarray(features, np.float32)
    except (TypeError, ValueError) as error:
        raise UsageError(f"probe=True needs features that are numbers: {error}") from error
    return probe(raw, x, _labels(raw, targets), config.budget, config.seed, record=record)


def _labels(raw: Any, targets: Targets) -> Any:
    """Return the labels as the model's loss takes them: 0 and 1, or one-hot pairs."""
    from mlflow_bce_monitor.keras.losses import loss_words  # noqa: PLC0415 - loads Keras, which is there

    labels = targets.positive.astype(np.float32)
    if loss_words(getattr(raw, "loss", None)).name == "categorical_crossentropy":
        return np.stack([1.0 - labels, labels], axis=1)
    return labels
