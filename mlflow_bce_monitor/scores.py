"""Predictions and labels to scores, in NumPy and float64.

The formulas are those of scikit-learn (``roc_auc_score``, ``average_precision_score``), which
a test compares them with; the package does not depend on it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.chance.level import chance_level

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

KERAS_EPSILON: Final = 1e-7
"""Keras clips probabilities here before it takes their logarithm."""

HALF_WIDTH: Final = 0.01
"""Distance from 0.5 within which a prediction says nothing."""


def scores(probabilities: FloatArray, positive: BoolArray) -> dict[str, float]:
    """Return what predictions are worth; what is not defined (no positives) is left out.

    Parameters
    ----------
    probabilities
        Shape (n,), of the positive class; at least one, non-finite ones are left out.
    positive
        Shape (n,), whether the label is the positive one.
    """
    finite = np.isfinite(probabilities)
    found = {"non_finite_outputs": 1.0 - float(finite.mean())}
    p, is_positive = probabilities[finite], positive[finite]
    if p.size == 0:
        return found
    said = p > 0.5  # noqa: PLR2004 - the threshold of Keras' accuracy
    hits, n_positive, n_said = int((said & is_positive).sum()), int(is_positive.sum()), int(said.sum())
    n_negative = p.size - n_positive
    found |= {
        "output_mean": float(p.mean()),
        "output_sd": float(p.std()),
        "near_half": float((np.abs(p - 0.5) < HALF_WIDTH).mean()),
        "predicted_positives": float(said.mean()),
        "accuracy": float((said == is_positive).mean()),
    }
    if n_said:
        found["precision"] = hits / n_said
    if n_positive:
        found["recall"] = hits / n_positive
        found["pr_auc"] = average_precision(p, is_positive)
    if n_positive and n_negative:
        specificity = 1.0 - (n_said - hits) / n_negative
        found["balanced_accuracy"] = (hits / n_positive + specificity) / 2.0
        found["roc_auc"] = roc_auc(p, is_positive)
    return found


def roc_auc(scored: FloatArray, positive: BoolArray) -> float:
    """Return the area under the ROC curve: the share of pairs ranked right, ties counting half.

    Parameters
    ----------
    scored, positive
        Shape (n,), with at least one row of each class.
    """
    _, place, counts = np.unique(scored, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0  # mean rank of each tied group, from 1
    ranks = middle[place]
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    above = float(ranks[positive].sum()) - n_positive * (n_positive + 1) / 2.0
    return above / (n_positive * n_negative)


def average_precision(scored: FloatArray, positive: BoolArray) -> float:
    """Return the sum over thresholds of precision times the recall gained, tied rows together.

    Parameters
    ----------
    scored, positive
        Shape (n,), with at least one positive row.
    """
    values, place = np.unique(-scored, return_inverse=True)
    of_group = np.bincount(place, minlength=values.size)
    hits = np.bincount(place, weights=positive.astype(np.float64), minlength=values.size)
    precision = np.cumsum(hits) / np.cumsum(of_group)
    return float((precision * hits).sum() / hits.sum())


def cross_entropy(
    outputs: FloatArray, labels: FloatArray, weights: FloatArray | None, *, logits: bool
) -> float | None:
    """Return the mean binary cross-entropy in nats, None when an output is not finite.

    Parameters
    ----------
    outputs
        Shape (n,): logits, or probabilities, which are clipped where Keras clips them.
    labels
        Shape (n,), as they are: labels outside of [0, 1] give what the formula gives.
    weights
        Shape (n,) or None. Divided by the number of rows and not by the sum of the weights,
        as Keras' ``sum_over_batch_size`` does.
    """
    if not np.isfinite(outputs).all():
        return None
    if logits:
        # log(1 + exp(-|l|)) cannot overflow.
        each = np.maximum(outputs, 0.0) - outputs * labels + np.log1p(np.exp(-np.abs(outputs)))
    else:
        p = np.clip(outputs, KERAS_EPSILON, 1.0 - KERAS_EPSILON)
        each = -(labels * np.log(p) + (1.0 - labels) * np.log1p(-p))
    mean = float((each if weights is None else each * weights).mean())
    return mean if math.isfinite(mean) else None


def sigmoid(logits: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-l)), without overflow."""
    shrunk = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, shrunk) / (1.0 + shrunk)


def second_of_two(outputs: FloatArray, *, logits: bool) -> FloatArray:
    """Return the probability of class 1 from shape (n, 2), shape (n,)."""
    return sigmoid(outputs[:, 1] - outputs[:, 0]) if logits else outputs[:, 1]


class Skill(NamedTuple):
    """1 - cross-entropy / chance level on some rows, with its standard error over them."""

    value: float
    error: float


UNDEFINED: Final = Skill(float("-inf"), 0.0)
"""Of predictions that are not all finite."""


def skill(
    probabilities: FloatArray,
    positive: BoolArray,
    weights: FloatArray | None = None,
    share: float | None = None,
) -> Skill:
    """Return the skill of predicted probabilities.

    Parameters
    ----------
    probabilities
        Shape (n,), clipped where Keras clips them.
    positive
        Shape (n,), with at least one row of each class.
    weights
        Shape (n,), of the rows; None for 1 each.
    share
        Of positives, for the chance level; None for that of the rows.
    """
    if not np.isfinite(probabilities).all():
        return UNDEFINED
    expected = float(positive.mean()) if share is None else share
    p = np.clip(probabilities, KERAS_EPSILON, 1.0 - KERAS_EPSILON)
    # Of every row, how much likelier the prediction made its label than the share of its class does.
    of_model = np.where(positive, np.log(p), np.log1p(-p))
    of_chance = np.where(positive, math.log(expected), math.log1p(-expected))
    gains = (of_model - of_chance) * (1.0 if weights is None else weights)
    chance = chance_level(expected)
    return Skill(float(gains.mean()) / chance, float(gains.std()) / math.sqrt(positive.size) / chance)


def auc_error(rows: float, share: float) -> float:
    """Return the standard error of the AUC of predictions without information.

    That of the Mann-Whitney statistic, sqrt((n + 1) / (12 n1 n0)).

    Parameters
    ----------
    rows, share
        Number of rows, and the share of positives among them, inside (0, 1).
    """
    return math.sqrt((rows + 1) / (12.0 * share * (1.0 - share))) / rows
