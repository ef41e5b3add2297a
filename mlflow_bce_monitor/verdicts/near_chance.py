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
    falling = still_falling(evidence, limits)
    if falling and _improves_for_real(evidence, limits):
        fall = f"{evidence.number('end_fall'):.1%} of it"
        because = f"near chance (skill {_plain(skill)}) and still falling, by {fall} over the last half"
        return Judgement(Verdict.SLOW, LIKELY if "validation_skill" in evidence else OPEN, because)
    at_ln_2 = abs(skill) <= limits.chance_band
    confidence = CLEAR if at_ln_2 and (evidence["share_known"] or not falling) else LIKELY
    return Judgement(Verdict.STALLED, confidence, f"at chance (skill {_plain(skill)}) and not improving")


def still_falling(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training loss falls at its end, surely and by enough to matter."""
    return bool(evidence["end_falling"]) and evidence.number("end_fall") > limits.slow_fall


def _improves_for_real(evidence: Evidence, limits: Limits) -> bool:
    """Whether a falling training loss is more than memorising: held-back data improve as well."""
    if "validation_skill" not in evidence:
        return True
    if evidence.get("constant_output", False) or not evidence["validation_falling"]:
        return False
    if evidence.number("validation_skill") < 0.0:
        return (
            evidence.number("validation_fall") > limits.slow_fall
        )  # it comes down to chance, whatever it ranks
    if "validation_auc" in evidence:
        if evidence.number("validation_auc") < limits.auc_at_chance:
            return False
        if evidence.number("validation_auc") >= limits.auc_with_signal:
            return True
    rows = evidence.number_or("n_validation", math.inf)
    worth = evidence.number("validation_fall") * evidence.number("end_level") * rows
    return worth >= limits.validation_gain


def _plain(skill: float) -> str:
    """Return three decimals, without the sign of a zero."""
    return f"{round(skill, 3) + 0.0:.3f}"
