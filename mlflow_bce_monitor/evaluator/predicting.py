"""Asking a model for its predictions, once, for probabilities where it can give them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.predictions import Predictions, predictions_of
from mlflow_bce_monitor.evaluator.targets import Targets
from mlflow_bce_monitor.scores import second_of_two, sigmoid

_TWO: Final = 2


def raw_model(model: Any) -> Any:
    """Return the model that MLflow has wrapped, None where it does not hand it out."""
    try:
        return model.get_raw_model()
    except (AttributeError, NotImplementedError):
        return None  # a function, a served model, a Python model of one's own


def is_keras(raw: Any) -> bool:
    """Whether a model is one of Keras 3; Keras is not loaded to find out."""
    keras = sys.modules.get("keras")
    return keras is not None and raw is not None and isinstance(raw, keras.Model)


def predict(model: Any, raw: Any, dataset: Any, targets: Targets, column: str | None) -> Predictions:
    """Return a model's predictions of a data set's rows, or those that came with the data set.

    Parameters
    ----------
    model
        MLflow's pyfunc model, None to take the predictions of the data set.
    raw
        As :func:`raw_model` gives it.
    dataset
        MLflow's evaluation data set.
    targets
        Of its rows.
    column
        Of the model's output; None where there is nothing to choose.

    Raises
    ------
    UsageError
        There are neither model nor predictions, or they are no probabilities or labels.
    """
    if model is None:
        if dataset.predictions_data is None:
            raise UsageError(
                "There is neither a model nor a column of predictions: pass model=, "
                "or predictions= with the column of probabilities."
            )
        return predictions_of(dataset.predictions_data, targets)
    if hasattr(raw, "predict_proba") and column is None:
        # MLflow's wrapper of such a model gives class labels.
        outputs = pd.DataFrame(np.asarray(raw.predict_proba(dataset.features_data)), columns=raw.classes_)
        return predictions_of(outputs, targets, are_probabilities=True)
    outputs = model.predict(_frame(dataset))
    if not is_keras(raw):
        return predictions_of(outputs, targets, column)
    return predictions_of(_of_keras(raw, outputs, column), targets, column, are_probabilities=True)


def _frame(dataset: Any) -> pd.DataFrame:
    """Return the features with names, as MLflow's own evaluators hand them to a model."""
    # A copy: a model may write to what it is given.
    frame: pd.DataFrame = pd.DataFrame(dataset.features_data, columns=dataset.feature_names, copy=True)
    return frame


def _of_keras(raw: Any, outputs: Any, column: str | None) -> Any:
    """Return the outputs of a Keras model, with logits made probabilities."""
    from mlflow_bce_monitor.probes.copies import gives_logits  # noqa: PLC0415 - loads Keras, which is there

    if column is not None or isinstance(outputs, Mapping):
        return outputs  # of several outputs, which have names
    values = np.asarray(outputs, np.float64)
    if not gives_logits(raw):
        return values
    if values.ndim > 1 and values.shape[-1] == _TWO:
        second = second_of_two(values, logits=True)
        return np.stack([1.0 - second, second], axis=1)
    return sigmoid(values)
