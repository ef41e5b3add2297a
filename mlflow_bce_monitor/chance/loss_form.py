"""What kind of cross-entropy a loss is, where the run does not say: plain, focal, summed, or in bits.

A plain unweighted cross-entropy cannot be below ln 2 times the error rate, because each
error at the threshold 0.5 gives the true class less than one half and so costs at least
ln 2. A loss that is below this bound from its first point on is of another form. Focal
loss with its usual gamma of 2 costs at least 0.25 ln 2 for each error, and an untrained
network starts near its chance level of 0.173.

Sums and bits show in where a flat or an untrained loss stands: at batch size * ln 2, at 1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.level import LN_2, focal_chance_level
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, Role, Split
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Settings

USUAL_GAMMA: Final = 2.0
"""Lin et al. 2017, section 5.1, and the default of ``keras.losses.BinaryFocalCrossentropy``."""

_SMALLEST_SUM: Final = 4
"""Batches smaller than this put the sum within reach of an unscaled loss."""

_BITS: Final = 1.0 / LN_2

_SAME_SHARE: Final = 1e-6
"""Accuracies are float32: equal to within this is equal."""


@dataclass(frozen=True)
class LossForm:
    """How a loss relates to the mean cross-entropy in nats.

    Attributes
    ----------
    gamma
        Focal exponent; 0 for a plain cross-entropy.
    scale
        Factor on the mean in nats: the batch size for a sum, 1 / ln 2 for bits.
    reason
        How it is known; "" for the plain form.
    """

    gamma: float = 0.0
    scale: float = 1.0
    reason: str = ""


PLAIN: Final = LossForm()


def form_of(curves: CurveSet, settings: Settings, limits: Limits) -> LossForm:
    """Return the form of the run's losses; one form holds for both splits.

    Parameters
    ----------
    curves
        With at least one loss.
    settings
        A stated focal gamma, the batch size and the class weights are used.
    """
    if settings.focal_gamma is not None:
        return LossForm(gamma=settings.focal_gamma.value, reason=settings.focal_gamma.source)
    if curves.certainty is LossCertainty.NAMED or settings.class_weights is not None:
        return PLAIN
    # The held-back loss shows the network as one epoch left it, the training loss averages over that epoch.
    losses = [
        loss
        for loss in (curves.validation_loss, curves.loss)
        if loss is not None and loss.finite.size >= limits.min_repeats
    ]
    focal = _focal(losses, curves, limits)
    if focal is not None or not losses:
        return focal or PLAIN
    return _scaled(losses[0], curves, settings, limits) or PLAIN


def _focal(losses: Sequence[Curve], curves: CurveSet, limits: Limits) -> LossForm | None:
    """Ask both splits: one may have left the start within the first epoch, the other make too few errors."""
    if not any(_starts_focal(loss, limits) for loss in losses):
        return None
    if any(_below_its_errors(loss, curves, limits) for loss in losses):
        return LossForm(
            gamma=USUAL_GAMMA,
            reason="lower than its errors allow a cross-entropy, and starts where a focal loss does",
        )
    if any(_stands_at_focal_chance(loss, curves, limits) for loss in losses):
        return LossForm(
            gamma=USUAL_GAMMA,
            reason="the loss stands at the focal chance level of an accuracy that is that of one class",
        )
    return None


def _starts_focal(loss: Curve, limits: Limits) -> bool:
    start = float(loss.finite[0]) / focal_chance_level(0.5, USUAL_GAMMA)
    return start > 0.0 and abs(float(np.log2(start))) < limits.focal_start


def _stands_at_focal_chance(loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether loss and accuracy are, from the first point on, those of a constant under focal loss.

    A plain cross-entropy that low would be large skill, and skill shows in the accuracy.
    """
    accuracy = curves.companion(Role.ACCURACY, loss.split)
    if accuracy is None or accuracy.finite.size < limits.min_repeats:
        return False
    shares = accuracy.finite[1:]  # the first training accuracy is a mean over an epoch
    share = float(shares[-1])
    if not 0.0 < share < 1.0 or not bool((np.abs(shares - share) < _SAME_SHARE).all()):
        return False
    end = float(np.median(loss.finite[-limits.min_repeats :]))
    return abs(end / focal_chance_level(share, USUAL_GAMMA) - 1.0) < limits.form_distance


def _below_its_errors(loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    accuracy = curves.companion(Role.ACCURACY, loss.split)
    if accuracy is None:
        return False
    steps, at_loss, at_accuracy = np.intersect1d(loss.steps, accuracy.steps, return_indices=True)
    errors = 1.0 - accuracy.values[at_accuracy]
    costs = loss.values[at_loss]
    known = np.isfinite(costs) & (errors > limits.share_min_error) & (errors < 1.0)
    if steps.size < limits.min_repeats or not known.any():
        return False
    # Costs are means over a batch or an epoch, errors are measured on the same rows.
    impossible = costs[known] < limits.bound_slack * LN_2 * errors[known]
    return float(impossible.mean()) >= limits.bound_majority


def _scaled(loss: Curve, curves: CurveSet, settings: Settings, limits: Limits) -> LossForm | None:
    start, end = float(loss.finite[0]), float(np.median(loss.finite[-limits.min_repeats :]))
    batch = settings.batch_size
    summed = batch is not None and batch.value >= _SMALLEST_SUM and _near(start, batch.value * LN_2, limits)
    # A start thrown that high by a large step ends at the chance level of a mean.
    if batch is not None and summed and not _near(end, LN_2, limits):
        return LossForm(
            scale=float(batch.value), reason=f"summed over batches: starts at {batch.source} * ln 2"
        )
    half = loss.finite[loss.finite.size // 2 :]
    accuracy = curves.companion(Role.ACCURACY, Split.TRAIN) or curves.companion(Role.ACCURACY, loss.split)
    undecided = (
        accuracy is not None and accuracy.finite.size and abs(accuracy.finite[-1] - 0.5) < limits.coin_flip
    )
    if undecided and bool((np.abs(half - 1.0) < limits.bit_distance).all()):
        return LossForm(scale=_BITS, reason="flat at 1.0, which is one bit, with the accuracy of a coin")
    return None


def _near(value: float, level: float, limits: Limits) -> bool:
    return abs(value / level - 1.0) < limits.form_distance
