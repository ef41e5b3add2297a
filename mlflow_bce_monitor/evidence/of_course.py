"""Facts about the course of a run that its levels do not tell: what it left, where it is, how it jumps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.level import LN_2, share_with_entropy
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.curve import CurveSet, Role, together
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.limits import Limits

_SAME_ACCURACY: Final = 6
"""Decimals to which accuracies are compared: they are float32."""


def course(train: LossView, limits: Limits) -> Iterator[Fact]:
    """Yield what the judged loss left behind, where its last point is and how much a point jumps."""
    findings, chance = train.findings, train.chance.value
    source = f"metric {train.curve.name!r}"
    yield Fact("left_plateau_fraction", _left_plateau_fraction(findings), source, Tier.CURVE)
    if findings.last is None or findings.end_level is None:
        return
    yield Fact("final_skill", 1.0 - findings.last / chance, source, Tier.CURVE)
    if findings.n_finite >= limits.points_of_noise:
        yield Fact("end_noise", train.numbers.end_noise / chance, source, Tier.CURVE)
    if findings.stand is not None:
        yield Fact("stand_skill", 1.0 - findings.stand.level / chance, source, Tier.CURVE)


def held_back_course(validation: LossView | None, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield how much better the held-back accuracy is than that of one class, were the loss at chance."""
    if validation is None or validation.findings.end_level is None:
        return
    accuracy = curves.companion(Role.ACCURACY, validation.curve.split)
    if accuracy is None or accuracy.finite.size == 0:
        return
    share = share_with_entropy(validation.findings.end_level)
    one_class = 0.5 if share is None else 1.0 - share
    count = max(limits.min_repeats, math.ceil(accuracy.finite.size * limits.end_fraction))
    gain = float(np.median(accuracy.finite[-count:])) - one_class
    source = f"metrics {accuracy.name!r} and {validation.curve.name!r}"
    yield Fact("validation_one_class_gain", gain, source, Tier.CURVE)


def _left_plateau_fraction(findings: CurveFindings) -> float:
    """Return the share of the points on plateaus at chance that the loss has left again."""
    # A plateau found on blocks may stop a block short of the end.
    near_end = findings.n_points - max(1, findings.n_points // 50)
    left = (one.length for one in findings.plateaus if one.at_chance and one.end < near_end)
    return sum(left) / findings.n_points if findings.n_points else 0.0


def accuracies_at_the_level(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield how many accuracies there were while the loss was about as low as at its end.

    One class for everything has one accuracy. A network whose loss has come most of the way
    from ln 2 to its end and whose accuracy still moves predicts both classes.
    """
    accuracy, end = curves.companion(Role.ACCURACY, view.curve.split), view.findings.end_level
    if accuracy is None or end is None:
        return
    _, losses, accuracies = together(view.curve, accuracy)
    # The first training loss and accuracy are means over an epoch in which everything may have happened.
    low = losses[1:] <= end + limits.most_of_the_way * (LN_2 - end)
    count = int(np.unique(np.round(accuracies[1:][low], _SAME_ACCURACY)).size)
    source = f"metrics {accuracy.name!r} and {view.curve.name!r}"
    yield Fact("accuracies_at_end_level", count, source, Tier.CURVE)
