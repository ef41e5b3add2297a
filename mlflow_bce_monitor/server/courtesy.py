"""Giving way to requests: how much the evaluating process may do while the servers are busy.

Low priority alone does not keep a server's requests as fast as they were: on another core an evaluation
still takes memory bandwidth and locks of the database, and clients on the same machine miss that core. So
each server process says twice a second how much of a core it uses (``handover.py``). While they are
quiet, evaluations follow each other; while they are busy, evaluations get a small share of one core.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable
from typing import Final

# Seconds for which a word of a server process counts: it speaks twice a second while it has something to say.
_GOOD_FOR: Final = 3.0
# Share of the machine's cores, used by all server processes together, from which on they are busy. A server
# that is asked now and then, by a few trainings and open pages, stays below it.
_BUSY: Final = 0.1
# Seconds after which a pause looks again whether the servers are quiet.
_LOOK: Final = 0.25


class Busyness:
    """What the server processes said last of themselves."""

    def __init__(self, cores: int | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = _BUSY * (cores or os.cpu_count() or 1)
        self._now = now
        self._said: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def hear(self, who: Hashable, used: float) -> None:
        """Note how much of a core a server process used lately."""
        with self._lock:
            self._said[who] = (self._now(), used)

    def forget(self, who: Hashable) -> None:
        """Note that a server process has hung up."""
        with self._lock:
            self._said.pop(who, None)

    def is_high(self) -> bool:
        """Return whether the servers are busy now."""
        with self._lock:
            since = self._now() - _GOOD_FOR
            return sum(used for said, used in self._said.values() if said >= since) >= self._limit


class Courtesy:
    """Pauses that keep the work of this process to a share of one core while the servers are busy."""

    def __init__(
        self,
        share: float,
        is_busy: Callable[[], bool],
        spent: Callable[[], float] = time.process_time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to count.

        Parameters
        ----------
        share
            Of one core, in (0, 1].
        is_busy
            Whether the servers are.
        spent, now
            Seconds of processor time that this process has used, and seconds that have passed.
        """
        self._share = share
        self._is_busy = is_busy
        self._spent = spent
        self._now = now
        self._counted = spent()

    def begin(self) -> None:
        """Count from now on: what the process did while it waited is no work."""
        self._counted = self._spent()

    def pause(self, stop: threading.Event) -> None:
        """Wait until what was done is paid for, the servers are quiet, or stopped; then count anew."""
        done = self._spent() - self._counted
        until = self._now() + done * (1.0 / self._share - 1.0)
        while self._is_busy() and not stop.is_set():
            left = until - self._now()
            if left <= 0.0:
                break
            stop.wait(min(_LOOK, left))
        self._counted = self._spent()
