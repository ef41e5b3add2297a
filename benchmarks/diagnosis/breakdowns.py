"""The verdicts' scores taken apart: by how sure they were, and by what the runs had logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.diagnosis.cases import AUC, SHARE, VALIDATION_LOSS, Case
from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.verdict_scores import score_verdicts


@dataclass(frozen=True)
class ConfidenceScore:
    """Verdicts of one stated confidence, and how many of them are right."""

    stated: float
    right: Share


@dataclass(frozen=True)
class LoggedScore:
    """Verdicts on the runs that logged something, or did not.

    Attributes
    ----------
    logged
        What is told apart, in words.
    right, stalls, false_alarms
        As in :class:`benchmarks.diagnosis.verdict_scores.VerdictScores`.
    macro_f1
        Over the verdicts that are true of some of these runs.
    """

    logged: str
    right: Share
    macro_f1: float
    stalls: Share
    false_alarms: Share


WHAT: Final = (
    ("share of positives known", SHARE, True),
    ("share of positives not known", SHARE, False),
    ("validation loss logged", VALIDATION_LOSS, True),
    ("no validation loss", VALIDATION_LOSS, False),
    ("AUC logged", AUC, True),
    ("no AUC", AUC, False),
)
"""Row, what is looked for among what was logged, and whether it has to be there."""

ALL_THREE: Final = "all three of them"


def by_confidence(cases: Sequence[Case]) -> tuple[ConfidenceScore, ...]:
    """Return one row for each confidence that was stated, the lowest first."""
    stated = sorted({case.confidence for case in cases})
    return tuple(
        ConfidenceScore(
            one, share([case for case in cases if case.confidence == one], lambda case: case.is_right)
        )
        for one in stated
    )


def by_what_was_logged(cases: Sequence[Case]) -> tuple[LoggedScore, ...]:
    """Return one row for each thing that some runs logged and others did not, and one for all of them."""
    rows = [
        _logged_score(name, [case for case in cases if (what in case.logged) is there])
        for name, what, there in WHAT
    ]
    everything = {SHARE, VALIDATION_LOSS, AUC}
    rows.append(_logged_score(ALL_THREE, [case for case in cases if everything <= case.logged]))
    return tuple(rows)


def _logged_score(name: str, cases: Sequence[Case]) -> LoggedScore:
    scores = score_verdicts(cases)
    return LoggedScore(name, scores.right, scores.macro_f1, scores.stalls.found, scores.false_alarms.wrong)
