"""Find the share of positives from whatever the run offers, best source first.

1. the caller's ``--base-rate``;
2. a logged fact: a metric, param or data set profile that states it;
3. the algebra of accuracy, precision and recall: with a = accuracy, p = precision and
   r = recall at one threshold on one set of labels,

       pi = (1 - a) / (1 - 2r + r / p),

   because 1 - a = FN + FP = pi (1 - r) + pi r (1 - p) / p;
4. the accuracy of a model that predicts one class for everything: it is pi or 1 - pi. A trained
   model's accuracy may repeat a value too, so the other split and the loss have to agree;
5. class weights, on the assumption that they balance the classes.

Nothing is assumed beyond that: an unknown share stays unknown, bounded by [0, 1].
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.estimate import ShareEstimate
from mlflow_bce_monitor.chance.form import PLAIN, LossForm
from mlflow_bce_monitor.chance.one_class import share_of_one_class
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import FloatArray
from mlflow_bce_monitor.settings import Setting, Settings

_SMALLEST_SHARE: Final = 1e-9
"""One label in a billion. A rarer class counts as this rare: the entropy of the labels is then below
what float32 losses resolve, and a share that rounds to 0 or 1 has no chance level to divide by."""

_EXACT: Final = 1e-6
"""Metrics are float32 in most frameworks: equal to within this is equal."""


def share_of_positives(
    split: Split,
    curves: CurveSet,
    settings: Settings,
    base_rate: float | None,
    limits: Limits,
    form: LossForm = PLAIN,
) -> ShareEstimate:
    """Return the share of positives of one split, from the best source there is.

    The other split's share stands in, with wider bounds, when this split has no source
    of its own.

    Parameters
    ----------
    base_rate
        The share that the caller states, None to find it.
    form
        Of the losses: how low they are is part of the evidence.
    """
    if base_rate is not None:
        return _stated_share(base_rate, "given as base rate")
    own = _own_share(split, curves, settings, limits, form)
    if own is not None:
        return own
    other = Split.VALIDATION if split is Split.TRAIN else Split.TRAIN
    borrowed = _own_share(other, curves, settings, limits, form)
    if borrowed is not None and borrowed.value is not None:
        margin = limits.share_between_splits
        return ShareEstimate(
            borrowed.value,
            max(0.0, borrowed.low - margin),
            min(1.0, borrowed.high + margin),
            f"{borrowed.source} (of the {other} data)",
        )
    from_weights = _from_class_weights(settings, limits)
    if from_weights is not None:
        return from_weights
    return ShareEstimate(None, 0.0, 1.0, "not known: no metric, param or data set input tells it")


def _own_share(
    split: Split, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> ShareEstimate | None:
    return (
        _stated(split, curves, settings)
        or _from_accuracy_precision_recall(split, curves, limits)
        or share_of_one_class(split, curves, settings, limits, form)
    )


def _stated(split: Split, curves: CurveSet, settings: Settings) -> ShareEstimate | None:
    metric = curves.companion(Role.POSITIVE_SHARE, split)
    if metric is not None and metric.finite.size and 0.0 < metric.finite[-1] < 1.0:
        return _stated_share(float(metric.finite[-1]), f"metric {metric.name!r}")
    of_split = settings.train_positive_share if split is Split.TRAIN else settings.validation_positive_share
    setting: Setting[float] | None = of_split or settings.positive_share
    if setting is None:
        return None
    return _stated_share(setting.value, setting.source)


def _stated_share(value: float, source: str) -> ShareEstimate:
    share = min(max(value, _SMALLEST_SHARE), 1.0 - _SMALLEST_SHARE)
    return ShareEstimate(share, share, share, source)


def _from_accuracy_precision_recall(split: Split, curves: CurveSet, limits: Limits) -> ShareEstimate | None:
    accuracy, precision, recall = (
        curves.companion(role, split) for role in (Role.ACCURACY, Role.PRECISION, Role.RECALL)
    )
    if accuracy is None or precision is None or recall is None:
        return None
    a, p, r = _aligned(accuracy, precision, recall)
    # A comparison with NaN is False, so only shares pass.
    shares_all = (a >= 0.0) & (a < 1.0) & (p > _EXACT) & (p <= 1.0) & (r >= 0.0) & (r <= 1.0)
    a, p, r = a[shares_all], p[shares_all], r[shares_all]
    # Averaged over the classes by their size, as scikit-learn's autologging does, recall *is* the accuracy.
    of_one_class = np.abs(r - a) > _EXACT
    a, p, r = a[of_one_class], p[of_one_class], r[of_one_class]
    denominator = 1.0 - 2.0 * r + r / p
    stable = (np.abs(denominator) > limits.share_condition) & (1.0 - a > limits.share_min_error)
    shares = (1.0 - a[stable]) / denominator[stable]
    shares = shares[(shares > _SMALLEST_SHARE) & (shares < 1.0 - _SMALLEST_SHARE)]
    if shares.size == 0:
        return None
    value = float(np.median(shares))
    spread = float(np.median(np.abs(shares - value)))
    if spread > limits.share_spread:
        return None  # averaged over classes or thresholds: the algebra does not hold
    names = f"{accuracy.name}, {precision.name} and {recall.name}"
    return ShareEstimate(value, max(0.0, value - spread), min(1.0, value + spread), f"solved from {names}")


<<<<<<< Updated upstream
def _from_one_class_accuracy(
    split: Split, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> ShareEstimate | None:
    accuracy = curves.companion(Role.ACCURACY, split)
    stretch = _one_value(accuracy, limits)
    if accuracy is None or stretch is None:
        return None
    constant = stretch.value
    smoothing = settings.label_smoothing.value if settings.label_smoothing else 0.0
    in_nats = partial(form.in_nats, label_smoothing=smoothing)
    if (
        not limits.share_min_error < constant < 1.0 - _EXACT
        or _ranks_and_errs(constant, accuracy, curves, limits)
        or _differs_between_splits(stretch, split, curves, limits)
        or _came_late(constant, split, curves, limits, in_nats)
    ):
        return None
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


def _ranks_and_errs(constant: float, accuracy: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether the accuracy stands where the labels are noisy, not where one class is rare.

    A network that has learned all but a twentieth of wrong labels repeats 95 % under a loss of
    H(0.05), as one that predicts the larger of two unequal classes does. But it ranks, and its accuracy goes
    below that value again and again, because it predicts both classes.
    """
    area = curves.companion(Role.AUC, accuracy.split)
    if area is None or float(np.median(area.finite[-limits.min_repeats :])) < limits.auc_contradiction:
        return False
    reached = int(np.argmax(np.abs(accuracy.finite - constant) < _EXACT))
    return int((accuracy.finite[reached:] < constant - _EXACT).sum()) >= limits.min_repeats


