"""Losses near chance: slow or stalled."""

from __future__ import annotations

import math

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY, OPEN


def near_chance(evidence: Evidence, limits: Limits) -> Judgement:
    """Tell slow from stalled: the last question, which always has an answer."""
    skill = evidence.number("end_skill")
    falling = still_falling(evidence, limits) and not _arrived(evidence, limits)
    if falling and _improves_for_real(evidence, limits):
        fall = f"{evidence.number('end_fall'):.1%} of it"
        because = f"near chance (skill {_plain(skill)}) and still falling, by {fall} over the last half"
        return Judgement(Verdict.SLOW, LIKELY if "validation_skill" in evidence else OPEN, because)
    at_ln_2 = abs(skill) <= limits.chance_band
    confidence = CLEAR if at_ln_2 and (evidence["share_known"] or not falling) else LIKELY
    return Judgement(Verdict.STALLED, confidence, f"at chance (skill {_plain(skill)}) and not improving")


def still_falling(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training loss falls at its end, surely and by enough to matter."""
    # Held-back data are measured on one model, so their loss shows a trend that batches still hide.
    surely = bool(evidence["end_falling"] or evidence.get("validation_falling", False))
    fell = evidence.number_or("total_fall", 0.0) > 0.0
    return surely and fell and evidence.number("end_fall") > limits.slow_fall


def _arrived(evidence: Evidence, limits: Limits) -> bool:
    """Whether one class for everything costs exactly its share by now: nothing is left to fall for."""
    if not evidence["share_known"] or not evidence.get("accuracy_constant", False):
        return False
    here = (evidence.number("end_skill"), evidence.number("final_skill"))
    return max(map(abs, here)) <= limits.exact_chance


def _improves_for_real(evidence: Evidence, limits: Limits) -> bool:
    """Whether a falling training loss is more than memorising: held-back data improve as well."""
    if "validation_skill" not in evidence:
        return True
    if not evidence["validation_falling"]:
        return False
    if evidence.number("validation_skill") < 0.0 and not evidence.get("common_excess", False):
        # It comes down to chance, whatever it ranks.
        return evidence.number("validation_fall") > limits.slow_fall
    return not evidence.get("constant_output", False) and _worth_the_name(evidence, limits)


def _worth_the_name(evidence: Evidence, limits: Limits) -> bool:
    """Whether what held-back data gain is more than luck: by its ranking, else by all their rows together."""
    area = evidence.number_or("validation_auc", limits.auc_at_chance)
    if area < limits.auc_at_chance:
        return False
    rows = evidence.number_or("n_validation", math.inf)
    worth = evidence.number("validation_fall") * evidence.number("end_level") * rows
    gained = max(worth, evidence.number_or("validation_gain", 0.0))
    return area >= limits.auc_with_signal or gained >= limits.validation_gain


def _plain(skill: float) -> str:
    """Return three decimals, without the sign of a zero."""
    return f"{round(skill, 3) + 0.0:.3f}"
