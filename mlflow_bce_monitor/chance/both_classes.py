"""What speaks against a standing accuracy being that of one class for everything.

Three other networks have an accuracy that stands: one that has learned what there is to learn, one
whose labels are noisy, and one whose weights never moved. Their histories differ from that of a
network that predicts one class, each in the ways below.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import LN_2, entropy, focal_chance_level, loss_of_constant
from mlflow_bce_monitor.chance.stretch import EXACT, Stretch, longest_stretch
from mlflow_bce_monitor.chance.weighting import logged_weights
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split, together
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import FloatArray, IntArray
from mlflow_bce_monitor.settings import Settings

_BOOSTED_LOSS: Final = re.compile(r".+-(binary_)?logloss")
"""The names of xgboost and lightgbm."""

_SKILL_SHOWS: Final = 0.9
"""Of the entropy: means over an epoch and shares of small splits differ by some percent, skill by more."""


def predicts_both_classes(
    split: Split, stretch: Stretch, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> bool:
    """Whether anything says that the accuracy of a split stands there for another reason than one class.

    Parameters
    ----------
    stretch
        Where the accuracy of the split stands.
    form
        Of the losses.
    """
    accuracy = curves.companion(Role.ACCURACY, split)
    if accuracy is None or _of_a_handful(stretch, settings) or _ranks(stretch, accuracy, curves, limits):
        return True
    if _differs_between_splits(stretch, split, curves, limits):
        return True
    # A model predicts both classes at a time or does not: what one split shows holds for the other. But
    # dropout makes training accuracies differ where the network, as it is, gives one class to everything.
    telling = (Split.VALIDATION,) if _stands_throughout(curves, limits) else tuple(Split)
    return any(_shown_by(one, stretch, curves, settings, limits, form) for one in telling)


def _stands_throughout(curves: CurveSet, limits: Limits) -> bool:
    """Whether the held-back accuracy is the same from the first of many points to the last."""
    accuracy = curves.companion(Role.ACCURACY, Split.VALIDATION)
    stretch = longest_stretch(accuracy, limits)
    if accuracy is None or stretch is None or accuracy.finite.size < limits.many_accuracies:
        return False
    return stretch.fraction > 1.0 - EXACT


def _of_a_handful(stretch: Stretch, settings: Settings) -> bool:
    """Whether the rarer class would have a row or two: nobody trains on that, and a model errs on as many."""
    rows = settings.n_train
    return rows is not None and stretch.rarer * rows.value < _FEWEST_OF_A_CLASS


_FEWEST_OF_A_CLASS: Final = 2.5
"""Rows. Errors of a good model on a small set are one or two."""


def _ranks(stretch: Stretch, accuracy: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether the accuracy stands where labels are noisy or errors certain, not where one class is rare.

    A network that has learned all but a twentieth of wrong labels repeats 95 % under a loss of
    H(0.05), as one that predicts the larger of two unequal classes does. But it ranks, and its accuracy goes
    below that value again and again, because it predicts both classes. One that ranks under a loss far
    *above* that entropy pays for certain errors; a rare class is not ranked before its loss is below it.
    """
    area = curves.companion(Role.AUC, accuracy.split)
    if area is None or area.finite.size == 0:
        return False
    end = median(area.finite[-limits.min_repeats :])
    if end < limits.auc_contradiction:
        return False
    reached = int(np.argmax(np.abs(accuracy.finite - stretch.value) < EXACT))
    if int((accuracy.finite[reached:] < stretch.value - EXACT).sum()) >= limits.min_repeats:
        return True
    loss = _loss_of(accuracy.split, curves)
    if loss is None or end < limits.auc_of_both:
        return False
    level = median(loss.finite[-limits.min_repeats :])
    return level > limits.certain_errors * entropy(stretch.rarer)


def _loss_of(split: Split, curves: CurveSet) -> Curve | None:
    return next((one for one in (curves.loss, curves.validation_loss) if one and one.split is split), None)


