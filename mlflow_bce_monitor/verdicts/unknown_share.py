"""Losses below ln 2 whose chance level is only bounded, because the share of positives is not known."""

from __future__ import annotations

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import LIKELY, OPEN
from mlflow_bce_monitor.verdicts.signs import escaped_or_learning, ranks


def below_from_the_start(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss that began below ln 2 and never fell: nothing was learned in this run."""
    if evidence["share_known"] or evidence.number("end_skill") <= limits.unvalidated_band:
        return None
    if evidence.number("total_fall") > 0.0:
        return None
    because = f"at {evidence.number('end_level'):.4f} the loss is below ln 2 but never fell"
    return Judgement(Verdict.INCONCLUSIVE, LIKELY, f"{because}; the share of positives is not known")


def share_not_known(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge a loss below ln 2 whose chance level is only bounded.

    Every share of positives has a chance level of at most ln 2, so a loss *at* ln 2 is
    at or above chance whatever the share. A loss below it may be skill, or the entropy
    of imbalanced labels.
    """
    if evidence["share_known"] or evidence.number("end_skill") <= limits.unvalidated_band:
        return None
    if evidence.number_or("validation_skill", 1.0) <= 0.0:
        return None  # a validation loss above ln 2 has no skill for any share
    if _fell_back(evidence, limits):
        because = "the training loss goes to zero, and the validation loss has risen back towards chance"
        return Judgement(Verdict.OVERFITTING, OPEN, because)
    if ranks(evidence, limits):
        return escaped_or_learning(
            "the loss is below ln 2 and the AUC is above chance", LIKELY, evidence, limits
        )
    if evidence.number_or("one_class_accuracy_gap", 0.0) > limits.one_class_gap:
        because = (
            f"the loss fell to {evidence.number('end_level'):.4f}, and the accuracy is not that of one class "
            "for everything, which this loss would mean at chance"
        )
        return escaped_or_learning(because, LIKELY, evidence, limits)
    return _skill_or_imbalance(evidence, limits)


def _skill_or_imbalance(evidence: Evidence, limits: Limits) -> Judgement:
    """Judge a loss below ln 2 beside which nothing tells skill from imbalanced labels."""
    level = f"{evidence.number('end_level'):.4f}"
    if evidence.number("end_level") < limits.rarest_level:
        because = f"the loss is {level}, which at chance would mean fewer positives than one in five hundred"
        return escaped_or_learning(because, LIKELY, evidence, limits)
    if evidence.number("end_flat_fraction") >= limits.flat_early:
        because = (
            f"flat at {level} from early on: the chance level of imbalanced labels or a limit of the model; "
            "the share of positives would tell, and it is not known"
        )
        return Judgement(Verdict.INCONCLUSIVE, LIKELY, because)
    because = (
        f"the loss fell to {level}, below ln 2; how much of that is skill depends on the share of "
        "positives, which is not known"
    )
    return escaped_or_learning(because, OPEN, evidence, limits)


def _fell_back(evidence: Evidence, limits: Limits) -> bool:
    """Whether the validation loss lost what it had while the training loss went to nearly zero."""
    if "validation_skill" not in evidence or evidence.number("end_skill") < limits.surely_fitted:
        return False
    held_back = evidence.number("validation_skill")  # at most this, the share being unknown
    lost = evidence.number("best_validation_skill") - held_back
    return held_back < limits.clear_skill and lost > limits.fallen_back
