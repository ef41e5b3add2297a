"""Runs whose numbers say all there is to say: not a number, below zero, normal at chance, too few points."""

from __future__ import annotations

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY, OPEN


def not_a_number(evidence: Evidence, _: Limits) -> Judgement | None:
    """Find a loss that ends in NaN or infinity."""
    if not evidence["ends_non_finite"]:
        return None
    broken = evidence.number_or("inside_non_finite_inputs", 0.0)
    of_inputs = f", and so are {broken:.2%} of the input values: fill or drop them first" if broken else ""
    return Judgement(Verdict.DIVERGED, CLEAR, f"the loss ends in NaN or infinity{of_inputs}")


def below_zero(evidence: Evidence, _: Limits) -> Judgement | None:
    """Find a loss below the floor of every cross-entropy."""
    if evidence["negative_loss"]:
        because = "the loss falls below zero, which no cross-entropy of labels 0 and 1 can"
        return Judgement(Verdict.INCONSISTENT, CLEAR, because)
    return None


def normal_at_chance(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Say "benign" where chance is the expected state."""
    if "end_skill" not in evidence:
        return None
    band = limits.unvalidated_band if evidence["adversarial"] else limits.chance_band
    if abs(evidence.number("end_skill")) > band:
        return None
    if evidence["adversarial"] and not _stands_still(evidence, limits):
        because = "a discriminator at its chance level cannot tell real from generated: equilibrium"
        return Judgement(Verdict.BENIGN, LIKELY, because)
    if evidence["preference_loss"] and evidence.number("n_points") <= limits.preference_first_points:
        because = (
            "a preference loss starts at exactly ln 2, where the policy still equals its reference; "
            f"{evidence.number('n_points'):.0f} points are its first steps"
        )
        return Judgement(Verdict.BENIGN, LIKELY, because)
    return None


def _stands_still(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss repeats one number, or steps are too small to play: no equilibrium was reached."""
    if evidence.number_or("rate_ratio", 1.0) <= limits.rate_far_below:
        return True
    still = evidence.number_or("movement", 1.0) < limits.untouched
    return still and evidence.number("n_points") >= limits.min_points


def too_few_points(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Refuse to judge flatness by a handful of points."""
    points = int(evidence.number("n_points"))
    if points >= limits.min_points:
        return None
    if points > 1 and _learned_beyond_doubt(evidence, limits):
        because = f"skill {evidence.number('end_skill'):.2f} after {points} points"
        return Judgement(Verdict.LEARNING, OPEN, because)
    plural = "" if points == 1 else "s"
    because = f"{points} point{plural} of the loss; {limits.min_points} are needed to judge flatness"
    return Judgement(Verdict.INCONCLUSIVE, CLEAR, because)


def _learned_beyond_doubt(evidence: Evidence, limits: Limits) -> bool:
    clear = evidence.number("end_skill") > limits.clear_skill and bool(evidence["share_known"])
    return clear and evidence.number_or("validation_skill", 1.0) > limits.chance_band
