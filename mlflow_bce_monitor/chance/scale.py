"""Recognise a loss that is a multiple of the mean in nats: a sum, a weighted mean, or bits.

Sums and bits show in where a flat or an untrained loss stands: at batch size * ln 2 for
``reduction="sum"``, at the number of batches * ln 2 for a running sum that nobody divided,
at 1.0 for bits. Example weights are logged by Keras' autologging. A loss that is far lower
than its errors can cost, and no focal loss, is a multiple of an unknown factor: then its
start, where an untrained network predicts 0.5 for everything, gives the factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.focal import cheaper_than, errors_and_costs
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import LN_2
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.curves.names import read_name
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Settings

_SMALLEST_SUM: Final = 4
"""Batches smaller than this put the sum within reach of an unscaled loss."""

_SMALLEST_FACTOR: Final = 1e-3
"""A loss that starts lower than this times ln 2 was never that of a network that knew nothing."""

_BITS: Final = 1.0 / LN_2


def weighted_form(loss: Curve, settings: Settings, limits: Limits) -> LossForm | None:
    """Return the form of a training loss whose examples are weighted, None when they are not.

    Keras divides the weighted sum by the number of examples, not by that of the weights, so
    the loss is the mean weight times a mean. Validation losses are not weighted.
    """
    weights = settings.sample_weights
    if weights is None or loss.split is not Split.TRAIN or loss.finite.size == 0:
        return None
    if weights.value.mean is not None:
        return LossForm(scale=weights.value.mean, reason=f"{weights.source} with this mean")
    start = float(loss.finite[0]) / LN_2
    if abs(start - 1.0) < limits.form_distance or start < _SMALLEST_FACTOR:
        return LossForm(reason=f"{weights.source}, of mean 1 as far as the start tells")
    return LossForm(scale=start, reason=f"{weights.source}: the mean is taken from the first loss")


def named_bits(loss: Curve) -> LossForm | None:
    """Return the form of a loss whose name says that it is in bits."""
    reading = read_name(loss.name)
    if reading is None or not reading.in_bits:
        return None
    return LossForm(scale=_BITS, reason=f"the name {loss.name!r}")


def summed_over_batches(
    losses: Sequence[Curve], curves: CurveSet, settings: Settings, limits: Limits
) -> LossForm | None:
    """Return the form of a sum over batches; of two splits one may learn before its first point."""
    batch = settings.batch_size
    if batch is None or batch.value < _SMALLEST_SUM:
        return None
    if not any(_starts_at(batch.value, loss, limits) for loss in losses):
        return None
    if any(_is_no_sum(batch.value, loss, curves, limits) for loss in losses):
        return None
    return LossForm(scale=float(batch.value), reason=f"summed over batches: starts at {batch.source} * ln 2")


def summed_over_epochs(loss: Curve, curves: CurveSet, settings: Settings, limits: Limits) -> LossForm | None:
    """Return the form of a sum of an epoch's batch means, or of all its rows, that was logged undivided."""
    train = curves.loss
    if settings.by_keras_fit:
        return None  # Keras divides
    if train is None or train.split is not Split.TRAIN or train.finite.size < limits.min_repeats:
        return None
    for count, what in _counts(settings):
        if count >= _SMALLEST_SUM and _starts_at(count, train, limits):
            reason = f"summed over an epoch: starts at {what} * ln 2"
            if loss.split is Split.TRAIN:
                return LossForm(scale=float(count), reason=reason)
            # The number of held-back batches is not known; its loss starts where the training loss does.
            share = float(loss.finite[0]) / float(train.finite[0])
            return LossForm(scale=count * share, reason=reason) if share > 0.0 else None
    return None


def _counts(settings: Settings) -> Iterator[tuple[int, str]]:
    rows, batch = settings.n_train, settings.batch_size
    if rows is not None and batch is not None:
        yield math.ceil(rows.value / batch.value), f"the number of batches of {rows.source}"
    if rows is not None:
        yield rows.value, rows.source


def _starts_at(count: int, loss: Curve, limits: Limits) -> bool:
    if not _near(float(loss.finite[0]), count * LN_2, limits):
        return False
    # A start thrown that high by a large step ends at the chance level of a mean.
    return not _near(median(loss.finite[-limits.min_repeats :]), LN_2, limits)


def _is_no_sum(count: int, loss: Curve, curves: CurveSet, limits: Limits) -> bool:
    """Whether the errors say that it is a mean: each costs ln 2 at least, and 16 where all are certain."""
    errors, costs = errors_and_costs(loss, curves, limits)
    if costs.size == 0:
        return False
    too_cheap = costs / count < limits.bound_slack * LN_2 * errors
    if float(too_cheap.mean()) >= limits.bound_majority:
        return True
    certain = median(costs / errors)
    return limits.clipped_cost_low < certain < limits.clipped_cost_high


def flat_at_one_bit(loss: Curve, curves: CurveSet, limits: Limits) -> LossForm | None:
    """Return the form of a loss in bits, which stands at 1.0 where the accuracy is that of a coin."""
    half = loss.finite[loss.finite.size // 2 :]
    accuracy = curves.companion(Role.ACCURACY, Split.TRAIN) or curves.companion(Role.ACCURACY, loss.split)
    undecided = (
        accuracy is not None and accuracy.finite.size and abs(accuracy.finite[-1] - 0.5) < limits.coin_flip
    )
    if undecided and bool((np.abs(half - 1.0) < limits.bit_distance).all()):
        return LossForm(scale=_BITS, reason="flat at 1.0, which is one bit, with the accuracy of a coin")
    return None


def of_unknown_factor(loss: Curve, curves: CurveSet, limits: Limits) -> LossForm | None:
    """Return the form of a loss that costs less than its errors allow a mean to."""
    start = float(loss.finite[0]) / LN_2
    if not _SMALLEST_FACTOR < start < 1.0 - limits.form_distance or not cheaper_than(
        1.0, loss, curves, limits
    ):
        return None
    reason = "lower than its errors allow a mean cross-entropy: the factor is taken from the first loss"
    return LossForm(scale=start, reason=reason)


def _near(value: float, level: float, limits: Limits) -> bool:
    return abs(value / level - 1.0) < limits.form_distance
