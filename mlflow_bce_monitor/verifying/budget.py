"""How much may be rerun: seconds and trainings."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.errors import UsageError

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def seconds_of(text: str) -> float:
    """Return the seconds in ``90s``, ``10m``, ``2h`` or ``90``; UsageError when it is none of these."""
    found = _FORM.fullmatch(text.strip().lower())
    if not found or not float(found[1]) > 0.0:
        raise UsageError(
            f"{text!r} is no length of time: give a number of seconds, minutes or hours above 0, "
            "such as 90s, 10m or 2h."
        )
    return float(found[1]) * _UNITS[found[2] or "s"]


class Budget:
    """Counts what is spent.

    Parameters
    ----------
    seconds
        No training begins after these; infinity for no limit.
    runs
        No more trainings than these.
    now
        The clock.
    """

    def __init__(
        self, seconds: float = math.inf, runs: int = 1_000_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        if not seconds > 0.0 or runs < 1:
            raise UsageError(f"A budget of {seconds:g} seconds and {runs} trainings leaves nothing to do.")
        self._seconds, self._runs, self._now = seconds, runs, now
        self._start = now()
        self._costs: list[float] = []

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._start

    @property
    def n_runs(self) -> int:
        """Trainings made."""
        return len(self._costs)

    @property
    def left(self) -> int:
        """Trainings that may still be made, whatever they take."""
        return self._runs - self.n_runs

    def count(self, seconds: float, times: float = 1.0) -> None:
        """Count a training that was made, and that was expected to take so many times the usual."""
        self._costs.append(seconds / times)

    def allows(self, times: float = 1.0) -> bool:
        """Whether another training fits in.

        Parameters
        ----------
        times
            How many times as long as the trainings so far it is expected to take.
        """
        if self.left < 1:
            return False
        # The first training shows what one takes.
        usual = sum(self._costs) / len(self._costs) if self._costs else 0.0
        return self.spent + usual * times <= self._seconds

    @property
    def why(self) -> str:
        """Why no further training fits in."""
        if self.left < 1:
            return f"the {self._runs} reruns that were allowed are made"
        return f"another rerun does not fit into the budget of {self._seconds:g} s"
