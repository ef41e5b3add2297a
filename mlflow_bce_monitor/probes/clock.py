"""The budget of seconds that the experiments share."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Counts the seconds since it was made.

    Parameters
    ----------
    budget
        Seconds.
    now
        Where the time comes from.
    """

    def __init__(self, budget: float, now: Callable[[], float] = time.perf_counter) -> None:
        self.budget = budget
        self._now = now
        self._start = now()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._start

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return self.spent >= self.budget
