"""Facts -> a probability for each answer: points that are added up, fact by fact.

A scorecard is what lenders call an additive model whose terms are step functions: each fact (a
*characteristic*) has bins, each bin has points, and the sum decides (Siddiqi 2006, "Credit Risk
Scorecards"). Here the points are nats of log odds, so

    P(answer | facts) is proportional to exp(base + sum of the points of the facts' bins).

Whoever reads it sees what each fact adds, and nothing else is in it.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.arrays import FloatArray
from mlflow_bce_monitor.evidence.fact import Evidence

Points = tuple[float, ...]
"""What one bin adds to each answer's log odds, nats, in the scorecard's order of answers."""


@dataclass(frozen=True)
class Characteristic:
    """What one fact adds.

    Attributes
    ----------
    fact
        Its name.
    lowest, highest
        Range of the fact in the runs that were fitted on; beyond it the outermost bins go on.
    cuts
        Where one bin ends and the next begins, rising; a number on a cut belongs to the lower bin.
    bins
        Points of each bin, one more than there are cuts.
    unknown
        Points where the fact is not known.
    """

    fact: str
    lowest: float
    highest: float
    cuts: tuple[float, ...]
    bins: tuple[Points, ...]
    unknown: Points

    def row(self, number: float) -> int:
        """Return which row of :attr:`rows` a value of the fact has; NaN stands for one that is not known."""
        return 0 if math.isnan(number) else 1 + bisect_left(self.cuts, number)

    @property
    def rows(self) -> tuple[Points, ...]:
        """All points: where the fact is not known, then bin by bin."""
        return (self.unknown, *self.bins)

    def covers(self, number: float) -> bool:
        """Whether the value lies where some run was that was fitted on; NaN does."""
        return not (number < self.lowest or number > self.highest)


@dataclass(frozen=True)
class Scorecard:
    """An additive model of some answers.

    Attributes
    ----------
    answers
        What it tells apart.
    base
        Log odds of each before any fact is known, nats.
    characteristics
        The facts it looks at, each with its points.
    """

    answers: tuple[str, ...]
    base: Points
    characteristics: tuple[Characteristic, ...]

    def base_of(self, answer: str) -> float:
        """Return the log odds of one answer before any fact is known, nats."""
        return self.base[self.answers.index(answer)]

    def covers(self, evidence: Evidence) -> bool:
        """Whether every fact lies where some run was that was fitted on."""
        return all(one.covers(evidence.number_or(one.fact, math.nan)) for one in self.characteristics)

    def score(self, evidence: Evidence) -> Scored:
        """Return what it says of a run."""
        return Scored(self, self._table[list(self._rows_of(evidence))])

    def _rows_of(self, evidence: Evidence) -> Iterator[int]:
        start = 0
        for one in self.characteristics:
            yield start + one.row(evidence.number_or(one.fact, math.nan))
            start += len(one.bins) + 1

    @cached_property
    def _table(self) -> FloatArray:
        """Shape (n_rows, n_answers): the rows of all characteristics, one below the other."""
        rows = [points for one in self.characteristics for points in one.rows]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.answers))


@dataclass(frozen=True, eq=False)
class Scored:
    """What a scorecard says of one run.

    Attributes
    ----------
    scorecard
        Whose it is.
    added
        Shape (n_characteristics, n_answers): points of each, nats.
    """

    scorecard: Scorecard
    added: FloatArray

    @cached_property
    def log_odds(self) -> Mapping[str, float]:
        """Log odds of each answer, nats, up to a constant."""
        sums = self.added.sum(axis=0) + self.scorecard.base
        return dict(zip(self.scorecard.answers, sums.tolist(), strict=True))

    @property
    def likeliest(self) -> str:
        """The answer with the highest sum."""
        return max(self.log_odds, key=self.log_odds.__getitem__)

    def probability(self, answer: str) -> float:
        """Return the probability of one answer among those that the scorecard tells apart."""
        highest = max(self.log_odds.values())
        whole = sum(math.exp(one - highest) for one in self.log_odds.values())
        return math.exp(self.log_odds[answer] - highest) / whole

    def against(self, these: Sequence[str], other: str) -> FloatArray:
        """Return shape (n_these, n_characteristics): what each fact says for these against another, nats."""
        order = self.scorecard.answers
        gains: FloatArray = self.added.T[list(map(order.index, these))] - self.added[:, order.index(other)]
        return gains

    def grounds(self, this: str, rather_than: str) -> tuple[str, ...]:
        """Return the facts that speak for one answer against another, strongest first."""
        (gains,) = self.against((this,), rather_than)
        strongest: npt.NDArray[np.intp] = np.argsort(-gains, kind="stable")
        return tuple(self.scorecard.characteristics[at].fact for at in strongest if gains[at] > 0.0)


def read_scorecard(text: str) -> Scorecard:
    """Return the scorecard in a JSON text: of each fact only the answers that it tells something about."""
    stored = json.loads(text)
    answers = tuple(stored["answers"])
    return Scorecard(
        answers=answers,
        base=tuple(stored["base"]),
        characteristics=tuple(
            _characteristic(fact, one, answers) for fact, one in stored["characteristics"].items()
        ),
    )


def _characteristic(fact: str, stored: Mapping[str, Any], answers: Sequence[str]) -> Characteristic:
    """Return a characteristic; stored are, by answer, the points of its rows."""
    lowest, highest = stored["range"]
    silent = [0.0] * (len(stored["cuts"]) + 2)
    unknown, *bins = zip(*(stored["points"].get(answer, silent) for answer in answers), strict=True)
    return Characteristic(fact, lowest, highest, tuple(stored["cuts"]), tuple(bins), unknown)
