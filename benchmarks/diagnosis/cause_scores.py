"""How often the cause is right, and whether its probability means what it says.

Over the runs in trouble whose cause is established. A run that was not reported, so that no cause
was given, is wrong everywhere except in the calibration. That is about every probability that was
stated, so a false alarm counts there as well: no cause is right for a run in no trouble.
``unknown`` is an answer of its own: never right here, because the cause is known to the zoo, but it
is no wrong cause either, so it is counted apart as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.diagnosis.calibration import Calibration, calibration
from benchmarks.diagnosis.cases import Candidate, Case
from benchmarks.diagnosis.shares import Share, share
from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN

SURE: Final = 0.8
"""Probability from which on nine in ten answers have to be right."""

PLACES: Final = 3


@dataclass(frozen=True)
class CauseRow:
    """Runs of one true cause; a run with two equally true causes stands in both rows.

    Attributes
    ----------
    top_1, top_3
        Runs with a true cause in the first place, among the first three.
    probability
        Mean probability stated for the true causes together; 0 where no cause was given.
    """

    cause: str
    top_1: Share
    top_3: Share
    probability: float


@dataclass(frozen=True)
class CauseScores:
    """Everything about the causes given for some runs in trouble.

    Attributes
    ----------
    answered
        Runs that were given causes, among all.
    abstained
        Runs with ``unknown`` in the first place, among those answered.
    top_1, top_3
        Runs with a true cause in the first place, among the first three places; of all runs.
        ``unknown`` takes a place like any other.
    top_1_when_named
        Runs with a true cause in the first place, among those with a named cause there.
    sure
        Right ones among the named causes stated first with a probability of at least ``SURE``.
    first_named
        Calibration of the most probable named cause: the headline, because "X, with 70 %" is the
        statement that somebody acts on.
    first
        Calibration of whatever stands first, ``unknown`` included: the textbook's top label.
    pairs
        Calibration of every pair of a named cause and its probability.
    unknown
        Mean probability of ``unknown`` over the runs answered, NaN without any.
    rows
        By true cause, in the contract's order.
    """

    n: int
    answered: Share
    abstained: Share
    top_1: Share
    top_3: Share
    top_1_when_named: Share
    sure: Share
    first_named: Calibration
    first: Calibration
    pairs: Calibration
    unknown: float
    rows: tuple[CauseRow, ...]


@dataclass(frozen=True)
class _Ranking:
    case: Case
    candidates: tuple[Candidate, ...]

    def right_within(self, places: int) -> bool:
        return any(self.case.accepts(candidate) for candidate in self.candidates[:places])

    def judged(self, candidate: Candidate) -> tuple[float, bool]:
        return candidate.probability, self.case.accepts(candidate)

    @property
    def first(self) -> Candidate:
        return self.candidates[0]

    @property
    def named(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if candidate.is_named)

    @property
    def unknown(self) -> float:
        return sum(candidate.probability for candidate in self.candidates if not candidate.is_named)

    @property
    def true_probability(self) -> float:
        return sum(candidate.probability for candidate in self.candidates if self.case.accepts(candidate))


def score_causes(cases: Sequence[Case], *, grouped: bool) -> CauseScores:
    """Return the scores of the causes given for those of the runs whose cause is established.

    Parameters
    ----------
    cases
        Any runs.
    grouped
        Count causes that nothing logged can separate as one answer.
    """
    rankings = [
        _Ranking(case, case.candidates(grouped=grouped)) for case in cases if case.has_established_cause
    ]
    answered = [ranking for ranking in rankings if ranking.candidates]
    named_first = [ranking for ranking in answered if ranking.first.is_named]
    sure = [ranking for ranking in named_first if ranking.first.probability >= SURE]
    stated = answered + [
        _Ranking(case, case.candidates(grouped=grouped)) for case in cases if case.learned and case.stated
    ]
    return CauseScores(
        n=len(rankings),
        answered=Share(len(answered), len(rankings)),
        abstained=Share(len(answered) - len(named_first), len(answered)),
        top_1=share(rankings, lambda ranking: ranking.right_within(1)),
        top_3=share(rankings, lambda ranking: ranking.right_within(PLACES)),
        top_1_when_named=share(named_first, lambda ranking: ranking.right_within(1)),
        sure=share(sure, lambda ranking: ranking.right_within(1)),
        first_named=calibration([ranking.judged(ranking.named[0]) for ranking in stated if ranking.named]),
        first=calibration([ranking.judged(ranking.first) for ranking in stated]),
        pairs=calibration([ranking.judged(candidate) for ranking in stated for candidate in ranking.named]),
        unknown=_mean([ranking.unknown for ranking in answered]),
        rows=_rows(rankings),
    )


def _rows(rankings: Sequence[_Ranking]) -> tuple[CauseRow, ...]:
    rows = []
    for cause in CAUSES:
        members = [ranking for ranking in rankings if cause in ranking.case.causes]
        if members and cause not in {UNKNOWN, NO_CAUSE}:
            rows.append(
                CauseRow(
                    cause,
                    top_1=share(members, lambda ranking: ranking.right_within(1)),
                    top_3=share(members, lambda ranking: ranking.right_within(PLACES)),
                    probability=_mean([ranking.true_probability for ranking in members]),
                )
            )
    return tuple(rows)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
