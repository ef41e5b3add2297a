"""evidence -> verdict: what the run is doing, judged at its end.

The judges stand in the order in which they are asked; the first that has an answer
gives it. Each takes the evidence and returns a judgement or None. What is not clear is looked at
once more as a whole (``second_opinion.py``).

The central question is whether the loss at the end is below its chance level by more
than the model could have memorised. Held-back data decide it when they were logged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.scorecards import OF_VERDICTS, Scorecard
from mlflow_bce_monitor.verdicts.above_chance import far_above_chance, inflated, penalised, penalty_alone
from mlflow_bce_monitor.verdicts.confidence import ASSUMED_CEILING, CLEAR, Judge
from mlflow_bce_monitor.verdicts.contradictions import (
    constant_in_inference,
    contradicted,
    labels_outside_the_loss,
    loss_of_something_else,
    loss_without_predictions,
    one_class_against_the_odds,
)
from mlflow_bce_monitor.verdicts.evaluated import (
    judge_evaluation,
    known_in_spite_of_the_loss,
    not_carried_over,
    not_finite_when_used,
)
from mlflow_bce_monitor.verdicts.learned import learned, prefers, without_held_back_skill
from mlflow_bce_monitor.verdicts.near_chance import near_chance
from mlflow_bce_monitor.verdicts.normal import below_zero, normal_at_chance, not_a_number, too_few_points
from mlflow_bce_monitor.verdicts.probed import skill_without_signal
from mlflow_bce_monitor.verdicts.second_opinion import reconsidered
from mlflow_bce_monitor.verdicts.unknown_share import (
    below_from_the_start,
    never_moved,
    nothing_ranked,
    share_not_known,
)
from mlflow_bce_monitor.verdicts.unsteady import jumping, lost_at_the_end

__all__ = ["CLEAR", "JUDGES", "judge", "judge_evaluation"]

JUDGES: Final[tuple[Judge, ...]] = (
    not_a_number,
    not_finite_when_used,
    below_zero,
    labels_outside_the_loss,
    normal_at_chance,
    too_few_points,
    inflated,
    penalised,
    penalty_alone,
    far_above_chance,
    loss_of_something_else,
    loss_without_predictions,
    one_class_against_the_odds,
    constant_in_inference,
    jumping,
    never_moved,
    below_from_the_start,
    nothing_ranked,
    share_not_known,
    lost_at_the_end,
    without_held_back_skill,
    not_carried_over,
    skill_without_signal,
    learned,
    prefers,
    known_in_spite_of_the_loss,
    contradicted,
    near_chance,
)
"""In the order in which they are asked."""


WEIGHING: Final = frozenset(
    {
        *(penalty_alone, jumping, below_from_the_start, share_not_known, lost_at_the_end),
        *(without_held_back_skill, learned, near_chance),
    }
)
"""Judges who weigh a course against limits, so that a second opinion counts. What the others find is plain: a
loss that multiplied, one that never moved, numbers that contradict each other."""


def judge(evidence: Evidence, limits: Limits, scorecard: Scorecard | None = OF_VERDICTS) -> Judgement:
    """Return the verdict on one run with a recognised loss.

    Parameters
    ----------
    evidence
        As gathered; facts that are missing weaken the confidence, never raise.
    limits
        What the judges compare with.
    scorecard
        Whose opinion is heard on what is not clear; None for the judges' own.
    """
    for one in JUDGES:
        judgement = one(evidence, limits)
        if judgement is not None:
            if scorecard is not None and one in WEIGHING:
                judgement = reconsidered(judgement, evidence, scorecard)
            return _no_surer_than_the_loss(judgement, evidence)
    raise AssertionError("the last judge always answers")


def _no_surer_than_the_loss(judgement: Judgement, evidence: Evidence) -> Judgement:
    if evidence["loss_certainty"] != "assumed":
        return judgement
    because = f"{judgement.because}; that this loss is a binary cross-entropy is assumed from its name alone"
    return replace(judgement, confidence=min(judgement.confidence, ASSUMED_CEILING), because=because)
