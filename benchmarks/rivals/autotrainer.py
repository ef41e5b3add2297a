"""AutoTrainer's rule on the accuracy: a training that does not converge.

Zhang, Zhai, Ma and Shen, "AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair System",
ICSE 2021. After 30 % of the epochs a training has the problem when the best accuracy so far is
below 0.6 and no epoch has raised the accuracy by 0.01 or more. Written from that description.

Its other problems are left out: vanishing and exploding gradients and dying ReLUs are seen in gradients and
activations, which no history holds, and we know its rule on oscillating losses only by the
names of its thresholds.

Epochs are those that the run has: how many were planned is not always logged. The rule is applied once, at
the first epoch that it applies to, as the tool repairs as soon as it detects. That finds the most stalls:
later a run has had more chances to gain.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from benchmarks.rivals.answer import RivalAnswer, no_answer, quiet
from benchmarks.rivals.histories import training_accuracy
from mlflow_bce_monitor.records import RunRecord

NAME: Final = "AutoTrainer's rule"

PATIENCE: Final = 0.3
"""Share of the epochs that pass before the rule applies."""
BEST_ACCURACY: Final = 0.6
LARGEST_GAIN: Final = 0.01
"""Accuracy gained from one epoch to the next."""

CAUSES: Final = ("learning_rate_too_low",)
"""The tool's documentation gives too small a learning rate as the likely reason of this problem."""


def answer(record: RunRecord) -> RivalAnswer:
    """Return what the rule says of one run."""
    accuracies = training_accuracy(record)
    if accuracies is None:
        return no_answer("no training accuracy was logged")
    fewest = 2  # one gain
    if len(accuracies) < fewest:
        return no_answer(f"{len(accuracies)} epoch has no gain in accuracy")
    seen = accuracies[: max(fewest, math.ceil(PATIENCE * len(accuracies)))]
    best, gain = float(seen.max()), float(np.diff(seen).max())
    why = f"best accuracy {best:.3f}, largest gain {gain:.4f} after {len(seen)} of {len(accuracies)} epochs"
    if best < BEST_ACCURACY and gain < LARGEST_GAIN:
        return RivalAnswer(flagged=True, causes=CAUSES, why=why)
    return quiet(why)
