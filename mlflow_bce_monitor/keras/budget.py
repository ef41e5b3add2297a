"""How much time the measuring may take: a share of the time that the training takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_RECENT: Final = 0.5
"""Weight of the last cost in the expected one: the first measurement of a process is far dearer."""


class Budget:
    """Keeps account of the seconds spent, and says what can still be afforded.

    Parameters
    ----------
    share
        Seconds of measuring for each second of training; ``float("inf")`` for no limit.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.spent = 0.0
        self._began: float | None = None
        self._before = 0.0
        self._expected: dict[str, float] = {}

    def start(self) -> None:
        """Start the clock of a training; the time of earlier ones counts as well."""
        self._began = time.perf_counter()

    def stop(self) -> None:
        """Stop the clock."""
        self._before, self._began = self._elapsed(), None

    def training_seconds(self) -> float:
        """Return the seconds of training so far, without those of the measuring."""
        return max(self._elapsed() - self.spent, 0.0)

    def used(self) -> float:
        """Return the seconds of measuring for each second of training, 0 before there is any."""
        trained = self.training_seconds()
        return self.spent / trained if trained > 0 else 0.0

    def affords(self, part: str) -> bool:
        """Whether a part at its expected cost stays within the share; nothing is known of its first time."""
        cost = self._expected.get(part, 0.0)
        return self.spent + cost <= self.share * self.training_seconds()

    @contextmanager
    def spending(self, part: str) -> Iterator[None]:
        """Count the time inside as spent on a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            self.spent += seconds
            before = self._expected.get(part)
            self._expected[part] = (
                seconds if before is None else min(seconds, before) * (1 - _RECENT) + seconds * _RECENT
            )

    def _elapsed(self) -> float:
        running = 0.0 if self._began is None else time.perf_counter() - self._began
        return self._before + running
