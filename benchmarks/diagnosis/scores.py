"""All scores of some runs, from the runs, their truths and their diagnoses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.diagnosis.breakdowns import (
    ConfidenceScore,
    LoggedScore,
    by_confidence,
    by_what_was_logged,
)
from benchmarks.diagnosis.cases import Case, cases_of
from benchmarks.diagnosis.cause_scores import CauseScores, score_causes
from benchmarks.diagnosis.verdict_scores import VerdictScores, score_verdicts
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.truth import Truth

FEW_POINTS: Final = 10
"""Points of the training loss up to which a run is short."""


@dataclass(frozen=True)
class Scores:
    """How good the diagnoses of some runs are.

    Attributes
    ----------
    verdicts, short_verdicts
        Of all runs, and of those of at most ``FEW_POINTS`` points.
    causes
        Causes that nothing logged can separate count as one answer.
    exact_causes
        Every word counts for itself.
    by_confidence, by_what_was_logged
        The verdicts once more, taken apart.
    """

    verdicts: VerdictScores
    short_verdicts: VerdictScores
    causes: CauseScores
    exact_causes: CauseScores
    by_confidence: tuple[ConfidenceScore, ...]
    by_what_was_logged: tuple[LoggedScore, ...]


def measure(pairs: Sequence[tuple[RunRecord, Truth]], diagnoses: Sequence[Diagnosis]) -> Scores:
    """Return the scores of some runs' diagnoses.

    Parameters
    ----------
    pairs
        What each run logged, and what is true of it.
    diagnoses
        One a run, in the same order.

    Raises
    ------
    ValueError
        When there are not as many diagnoses as runs.
    """
    if len(pairs) != len(diagnoses):
        raise ValueError(f"every run needs one diagnosis, got {len(pairs)} runs, {len(diagnoses)} diagnoses")
    return score(cases_of(pairs, diagnoses))


def score(cases: Sequence[Case]) -> Scores:
    """Return the scores of some runs, as cases."""
    return Scores(
        verdicts=score_verdicts(cases),
        short_verdicts=score_verdicts([case for case in cases if case.n_points <= FEW_POINTS]),
        causes=score_causes(cases, grouped=True),
        exact_causes=score_causes(cases, grouped=False),
        by_confidence=by_confidence(cases),
        by_what_was_logged=by_what_was_logged(cases),
    )
