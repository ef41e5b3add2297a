"""Facts and their values in words, as grounds of what a scorecard says."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence

WORDS: Final = {
    "auc": "training AUC",
    "common_excess": "the same above chance on both splits",
    "end_fall": "fall over the last half of the run, of chance",
    "end_flat_fraction": "share of the run on the plateau that reaches the end",
    "end_level": "level of the loss at the end",
    "end_noise": "scatter of one point at the end, of chance",
    "end_ratio": "loss at the end over that of predicting 0.5",
    "end_skill": "skill at the end",
    "end_spread": "scatter over the last half, of chance",
    "error_rate": "error rate",
    "fall_gain": "fall in the second half against the first",
    "final_skill": "skill of the last training loss",
    "fit_gap": "skill that held-back rows lack",
    "held_skill": "skill of the best stretch",
    "last_skill": "skill of the last loss",
    "movement": "range of the loss, of chance",
    "n_points": "points",
    "plateau_fraction": "share of the run on plateaus at chance",
    "stand_fraction": "share of the run near chance before it left",
    "stand_skill": "skill before it left chance",
    "total_fall": "fall since the first point, of chance",
    "training_gain": "log likelihood gained on the training labels",
    "validation_auc": "validation AUC",
    "validation_fall": "fall of the validation loss over the last half, of chance",
    "validation_gain": "log likelihood gained on the validation labels",
    "validation_skill": "validation skill",
}
"""Facts in words that fit a clause; the others are called what the catalogue calls them."""

_YES_OR_NO: Final = "yes/no"


def worded(fact: str, evidence: Evidence) -> str:
    """Return a fact with its value: "skill at the end 0.032", "some logged loss is NaN or infinite: yes"."""
    kind = CATALOGUE[fact]
    words = WORDS.get(fact, f"{kind.meaning}:")
    if fact not in evidence:
        return f"{words.removesuffix(':')}: not known"
    number = evidence.number(fact)
    if kind.unit == _YES_OR_NO:
        return f"{words.removesuffix(':')}: {'yes' if number else 'no'}"
    return f"{words} {number:.3g}"
