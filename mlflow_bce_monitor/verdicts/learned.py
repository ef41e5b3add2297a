"""Losses below chance: learned, or memorised."""

from __future__ import annotations

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY, OPEN
from mlflow_bce_monitor.verdicts.signs import (
    escaped_or_learning,
    more_than_memorised,
    ranks,
    training_skill,
    validation_skill,
)


def without_held_back_skill(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Tell overfitting from chance where a validation loss was logged and shows no skill."""
    if "validation_skill" not in evidence or validation_skill(evidence, limits):
        return None
    if not training_skill(evidence, limits):
        return None
    if not more_than_memorised(evidence, limits):
        return _memorising(evidence, limits)
    far = max(1.0, evidence.number("validation_end_ratio"))
    if evidence["validation_falling"] and evidence.number("validation_fall") > limits.slow_fall * far**2:
        because = "training skill, and the validation loss is still falling towards its chance level"
        return Judgement(Verdict.SLOW, OPEN, because)
    because = (
        f"training skill {evidence.number('end_skill'):.2f}, "
        f"validation skill {evidence.number('validation_skill'):.2f}"
    )
    # Held-back rows at chance, or ranked in spite of their loss, may have been learned from after all.
    is_lost = evidence.number("validation_skill") < -limits.chance_band and not ranks(evidence, limits)
    return Judgement(Verdict.OVERFITTING, CLEAR if is_lost else LIKELY, because)


def _memorising(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a small training skill that grows while the held-back loss rises: it is being memorised."""
    grows = bool(evidence["end_falling"]) and evidence.number("end_fall") > limits.slow_fall
    rises = evidence.number("validation_fall") < -limits.slow_fall
    if not grows or not rises or evidence.number_or("fit_gap", 0.0) <= limits.memorising_gap:
        return None
    because = (
        f"the training loss falls (skill {evidence.number('end_skill'):.2f}) while the validation loss rises "
        f"(skill {evidence.number('validation_skill'):.2f})"
    )
    return Judgement(Verdict.OVERFITTING, LIKELY, because)


def learned(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find skill that is more than memorised: on held-back data where there are some."""
    skill = evidence.number("end_skill")
    if "validation_skill" in evidence:
        held_back = evidence.number("validation_skill")
        if not validation_skill(evidence, limits):
            return None
        because = f"skill {skill:.2f} on the training and {held_back:.2f} on the validation data"
        confidence = _by_held_back(skill, held_back, evidence, limits)
    elif training_skill(evidence, limits) and more_than_memorised(evidence, limits):
        because = f"the loss is {skill:.0%} below its chance level"
        confidence = CLEAR if skill > limits.clear_skill else LIKELY
    else:
        return None
    return escaped_or_learning(because, confidence, evidence, limits)


def _by_held_back(skill: float, held_back: float, evidence: Evidence, limits: Limits) -> float:
    """Return how sure held-back skill makes it: of the usual size, of a known share, seen in training too."""
    if held_back <= limits.chance_band:
        return OPEN
    is_seen_twice = held_back > 2 * limits.chance_band and skill > limits.chance_band
    return CLEAR if is_seen_twice and evidence["share_known"] else LIKELY


def prefers(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a preference loss whose policy tells answers apart, however little its beta lets the loss fall.

    The loss is that of beta times a margin: at a beta of 0.05 a sound policy stays within a few percent of
    ln 2. What it knows of its own pairs by heart looks alike, so this is never sure.
    """
    if not evidence["preference_loss"] or "reward_accuracy" not in evidence:
        return None
    skill, share = evidence.number("end_skill"), evidence.number("reward_accuracy")
    if skill <= limits.chance_band or share < limits.pairs_told_apart:
        return None
    because = (
        f"the loss is {skill:.0%} below its chance level, "
        f"and the chosen answer has the larger reward in {share:.0%} of the pairs"
    )
    return escaped_or_learning(because, OPEN, evidence, limits)
