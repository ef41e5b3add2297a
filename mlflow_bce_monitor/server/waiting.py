"""A bounded queue of run ids: each is in it once, and what does not fit is remembered as missed."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """How full a queue is and was."""

    now: int
    most: int
    dropped: int


class Waiting:
    """Run ids in the order they came; putting one in never waits for anything but a few instructions."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ids: dict[str, None] = {}
        self._changed = threading.Condition()
        self._missed = False
        self._most = 0
        self._dropped = 0

    def put(self, run_id: str) -> None:
        """Add an id; when there is no room, note that one was missed."""
        with self._changed:
            if run_id not in self._ids and len(self._ids) >= self._limit:
                self._missed = True
                self._dropped += 1
            else:
                self._ids[run_id] = None
                self._most = max(self._most, len(self._ids))
            self._changed.notify()

    def miss(self) -> None:
        """Note that some were missed elsewhere."""
        with self._changed:
            self._missed = True
            self._changed.notify()

    def take(self, at_most: int, seconds: float) -> list[str]:
        """Return the ids that came first, [] when none comes within some seconds."""
        with self._changed:
            if not self._ids and seconds > 0:
                self._changed.wait(seconds)
            taken = list(self._ids)[:at_most]
            for run_id in taken:
                del self._ids[run_id]
            return taken

    def take_missed(self) -> bool:
        """Return whether any were missed since the last call."""
        with self._changed:
            missed, self._missed = self._missed, False
            return missed

    def load(self) -> Load:
        """Return how full it is."""
        with self._changed:
            return Load(len(self._ids), self._most, self._dropped)
