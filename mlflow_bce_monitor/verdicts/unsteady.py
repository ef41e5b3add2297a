"""Losses that jump too much at their end to have one."""

from __future__ import annotations

import math

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import LIKELY, OPEN


def jumping(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss, or a held-back one, that jumps by more than what was learned."""
    skill = evidence.number("end_skill")
    noise = evidence.number_or("end_noise", 0.0)
    # A point that is no epoch may be a batch, which jumps by itself.
    is_epochs = evidence.number("n_points") <= limits.few_points
    most = limits.jumpy_noise if is_epochs else limits.unstable_noise
    if noise > most and skill <= limits.unstable_sigmas * noise:
        return _jumps("loss", noise)
    spread = evidence.number_or("validation_spread", 0.0)
    if skill > limits.surely_fitted or _ranks_its_rows(evidence, limits) or _at_its_best(evidence, limits):
        return None  # what was learned stands, and a memorised training set makes held-back losses jump
    if spread > limits.unstable_noise and skill <= limits.unstable_sigmas * spread:
        return _jumps("validation loss", spread)
    return None


def _ranks_its_rows(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training rows are ranked far better than held-back ones: they are known by heart."""
    if "auc" not in evidence or "validation_auc" not in evidence:
        return False
    known = evidence.number("auc") >= limits.auc_contradiction
    return known and evidence.number("validation_auc") < limits.auc_at_chance


def _at_its_best(evidence: Evidence, limits: Limits) -> bool:
    """Whether both losses end surely below chance, the held-back one lower than ever: a jump is made good."""
    last = evidence.number_or("last_skill", 0.0)
    if min(evidence.number("end_skill"), evidence.number_or("validation_skill", 0.0)) <= limits.clear_skill:
        return False
    return last > limits.clear_skill and last >= evidence.number_or("best_validation_skill", math.inf)


def _jumps(whose: str, spread: float) -> Judgement:
    because = f"over the last half the {whose} jumps by {spread:.0%} of its chance level at each point"
    return Judgement(Verdict.UNSTABLE, LIKELY, because)


def lost_at_the_end(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a run that had learned and whose very last point is back at chance or above."""
    if evidence.number_or("last_leap", 0.0) < limits.last_leap:
        return None
    if evidence.number("final_skill") > limits.surely_fitted:
        return None  # the training rows are still fitted: what the held-back loss does is overfitting
    if evidence.number("last_skill") > limits.chance_band or evidence.number("n_points") > limits.few_points:
        return None
    because = "it had learned, and the last point is back at chance: the next epochs would tell"
    return Judgement(Verdict.UNSTABLE, OPEN, because)
