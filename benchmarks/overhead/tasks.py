"""The trainings whose overhead is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Task:
    """A training: so many rows through three hidden layers of so many units, in batches.

    ``turn`` is the number of epochs that take half a second on an idle machine: what else the machine does
    hits all trainings alike.
    """

    units: int
    features: int
    rows: int
    batch: int
    turn: int

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.rows // self.batch


TASKS: Final = {
    "realistic": Task(units=384, features=256, rows=6_400, batch=128, turn=1),
    "tiny": Task(units=16, features=10, rows=1_024, batch=32, turn=10),
}
