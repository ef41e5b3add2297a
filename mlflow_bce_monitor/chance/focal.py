"""Recognise a focal loss by what its errors cost.

A plain unweighted cross-entropy cannot be below ln 2 times the error rate, because each
error at the threshold 0.5 gives the true class less than one half and so costs at least
ln 2. A loss that is below this bound from its first point on is of another form. Focal
loss with its usual gamma of 2 costs at least 0.25 ln 2 for each error, and an untrained
network starts near its chance level of 0.173.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import LN_2, focal_chance_level
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, together
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import FloatArray

USUAL_GAMMA: Final = 2.0
"""Lin et al. 2017, section 5.1, and the default of ``keras.losses.BinaryFocalCrossentropy``."""

USUAL_ALPHA: Final = 0.25
"""The weight of the positive class there; Keras leaves it out unless ``apply_class_balancing`` is set."""

_SAME_SHARE: Final = 1e-6
"""Accuracies are float32: equal to within this is equal."""

_CALIBRATED: Final = 2.0
"""Errors of calibrated predictions cost at least this many times ln 2, since H(p) >= 2 ln 2 min(p, 1 - p);
by the same reasoning errors under a focal loss cost about this many times theirs at the threshold."""
_FAR_FROM_CALIBRATED: Final = 0.7
"""Of that cost. Means over an epoch of training fall below it by a tenth or two, not by a third."""


def focal_form(losses: Sequence[Curve], curves: CurveSet, limits: Limits) -> LossForm | None:
    """Return the focal form of the losses, None when they are of another.

    Both splits are asked: one may have left the start within the first epoch, the other make
    too few errors.
    """
    starts = any(_starts_focal(loss, limits) for loss in losses)
    cheap = any(cheaper_than(1.0, loss, curves, limits) for loss in losses)
    if starts and (cheap or any(_below_its_errors(loss, curves, limits) for loss in losses)):
        return _with_alpha("and starts where a focal loss does", losses, curves, limits)
    if cheap and all(_has_learned(loss, curves, limits) for loss in losses):
        return _with_alpha("and of the usual losses only a focal one is", losses, curves, limits)
    if starts and any(_stands_at_focal_chance(loss, curves, limits) for loss in losses):
        reason = "the loss stands at the focal chance level of an accuracy that is that of one class"
        return LossForm(gamma=USUAL_GAMMA, reason=reason)
    return None


def _with_alpha(because: str, losses: Sequence[Curve], curves: CurveSet, limits: Limits) -> LossForm:
    """Return the focal form with or without the weights of the classes, whichever the errors' costs fit."""
    reason = f"lower than its errors allow a cross-entropy, {because}"
    if any(cheaper_than(0.5**USUAL_GAMMA, loss, curves, limits) for loss in losses):
        return LossForm(gamma=USUAL_GAMMA, alpha=USUAL_ALPHA, reason=f"{reason}, with alpha = 0.25")
    return LossForm(gamma=USUAL_GAMMA, reason=reason)


def cheaper_than(unit: float, loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether errors cost far less than those of calibrated predictions, at first and most of the time.

    Parameters
    ----------
    unit
        What an error at the threshold costs, as a share of ln 2: 1 for a plain cross-entropy.
    """
    errors, costs = errors_and_costs(loss, curves, limits)
    if costs.size < limits.min_repeats:
        return False
    cheap = costs < _FAR_FROM_CALIBRATED * _CALIBRATED * unit * LN_2 * errors
    return bool(cheap[0]) and float(cheap.mean()) >= limits.bound_majority


def _has_learned(loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether the first accuracy is clearly better than a coin: then the first loss is no untrained one."""
    errors, _ = errors_and_costs(loss, curves, limits)
    return errors.size == 0 or float(errors[0]) < 0.5 - limits.coin_flip


def _starts_focal(loss: Curve, limits: Limits) -> bool:
    """Whether the first loss is within reach of a focal one, with or without weights of the classes."""
    first, untrained = float(loss.finite[0]), float(0.5**USUAL_GAMMA) * LN_2
    reach = float(2.0**limits.focal_start)
    return untrained / 2.0 / reach < first < untrained * reach


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
    last = loss.finite[-limits.min_repeats :]
    end = median(last)
    if float(np.ptp(last)) > limits.passes_through * end:
        return False  # it only passes through
    return abs(end / focal_chance_level(share, USUAL_GAMMA) - 1.0) < limits.form_distance


def _below_its_errors(loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    errors, costs = errors_and_costs(loss, curves, limits)
    if costs.size == 0:
        return False
    impossible = costs < limits.bound_slack * LN_2 * errors
    return float(impossible.mean()) >= limits.bound_majority


def errors_and_costs(loss: Curve, curves: CurveSet, limits: Limits) -> tuple[FloatArray, FloatArray]:
    """Return error rates and losses at the steps that have both; costs are means over the same rows."""
    accuracy = curves.companion(Role.ACCURACY, loss.split)
    if accuracy is None:
        return _NOTHING, _NOTHING
    return _errors_and_costs(loss, accuracy, limits.min_repeats, limits.share_min_error)


_NOTHING: Final[FloatArray] = np.empty(0, dtype=np.float64)
_PAIRS_KEPT: Final = 8
"""Pairs of a loss and an accuracy that are kept: a run has two, and each is asked for several times."""


@lru_cache(maxsize=_PAIRS_KEPT)
def _errors_and_costs(
    loss: Curve, accuracy: Curve, min_repeats: int, least: float
) -> tuple[FloatArray, FloatArray]:
    steps, costs, accuracies = together(loss, accuracy)
    if steps.size < min_repeats:
        return _NOTHING, _NOTHING
    errors = 1.0 - accuracies
    known = np.isfinite(costs) & (errors > least) & (errors < 1.0)
    return errors[known], costs[known]
