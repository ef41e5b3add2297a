"""What to give a setting instead, from what the run gave it; each returns None where that is no trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence

_FACTOR: Final = 10.0
"""Rates are searched by factors of ten: less is lost in the noise of a seed."""

_MILD_DROPOUT: Final = 0.2
"""Share of units dropped that hardly holds a small network back (Srivastava et al. 2014 drop 0.2 of inputs)."""


def usual_rate(evidence: Evidence) -> float | None:
    """Return the usual learning rate of the run's optimizer, where the run's is lower."""
    if "rate_ratio" not in evidence or evidence.number("rate_ratio") >= 1.0:
        return None
    return evidence.number("learning_rate") / evidence.number("rate_ratio")


def lower_rate(evidence: Evidence) -> float | None:
    """Return the usual learning rate of the run's optimizer, or a tenth of the run's where it is that already."""
    rate = evidence.number("learning_rate")
    ratio = evidence.number_or("rate_ratio", 1.0)
    return rate / max(ratio, _FACTOR)


def ten_times(fact: str) -> Callable[[Evidence], int]:
    """Return a change to ten times as many."""
    return lambda evidence: int(_FACTOR * evidence.number(fact))


def hundredth(fact: str) -> Callable[[Evidence], float | None]:
    """Return a change to a hundredth of a penalty that is not zero."""
    return lambda evidence: evidence.number(fact) / _FACTOR**2 if evidence.number(fact) > 0 else None


def mild_dropout(evidence: Evidence) -> float | None:
    """Return a dropout rate that holds nothing back, where the run's is higher."""
    return _MILD_DROPOUT if evidence.number("dropout") > _MILD_DROPOUT else None
