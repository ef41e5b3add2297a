"""Losses below ln 2 whose chance level is only bounded, because the share of positives is not known."""

from __future__ import annotations

import math

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import LIKELY, OPEN
from mlflow_bce_monitor.verdicts.signs import escaped_or_learning, ranks


def never_moved(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss that ends where it began: whatever its chance level is, nothing was learned in this run.

    Held-back data show it as well where the loss of the first epoch was still a mean over the way
    there: a single prediction finds the share of positives within an epoch.
    """
    if not _is_below_with_unknown_share(evidence, limits):
        return None
    if evidence.number("end_flat_fraction") < limits.flat_early or ranks(evidence, limits):
        return None
    left = 1.0 - evidence.number_or("validation_skill", evidence.number("end_skill"))
    if evidence.number_or("movement", 1.0) >= limits.chance_band * left:
        return None
    if evidence.number("end_level") < limits.rarest_level or _predicts_both(evidence, limits):
        return None
    because = (
        f"at {evidence.number('end_level'):.4f} from its first point to its last: nothing was learned in "
        "this run, unless it began with a trained model; the share of positives is not known"
    )
    return Judgement(Verdict.STALLED, OPEN, because)


def _predicts_both(evidence: Evidence, limits: Limits) -> bool:
    """Whether the accuracy moved where the loss was low: that of one class for everything does not."""
    return evidence.number_or("accuracies_at_end_level", 0.0) >= limits.accuracies_of_both


def _is_below_with_unknown_share(evidence: Evidence, limits: Limits) -> bool:
    """Whether a loss ends below ln 2, and its chance level is only bounded."""
    return not evidence["share_known"] and evidence.number("end_skill") > limits.unvalidated_band


def below_from_the_start(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss that began below ln 2 and never fell: nothing was learned in this run."""
    if not _is_below_with_unknown_share(evidence, limits):
        return None
    if evidence.number("total_fall") > 0.0:
        return None
    because = f"at {evidence.number('end_level'):.4f} the loss is below ln 2 but never fell"
    return Judgement(Verdict.INCONCLUSIVE, LIKELY, f"{because}; the share of positives is not known")


def nothing_ranked(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss below ln 2, of a share that is not known, whose rows are not even ranked."""
    if not _is_below_with_unknown_share(evidence, limits):
        return None
    if not _ranks_nothing(evidence, limits) or ranks(evidence, limits):
        return None
    if _none_held_back(evidence, limits) or _fell_back(evidence, limits):
        return None
    because = (
        f"the loss fell to {evidence.number('end_level'):.4f}, but the AUC says that nothing is ranked: "
        "it may be on its way to the share of positives, which is not known"
    )
    return Judgement(Verdict.SLOW if evidence["end_falling"] else Verdict.STALLED, OPEN, because)


def share_not_known(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge a loss below ln 2 whose chance level is only bounded.

    Every share of positives has a chance level of at most ln 2, so a loss *at* ln 2 is
    at or above chance whatever the share. A loss below it may be skill, or the entropy
    of imbalanced labels.
    """
    if not _is_below_with_unknown_share(evidence, limits):
        return None
    if _none_held_back(evidence, limits):
        return None
    if _fell_back(evidence, limits):
        because = "the training loss goes to zero, and the validation loss has risen back towards chance"
        return Judgement(Verdict.OVERFITTING, OPEN, because)
    return _by_predictions(evidence, limits) or _skill_or_imbalance(evidence, limits)


def _by_predictions(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge by what ranking or accuracy tell of the predictions."""
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
    return None


def _ranks_nothing(evidence: Evidence, limits: Limits) -> bool:
    """Whether not even training rows are ranked by enough to matter, of a loss that is not far below ln 2."""
    if "auc" not in evidence or evidence.number("end_skill") > limits.unranked_skill:
        return False
    areas = (evidence.number("auc"), evidence.number_or("validation_auc", 0.0))
    return max(areas) < limits.auc_with_signal


def _none_held_back(evidence: Evidence, limits: Limits) -> bool:
    """Whether the validation loss is at ln 2 or above: then it has no skill for any share of positives.

    Just below ln 2 it may carry a penalty over predictions that are right more often than one class is.
    """
    held_back = evidence.number_or("validation_skill", 1.0)
    if held_back <= 0.0:
        return True
    rows = evidence.number_or("n_validation", 1.0)
    luck = limits.error_sigmas * math.sqrt(0.25 / rows)
    right = evidence.number_or("validation_one_class_gain", 0.0) > max(limits.one_class_gap, luck)
    return held_back <= limits.chance_band and not right


def _skill_or_imbalance(evidence: Evidence, limits: Limits) -> Judgement:
    """Judge a loss below ln 2 beside which nothing tells skill from imbalanced labels."""
    level = f"{evidence.number('end_level'):.4f}"
    if evidence.number("end_level") < limits.rarest_level:
        because = f"the loss is {level}, which at chance would mean fewer positives than one in five hundred"
        return escaped_or_learning(because, LIKELY, evidence, limits)
    if evidence.number("end_flat_fraction") >= limits.flat_early and _predicts_both(evidence, limits):
        because = (
            f"flat at {level}, where the accuracy still moves: both classes are predicted, "
            "and one prediction for everything would be of one class at this loss"
        )
        return escaped_or_learning(because, LIKELY, evidence, limits)
    if evidence.number("end_flat_fraction") >= limits.flat_early and evidence.number("stand_fraction") > 0.0:
        because = (
            f"the loss stood near ln 2 before it fell to {level}: the share of positives is learned at once"
        )
        return escaped_or_learning(because, OPEN, evidence, limits)
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
    # At most this, the share being unknown; while it rises, the last point is where it is.
    held_back = min(evidence.number("validation_skill"), evidence.number("last_skill"))
    lost = evidence.number("best_validation_skill") - held_back
    return held_back < limits.clear_skill and lost > limits.fallen_back
