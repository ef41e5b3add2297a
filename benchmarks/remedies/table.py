"""What the trainings say: one row a cause, and the numbers that the goals are about."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.table import Table, count_of, interval, percent
from benchmarks.remedies.arms import (
    AS_IT_WAS,
    FIRST,
    IF_KNOWN,
    PRESCRIBED,
    RATE_BY_10,
    RATE_TIMES_10,
    changes_of,
)
from benchmarks.remedies.cases import TOO_FEW_ROWS, Case
from benchmarks.remedies.effects import AT_CHANCE, FEWEST, Effect, Trials, effect, effect_of, skills
from mlflow_bce_monitor.contract import Verdict

GOAL: Final = 0.85
"""Share of the stalled cases in which the prescribed change has to work."""

COMPARED: Final = (PRESCRIBED, FIRST, RATE_TIMES_10, RATE_BY_10, IF_KNOWN)


@dataclass(frozen=True)
class Tried:
    """One case with what each arm did to it.

    Attributes
    ----------
    effects
        Arm to effect; None where the arm prescribes nothing, which counts as not working. What would be done
        by someone who knows the cause is absent where it was not trained.
    left_by_itself
        Whether the run as it was, from other seeds, leaves chance.
    """

    case: Case
    effects: dict[str, Effect | None]
    left_by_itself: bool

    def works(self, arm: str) -> bool:
        """Whether an arm prescribes something that works."""
        found = self.effects.get(arm)
        return found is not None and found.works


def tried(cases: Sequence[Case], trials: Trials) -> list[Tried]:
    """Return every case with the effects of all arms.

    Raises
    ------
    ValueError
        When trainings are missing.
    """
    return [
        Tried(
            case,
            {arm: effect_of(case, arm, trials) for arm in COMPARED if _is_trained(case, arm, trials)},
            _leaves_chance(skills(case, {}, trials)),
        )
        for case in cases
    ]


def _leaves_chance(repetitions: Sequence[float]) -> bool:
    return effect(repetitions, repetitions).after >= AT_CHANCE


def repairable(every: Sequence[Tried]) -> list[Tried]:
    """Return the cases that the goal is about: they did not learn, and some setting can help."""
    return [one for one in every if one.case.repairable and one.case.cause != TOO_FEW_ROWS]


def by_cause(every: Sequence[Tried]) -> Table:
    """Return one row for each true cause, then the totals."""
    counted = repairable(every)
    groups: list[tuple[str, list[Tried]]] = [
        (f"`{cause}`", [one for one in counted if one.case.cause == cause])
        for cause in sorted({one.case.cause for one in counted})
    ]
    stalled = [one for one in counted if one.case.verdict == Verdict.STALLED.value]
    groups += [("**all**", counted), ("of these, `stalled`", stalled)]
    few = [one for one in every if one.case.repairable and one.case.cause == TOO_FEW_ROWS]
    groups += [(f"`{TOO_FEW_ROWS}` (overfitting, not counted)", few)] if few else []
    columns = (
        "true cause",
        "cases",
        "cause named rightly",
        "prescribed change works",
        "95 % interval",
        "change for the first cause alone",
        "learning rate x 10",
        "learning rate / 10",
        "nothing, other seeds",
        "change for the true cause",
        "median gain in skill",
    )
    return Table(
        "Does the prescribed change work?", columns, tuple(_row(title, group) for title, group in groups)
    )


def _row(title: str, group: Sequence[Tried]) -> tuple[str, ...]:
    prescribed = works(group, PRESCRIBED)
    named = share(group, lambda one: one.case.is_named_rightly)
    return (
        title,
        str(len(group)),
        count_of(named),
        f"{count_of(prescribed)} ({percent(prescribed.value)})",
        interval(prescribed),
        count_of(works(group, FIRST)),
        count_of(works(group, RATE_TIMES_10)),
        count_of(works(group, RATE_BY_10)),
        count_of(share(group, lambda one: one.left_by_itself)),
        count_of(works(group, IF_KNOWN)),
        _median_gain(group, PRESCRIBED),
    )


def works(group: Sequence[Tried], arm: str) -> Share:
    """Return in how many cases an arm works, of those in which it was trained or prescribes nothing."""
    return share([one for one in group if arm in one.effects], lambda one: one.works(arm))


def _median_gain(group: Sequence[Tried], arm: str) -> str:
    gains = [0.0 if found is None else found.gain for one in group for found in [one.effects[arm]]]
    return f"{median(gains):.2f}" if gains else "-"


def beyond(every: Sequence[Tried]) -> Table:
    """Return what is said of the cases that no setting can help."""
    counted = [one for one in every if not one.case.repairable]
    rows = tuple(
        (
            f"`{cause}`",
            str(len(group)),
            _cell(group, lambda one: not one.case.jointly),
            _cell(group, lambda one: one.works(PRESCRIBED)),
            _cell(group, lambda one: one.works(RATE_TIMES_10) or one.works(RATE_BY_10)),
        )
        for cause in sorted({one.case.cause for one in counted})
        for group in [[one for one in counted if one.case.cause == cause]]
    )
    columns = (
        "true cause",
        "cases",
        "no remedy is prescribed",
        "the trial of the prescribed one claims that it works",
        "that of either rate does",
    )
    return Table("Where no setting can help", columns, rows)


def _cell(group: Sequence[Tried], holds: Callable[[Tried], bool]) -> str:
    return count_of(share(group, holds))


def of_remedy(every: Sequence[Tried], cause: str) -> tuple[Share, float, Share]:
    """Return how a cause's remedy did: where it was prescribed, its median gain there, and where it was due.

    Returns
    -------
    tuple of Share, float, Share
        Of the repairable cases that were given it; NaN without any; of those whose true cause it is.
    """
    counted = [one for one in every if one.case.repairable]
    given = [one for one in counted if one.case.named == cause and one.case.prescribed]
    gains = [found.gain for one in given for found in [one.effects[FIRST]] if found is not None]
    due = [one for one in counted if one.case.cause == cause]
    return works(given, FIRST), median(gains) if gains else math.nan, works(due, IF_KNOWN)


def missing_arms(case: Case, trials: Trials) -> list[str]:
    """Return the arms of a case that were not trained and that it cannot be counted without."""
    return [
        arm
        for arm in (AS_IT_WAS, PRESCRIBED, FIRST, RATE_TIMES_10, RATE_BY_10)
        if not _is_trained(case, arm, trials)
    ]


def _is_trained(case: Case, arm: str, trials: Trials) -> bool:
    changes = changes_of(case, arm)
    return changes is None or len(skills(case, changes, trials)) >= FEWEST
