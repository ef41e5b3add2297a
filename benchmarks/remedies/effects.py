"""Whether a change works: skill on rows not seen with and without it, and the interval of the gain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from benchmarks.remedies.arms import AS_IT_WAS, changes_of
from benchmarks.remedies.cases import Case
from benchmarks.remedies.trials import Measured, Trial, key_of

CONFIDENCE: Final = 0.95

AT_CHANCE: Final = 0.02
"""Skill below which nobody would call the labels explained: ``Boundaries.skill`` of the zoo's truth."""

FEWEST: Final = 2
"""Repetitions without which there is no interval."""

Trials = Mapping[Trial, Measured]


@dataclass(frozen=True)
class Effect:
    """What a change does to one case.

    Attributes
    ----------
    before, after
        Mean skill over the repetitions; what is worse than chance counts as chance, 0.
    low, high
        95 % interval of the gain ``after - before`` (Welch's t, over the repetitions).
    """

    before: float
    after: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        """Mean skill gained."""
        return self.after - self.before

    @property
    def works(self) -> bool:
        """Whether the gain is above 0 with its whole interval, and the run has left chance."""
        return self.low > 0 and self.after >= AT_CHANCE


def effect(before: Sequence[float], after: Sequence[float]) -> Effect:
    """Compare the skills of two sets of repetitions.

    Raises
    ------
    ValueError
        When either has fewer than two.
    """
    if min(len(before), len(after)) < FEWEST:
        raise ValueError(
            f"an interval needs at least {FEWEST} repetitions of either arm, "
            f"got {len(before)} and {len(after)}"
        )
    first, second = _from_chance(before), _from_chance(after)
    gain = float(second.mean() - first.mean())
    parts = [float(part.var(ddof=1)) / len(part) for part in (first, second)]
    total = sum(parts)
    if total == 0:
        return Effect(float(first.mean()), float(second.mean()), gain, gain)
    freedom = total**2 / sum(
        part**2 / (len(skills) - 1) for part, skills in zip(parts, (first, second), strict=True)
    )
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(total)
    return Effect(float(first.mean()), float(second.mean()), gain - half, gain + half)


def _from_chance(skills: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    # A model that is worse than chance is worth no less than none: anyone would take the constant.
    return np.array([skill if skill > 0 else 0.0 for skill in skills])


def skills(case: Case, changes: Mapping[str, object], trials: Trials) -> list[float]:
    """Return the skill of every repetition of a change that was trained."""
    key = key_of(changes)
    found = [
        (trial.repetition, measured.balanced_skill)
        for trial, measured in trials.items()
        if trial.plan_id == case.plan_id and trial.changes == key
    ]
    return [skill for _, skill in sorted(found)]


def effect_of(case: Case, arm: str, trials: Trials) -> Effect | None:
    """Return what an arm does to a case; None where the arm prescribes nothing.

    Raises
    ------
    ValueError
        When its trainings are missing; ``python -m benchmarks.remedies.generate`` makes them.
    """
    changes = changes_of(case, arm)
    if changes is None:
        return None
    return effect(skills(case, changes_of(case, AS_IT_WAS) or {}, trials), skills(case, changes, trials))
