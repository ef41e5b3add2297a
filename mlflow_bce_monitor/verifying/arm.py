"""What is trained, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import BCEMonitorError

FROM_INSIDE: Final = frozenset({Tier.MONITOR, Tier.MODEL})
"""Tiers of a diagnosis that rests on measurements from inside the training, or of its model."""


class CannotRerun(BCEMonitorError):  # noqa: N818 - what happened, and no mistake of the caller
    """The training cannot be repeated: its source is gone, its environment or its script fails."""


@dataclass(frozen=True)
class Arm:
    """A training: the run's own settings with some changed.

    Attributes
    ----------
    name
        What it is called in run names, pictures and tables.
    changes
        Canonical name of a setting to its new value; {} for the training as it was.
    """

    name: str
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for arms that change the same."""
        return repr(sorted((name, repr(value)) for name, value in self.changes.items()))


BASELINE = Arm("baseline")


@dataclass(frozen=True)
class Loss:
    """A loss curve, for the picture: one value a step, NaN where none is known."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Measured:
    """One training.

    Attributes
    ----------
    arm, seed
        What was trained.
    skill
        On held-back rows at the end: 1 - loss / what the constant loses that its training labels teach.
        None when the loss is not finite.
    train_skill
        The same on the training rows; None when it is not known.
    chance
        The chance level of the held-back loss, in nats; None when it is not known.
    curve
        The held-back loss.
    seconds
        What it cost.
    run_id
        Of the MLflow run; "" without one.
    note
        What is odd about it, a sentence; "" for nothing.
    causes
        As it is itself diagnosed, most probable first; () where nothing is wrong with it, None where nobody
        looked.
    is_seen_inside
        Whether that diagnosis rests on measurements from inside the training.
    """

    arm: Arm
    seed: int
    skill: float | None
    train_skill: float | None = None
    chance: float | None = None
    curve: Loss = Loss()
    seconds: float = 0.0
    run_id: str = ""
    note: str = ""
    causes: tuple[RankedCause, ...] | None = None
    is_seen_inside: bool = False

    def probability_of(self, cause: str) -> float | None:
        """Return how probable a cause is as it is itself diagnosed; None where it is not."""
        if self.causes is None:
            return None
        return next((one.probability for one in self.causes if one.cause == cause), 0.0)

    @property
    def usable(self) -> float:
        """What of the held-back labels it explains, in [0, 1].

        A model below chance explains nothing, and how far below does not matter: predicting the share of
        positives for every row is always at hand.
        """
        if self.skill is None or not math.isfinite(self.skill):
            return 0.0
        return min(max(self.skill, 0.0), 1.0)
