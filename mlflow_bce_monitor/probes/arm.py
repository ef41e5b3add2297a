"""One arm of an experiment: a copy with new weights that is trained, looked at, and trained further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlflow_bce_monitor.probes.bench import Bench
from mlflow_bce_monitor.probes.copies import BATCH, State
from mlflow_bce_monitor.probes.data import Data
from mlflow_bce_monitor.rules.probed.learned import is_learning
from mlflow_bce_monitor.scores import UNDEFINED, Skill


@dataclass
class Arm:
    """A copy at one rate. All arms of a bench begin with the same weights.

    Attributes
    ----------
    rate
        Learning rate.
    balanced
        Whether its batches hold as many rows of either class; its skills are then those on rows where
        either class counts one half.
    steps
        Steps made.
    learned_after
        Steps after which it had first learned something, None before.
    train, held
        Skill on its training rows, and on held-back ones.
    """

    rate: float
    balanced: bool = False
    steps: int = 0
    learned_after: int | None = None
    train: Skill = UNDEFINED
    held: Skill = UNDEFINED
    _state: State | None = None

    @property
    def has_learned(self) -> bool:
        """Whether it has learned something at any look."""
        return self.learned_after is not None

    def go_on(self, steps: int, bench: Bench) -> bool:
        """Train further and look; return whether the budget allowed it."""
        train, held = bench.parts
        trainee = bench.trainee
        if self._state is None:
            trainee.start(trainee.fresh, self.rate)
        else:
            trainee.resume(self._state)
        if not self._train(train, steps, bench):
            return False
        self._state = trainee.state()
        self.steps += steps
        skill = trainee.balanced_skill if self.balanced else trainee.skill
        self.train, self.held = skill(train), skill(held)
        if not self.has_learned and is_learning(*self.held):
            self.learned_after = self.steps
        return True

    def _train(self, train: Data, steps: int, bench: Bench) -> bool:
        if not self.balanced:
            return bench.trainee.train(train, steps, bench.rng, bench.clock)
        classes = (np.flatnonzero(train.positive), np.flatnonzero(~train.positive))
        for _ in range(steps):
            half = [bench.rng.choice(of_class, BATCH // 2) for of_class in classes]
            if not bench.trainee.train(train.rows(np.concatenate(half)), 1, bench.rng, bench.clock):
                return False
        return True
