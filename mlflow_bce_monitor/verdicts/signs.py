"""Signs of skill that several judges look at."""

from __future__ import annotations

import math

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import LIKELY


def moved(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss has moved at all, so that what it shows was learned in this run."""
    return evidence.number_or("movement", 0.0) >= limits.hardly_moves


def _fitted(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training loss fell to where it shows skill: one epoch may be all that learning takes."""
    return evidence.number("total_fall") >= limits.hardly_moves and training_skill(evidence, limits)


def ranks(evidence: Evidence, limits: Limits) -> bool:
    """Whether an AUC says that the predictions carry information, the held-back one first."""
    for name in ("validation_auc", "auc"):
        if name in evidence:
            return evidence.number(name) >= limits.auc_with_signal
    return False


def _ranks_held_back(evidence: Evidence, limits: Limits) -> bool:
    """Whether the held-back AUC exceeds one half by more than its error, as far as that is known."""
    area = evidence.number("validation_auc")
    error = evidence.number_or("validation_auc_error", 0.0)
    return area >= max(limits.auc_at_chance, 0.5 + limits.auc_errors * error)


def training_skill(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training loss is below chance by more than its own noise."""
    margin = max(limits.chance_band, limits.error_sigmas * _end_error(evidence, limits))
    return _skill_now(evidence, limits) > margin


def _skill_now(evidence: Evidence, limits: Limits) -> float:
    """Return the skill at the end, or that of the last point while points are epochs that fall for sure.

    The level of the end is a median, which lags behind a loss that falls; the last epoch's mean
    lags behind the model, too.
    """
    skill = evidence.number("end_skill")
    falls = bool(evidence["end_falling"]) and evidence.number("end_fall") > limits.slow_fall
    if not falls or evidence.number("n_points") > limits.few_points:
        return skill
    return max(skill, evidence.number("final_skill"))


def _end_error(evidence: Evidence, limits: Limits) -> float:
    """Return the standard error of the end skill; a wild beginning does not count where the end is calm."""
    points = math.ceil(evidence.number("n_points") * limits.end_fraction)
    of_end = evidence.number_or("end_noise", math.inf) / math.sqrt(max(1, points))
    return min(evidence.number("end_skill_error"), of_end)


def more_than_memorised(evidence: Evidence, limits: Limits) -> bool:
    """Whether training skill exceeds what a network memorises of labels that cannot be learned.

    It memorises a number of nats, not a share of them: with few rows, or few positives
    among them, that is a large skill.
    """
    skill = evidence.number("end_skill")
    if skill <= limits.unvalidated_band or skill > limits.memorised_skill:
        return skill > limits.unvalidated_band
    return evidence.number_or("training_gain", limits.memorised_gain) >= limits.memorised_gain


def validation_skill(evidence: Evidence, limits: Limits) -> bool:
    """Whether held-back data show skill, by size, by what it is worth over all their rows, and by ranking.

    A small skill counts when the ranking confirms it; one on too few rows to tell, when
    the training data show it as well, and so does half of what counts otherwise: a run in doubt
    is not called ill. No skill counts against a ranking at chance: where training was weighted
    or resampled, a mere shift of all predictions lowers the loss.
    """
    skill = evidence.number("validation_skill")
    if _is_explained_away(evidence, limits):
        return False
    if skill <= limits.chance_band:
        trained = evidence.number("end_skill")
        in_doubt = skill > limits.chance_band / 2 and trained > limits.chance_band
        confirmed = in_doubt or ranks(evidence, limits)
        return skill > 0 and trained - skill <= limits.unvalidated_band and confirmed
    if (
        evidence.number_or("base_rate_headroom", 0.0) > limits.chance_band
        and "validation_auc" not in evidence
    ):
        return more_than_memorised(evidence, limits)
    if evidence.number_or("validation_gain", limits.validation_gain) >= limits.validation_gain:
        return True
    return training_skill(evidence, limits)


def _is_explained_away(evidence: Evidence, limits: Limits) -> bool:
    """Whether something other than learning makes the held-back loss as low as it is."""
    if "validation_auc" in evidence and not _ranks_held_back(evidence, limits):
        return True
    hardly = evidence.number("validation_skill") < limits.clear_skill
    if hardly and not moved(evidence, limits) and not _fitted(evidence, limits):
        return True  # what the first weights happened to give is not learned
    return _may_be_of_the_share(evidence, limits)


def _may_be_of_the_share(evidence: Evidence, limits: Limits) -> bool:
    """Whether held-back rows with fewer of the rarer class would explain all of a skill that only they show.

    Of one positive in a hundred a few are missing soon, and each took a tenth of the loss with it.
    """
    if "rarer_skill" not in evidence or "validation_auc" in evidence or training_skill(evidence, limits):
        return False
    rarer = evidence.number("rarer_skill")
    beyond = evidence.number("validation_skill") - max(evidence.number("end_skill"), 0.0)
    return rarer > limits.clear_skill and beyond <= rarer


def escaped_or_learning(because: str, confidence: float, evidence: Evidence, limits: Limits) -> Judgement:
    """Tell a run that stood at chance first from one that set out at once."""
    share = evidence.number("stand_fraction")
    if not evidence["share_known"] and evidence.number_or("stand_skill", 0.0) > limits.surely_fitted:
        share = 0.0  # so far below ln 2 it stood because it had learned
    share = max(share, evidence.number("left_plateau_fraction"))
    enough = limits.escaped_preference_fraction if evidence["preference_loss"] else limits.escaped_fraction
    if share >= enough:
        return Judgement(Verdict.ESCAPED, LIKELY, f"{share:.0%} of the run stood at chance; then {because}")
    return Judgement(Verdict.LEARNING, confidence, because)
