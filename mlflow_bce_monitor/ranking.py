"""evidence + rules -> causes: a probability for each cause, ``unknown`` included.

Each rule's weight is a log likelihood ratio against trouble of unknown cause, as fitted on
real trainings (``calibration.py``), so

    P(cause | evidence) is proportional to prior(cause) * exp(weight),
    P(unknown | evidence) is proportional to prior(unknown) + the priors of the rules
    that could not be assessed.

A rule that lacks a fact does not drop out: its prior stays with ``unknown``, so that
knowing less makes the answer less sure instead of differently sure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mlflow_bce_monitor.calibration import FITTED, Calibration
from mlflow_bce_monitor.contract import EXPLAINED, UNKNOWN, Verdict
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pooling import unknown_mass
from mlflow_bce_monitor.rules.no_number import LEAVES_NUMBERS, by_inputs, never_a_number
from mlflow_bce_monitor.rules.probed import OBSERVATIONS, by_probes
from mlflow_bce_monitor.rules.rule import NotAssessed, Outcome, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh

SETTLED: Final = 0.9
"""Probability above which a cause needs no measurement to confirm it."""

PROBED_CAUSES: Final = frozenset(cause for one in OBSERVATIONS for cause in one.weights)
"""Causes that some probe says something about."""

UNKNOWN_ADVICE: Final = "Log more: see what is missing."


def consult(evidence: Evidence, rules: Sequence[Rule], limits: Limits) -> dict[str, Outcome]:
    """Ask every rule; the engine alone says what is not assessed, and which facts are missing."""
    if never_a_number(evidence):
        return {rule.code: _of_no_number(rule, evidence, limits) for rule in rules}
    return {rule.code: _asked(rule.needs, rule.assess, evidence, limits) for rule in rules}


def _asked(
    needs: tuple[str, ...],
    assess: Callable[[Evidence, Limits], Outcome],
    evidence: Evidence,
    limits: Limits,
) -> Outcome:
    if evidence.has_all(needs):
        return assess(evidence, limits)
    return NotAssessed(tuple(name for name in needs if name not in evidence))


def _of_no_number(rule: Rule, evidence: Evidence, limits: Limits) -> Outcome:
    broken = by_inputs(evidence)
    if rule.no_number is None or broken is not None:
        return broken or LEAVES_NUMBERS
    said = _asked(rule.no_number.needs, rule.no_number.assess, evidence, limits)
    probed = tuple(by_probes(rule.code, evidence, limits))
    if isinstance(said, RuledOut) or not probed:
        return said
    return weigh(*(said.pieces if isinstance(said, Supported) else ()), *probed)


def consult_probes(evidence: Evidence, rules: Sequence[Rule], limits: Limits) -> dict[str, Outcome]:
    """Ask the rules that probes say something about for what those say alone, where no curve tells more."""
    return {
        rule.code: weigh(*by_probes(rule.code, evidence, limits))
        for rule in rules
        if rule.code in PROBED_CAUSES
    }


def rank(
    verdict: Verdict,
    outcomes: Mapping[str, Outcome],
    rules: Sequence[Rule],
    calibration: Calibration = FITTED,
    most: float = 1.0,
) -> tuple[RankedCause, ...]:
    """Return the causes with their probabilities, most probable first.

    The probabilities hold if the verdict does.

    Parameters
    ----------
    verdict
        Only verdicts that can be explained have causes; () for the others.
    outcomes
        What each rule said, by code, weighed by the calibration.
    most
        Largest probability of a named cause, in (0, 1]; what the causes lose by it goes to ``unknown``.

    Returns
    -------
    tuple of RankedCause
        Probabilities add up to 1. Ruled-out causes and those that could not be
        assessed are not listed; the latter's share is in ``unknown``.
    """
    if verdict not in EXPLAINED:
        return ()
    asked = [rule for rule in rules if verdict is not Verdict.BENIGN or rule.normal]
    unknown = unknown_mass(outcomes, asked, calibration)
    masses: dict[str, float] = {}
    for rule in asked:
        outcome = outcomes[rule.code]
        if isinstance(outcome, Supported):
            masses[rule.code] = calibration.prior(rule) * math.exp(outcome.weight)
    # A larger total takes from all named causes alike, and leaves it to unknown.
    total = max(unknown + sum(masses.values()), max(masses.values(), default=0.0) / most)
    by_code = {rule.code: rule for rule in rules}
    ranked = [
        RankedCause(code, mass / total, _because(outcomes[code]), by_code[code].advice)
        for code, mass in masses.items()
    ]
    left = 1.0 - sum(cause.probability for cause in ranked)
    ranked.append(
        RankedCause(UNKNOWN, left, "what the rules do not cover or could not assess", UNKNOWN_ADVICE)
    )
    return tuple(sorted(ranked, key=lambda cause: (-cause.probability, cause.cause)))


def _because(outcome: Outcome) -> str:
    return outcome.because if isinstance(outcome, (Supported, RuledOut)) else ""
