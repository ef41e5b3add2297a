"""A world in which the true cause is known: what a training reaches follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.verifying.arm import Arm, CannotRerun, Measured
from mlflow_bce_monitor.verifying.candidates import Change

CHANGES = {
    "learning_rate_too_high": {"learning_rate": 0.001},
    "learning_rate_too_low": {"learning_rate": 0.1},
    "insufficient_capacity": {"hidden_units": 128},
    "class_imbalance": {"class_weight": "balanced"},
}


def prescribe(cause: str) -> list[Change]:
    """Return the one remedy of this world for a cause."""
    return [Change(cause, CHANGES[cause], f"the remedy for {cause}")] if cause in CHANGES else []


def causes(**probabilities: float) -> tuple[RankedCause, ...]:
    """Return causes, most probable first."""
    ranked = [RankedCause(cause, p, "", "") for cause, p in probabilities.items()]
    return tuple(sorted(ranked, key=lambda one: -one.probability))


@dataclass
class World:
    """Trains in no time: an arm learns when it changes what the true cause asks for.

    Attributes
    ----------
    truth
        The cause; "no_signal" when nothing helps.
    needs
        Settings that have to be changed besides, to whatever value.
    broken, refused
        Settings with which every training fails, and settings that cannot be changed.
    interrupt_at
        Number of the training during which a person presses Ctrl-C, 0 for none.
    seen
        Probability of labels without signal, as changed trainings that do not learn are diagnosed; None where
        they are not diagnosed.
    inside
        What the training as it was is diagnosed with from inside; None where nobody can look.
    learns_with
        Seeds with which the training learns as it was.
    """

    truth: str
    needs: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    interrupt_at: int = 0
    seen: float | None = None
    inside: tuple[RankedCause, ...] | None = None
    learns_with: frozenset[int] = frozenset()
    trained: list[tuple[str, int]] = field(default_factory=list)

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return what can be changed."""
        left = {name: value for name, value in changes.items() if name not in self.refused}
        known = {name for change in CHANGES.values() for name in change}
        if not left.keys() <= known:
            return {}, "this world has no such setting."
        return left, "" if len(left) == len(changes) else "one setting cannot be changed."

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return that every training takes as long."""
        del changes
        return 1.0

    def train(self, arm: Arm, seed: int, *, look_inside: bool) -> Measured:
        """Return a skill that depends on the arm, and a little on the seed."""
        if self.broken & arm.changes.keys() or ("baseline" in self.broken and not arm.changes):
            raise CannotRerun("The entry point 'main' failed when run again: no such file.")
        self.trained.append((arm.name, seed))
        if len(self.trained) == self.interrupt_at:
            raise KeyboardInterrupt
        asked = CHANGES.get(self.truth, {"nothing": "helps"})
        helps = asked.items() <= arm.changes.items() and not self.needs - arm.changes.keys()
        helps |= seed in self.learns_with
        luck = float(np.random.default_rng(seed).normal(0.0, 0.02))
        skill = (0.5 if helps else -0.03) + luck
        if not arm.changes:
            found = self.inside if look_inside else None
            return Measured(
                arm, seed, skill, 0.01, 0.69, seconds=1.0, causes=found, is_seen_inside=found is not None
            )
        seen = None if helps or self.seen is None else causes(no_signal=self.seen)
        return Measured(arm, seed, skill, 0.01, 0.69, seconds=1.0, causes=seen)
