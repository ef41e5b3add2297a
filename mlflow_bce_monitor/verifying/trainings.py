"""The trainings of a verification: each is made once, counted against the budget, and told of before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mlflow_bce_monitor.verifying.arm import Arm, Measured
from mlflow_bce_monitor.verifying.budget import Budget


class Trainer(Protocol):
    """Repeats the training, in whatever way it was made."""

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return which of these settings can be changed, and why the others cannot ("" when all can).

        {} when the first one, which the remedy is about, cannot.
        """
        ...

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return how long a training with these changes takes, in trainings without any."""
        ...

    def train(self, arm: Arm, seed: int, *, look_inside: bool) -> Measured:
        """Train; :class:`CannotRerun` when it cannot be done.

        With ``look_inside`` it is measured from inside where that is possible, and diagnosed.
        """
        ...


class Notes:
    """What could not be done or has to be known: one sentence each, said once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def say(self, *notes: str) -> None:
        """Keep sentences that were not said yet; "" is none."""
        self._said |= dict.fromkeys(note for note in notes if note)

    @property
    def all(self) -> tuple[str, ...]:
        """Return them in the order in which they came."""
        return tuple(self._said)


@dataclass
class Trainings:
    """What is trained, within a budget.

    Attributes
    ----------
    trainer, budget
        With what, and how much.
    tell
        Told before each training how many were made, how many may follow, and what comes.
    notes
        Gets what is odd about a training.
    """

    trainer: Trainer
    budget: Budget
    tell: Callable[[int, int, str], None]
    notes: Notes
    _made: dict[tuple[str, int], Measured] = field(default_factory=dict)

    def has(self, arm: Arm, seed: int) -> bool:
        """Whether this training was made already."""
        return (arm.key, seed) in self._made

    def train(self, arm: Arm, seed: int, following: int, *, look_inside: bool = False) -> Measured:
        """Return the training, which is made unless it was.

        Parameters
        ----------
        arm, seed
            What is trained.
        following
            Trainings that are likely to follow it.
        look_inside
            Whether to measure it from inside as well, which costs a little: what tells causes apart is, what
            judges a remedy is not.
        """
        known = self._made.get((arm.key, seed))
        if known is not None:
            return known
        left = max(min(1 + following, self.budget.left), 1)
        self.tell(self.budget.n_runs, left, f"{arm.name}, seed {seed}")
        start = self.budget.spent
        try:
            measured = self.trainer.train(arm, seed, look_inside=look_inside)
        finally:
            self.budget.count(self.budget.spent - start, self.trainer.cost(arm.changes))
        self.notes.say(measured.note)
        self._made[arm.key, seed] = measured
        return measured
