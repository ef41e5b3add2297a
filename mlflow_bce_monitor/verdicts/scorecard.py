"""Facts -> a probability for each verdict: points that are added up, fact by fact.

A scorecard is what lenders call an additive model whose terms are step functions: each fact (a
*characteristic*) has bins, each bin has points, and the sum decides (Siddiqi 2006, "Credit Risk
Scorecards"). Here the points are nats of log odds, so

    P(verdict | facts) is proportional to exp(base + sum of the points of the facts' bins).

Whoever reads it sees what each fact adds, and nothing else is in it. ``scorecard.json`` holds what
``python -m benchmarks.scorecard`` fitted on the fault zoo's blocks for fitting.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.evidence.fact import Evidence

SCORECARD_FILE: Final = "scorecard.json"

Points = tuple[float, ...]
"""What one bin adds to each verdict's log odds, nats, in the scorecard's order of verdicts."""


@dataclass(frozen=True)
class Characteristic:
    """What one fact adds.

    Attributes
    ----------
    fact
        Its name.
    lowest, highest
        Range of the fact in the runs that were fitted on.
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

    def points(self, number: float) -> Points:
        """Return what a value of the fact adds; NaN stands for one that is not known."""
        return self.unknown if math.isnan(number) else self.bins[bisect_left(self.cuts, number)]

    def covers(self, number: float) -> bool:
        """Whether the value lies where some run was that was fitted on; NaN does."""
        return not (number < self.lowest or number > self.highest)


@dataclass(frozen=True)
class Scorecard:
    """An additive model of the verdicts.

    Attributes
    ----------
    verdicts
        What it tells apart.
    base
        Log odds of each before any fact is known, nats.
    characteristics
        The facts it looks at, each with its points.
    """

    verdicts: tuple[Verdict, ...]
    base: Points
    characteristics: tuple[Characteristic, ...]

    def score(self, evidence: Evidence) -> Scored | None:
        """Return what it says of a run; None where some fact lies outside of what was fitted on."""
        numbers = [evidence.number_or(one.fact, math.nan) for one in self.characteristics]
        told = list(zip(self.characteristics, numbers, strict=True))
        if not all(one.covers(number) for one, number in told):
            return None
        added = [one.points(number) for one, number in told]
        log_odds = [sum(column) for column in zip(self.base, *added, strict=True)]
        return Scored(dict(zip(self.verdicts, log_odds, strict=True)), self, tuple(added))


@dataclass(frozen=True)
class Scored:
    """What a scorecard says of one run.

    Attributes
    ----------
    log_odds
        Of each verdict, nats, up to a constant.
    scorecard
        Whose it is.
    added
        Points of each characteristic, in the scorecard's order.
    """

    log_odds: Mapping[Verdict, float]
    scorecard: Scorecard
    added: tuple[Points, ...]

    @property
    def likeliest(self) -> Verdict:
        """The verdict with the highest sum."""
        return max(self.log_odds.items(), key=itemgetter(1))[0]

    def probability(self, verdict: Verdict) -> float:
        """Return the probability of one verdict among those that the scorecard tells apart."""
        highest = max(self.log_odds.values())
        whole = sum(math.exp(one - highest) for one in self.log_odds.values())
        return math.exp(self.log_odds[verdict] - highest) / whole

    def grounds(self, this: Verdict, rather_than: Verdict) -> tuple[str, ...]:
        """Return the facts that speak for one verdict against another, strongest first."""
        order = self.scorecard.verdicts
        first, second = order.index(this), order.index(rather_than)
        facts = (one.fact for one in self.scorecard.characteristics)
        gains = [
            (points[first] - points[second], fact) for fact, points in zip(facts, self.added, strict=True)
        ]
        return tuple(fact for gain, fact in sorted(gains, reverse=True) if gain > 0.0)


def read_scorecard(text: str) -> Scorecard:
    """Return the scorecard in a JSON text, as :data:`SCORECARD_FILE` holds it."""
    stored = json.loads(text)
    return Scorecard(
        verdicts=tuple(Verdict(word) for word in stored["verdicts"]),
        base=tuple(stored["base"]),
        characteristics=tuple(_characteristic(fact, one) for fact, one in stored["characteristics"].items()),
    )


def _characteristic(fact: str, stored: Mapping[str, Any]) -> Characteristic:
    bins: Sequence[Sequence[float]] = stored["bins"]
    lowest, highest = stored["range"]
    return Characteristic(
        fact, lowest, highest, tuple(stored["cuts"]), tuple(map(tuple, bins)), tuple(stored["unknown"])
    )


FITTED: Final = read_scorecard(Path(__file__).with_name(SCORECARD_FILE).read_text(encoding="utf-8"))
"""What the package was shipped with."""
