"""How fast runs are worked on: no faster than a shared server should bear, no longer than a run is worth."""

from __future__ import annotations

import threading
import time
from typing import Final

from mlflow_bce_monitor.errors import StoreError, UsageError

SECONDS_A_RUN: Final = 180.0
"""Seconds that writing one answer may take, all tries of all requests together: several requests may each
wait for the time-outs that ``waits.py`` allows, and a night's scan must not hang on one run."""


class Pace:
    """Lets one run begin at a time, no more than ``max_rate`` a second."""

    def __init__(self, max_rate: float | None) -> None:
        if max_rate is not None and not max_rate > 0:
            raise UsageError(f"max_rate={max_rate!r} is not a number of runs a second: give more than 0.")
        self._seconds = 0.0 if max_rate is None else 1.0 / max_rate
        self._next = time.monotonic()

    def wait(self, stop: threading.Event) -> None:
        """Wait until the next run may begin, or until stopped; pauses are not saved up for a burst."""
        now = time.monotonic()
        if now < self._next:
            stop.wait(self._next - now)
        self._next = max(self._next, now) + self._seconds


class TimeLimit:
    """The time that writing one answer may take."""

    def __init__(self, seconds: float = SECONDS_A_RUN) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise StoreError when the time is over."""
        if time.monotonic() > self._end:
            raise StoreError(
                f"Diagnosed, but writing the answer was given up after {self._seconds:g} s: the store is "
                "too slow. The run has no fingerprint, so the next scan writes it again."
            )
