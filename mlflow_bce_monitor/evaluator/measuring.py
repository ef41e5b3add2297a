"""Predictions and targets to numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from mlflow_bce_monitor.chance.level import chance_level
from mlflow_bce_monitor.evaluated import EVALUATED
from mlflow_bce_monitor.evaluator.predictions import FloatArray, Predictions
from mlflow_bce_monitor.evaluator.targets import Targets
from mlflow_bce_monitor.scores import auc_error, cross_entropy, scores, skill

_OF_PROBABILITIES: Final = frozenset({"output_mean", "output_sd", "near_half", "roc_auc", "pr_auc"})
"""Scores that class labels do not have."""


def measure(targets: Targets, predictions: Predictions, features: Any) -> dict[str, float]:
    """Return what the evaluation measures, by the names of ``evaluated.py``.

    What is not defined is left out: of class labels everything that needs probabilities, and
    beside a prediction that is no number everything about the predictions.

    Parameters
    ----------
    targets, predictions
        Of the same rows.
    features
        Shape (n, n_features), an array or a DataFrame.
    """
    share = float(targets.positive.mean())
    found = {"rows": float(targets.n), "positive_share": share, "chance_level": chance_level(share)}
    found |= _of_features(features)
    if predictions.probabilities is not None:
        return found | _of_probabilities(predictions.probabilities, targets, share)
    said = scores(np.asarray(predictions.said_positive, np.float64), targets.positive)
    return found | {name: said[name] for name in said if name in EVALUATED and name not in _OF_PROBABILITIES}


def _of_probabilities(p: FloatArray, targets: Targets, share: float) -> dict[str, float]:
    non_finite = 1.0 - float(np.isfinite(p).mean())
    cost = cross_entropy(p, targets.positive.astype(np.float64), None, logits=False)
    if cost is None:
        return {"non_finite_outputs": non_finite}
    found = scores(p, targets.positive)
    value, error = skill(p, targets.positive)
    return {name: found[name] for name in found if name in EVALUATED} | {
        "cross_entropy": cost,
        "skill": value,
        "skill_error": error,
        "roc_auc_error": auc_error(targets.n, share),
    }


def _of_features(features: Any) -> dict[str, float]:
    """Return the share of the numeric features that are the same for all rows; {} without any."""
    table = pd.DataFrame(features).select_dtypes(["number", "bool"]).to_numpy(np.float64)
    if not table.size:
        return {}
    varies = np.fmax.reduce(table, axis=0) > np.fmin.reduce(table, axis=0)
    return {"constant_features": 1.0 - float(varies.mean())}
