"""What the evaluation of a model measures: names, units and meanings of the ``bce/evaluated_...`` metrics.

The evaluator (``evaluator/``) writes by these names, the evidence (``evidence/of_evaluation.py``)
reads by them. Neither end knows the other, and this file knows neither MLflow nor a model.

No name ends in the word "loss": the recogniser of curves would take it for one.
"""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.monitored import PREFIX, Measured

_WORD: Final = "evaluated_"

EVALUATED: Final[dict[str, Measured]] = {
    one.name: one
    for one in (
        Measured("rows", "count", "rows that the model was evaluated on"),
        Measured("positive_share", "share", "share of positives among the evaluated rows"),
        Measured("chance_level", "nats", "cross-entropy of predicting that share for every row"),
        Measured("cross_entropy", "nats", "mean binary cross-entropy of the predictions"),
        Measured("skill", "skill", "1 - cross-entropy / chance level"),
        Measured("skill_error", "skill", "standard error of the skill over the rows"),
        Measured("roc_auc", "share", "area under the ROC curve"),
        Measured("roc_auc_error", "share", "standard error of the AUC of predictions without information"),
        Measured("pr_auc", "share", "average precision"),
        Measured("accuracy", "share", "accuracy at threshold 0.5"),
        Measured("balanced_accuracy", "share", "mean of the recalls of both classes at threshold 0.5"),
        Measured("precision", "share", "precision at threshold 0.5"),
        Measured("recall", "share", "recall at threshold 0.5"),
        Measured("predicted_positives", "share", "share of the rows that are predicted positive"),
        Measured("near_half", "share", "share of the rows with a prediction within 0.01 of 0.5"),
        Measured("output_mean", "share", "mean predicted probability"),
        Measured("output_sd", "share", "standard deviation of the predicted probabilities"),
        Measured("non_finite_outputs", "share", "share of the predictions that are NaN or infinite"),
        Measured(
            "constant_features", "share", "share of the numeric features that are the same for all rows"
        ),
    )
}
"""By name without prefix."""

CROSS_ENTROPY: Final = f"{PREFIX}{_WORD}cross_entropy"
"""The metric that a diagnosis is about where the run has no loss curve to judge."""


def evaluated_metric(name: str) -> str:
    """Return the MLflow name of a measurement; KeyError when nothing of that name is measured."""
    return f"{PREFIX}{_WORD}{EVALUATED[name].name}"


def evaluated_fact(name: str) -> str:
    """Return the name of the fact; KeyError when nothing of that name is measured."""
    return f"{_WORD}{EVALUATED[name].name}"
