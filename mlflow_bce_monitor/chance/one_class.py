"""The share of positives from the accuracy of a model that predicts one class for everything.

Such an accuracy is the share of that class, and repeats to the digit. The accuracy of a model
that has learned what there is may repeat as well, so everything else the run shows has to
agree: the other split, and how low the loss was when the accuracy came to stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.estimate import ShareEstimate
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import LN_2, entropy, focal_chance_level
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import FloatArray
from mlflow_bce_monitor.settings import Settings

_EXACT: Final = 1e-6
"""Metrics are float32 in most frameworks: equal to within this is equal."""

_BOOSTED_LOSS: Final = re.compile(r".+-(binary_)?logloss")
"""The names of xgboost and lightgbm."""

_SKILL_SHOWS: Final = 0.9
"""Of the entropy: means over an epoch and shares of small splits differ by some percent, skill by more."""


@dataclass(frozen=True)
class _Stretch:
    """The longest run of equal neighbours in a curve: its value, the share of the points in it, its steps."""

    value: float
    fraction: float
    first_step: int
    last_step: int

    def lasts_through(self, other: _Stretch) -> bool:
        """Whether it covers at least half of the other's steps."""
        common = min(self.last_step, other.last_step) - max(self.first_step, other.first_step)
        return 2 * common >= other.last_step - other.first_step

    def is_share(self, limits: Limits) -> bool:
        """Whether it can be the share of one of two classes."""
        return limits.share_min_error < self.value < 1.0 - _EXACT


