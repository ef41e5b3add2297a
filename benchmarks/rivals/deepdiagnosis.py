"""DeepDiagnosis's rule on unchanged losses and accuracies.

Wardat, Cruz, Le and Rajan, "DeepDiagnosis: Automatically Diagnosing Faults and Recommending Actionable
Fixes in Deep Learning Programs", ICSE 2022. The loss does not decrease when the mean of its last
five values equals the largest of them, and so for the accuracy. Written from that description. Its
other symptoms are seen in weights, gradients and activations, which no history holds.

Two things are read in the rival's favour: the rule is applied at the end of the run only, so that a plateau
that was left is no alarm, and an accuracy that stays at 1 is none either.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.rivals.answer import RivalAnswer, no_answer, quiet
from benchmarks.rivals.histories import training_accuracy, training_loss
from mlflow_bce_monitor.records import RunRecord

NAME: Final = "DeepDiagnosis's rule"

WINDOW: Final = 5
"""Epochs compared."""

CAUSES_OF_UNCHANGED_LOSS: Final = ("dead_relu", "frozen_parameters", "learning_rate_too_low")
"""The paper names a symptom here and no cause. These are the ones that leave a loss the same to the digit."""

CAUSES_OF_UNCHANGED_ACCURACY: Final = ("dead_relu", "class_imbalance", "learning_rate_too_low")
"""Likewise: these leave every prediction on its side of the threshold while the loss may still move."""


def answer(record: RunRecord) -> RivalAnswer:
    """Return what the rule says of one run."""
    losses, accuracies = training_loss(record), training_accuracy(record)
    longest = max(0 if curve is None else len(curve) for curve in (losses, accuracies))
    if longest < WINDOW:
        return no_answer(f"{longest} epochs, {WINDOW} are needed")
    if losses is not None and is_unchanged(losses):
        why = f"the last {WINDOW} losses are {losses[-1]:g}"
        return RivalAnswer(flagged=True, causes=CAUSES_OF_UNCHANGED_LOSS, why=why)
    if accuracies is not None and is_unchanged(accuracies) and accuracies[-1] < 1:
        why = f"the last {WINDOW} accuracies are {accuracies[-1]:g}"
        return RivalAnswer(flagged=True, causes=CAUSES_OF_UNCHANGED_ACCURACY, why=why)
    return quiet(f"the last {WINDOW} values differ")


def is_unchanged(values: npt.NDArray[np.float64]) -> bool:
    """Return whether the mean of the last values equals the largest of them; False for fewer than five.

    Equal up to the rounding of the mean: five equal numbers do not always average to that number.
    """
    tail = values[-WINDOW:]
    return len(tail) == WINDOW and bool(np.isfinite(tail).all()) and float(np.ptp(tail)) == 0.0