def _shown_by(
    split: Split, when: Stretch, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> bool:
    """Whether loss and accuracy of a split say that its predictions then are of both classes."""
    accuracy, loss = curves.companion(Role.ACCURACY, split), _loss_of(split, curves)
    stretch = longest_stretch(accuracy, limits)
    if accuracy is None or loss is None or stretch is None or not stretch.is_share(limits):
        return False
    smoothing = settings.label_smoothing.value if settings.label_smoothing else 0.0
    judged = _Judged(loss, accuracy, stretch, form, logged_weights(split, settings), smoothing)
    if _never_moved(judged, limits) and not _of_one_class_by_recall(split, curves):
        return True
    if settings.class_weights is None and not form.gamma and _approached(judged, limits):
        return True
    if not stretch.lasts_through(when):
        return False
    if _came_late(judged, limits):
        return True
    # Weights of the classes move the loss of one class away from the entropy.
    return settings.class_weights is None and (_had_skill(judged) or _set_out_higher(judged, limits))


def _differs_between_splits(stretch: Stretch, split: Split, curves: CurveSet, limits: Limits) -> bool:
    """Whether the other split's accuracy ends elsewhere: the shares of two splits are nearly the same."""
    other = curves.companion(Role.ACCURACY, Split.VALIDATION if split is Split.TRAIN else Split.TRAIN)
    if other is None or other.finite.size < limits.min_repeats:
        return False
    twin = longest_stretch(other, limits)
    if twin is not None and twin.value > 1.0 - EXACT:
        return not _is_without_the_rarer(other, twin, stretch, curves)
    if twin is not None and min(twin.fraction, stretch.fraction) >= limits.one_class_fraction:
        return False  # both stand for most of the run: two small splits may well differ
    end = twin.value if twin is not None else median(other.finite[-limits.min_repeats :])
    constant = stretch.value
    # Which class it is may differ too, where the shares are about equal.
    return min(abs(end - constant), abs(1.0 - end - constant)) > 2.0 * limits.share_between_splits


def _is_without_the_rarer(accuracy: Curve, twin: Stretch, stretch: Stretch, curves: CurveSet) -> bool:
    """Whether a split is too small to have a row of the rarer class: then one class for all is right.

    It is from the first point on, before anything was learned, when the loss is still above that of the
    constant to come.
    """
    loss = _loss_of(accuracy.split, curves)
    if loss is None or loss.finite.size == 0 or twin.first_step > int(accuracy.steps[0]):
        return False
    return float(loss.finite[0]) > -math.log(1.0 - stretch.rarer)


@dataclass(frozen=True)
class _Judged:
    """A loss, the accuracy beside it and where that stands, with what relates the loss to plain nats.

    ``weights`` are those of the negative and of the positive class in the loss.
    """

    loss: Curve
    accuracy: Curve
    stretch: Stretch
    form: LossForm
    weights: tuple[float, float]
    smoothing: float

    def in_nats(self, losses: FloatArray) -> FloatArray:
        """Return losses as those of a plain cross-entropy."""
        return self.form.in_nats(losses, self.smoothing)

    def after_the_first(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return steps, losses in nats and accuracies at the common steps but the first.

        The first training loss and accuracy are means over an epoch in which everything may have happened.
        """
        steps, losses, accuracies = together(self.loss, self.accuracy)
        return steps[1:], self.in_nats(losses)[1:], accuracies[1:]


def _never_moved(judged: _Judged, limits: Limits) -> bool:
    """Whether nothing was trained: then any predictions repeat their accuracy, those of both classes too.

    Untrained outputs that are all one number give one class. With weights of zero that number is 0.5,
    at a loss of ln 2, or of what the weights of the classes make of it.
    """
    losses = judged.loss.finite
    if _BOOSTED_LOSS.fullmatch(judged.loss.name):
        return False  # boosting starts from the share of positives: what it predicts then is one class
    is_weighted = judged.weights[0] != judged.weights[1]
    if losses.size < limits.min_repeats or not (is_weighted or judged.stretch.fraction > 1.0 - EXACT):
        return False
    if float(np.ptp(losses)) > limits.untouched * float(losses[0]):
        return False
    first, rarer = float(judged.in_nats(losses[:1])[0]), judged.stretch.rarer
    halves = [loss_of_constant(0.5, share, *judged.weights) for share in (rarer, 1.0 - rarer)]
    return min(abs(first - half) for half in halves) > limits.zero_start


def _of_one_class_by_recall(split: Split, curves: CurveSet) -> bool:
    """Whether the recall says that no row, or every row, is predicted positive."""
    recall = curves.companion(Role.RECALL, split)
    return recall is not None and recall.finite.size > 0 and float(recall.finite[-1]) in (0.0, 1.0)


def _approached(judged: _Judged, limits: Limits) -> bool:
    """Whether the accuracy went through the neighbours of its last value, under a loss on its way down.

    A network that learns comes to its last accuracy through its neighbours. One that predicts one
    class gets there while its outputs cross the threshold 0.5: then its loss is still near ln 2.
    """
    steps, losses, accuracies = judged.after_the_first()
    value, rarer = judged.stretch.value, judged.stretch.rarer
    on_its_way = LN_2 - limits.crossing * (LN_2 - entropy(rarer))
    beside = np.abs(accuracies - value)
    near = (beside > EXACT) & (beside < limits.share_between_splits)
    before = steps < judged.stretch.last_step
    return int((near & before & (losses < on_its_way)).sum()) >= limits.min_repeats


def _came_late(judged: _Judged, limits: Limits) -> bool:
    """Whether the loss was low before the accuracy stood there: then it was learned, not a share.

    A network that predicts one class does so as soon as its mean prediction leaves one half,
    that is long before its loss is down at the entropy of the labels. Accuracies *below*
    that of one class beside a low loss belong to predictions of both classes.
    """
    steps, losses, accuracies = judged.after_the_first()
    rest = 1.0 - judged.stretch.rarer
    low = (losses < limits.one_class_loss) & (accuracies < rest - limits.share_between_splits)
    return int((low & (steps < judged.stretch.first_step)).sum()) >= limits.min_repeats


def _had_skill(judged: _Judged) -> bool:
    """Whether the loss was below what one class costs when the accuracy came to stand at its value.

    A network predicts one class for everything before it has learned anything, so its loss is
    at the entropy of the labels or above it then. One that has learned as far as its labels
    can be learned stands still as well, at an error e, with a loss below H(e).
    """
    loss, form, stretch = judged.loss, judged.form, judged.stretch
    at = (loss.steps >= stretch.first_step).nonzero()[0]
    if at.size == 0:
        return False
    first, error = loss.values[at[:1]], stretch.rarer
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
    one_class = entropy(judged.stretch.rarer)
    end = median(loss.finite[-limits.min_repeats :])
    return float(loss.finite[0]) > one_class and end < _SKILL_SHOWS * one_class
