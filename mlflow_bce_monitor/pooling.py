"""Two opinions on the causes made one: that of the rules, and that of all facts taken together.

Rules look at what their authors thought of. Beside them stands a scorecard that adds up what every fact
says about each cause (``scorecards/``). The probabilities of the pool are proportional to the product of both
opinions, each to the power of :data:`POOLED`: a logarithmic opinion pool (Genest and Zidek 1986,
doi:10.1214/ss/1177013825). Either opinion is a sum of log odds, so the pool is one, too, and reads as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from mlflow_bce_monitor.calibration import FITTED, LEAST_SHOWN, Calibration
from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.observations.question import Seen
from mlflow_bce_monitor.rules.no_number import never_a_number
from mlflow_bce_monitor.rules.rule import NotAssessed, Outcome, Piece, Rule, Supported
from mlflow_bce_monitor.rules.weighing import weigh
from mlflow_bce_monitor.scorecards import OF_OTHER_KINDS, Scored
from mlflow_bce_monitor.scorecards.words import worded

POOLED: Final = 0.65
"""Power of either opinion. Two that had nothing in common would have 1, two that are the same one 0.5; with
this one, stated probabilities hold on blocks that neither had seen (`python -m benchmarks.calibration`)."""

TOGETHER: Final = "taken_together"
"""Key of what facts add that are too weak for a clause each, and of what the priors have less in the pool."""


def unknown_mass(outcomes: Mapping[str, Outcome], rules: Sequence[Rule], calibration: Calibration) -> float:
    """Return the prior weight of what no rule covers or could be assessed."""
    asked_in_vain = (rule for rule in rules if isinstance(outcomes[rule.code], NotAssessed))
    return calibration.unknown + sum(map(calibration.prior, asked_in_vain))


def is_fitted_on(evidence: Evidence) -> bool:
    """Whether the scorecard has an opinion on runs of this kind.

    It has none on preference pairs, adversarial games and boosted trees, nor on what never was a number.
    """
    return not (never_a_number(evidence) or any(evidence.get(kind, False) for kind in OF_OTHER_KINDS))


def pooled(
    outcomes: Mapping[str, Outcome],
    scored: Scored,
    evidence: Evidence,
    seen: Sequence[Seen],
    rules: Sequence[Rule],
    calibration: Calibration = FITTED,
) -> dict[str, Outcome]:
    """Return what the rules said with what the scorecard adds, so that the ranking is that of the pool.

    Parameters
    ----------
    outcomes
        What each rule said, by code, weighed by the calibration. What was ruled out or not assessed stays so,
        and a cause that the scorecard does not know keeps its own weight.
    scored
        What the scorecard says of the causes, ``unknown`` among them.
    evidence
        What it looked at.
    seen
        The shared observations: what the scorecard makes of a fact is said as they say it.
    rules, calibration
        As for the ranking.
    """
    told = {
        rule.code: said
        for rule in rules
        if rule.code in scored.scorecard.answers and isinstance(said := outcomes[rule.code], Supported)
    }
    log_unknown = math.log(unknown_mass(outcomes, rules, calibration))
    # The ranking multiplies by the prior over that of the unknown, where the pool has a power of it.
    kept = [
        (1.0 - POOLED) * (log_unknown - math.log(calibration.prior(rule)))
        for rule in rules
        if rule.code in told
    ]
    added = _added(tuple(told), scored, _Clauses(evidence, seen), kept)
    found: dict[str, Outcome] = dict(outcomes)
    for (code, said), more in zip(told.items(), added, strict=True):
        own = [Piece(key, POOLED * weight, clause) for key, weight, clause in said.pieces]
        found[code] = weigh(*own, *more)
    return found


class _Clauses(dict[str, str]):
    """Facts in words, each put into words when it is asked for."""

    def __init__(self, evidence: Evidence, seen: Sequence[Seen]) -> None:
        super().__init__({one.fact: one.clause for one in seen})
        self._evidence = evidence

    def __missing__(self, fact: str) -> str:
        # That a fact is not known tells what was logged, and is no ground.
        clause = self[fact] = worded(fact, self._evidence) if fact in self._evidence else ""
        return clause


def _added(
    codes: tuple[str, ...], scored: Scored, clauses: Mapping[str, str], kept: Sequence[float]
) -> list[list[Piece]]:
    """Return what the facts add for causes against an unknown one: the strong one by one, the rest as one."""
    card = scored.scorecard
    # Shape (n_codes, n_characteristics): all causes at once, because there are as many calls as for one.
    weights = POOLED * scored.against(codes, UNKNOWN)
    tells = np.abs(weights) >= LEAST_SHOWN
    pieces: list[list[Piece]] = [[] for _ in codes]
    causes, places = (at.tolist() for at in tells.nonzero())
    for cause, place, weight in zip(causes, places, weights[tells].tolist(), strict=True):
        fact = card.characteristics[place].fact
        pieces[cause].append(Piece(fact, weight, clauses[fact]))
    for code, of_cause, row, strong, more in zip(codes, pieces, weights, tells, kept, strict=True):
        base = card.base_of(code) - card.base_of(UNKNOWN)
        of_cause.append(Piece(TOGETHER, float(row[~strong].sum()) + POOLED * base + more, ""))
    return pieces
