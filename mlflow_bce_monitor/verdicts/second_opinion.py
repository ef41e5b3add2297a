"""What the numbers say together, where one by one they leave a doubt.

The judges compare one number after the other with its limit. A run that is just beyond one of
them, while all else speaks against, is better judged by the sum: that is what the scorecard is for. It
has the last word only where it is surer of another verdict than the judge is of his.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.evidence.of_predictions import ABOVE_CHANCE
from mlflow_bce_monitor.scorecards import OF_OTHER_KINDS, Scorecard, Scored
from mlflow_bce_monitor.scorecards.words import worded
from mlflow_bce_monitor.verdicts.confidence import DISPUTED, LIKELY, OPEN

NOT_FITTED_ON: Final = (*OF_OTHER_KINDS, "ends_non_finite")
"""Kinds of runs, as facts, that the scorecard knows nothing about."""

SOUND: Final = (Verdict.LEARNING, Verdict.ESCAPED)
"""Verdicts on runs that nothing is wrong with."""

FALSE_ALARM: Final = 2.0
"""How many times worse it is to call a sound run slow than to pass over one that is: it goes on learning."""

SHOWN: Final = 3
"""Facts named as the grounds of another opinion: more do not fit a sentence."""


def reconsidered(judgement: Judgement, evidence: Evidence, scorecard: Scorecard) -> Judgement:
    """Return the judgement after the scorecard was asked.

    A judgement that is clear, or about what the scorecard does not tell apart, stands as it is. Any other is
    overruled where the scorecard's odds against it are higher than the odds that it gives itself, or where
    the scorecard says that the run learned and held-back rows are ranked clearly above chance, which is a
    second witness. A slow run is on its way to a sound one and easily taken for it, so that verdict is given
    up as well where the scorecard leaves so much for sound runs that a false alarm would weigh more
    (:data:`FALSE_ALARM`). What then is not the scorecard's own opinion is disputed.

    Parameters
    ----------
    judgement
        Of a judge who weighs curves against limits.
    evidence
        What it rests on.
    scorecard
        The other opinion.
    """
    if judgement.confidence > LIKELY or judgement.verdict not in scorecard.answers:
        return judgement
    if any(evidence.get(kind, False) for kind in NOT_FITTED_ON) or not scorecard.covers(evidence):
        return judgement
    scored = scorecard.score(evidence)
    is_shared = scored.likeliest == judgement.verdict
    against = scored.log_odds[scored.likeliest] - scored.log_odds[judgement.verdict]
    is_surer = against >= math.log(judgement.confidence / (1.0 - judgement.confidence))
    is_witnessed = scored.likeliest == Verdict.LEARNING and evidence.get("ranking") == ABOVE_CHANCE
    if not is_shared and (is_surer or is_witnessed):
        return _overruled(judgement, scored, evidence)
    if judgement.verdict == Verdict.SLOW:
        sound = {one: scored.probability(one) for one in SOUND if one in scored.log_odds}
        if sum(sound.values()) * (1.0 + FALSE_ALARM) >= 1.0:
            return _spared(judgement, sound, scored, evidence)
    return judgement if is_shared else _disputed(judgement, scored)


def _overruled(judgement: Judgement, scored: Scored, evidence: Evidence) -> Judgement:
    rather = Verdict(scored.likeliest)
    grounds = _grounds(rather, judgement, scored, evidence)
    because = (
        f"taken together the numbers say {rather} ({scored.probability(rather):.0%}: {grounds}); "
        f"one by one they would say {judgement.verdict}: {judgement.because}"
    )
    return Judgement(rather, OPEN, because, is_contested=True)


def _spared(
    judgement: Judgement, sound: Mapping[Verdict, float], scored: Scored, evidence: Evidence
) -> Judgement:
    rather = max(sound, key=sound.__getitem__)
    because = (
        f"taken together the numbers leave {sum(sound.values()):.0%} for a sound run "
        f"({_grounds(rather, judgement, scored, evidence)}), too much to call it slow; "
        f"one by one they would say {judgement.verdict}: {judgement.because}"
    )
    return Judgement(rather, DISPUTED, because, is_contested=True)


def _grounds(rather: Verdict, judgement: Judgement, scored: Scored, evidence: Evidence) -> str:
    return ", ".join(worded(fact, evidence) for fact in scored.grounds(rather, judgement.verdict)[:SHOWN])


def _disputed(judgement: Judgement, scored: Scored) -> Judgement:
    rather = scored.likeliest
    because = (
        f"{judgement.because}; taken together the numbers would rather say {rather} "
        f"({scored.probability(rather):.0%})"
    )
    return Judgement(judgement.verdict, min(judgement.confidence, DISPUTED), because, is_contested=True)