def _came_late(
    constant: float,
    split: Split,
    curves: CurveSet,
    limits: Limits,
    in_nats: Callable[[FloatArray], FloatArray],
) -> bool:
    """Whether the loss was low before the accuracy stood there: then it was learned, not a share.

    A network that predicts one class does so as soon as its mean prediction leaves one half,
    that is long before its loss is down at the entropy of the labels. Accuracies *below*
    that of one class beside a low loss belong to predictions of both classes.
    """
    accuracy = curves.companion(Role.ACCURACY, split)
    loss = curves.loss if split is Split.TRAIN else curves.validation_loss
    if accuracy is None or loss is None or curves.penalised is loss:
        return False
    _, at_loss, at_accuracy = np.intersect1d(loss.steps, accuracy.steps, return_indices=True)
    # The first training loss and accuracy are means over an epoch in which everything may have happened.
    losses, accuracies = in_nats(loss.values[at_loss][1:]), accuracy.values[at_accuracy][1:]
    rest = max(constant, 1.0 - constant)
    low = (losses < limits.one_class_loss) & (accuracies < rest - limits.share_between_splits)
    return int(low.sum()) >= limits.min_repeats


=======
>>>>>>> Stashed changes
def _from_class_weights(settings: Settings, limits: Limits) -> ShareEstimate | None:
    weights = settings.class_weights
    if weights is None or weights.value.balanced:
        return None
    share = weights.value.negative / (weights.value.negative + weights.value.positive)
    factor = limits.share_from_weights_factor
    return ShareEstimate(
        share,
        share / factor,
        min(1.0 - _EXACT, share * factor),
        f"{weights.source}, if the weights balance the classes",
    )


def _aligned(*curves: Curve) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the values of three curves at the steps they share."""
    first, second, third = curves
    common = np.intersect1d(np.intersect1d(first.steps, second.steps), third.steps)
    picked = [curve.values[np.searchsorted(curve.steps, common)] for curve in curves]
    return picked[0], picked[1], picked[2]
