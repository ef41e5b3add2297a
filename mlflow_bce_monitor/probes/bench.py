"""What the experiments of one probe have in common, and what an experiment is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.copies import Trainee, new_copy, rate_of, trainee_of
from mlflow_bce_monitor.probes.data import Data, split
from mlflow_bce_monitor.probes.result import Answer


@dataclass(frozen=True)
class Finding:
    """Answer, numbers and sentence of an experiment."""

    answer: Answer
    numbers: dict[str, FactValue]
    sentence: str


OUT_OF_TIME = "the budget ended before it was done"


class CannotBeCopied(Exception):  # noqa: N818 - told to the user as a note
    """The model cannot be copied, so nothing can be trained without changing it."""


@dataclass
class Bench:
    """Model and rows of one probe.

    Attributes
    ----------
    model
        The user's; it is never written to.
    data
        All rows.
    rng
        Of the probe, apart from every other source of random numbers.
    clock
        The budget.
    rate
        The learning rate that the training began with, None where only the optimizer can say.
    known
        Numbers found so far, by name.
    """

    model: Any
    data: Data
    rng: np.random.Generator
    clock: Clock
    rate: float | None = None
    known: dict[str, FactValue] = field(default_factory=dict)

    @cached_property
    def parts(self) -> tuple[Data, Data]:
        """Rows to train copies on, and rows to judge them by."""
        return split(self.data, self.rng)

    @cached_property
    def fresh(self) -> Any:
        """A copy with new weights, compiled with the model's loss."""
        return self.trainee.model

    @cached_property
    def trainee(self) -> Trainee:
        """A copy to train."""
        made: Trainee = self._copied(lambda: trainee_of(self.model, self.data.x))
        return made

    @cached_property
    def own_rate(self) -> float | None:
        """The model's own learning rate, None when it is not known."""
        return self.rate or rate_of(self.model) or None

    @property
    def weights(self) -> list[Any]:
        """The model's present weights."""
        return list(self.model.get_weights())

    def another(self) -> list[Any]:
        """Return another draw of new weights."""
        return list(self._copied(lambda: new_copy(self.model, self.data.x)).get_weights())

    def _copied(self, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise CannotBeCopied(
                f"The model ({type(self.model).__name__}) cannot be copied: {type(error).__name__}: {reason} "
                "Give its class a get_config() from which it can be made."
            ) from error


@dataclass(frozen=True)
class Experiment:
    """One controlled experiment.

    Attributes
    ----------
    name
        One word; the observations in ``rules/probed/`` go by it.
    hypothesis
        What it tests, as a statement.
    seconds
        What it usually costs, on a thousand rows and a small model.
    run
        Carries it out.
    """

    name: str
    hypothesis: str
    seconds: float
    run: Callable[[Bench], Finding]
