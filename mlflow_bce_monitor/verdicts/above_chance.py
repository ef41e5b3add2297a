"""Losses that stand above chance: a penalty on top, or confident mistakes."""

from __future__ import annotations

import math

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY, OPEN
from mlflow_bce_monitor.verdicts.signs import moved


def inflated(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find predictions that carry information under a loss that stands above chance.

    A regularisation penalty or sample weights that were not logged lift the loss; they do
    not enter the AUC or the accuracy.
    """
    if not moved(evidence, limits) or not _stands_above(evidence, limits):
        return None
    if evidence.number("end_ratio") > limits.far_above**2 and not evidence.get("common_excess", False):
        return None  # that far above chance, certain and wrong predictions are the better explanation
    if (
        max(evidence.number_or("validation_skill", 0.0), evidence.number("end_skill"))
        > limits.unvalidated_band
    ):
        return None
    area = evidence.number_or("validation_auc", evidence.number_or("auc", 0.5))
    if area >= limits.auc_contradiction:
        because = (
            f"the AUC is {area:.2f}; the loss carries something besides the cross-entropy, such as a penalty"
        )
        return Judgement(Verdict.LEARNING, OPEN, because)
    gain = evidence.number_or("accuracy_gain", 0.0)
    if area == 0.5 and gain > limits.accuracy_contradiction:  # noqa: PLR2004 - no AUC was logged
        because = f"accuracy is {gain:.2f} above that of one class; the loss carries a penalty or weights"
        return Judgement(Verdict.LEARNING, OPEN, because)
    return None


def _stands_above(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss stands above chance, or came down to it from where no sound network starts."""
    above = evidence.number("end_skill") <= -limits.chance_band
    return above or (bool(evidence["end_falling"]) and evidence.number("first_ratio") > limits.overshoot)


def _stands_on_a_penalty(evidence: Evidence, limits: Limits) -> bool:
    """Whether what the loss has above chance is the same on both splits, and goes down as weights shrink."""
    if not evidence.get("common_excess", False) or evidence.number("end_skill") > 0.0:
        return False
    times = max(1.0, evidence.number("end_ratio"))
    if evidence.number_or("end_noise", 0.0) > limits.jumpy_noise * times:
        return False  # weights do not jump, errors do
    if evidence.number_or("fall_gain", -1.0) > limits.penalty_pace:
        return False  # the less of the weights is left, the slower they shrink; a bias far off falls evenly
    # Certain, wrong predictions cost both splits the same, too, and stay.
    return bool(evidence["end_falling"]) or _settled_from_beyond(evidence, limits)


def _settled_from_beyond(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss came down to its level from where no prediction takes it.

    A penalty settles where what it takes from the weights is what the steps give them back. Clipped
    predictions cost 16.1 nats at most, and what they cost a bias alone would lower. Unscaled inputs, whose
    logits nothing clips, begin as high and go on changing their answers.
    """
    if not evidence.get("accuracy_constant", True):
        return False
    first, end = evidence.number("first_ratio"), evidence.number("end_ratio")
    most = limits.clipped_cost_high / math.log(2.0)
    return first > most and end < min(most, first * limits.shed)


def penalised(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find few errors, and not those of one class, under a penalty on both losses; of unknown shares."""
    if "accuracy_gain" in evidence or not _stands_on_a_penalty(evidence, limits):
        return None
    few = evidence.number_or("error_rate", 1.0) < limits.accuracy_contradiction
    if not few or evidence.get("accuracy_constant", True):
        return None
    right = 1.0 - evidence.number("error_rate")
    because = f"accuracy is {right:.2f} and still changes; the loss carries a penalty"
    return Judgement(Verdict.LEARNING, OPEN, because)


def penalty_alone(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss above chance by the same on both splits: a penalty, over no prediction."""
    if not _stands_on_a_penalty(evidence, limits):
        return None
    if evidence.number_or("accuracy_gain", 0.0) > limits.unvalidated_band:
        return None
    if evidence.number_or("validation_auc", 0.5) >= limits.auc_with_signal:
        return None
    because = (
        "the loss stands above chance by the same on training and validation data, as a penalty on the "
        "weights does; the rest of it is at chance"
    )
    return Judgement(Verdict.STALLED, OPEN, because)


def far_above_chance(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge a loss far above both its chance level and the loss of predicting 0.5 for everything.

    An unknown share of positives can only lower the chance level: far above stays far above.
    """
    times = evidence.number("end_ratio")
    if times <= limits.far_above:
        return _far_above_on_held_back(evidence, limits)
    if evidence.number_or("end_noise", 0.0) > limits.jumpy_noise * times:
        because = f"the loss jumps about a level {times:.2g} times that of predicting 0.5 for everything"
        return Judgement(Verdict.UNSTABLE, LIKELY, because)
    fall = evidence.number("end_fall")
    if evidence["end_falling"] and fall > limits.far_fall * times and _within_reach(times, fall, limits):
        because = f"the loss is {times:.2g} times that of predicting 0.5 for everything, and still falling"
        return Judgement(Verdict.SLOW, LIKELY, because)
    because = f"the loss stays at {times:.2g} times that of predicting 0.5 for everything"
    return Judgement(Verdict.DIVERGED, CLEAR, because)


def _within_reach(times: float, fall: float, limits: Limits) -> bool:
    """Whether a run of the same length again would come near chance at the pace of the last half."""
    kept = times / (times + fall)  # what the last half left of the loss; the next run has two halves
    return times * kept**2 <= limits.far_above


def _far_above_on_held_back(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a validation loss beyond reach beside a training loss at chance or above."""
    times = evidence.number_or("validation_end_ratio", 0.0)
    if times <= limits.far_above**2 or evidence.number("end_skill") > limits.chance_band:
        return None
    if evidence.number_or("validation_auc", 0.5) >= limits.auc_with_signal:
        return None
    because = f"the validation loss stays at {times:.2g} times that of predicting 0.5 for everything"
    return Judgement(Verdict.DIVERGED, LIKELY, because)
