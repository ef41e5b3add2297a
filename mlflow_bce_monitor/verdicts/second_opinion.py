"""What the numbers say together, where one by one they leave a doubt.

The judges compare one number after the other with its limit. A run that is just beyond one of
them, while all else speaks against, is better judged by the sum: that is what the scorecard is for. It
has the last word only where it is surer of another verdict than the judge is of his.
"""

from __future__ import annotations

import math
from typing import Final

from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.verdicts.confidence import DISPUTED, LIKELY, OPEN
from mlflow_bce_monitor.verdicts.scorecard import Scorecard, Scored

NOT_FITTED_ON: Final = ("adversarial", "preference_loss", "boosted_trees", "ends_non_finite")
"""Kinds of runs, as facts, that the scorecard knows nothing about."""

WORDS: Final = {
    "auc": "training AUC",
    "common_excess": "the same above chance on both splits",
    "end_fall": "fall over the last half of the run, of chance",
    "end_flat_fraction": "share of the run on the plateau that reaches the end",
    "end_level": "level of the loss at the end",
    "end_noise": "scatter of one point at the end, of chance",
    "end_ratio": "loss at the end over that of predicting 0.5",
    "end_skill": "skill at the end",
    "end_spread": "scatter over the last half, of chance",
    "error_rate": "error rate",
    "fall_gain": "fall in the second half against the first",
    "final_skill": "skill of the last training loss",
    "fit_gap": "skill that held-back rows lack",
    "held_skill": "skill of the best stretch",
    "last_skill": "skill of the last loss",
    "movement": "range of the loss, of chance",
    "n_points": "points",
    "plateau_fraction": "share of the run on plateaus at chance",
    "stand_fraction": "share of the run near chance before it left",
    "stand_skill": "skill before it left chance",
    "total_fall": "fall since the first point, of chance",
    "training_gain": "log likelihood gained on the training labels",
    "validation_auc": "validation AUC",
    "validation_fall": "fall of the validation loss over the last half, of chance",
    "validation_gain": "log likelihood gained on the validation labels",
    "validation_skill": "validation skill",
}
"""The facts that the scorecard looks at, in words."""

SHOWN: Final = 3
"""Facts named as the grounds of another opinion: more do not fit a sentence."""


def reconsidered(judgement: Judgement, evidence: Evidence, scorecard: Scorecard) -> Judgement:
    """Return the judgement after the scorecard was asked.

    A judgement that is clear, or about what the scorecard does not tell apart, stands as it is, and so does
    one that the scorecard shares. Any other is overruled where the scorecard's odds against it are higher
    than the odds that it gives itself, and disputed where they are not.

    Parameters
    ----------
    judgement
        Of a judge who weighs curves against limits.
    evidence
        What it rests on.
    scorecard
        The other opinion.
    """
    if judgement.confidence > LIKELY or judgement.verdict not in scorecard.verdicts:
        return judgement
    if any(evidence.get(kind, False) for kind in NOT_FITTED_ON):
        return judgement
    scored = scorecard.score(evidence)
    if scored is None or scored.likeliest is judgement.verdict:
        return judgement
    against = scored.log_odds[scored.likeliest] - scored.log_odds[judgement.verdict]
    if against >= math.log(judgement.confidence / (1.0 - judgement.confidence)):
        return _overruled(judgement, scored, evidence)
    return _disputed(judgement, scored)


def _overruled(judgement: Judgement, scored: Scored, evidence: Evidence) -> Judgement:
    rather = scored.likeliest
    grounds = ", ".join(
        f"{WORDS[fact]} {evidence.number(fact):.3g}" if fact in evidence else f"{WORDS[fact]} not known"
        for fact in scored.grounds(rather, judgement.verdict)[:SHOWN]
    )
    because = (
        f"taken together the numbers say {rather} ({scored.probability(rather):.0%}: {grounds}); "
        f"one by one they would say {judgement.verdict}: {judgement.because}"
    )
    return Judgement(rather, OPEN, because, is_contested=True)


def _disputed(judgement: Judgement, scored: Scored) -> Judgement:
    rather = scored.likeliest
    because = (
        f"{judgement.because}; taken together the numbers would rather say {rather} "
        f"({scored.probability(rather):.0%})"
    )
    return Judgement(judgement.verdict, min(judgement.confidence, DISPUTED), because, is_contested=True)