def share_of_one_class(
    split: Split, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> ShareEstimate | None:
    """Return the share of positives of a split, None when its accuracy is not known to be that of one class.

    Parameters
    ----------
    form
        Of the losses: how low they are is part of the evidence.
    """
    accuracy = curves.companion(Role.ACCURACY, split)
    stretch = _one_value(accuracy, limits)
    if accuracy is None or stretch is None or not stretch.is_share(limits):
        return None
    if _ranks_and_errs(stretch, accuracy, curves, limits):
        return None
    # A model predicts both classes at a time or does not: what one split shows holds for the other.
    if _differs_between_splits(stretch, split, curves, limits) or any(
        _predicts_both(of_split, stretch, curves, settings, limits, form) for of_split in Split
    ):
        return None
    constant = stretch.value
    recall = curves.companion(Role.RECALL, split)
    source = f"{accuracy.name!r} stands at {constant:.4g}, the accuracy of one class for everything"
    if recall is not None and recall.finite.size:
        last = float(recall.finite[-1])
        if last not in (0.0, 1.0):
            return None  # both classes are predicted: a constant accuracy says nothing about shares
        share = constant if last == 1.0 else 1.0 - constant
        return ShareEstimate(share, share, share, source)
    weights = settings.class_weights
    share = min(constant, 1.0 - constant)
    if weights is not None and weights.value.negative > weights.value.positive:
        share = 1.0 - share
    # Which of the two classes it is does not matter to an unweighted chance level: H(pi) = H(1 - pi).
    return ShareEstimate(share, share, share, source)


def _ranks_and_errs(stretch: _Stretch, accuracy: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether the accuracy stands where the labels are noisy, not where one class is rare.

    A network that has learned all but a twentieth of wrong labels repeats 95 % under a loss of
    H(0.05), as one that predicts the larger of two unequal classes does. But it ranks, and its accuracy goes
    below that value again and again, because it predicts both classes.
    """
    area = curves.companion(Role.AUC, accuracy.split)
    if area is None or float(np.median(area.finite[-limits.min_repeats :])) < limits.auc_contradiction:
        return False
    reached = int(np.argmax(np.abs(accuracy.finite - stretch.value) < _EXACT))
    return int((accuracy.finite[reached:] < stretch.value - _EXACT).sum()) >= limits.min_repeats


def _predicts_both(
    split: Split, when: _Stretch, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> bool:
    """Whether the loss says that the accuracy of a split then comes from predictions of both classes."""
    accuracy = curves.companion(Role.ACCURACY, split)
    loss = next((one for one in (curves.loss, curves.validation_loss) if one and one.split is split), None)
    stretch = _one_value(accuracy, limits)
    if accuracy is None or loss is None or stretch is None or not stretch.is_share(limits):
        return False
    if not stretch.lasts_through(when):
        return False
    smoothing = settings.label_smoothing.value if settings.label_smoothing else 0.0
    judged = _Judged(loss, accuracy, stretch, form, smoothing)
    if _came_late(judged, limits):
        return True
    # Weights of the classes move the loss of one class away from the entropy.
    return settings.class_weights is None and (_had_skill(judged) or _set_out_higher(judged, limits))


def _differs_between_splits(stretch: _Stretch, split: Split, curves: CurveSet, limits: Limits) -> bool:
    """Whether the other split's accuracy ends elsewhere: the shares of two splits are nearly the same."""
    other = curves.companion(Role.ACCURACY, Split.VALIDATION if split is Split.TRAIN else Split.TRAIN)
    if other is None or other.finite.size < limits.min_repeats:
        return False
    twin = _one_value(other, limits)
    if twin is not None and twin.value > 1.0 - _EXACT:
        return True  # all right there: the labels of a split are of two classes
    if twin is not None and min(twin.fraction, stretch.fraction) >= limits.one_class_fraction:
        return False  # both stand for most of the run: two small splits may well differ
    end = twin.value if twin is not None else float(np.median(other.finite[-limits.min_repeats :]))
    constant = stretch.value
    # Which class it is may differ too, where the shares are about equal.
    return min(abs(end - constant), abs(1.0 - end - constant)) > 2.0 * limits.share_between_splits


@dataclass(frozen=True)
class _Judged:
    """A loss, the accuracy beside it and where that stands, with what relates the loss to plain nats."""

    loss: Curve
    accuracy: Curve
    stretch: _Stretch
    form: LossForm
    smoothing: float

    def in_nats(self, losses: FloatArray) -> FloatArray:
        """Return losses as those of a plain cross-entropy."""
        return self.form.in_nats(losses, self.smoothing)


def _came_late(judged: _Judged, limits: Limits) -> bool:
    """Whether the loss was low before the accuracy stood there: then it was learned, not a share.

    A network that predicts one class does so as soon as its mean prediction leaves one half,
    that is long before its loss is down at the entropy of the labels. Accuracies *below*
    that of one class beside a low loss belong to predictions of both classes.
    """
    loss, accuracy = judged.loss, judged.accuracy
    steps, at_loss, at_accuracy = np.intersect1d(loss.steps, accuracy.steps, return_indices=True)
    # The first training loss and accuracy are means over an epoch in which everything may have happened.
    losses, accuracies = judged.in_nats(loss.values[at_loss][1:]), accuracy.values[at_accuracy][1:]
    rest = max(judged.stretch.value, 1.0 - judged.stretch.value)
    low = (losses < limits.one_class_loss) & (accuracies < rest - limits.share_between_splits)
    return int((low & (steps[1:] < judged.stretch.first_step)).sum()) >= limits.min_repeats


def _had_skill(judged: _Judged) -> bool:
    """Whether the loss was below what one class costs when the accuracy came to stand at its value.

    A network predicts one class for everything before it has learned anything, so its loss is
    at the entropy of the labels or above it then. One that has learned as far as its labels
    can be learned stands still as well, at an error e, with a loss below H(e).
    """
    loss, form, value = judged.loss, judged.form, judged.stretch.value
    at = np.flatnonzero(loss.steps >= judged.stretch.first_step)
    if at.size == 0:
        return False
    first, error = loss.values[at[:1]], min(value, 1.0 - value)
    if form.gamma:
        return float(first[0]) < _SKILL_SHOWS * focal_chance_level(error, form.gamma, form.alpha)
    then = float(judged.in_nats(first)[0])
    # Errors of calibrated predictions cost 2 ln 2 at least: with less, the accuracy is none of skill.
    return _SKILL_SHOWS * 2.0 * LN_2 * error < then < _SKILL_SHOWS * entropy(error)


def _set_out_higher(judged: _Judged, limits: Limits) -> bool:
    """Whether boosting set out above the entropy of that share, and went below it.

    It starts from the share of positives, so its first log loss is at most the entropy; one
    tree already gives it an accuracy, which the next few leave as it is.
    """
    loss = judged.loss
    if not _BOOSTED_LOSS.fullmatch(loss.name) or loss.finite.size < limits.min_repeats:
        return False
    one_class = entropy(judged.stretch.value)
    end = float(np.median(loss.finite[-limits.min_repeats :]))
    return float(loss.finite[0]) > one_class and end < _SKILL_SHOWS * one_class


def _one_value(accuracy: Curve | None, limits: Limits) -> _Stretch | None:
    """Return the longest stretch of one accuracy, None where repeating it may be chance.

    Accuracies are n-ths, so a few neighbours are often equal: it has to last, or to be how
    the training began.
    """
    if accuracy is None or accuracy.finite.size < limits.min_repeats:
        return None
    finite = accuracy.finite
    breaks = np.flatnonzero(np.abs(np.diff(finite)) > _EXACT) + 1
    bounds = np.concatenate(([0], breaks, [finite.size]))
    lengths = np.diff(bounds)
    longest = int(np.argmax(lengths))
    start, length = int(bounds[longest]), int(lengths[longest])
    lasts = length >= limits.end_fraction * finite.size or start < limits.min_repeats
    if length < limits.min_repeats or not lasts:
        return None
    steps = accuracy.steps[np.isfinite(accuracy.values)]
    first_step, last_step = int(steps[start]), int(steps[start + length - 1])
    return _Stretch(float(finite[start]), length / finite.size, first_step, last_step)
