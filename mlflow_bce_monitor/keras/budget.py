"""How much time the measuring may take: a share of the time that the training takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_RECENT: Final = 0.5
"""Weight of the last cost in the expected one: the first measurement of a process is far dearer."""

_LEFT: Final = 0.25
"""Part of the share that can always be spent on what is chosen. On a tiny model what cannot be avoided takes
more than the whole share; a stall that is never looked for would save nobody anything."""


class Budget:
    """Keeps account of the seconds spent, and says what can still be afforded.

    Some of it cannot be avoided: what every step and epoch pays. What is left of the share goes to what can
    be chosen, measuring and looking.

    Parameters
    ----------
    share
        Seconds of measuring for each second of training; ``float("inf")`` for no limit.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.spent = 0.0
        self._chosen = 0.0
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
        trained, unavoidable = self.training_seconds(), self.spent - self._chosen
        room = max(self.share * trained - unavoidable, _LEFT * self.share * trained)
        return self._chosen + self._expected.get(part, 0.0) <= room

    def charge(self, seconds: float, *, chosen: bool) -> None:
        """Count seconds as spent.

        Parameters
        ----------
        chosen
            Whether they could have been saved by measuring and looking less.
        """
        self.spent += seconds
        self._chosen += seconds if chosen else 0.0

    @contextmanager
    def spending(self, part: str, *, chosen: bool = True) -> Iterator[None]:
        """Count the time inside as spent on a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            self.charge(seconds, chosen=chosen)
            before = self._expected.get(part)
            self._expected[part] = (
                seconds if before is None else min(seconds, before) * (1 - _RECENT) + seconds * _RECENT
            )

    def _elapsed(self) -> float:
        running = 0.0 if self._began is None else time.perf_counter() - self._began
        return self._before + running
