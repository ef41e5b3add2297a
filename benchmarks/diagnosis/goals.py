"""What the diagnosis has to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.diagnosis.scores import FEW_POINTS, Scores
from benchmarks.diagnosis.shares import Better


@dataclass(frozen=True)
class Goal:
    """One number with its bound.

    Attributes
    ----------
    title
        What is measured.
    bound
        The value to reach: a share, an F1 or an error, all in [0, 1].
    better
        Whether the bound is the least or the most.
    of
        The measured value.
    """

    title: str
    bound: float
    better: Better
    of: Callable[[Scores], float]

    def is_reached(self, scores: Scores) -> bool:
        """Return whether the bound is reached; False of a value that is not a number."""
        value = self.of(scores)
        return value >= self.bound if self.better is Better.HIGH else value <= self.bound


GOALS: Final = (
    Goal("verdicts, macro F1", 0.95, Better.HIGH, lambda scores: scores.verdicts.macro_f1),
    Goal("stalls found", 0.97, Better.HIGH, lambda scores: scores.verdicts.stalls.found.value),
    Goal("false alarms", 0.01, Better.LOW, lambda scores: scores.verdicts.false_alarms.wrong.value),
    Goal(
        f"stalls found, {FEW_POINTS} points at most",
        0.90,
        Better.HIGH,
        lambda scores: scores.short_verdicts.stalls.found.value,
    ),
    Goal("causes, first place", 0.75, Better.HIGH, lambda scores: scores.causes.top_1.value),
    Goal("causes, first three places", 0.95, Better.HIGH, lambda scores: scores.causes.top_3.value),
    Goal(
        "causes, expected calibration error",
        0.05,
        Better.LOW,
        lambda scores: scores.causes.first_named.error,
    ),
    Goal(
        "causes stated with 80 % or more that are right",
        0.90,
        Better.HIGH,
        lambda scores: scores.causes.sure.value,
    ),
)
"""In the order of the tables. Causes are counted with the inseparable ones as one answer."""
