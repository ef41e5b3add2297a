"""The probabilities of the causes after the answer of a rerun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.information import expected_information
from mlflow_bce_monitor.verifying.experiments import Kind

_TELLING: Final = 2.0
"""Ratio by which an answer must favour a cause over the average to be named among its reasons."""


def chance_of_yes(kind: Kind, cause: str) -> float:
    """Return the probability that an experiment answers yes if this is the cause."""
    return kind.yes.get(cause, kind.otherwise)


def expected_gain(kind: Kind, causes: Sequence[RankedCause]) -> float:
    """Return the nats that an experiment is expected to take off the uncertainty about the cause."""
    return expected_information(
        [one.probability for one in causes], [chance_of_yes(kind, one.cause) for one in causes]
    )


def updated(causes: Sequence[RankedCause], kind: Kind, clause: str, *, yes: bool) -> tuple[RankedCause, ...]:
    """Return the causes by Bayes' rule after an answer, most probable first.

    Parameters
    ----------
    causes
        As they were; a cause that was ruled out before is not among them and stays out.
    kind
        The experiment.
    clause
        Its answer in words, which becomes a reason of the causes that it favours.
    yes
        Its answer.
    """
    likelihoods = [_likelihood(kind, one.cause, yes=yes) for one in causes]
    total = sum(one.probability * likelihood for one, likelihood in zip(causes, likelihoods, strict=True))
    if total <= 0.0:
        return tuple(causes)
    after = [
        replace(
            one,
            probability=one.probability * likelihood / total,
            because=_because(one, clause) if likelihood >= _TELLING * total else one.because,
        )
        for one, likelihood in zip(causes, likelihoods, strict=True)
    ]
    return tuple(sorted(after, key=lambda one: (-one.probability, one.cause)))


def at_least(
    causes: Sequence[RankedCause], cause: str, probability: float, clause: str
) -> tuple[RankedCause, ...]:
    """Return the causes with one of them raised to a probability, at the expense of all others alike.

    Parameters
    ----------
    causes
        As they were; a cause that is not among them was ruled out, and stays out.
    cause, probability
        Which, and to what; nothing changes where it is that probable already.
    clause
        Why, which becomes a reason of it; "" for none.
    """
    present = next((one.probability for one in causes if one.cause == cause), None)
    if present is None or present >= probability:
        return tuple(causes)
    others = (1.0 - probability) / (1.0 - present)
    after = [
        replace(one, probability=probability, because=_because(one, clause) if clause else one.because)
        if one.cause == cause
        else replace(one, probability=one.probability * others)
        for one in causes
    ]
    return tuple(sorted(after, key=lambda one: (-one.probability, one.cause)))


def _likelihood(kind: Kind, cause: str, *, yes: bool) -> float:
    chance = chance_of_yes(kind, cause)
    return chance if yes else 1.0 - chance


def _because(cause: RankedCause, clause: str) -> str:
    return clause if not cause.because else f"{clause}; {cause.because}"
