"""What an evaluation says of a model, by itself and beside the curves of its training.

One evaluation has no course of time: it tells whether the model has learned anything about
the rows, and never whether its training was still improving.
"""

from __future__ import annotations

import math
from typing import Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY, OPEN, Judge
from mlflow_bce_monitor.verdicts.signs import more_than_memorised, training_skill, validation_skill


def judge_evaluation(evidence: Evidence, limits: Limits) -> Judgement:
    """Return the verdict on a model by its evaluation alone.

    Parameters
    ----------
    evidence
        With the facts of ``evidence/of_evaluation.py``.
    limits
        Thresholds.
    """
    for one in _JUDGES:
        judgement = one(evidence, limits)
        if judgement is not None:
            return judgement
    return _at_chance(evidence, limits)


def not_finite_when_used(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a model that gives NaN for rows, after a training whose loss ended in a number."""
    found = _not_finite(evidence, limits)
    if found is None:
        return None
    because = f"the training loss ends in a number, yet {found.because}"
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def not_carried_over(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a training that learned, and a model that does not know the evaluated rows."""
    if not evidence["share_known"] or not _knows_nothing(evidence, limits):
        return None
    rows, skill = _rows(evidence), evidence.number("evaluated_skill")
    if "validation_skill" in evidence:
        if not validation_skill(evidence, limits):
            return None
        because = (
            f"validation skill {evidence.number('validation_skill'):.2f} in the training, and {skill:.2f} on "
            f"the {rows} evaluated rows: other rows, or the same prepared otherwise"
        )
        return Judgement(Verdict.INCONSISTENT, LIKELY, because)
    if not training_skill(evidence, limits) or not more_than_memorised(evidence, limits):
        return None
    because = (
        f"training skill {evidence.number('end_skill'):.2f}, skill {skill:.2f} on the {rows} evaluated rows"
    )
    return Judgement(Verdict.OVERFITTING, LIKELY, because)


def known_in_spite_of_the_loss(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a model that predicts rows well under a training loss that shows no skill."""
    if not _knows(evidence, limits) or evidence.number("evaluated_skill") < limits.clear_skill:
        return None
    because = (
        f"the training loss shows no skill, yet the model has skill {evidence.number('evaluated_skill'):.2f} "
        f"on the {_rows(evidence)} evaluated rows"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def _not_finite(evidence: Evidence, _: Limits) -> Judgement | None:
    share = evidence.number_or("evaluated_non_finite_outputs", 0.0)
    if share <= 0.0:
        return None
    because = f"{share:.1%} of the predictions of {_rows(evidence)} rows are NaN or infinite"
    return Judgement(Verdict.DIVERGED, CLEAR, because)


def _without_probabilities(evidence: Evidence, _: Limits) -> Judgement | None:
    if "evaluated_skill" in evidence:
        return None
    because = "the predictions are class labels; cross-entropy, skill and AUC need probabilities"
    return Judgement(Verdict.INCONCLUSIVE, CLEAR, because)


def _skilled(evidence: Evidence, limits: Limits) -> Judgement | None:
    if not _knows(evidence, limits):
        return None
    skill = evidence.number("evaluated_skill")
    because = f"skill {skill:.2f} on the {_rows(evidence)} evaluated rows"
    return Judgement(Verdict.LEARNING, CLEAR if skill > limits.clear_skill else LIKELY, because)


def _ranking(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find predictions that order the rows and are no probabilities of them, the wrong way round included."""
    area = evidence.number("evaluated_roc_auc")
    sure = limits.error_sigmas * evidence.number("evaluated_roc_auc_error")
    least = max(limits.auc_with_signal - 0.5, sure)
    if area >= 0.5 + least:
        because = (
            f"the AUC is {area:.2f}: the model ranks the rows, though its probabilities are no better than "
            f"their share of positives (mean prediction {evidence.number('evaluated_output_mean'):.2f} where "
            f"{evidence.number('evaluated_positive_share'):.2f} are positive), as after class weights"
        )
        return Judgement(Verdict.LEARNING, LIKELY if area >= limits.auc_contradiction else OPEN, because)
    if area <= 0.5 - least:
        because = (
            f"the AUC is {area:.2f}: the model ranks the rows the wrong way round, "
            "as when the classes or the columns of the predictions are swapped"
        )
        return Judgement(Verdict.INCONSISTENT, LIKELY, because)
    return None


def _far_above(evidence: Evidence, limits: Limits) -> Judgement | None:
    times = evidence.number("evaluated_cross_entropy") / math.log(2.0)
    if times <= limits.far_above:
        return None
    because = (
        f"the cross-entropy is {times:.2g} times that of predicting 0.5 for everything, "
        "and nothing is ranked: certain, wrong predictions"
    )
    return Judgement(Verdict.DIVERGED, OPEN, because)


def _too_few_rows(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Refuse to call it chance where the rows leave room for clear skill."""
    skill, error = evidence.number("evaluated_skill"), evidence.number("evaluated_skill_error")
    if skill + limits.auc_errors * error < limits.clear_skill:
        return None
    because = (
        f"skill {skill:.2f} with a standard error of {error:.2f}: {_rows(evidence)} rows are too few to tell"
    )
    return Judgement(Verdict.INCONCLUSIVE, CLEAR, because)


def _at_chance(evidence: Evidence, limits: Limits) -> Judgement:
    because = f"at chance on the {_rows(evidence)} evaluated rows: {what_it_predicts(evidence, limits)}"
    exactly = abs(evidence.number("evaluated_skill")) <= limits.chance_band
    return Judgement(Verdict.STALLED, CLEAR if exactly else LIKELY, because)


def what_it_predicts(evidence: Evidence, limits: Limits) -> str:
    """Return in a clause what a model at chance predicts."""
    mean, spread = evidence.number("evaluated_output_mean"), evidence.number("evaluated_output_sd")
    share = evidence.number("evaluated_positive_share")
    of_share = ", the share of positives" if abs(mean - share) <= limits.base_rate_distance else ""
    if spread < limits.same_prediction:
        return f"it predicts {mean:.3f} for every row{of_share}"
    if evidence.number("evaluated_near_half") >= limits.says_half:
        return "it predicts 0.5, to within 0.01, for nearly every row"
    area = evidence.number("evaluated_roc_auc")
    if of_share and spread <= limits.base_rate_distance:
        return f"its predictions stay at {mean:.3f} +- {spread:.3f}{of_share}; AUC {area:.2f}"
    return f"its predictions vary ({mean:.2f} +- {spread:.2f}) without regard to the labels; AUC {area:.2f}"


def _knows(evidence: Evidence, limits: Limits) -> bool:
    """Whether the evaluated rows are predicted better than by their share of positives, beyond luck."""
    if "evaluated_skill" not in evidence:
        return False
    margin = max(limits.chance_band, limits.error_sigmas * evidence.number("evaluated_skill_error"))
    return evidence.number("evaluated_skill") > margin


def _knows_nothing(evidence: Evidence, limits: Limits) -> bool:
    """Whether neither skill nor ranking is left, and the rows suffice to say so."""
    if "evaluated_skill" not in evidence or _knows(evidence, limits):
        return False
    return _ranking(evidence, limits) is None and _too_few_rows(evidence, limits) is None


def _rows(evidence: Evidence) -> str:
    return f"{evidence.number('evaluated_rows'):,.0f}"


_JUDGES: Final[tuple[Judge, ...]] = (
    _not_finite,
    _without_probabilities,
    _skilled,
    _ranking,
    _far_above,
    _too_few_rows,
)
