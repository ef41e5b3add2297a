"""causes -> what to measure next: the measurement that is expected to tell the most.

A measurement that decides whether it is one of some causes, which together have the probability
m, is expected to take

    H(m) = -m ln m - (1 - m) ln(1 - m)   nats

off the uncertainty about the cause (the mutual information of its yes or no with the cause;
Lindley 1956, doi:10.1214/aoms/1177728069). That is most for a coin's toss of a question, and nothing
where the answer is known. Not every measurement decides: a metric that a rule would look at
shifts the odds only, so its gain counts in part.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from mlflow_bce_monitor.calibration import FITTED, Calibration
from mlflow_bce_monitor.contract import UNKNOWN, Tier
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.evidence.catalogue import CALLBACK, CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.ranking import SETTLED
from mlflow_bce_monitor.rules.rule import NotAssessed, Outcome, Rule, Supported

DECIDES: Final = 1.0
"""Share of H(m) that a measurement brings which answers the question."""

OPENS: Final = 0.5
"""... which a rule cannot do without, and which may leave it open all the same."""

SHIFTS: Final = 0.25
"""... which a rule looks at among other things."""


_KEPT: Final = 2_048
"""Rules times sets of known facts: the runs of an experiment have the same ones."""


class _Question(NamedTuple):
    """One measurement, the probability of the causes it is about, and how much of the answer it gives."""

    measurement: str
    probability: float
    share: float


def next_measurements(
    causes: Sequence[RankedCause],
    evidence: Evidence,
    outcomes: Mapping[str, Outcome],
    rules: Sequence[Rule],
    calibration: Calibration = FITTED,
) -> tuple[str, ...]:
    """Return what to measure or log to say more, the greatest expected gain first.

    Parameters
    ----------
    causes
        As ranked; () when there is nothing to explain.
    evidence
        What is known already.
    outcomes
        What each rule said, by code.
    rules, calibration
        As for the ranking.
    """
    if not causes:
        return ()
    masses: dict[tuple[str, float], float] = defaultdict(float)
    for question in _questions(causes, evidence, outcomes, rules, calibration):
        masses[question.measurement, question.share] += question.probability
    gains: dict[str, float] = defaultdict(float)
    for (measurement, share), mass in masses.items():
        gains[measurement] += share * _entropy(mass)
    if any(fact.tier is Tier.MONITOR for fact in evidence.facts()):
        gains.pop(CALLBACK, None)  # it was there, and what it did not measure it cannot
    # sorted() keeps the order of asking where two gains are equal, so the answer is the same every time.
    return tuple(sorted(gains, key=lambda measurement: -gains[measurement]))


def advised(causes: tuple[RankedCause, ...], measurements: Sequence[str]) -> tuple[RankedCause, ...]:
    """Return the causes; an unknown one that comes first advises the measurement that would tell most."""
    if not measurements or not causes or causes[0].cause != UNKNOWN:
        return causes
    what = re.split("[:;]", measurements[0], maxsplit=1)[0]
    return (replace(causes[0], advice=f"What would tell most: {what}."), *causes[1:])


def _questions(
    causes: Sequence[RankedCause],
    evidence: Evidence,
    outcomes: Mapping[str, Outcome],
    rules: Sequence[Rule],
    calibration: Calibration,
) -> Iterator[_Question]:
    known = frozenset(evidence)
    probabilities = {ranked.cause: ranked.probability for ranked in causes}
    unknown = probabilities.get(UNKNOWN, 0.0)
    open_priors = sum(
        calibration.prior(rule) for rule in rules if isinstance(outcomes[rule.code], NotAssessed)
    )
    for rule in rules:
        outcome = outcomes[rule.code]
        if isinstance(outcome, NotAssessed):
            # Its share of what is unknown.
            probability = unknown * calibration.prior(rule) / (calibration.unknown + open_priors)
            for name in outcome.missing:
                if CATALOGUE[name].how_to_get:
                    yield _Question(CATALOGUE[name].how_to_get, probability, OPENS)
        elif isinstance(outcome, Supported):
            probability = probabilities.get(rule.code, 0.0)
            if probability < SETTLED:
                yield _Question(rule.separated_by, probability, DECIDES)
            for text in _ways_to_get_more(rule.uses, known):
                yield _Question(text, probability, SHIFTS)


@lru_cache(maxsize=_KEPT)
def _ways_to_get_more(names: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...]:
    """Return what to log for the facts that are not known, where something can be done for them."""
    return tuple(sorted({CATALOGUE[name].how_to_get for name in names if name not in known} - {""}))


def _entropy(probability: float) -> float:
    """Return H(m) in nats; 0 at 0 and 1."""
    m = min(max(probability, 0.0), 1.0)
    return -sum(part * math.log(part) for part in (m, 1.0 - m) if part > 0.0)
