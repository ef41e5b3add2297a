"""Where no cause is settled: the changes for all that are probable, at once.

One change for the most probable cause of several is wrong as often as that cause is. Most remedies bring a
setting to its usual value, which harms nothing where it was no trouble, and several of them do not stand in
each other's way: made together they work when any of the causes is the true one. Which of them it was is
found afterwards, by taking them back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.remedies.prescriptions import prescribe
from mlflow_bce_monitor.remedies.remedy import Remedy, words_of
from mlflow_bce_monitor.remedies.values import without_conflict
from mlflow_bce_monitor.rules import BY_CODE

Value_co = TypeVar("Value_co", covariant=True)

SETTLED: Final = 0.97
"""Probability from which a cause is taken for the true one, and its change made alone."""

COVERED: Final = 0.95
"""Share of the probability of all causes with a remedy for which changes are made."""

ALONE: Final = frozenset({"too_few_rows"})
"""Causes whose changes hold a network back, and harm where they are not the true ones."""

USUAL: Final = (
    *("learning_rate_too_high", "unscaled_inputs", "zero_initialization"),
    *("over_regularization", "insufficient_capacity", "frozen_parameters"),
)
"""Causes whose changes together make a network usual in all that it can be unusual in: for an unknown one.
That of the rate makes more steps where there are few; ten times as many, unasked, would overfit."""


class Change(Protocol[Value_co]):
    """Anything that changes settings, as a remedy does."""

    @property
    def changes(self) -> Mapping[str, Value_co]:
        """Name of a setting to its new value."""
        ...


def prescribe_jointly(
    candidates: Sequence[tuple[str, float]], settings: Mapping[str, object], facts: Mapping[str, object]
) -> Remedy | None:
    """Return what to change while the cause is uncertain.

    Parameters
    ----------
    candidates
        Causes and their probabilities, the most probable first; ``unknown`` among them.
    settings, facts
        As :func:`~mlflow_bce_monitor.remedies.prescribe` takes them.

    Returns
    -------
    Remedy or None
        The change for the first cause alone where that is settled, or is one whose changes harm others;
        else those for all that are probable, and of two values for one setting that of the more probable
        cause. None where no setting can help.
    """
    if not candidates:
        return None
    if is_made_alone(candidates):
        return next(iter(prescribe(candidates[0][0], settings, facts)), None)
    joined = join(candidates, lambda cause: prescribe(cause, settings, facts))
    if joined is None:
        return None
    known = {name: value for name, value in settings.items() if value is not None}
    words = words_of(BY_CODE[joined.causes[0]].advice, joined.changes, known)
    return Remedy(joined.causes[0], joined.changes, words)


def is_made_alone(candidates: Sequence[tuple[str, float]]) -> bool:
    """Whether the change for the first cause is made without those for the others; see :data:`SETTLED`."""
    first, probability = candidates[0]
    return probability >= SETTLED or first in ALONE


@dataclass(frozen=True)
class Joined(Generic[Value_co]):
    """Changes made at once: the causes they are for, the most probable first, and settings to values."""

    causes: tuple[str, ...]
    changes: dict[str, Value_co]


def join(
    candidates: Sequence[tuple[str, float]], prescribe_one: Callable[[str], Sequence[Change[Value_co]]]
) -> Joined[Value_co] | None:
    """Return the first changes of all causes that are probable, put together; None without any.

    Parameters
    ----------
    candidates
        Causes and their probabilities, the most probable first.
    prescribe_one
        Cause to what can be changed for it, the best change first.
    """
    named = [(cause, share) for cause, share in candidates if cause not in ALONE and _ways(cause)]
    missing = COVERED * sum(share for _, share in named)
    causes: list[str] = []
    changes: dict[str, Value_co] = {}
    for cause, share in named:
        if missing <= 0:
            break
        missing -= share
        for way in _ways(cause):
            for one in prescribe_one(way)[:1]:
                causes.append(way)
                changes |= {name: value for name, value in one.changes.items() if name not in changes}
    return Joined(tuple(dict.fromkeys(causes)), without_conflict(changes)) if changes else None


def _ways(cause: str) -> tuple[str, ...]:
    """Return the causes whose remedies are made for one."""
    if cause == UNKNOWN:
        return USUAL
    return (cause,) if prescribe(cause, {}, {}) else ()
