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

from mlflow_bce_monitor.arrays import median
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


class PositiveShares:
    """The shares of positives among the labels of one run.

    Parameters
    ----------
    base_rate
        The share that the caller states, None to find it.
    """

    def __init__(self, curves: CurveSet, settings: Settings, base_rate: float | None, limits: Limits) -> None:
        self._curves = curves
        self._settings = settings
        self._base_rate = base_rate
        self._limits = limits
        self._own: dict[tuple[Split, LossForm], ShareEstimate | None] = {}

    def of(self, split: Split, form: LossForm = PLAIN) -> ShareEstimate:
        """Return the share of positives of one split, from the best source there is.

        The other split's share stands in, with wider bounds, when this split has no source
        of its own.

        Parameters
        ----------
        form
            Of the losses: how low they are is part of the evidence.
        """
        if self._base_rate is not None:
            return _stated_share(self._base_rate, "given as base rate", is_own=split is Split.TRAIN)
        own = self._of_itself(split, form)
        if own is not None:
            return own
        other = Split.VALIDATION if split is Split.TRAIN else Split.TRAIN
        borrowed = self._of_itself(other, form)
        if borrowed is not None and borrowed.value is not None:
            margin = self._limits.share_between_splits
            return ShareEstimate(
                borrowed.value,
                max(0.0, borrowed.low - margin),
                min(1.0, borrowed.high + margin),
                f"{borrowed.source} (of the {other} data)",
                is_own=False,
            )
        return _from_class_weights(self._settings, self._limits) or _NOT_KNOWN

    def _of_itself(self, split: Split, form: LossForm) -> ShareEstimate | None:
        asked = split, form
        if asked not in self._own:
            curves, settings, limits = self._curves, self._settings, self._limits
            self._own[asked] = (
                _stated(split, curves, settings)
                or _from_accuracy_precision_recall(split, curves, limits)
                or share_of_one_class(split, curves, settings, limits, form)
            )
        return self._own[asked]


_NOT_KNOWN: Final = ShareEstimate(None, 0.0, 1.0, "not known: no metric, param or data set input tells it")


def _stated(split: Split, curves: CurveSet, settings: Settings) -> ShareEstimate | None:
    metric = curves.companion(Role.POSITIVE_SHARE, split)
    if metric is not None and metric.finite.size and 0.0 < metric.finite[-1] < 1.0:
        return _stated_share(float(metric.finite[-1]), f"metric {metric.name!r}")
    of_split = settings.train_positive_share if split is Split.TRAIN else settings.validation_positive_share
    setting: Setting[float] | None = of_split or settings.positive_share
    if setting is None:
        return None
    return _stated_share(setting.value, setting.source, is_own=of_split is not None or split is Split.TRAIN)


def _stated_share(value: float, source: str, *, is_own: bool = True) -> ShareEstimate:
    share = min(max(value, _SMALLEST_SHARE), 1.0 - _SMALLEST_SHARE)
    return ShareEstimate(share, share, share, source, is_own)


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
    value = median(shares)
    spread = median(np.abs(shares - value))
    if spread > limits.share_spread:
        return None  # averaged over classes or thresholds: the algebra does not hold
    names = f"{accuracy.name}, {precision.name} and {recall.name}"
    return ShareEstimate(value, max(0.0, value - spread), min(1.0, value + spread), f"solved from {names}")


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
    if np.array_equal(first.steps, second.steps) and np.array_equal(second.steps, third.steps):
        return first.values, second.values, third.values
    common = np.intersect1d(np.intersect1d(first.steps, second.steps), third.steps)
    picked = [curve.values[np.searchsorted(curve.steps, common)] for curve in curves]
    return picked[0], picked[1], picked[2]
