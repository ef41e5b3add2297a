"""A recognised curve: what it measures, on which split, in clean order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from mlflow_bce_monitor.arrays import are_finite
from mlflow_bce_monitor.records import FloatArray, IntArray


class Role(str, Enum):
    """What a logged metric measures."""

    LOSS = "loss"
    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"
    AUC = "auc"
    PR_AUC = "pr_auc"
    LEARNING_RATE = "learning_rate"
    GRADIENT_NORM = "gradient_norm"
    POSITIVE_SHARE = "positive_share"
    REWARD_MARGIN = "reward_margin"
    REWARD_ACCURACY = "reward_accuracy"
    LOG_PROBABILITY = "log_probability"
    KL_DIVERGENCE = "kl_divergence"
    PAIR_MARGIN = "pair_margin"
    GENERATOR_LOSS = "generator_loss"

    # As equal as its word, and without a call from Python for every look-up.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value


class Split(str, Enum):
    """The part of the data a curve was measured on."""

    TRAIN = "train"
    VALIDATION = "validation"

    # As equal as its word, and without a call from Python for every look-up.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric in clean order: sorted by (step, timestamp), one value a step.

    Attributes
    ----------
    name
        The metric's name as logged.
    role, split
        What it measures, and on what.
    steps
        Shape (n_points,), strictly increasing. When every point was logged at one
        step, the order of logging (0, 1, 2, ...).
    values
        Shape (n_points,); NaN and +-inf are kept: they are findings.
    removed
        What the cleaning took out or merged, in words; () when nothing.
    """

    name: str
    role: Role
    split: Split
    steps: IntArray
    values: FloatArray
    removed: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.values.size)

    @cached_property
    def finite(self) -> FloatArray:
        """Shape (n_finite,): the values that are numbers, in order."""
        if are_finite(self.values):
            return self.values
        known = np.isfinite(self.values)
        return self.values if known.all() else self.values[known]


def together(first: Curve, second: Curve) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the steps that two curves share, and the values of either at these.

    Returns
    -------
    tuple
        Three arrays of shape (n_common,); the curves' own where they share all, so not to be written to.
    """
    if first.steps is second.steps or np.array_equal(first.steps, second.steps):
        return first.steps, first.values, second.values
    steps, at_first, at_second = np.intersect1d(
        first.steps, second.steps, assume_unique=True, return_indices=True
    )
    return steps, first.values[at_first], second.values[at_second]


class LossCertainty(str, Enum):
    """How sure it is that a loss curve is a binary cross-entropy."""

    NAMED = "named"  # the metric, a param or a framework's convention names it
    IMPLIED = "implied"  # metrics of a binary classifier stand beside a loss of no special name
    ASSUMED = "assumed"  # nothing but a name such as "loss"

    def __str__(self) -> str:
        return self.value


class PreferenceLoss(str, Enum):
    """The losses that compare answers; their chance levels differ, see ``curves/preference.py``."""

    LOG_SIGMOID = "log_sigmoid"
    TWO_LOG_SIGMOIDS = "two_log_sigmoids"
    KTO = "kto"
    REWARD_MODEL = "reward_model"
    OTHER = "other"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class CurveSet:
    """The curves of one run that matter for the diagnosis of one loss.

    Attributes
    ----------
    loss
        The training loss, or, where none was logged, the validation loss; None when
        the run has no binary cross-entropy.
    validation_loss
        The twin of ``loss`` on held-back data; None when there is none or when
        ``loss`` itself is the validation loss.
    certainty
        How sure it is that ``loss`` is a binary cross-entropy; None without a loss.
    companions
        (role, split) to curve, for everything recognised beside the losses.
    reason
        Why there is no binary cross-entropy, or why this curve was taken for one.
    penalised
        The ``loss`` beside a plain cross-entropy metric: what was minimised, penalties
        included. None when ``loss`` itself is all there is.
    preference
        Which preference loss it is; None for the loss of a classifier.
    n_labels
        Yes-or-no labels of each row whose losses are averaged; more than one in a
        multi-label model.
    n_classes
        Classes of a softmax, when the caller wants one with more than two judged.
    """

    loss: Curve | None
    validation_loss: Curve | None
    certainty: LossCertainty | None
    companions: dict[tuple[Role, Split], Curve]
    reason: str = ""
    penalised: Curve | None = None
    preference: PreferenceLoss | None = None
    n_labels: int = 1
    n_classes: int = 2

    def companion(self, role: Role, split: Split) -> Curve | None:
        """Return the curve of that role and split, or None."""
        return self.companions.get((role, split))
