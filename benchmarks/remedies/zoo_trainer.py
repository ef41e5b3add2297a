"""Reruns of a plan of the zoo, for the course of a verification."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmarks.remedies.changed import Changed, knows, with_changes
from benchmarks.remedies.trial import Workshop, rows_of, seed_of
from benchmarks.zoo.datasets import DATA_SETS
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.rows import Kind
from benchmarks.zoo.training import fit_alone
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.probes.bench import Bench
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.data import data_of
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.probes.signal import SIGNAL
from mlflow_bce_monitor.verifying.arm import Arm, CannotRerun, Measured
from mlflow_bce_monitor.verifying.course import Course
from mlflow_bce_monitor.verifying.experiments import REFERENCE_LEARNER
from mlflow_bce_monitor.verifying.possible import possible

REFERENCE_COST = 2.0
REFERENCE_SECONDS = 30.0
"""What the reference learner costs, in trainings, and may take of the processor's time."""


class OnlyApart(Course):
    """A verification that ends when the causes are told apart."""

    def _try_remedies(self) -> str:
        return "only the cause was asked for"


class ZooTrainer:
    """Trains one plan with changes; see :class:`mlflow_bce_monitor.verifying.course.Trainer`."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._workshop = Workshop()

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return which of these settings can be changed: tokens are not scaled."""
        refused = {name for name in changes if name != REFERENCE_LEARNER and not knows(name)}
        if DATA_SETS[self._plan.data.name].kind is Kind.SEQUENCE:
            refused |= {"scale_inputs"} & changes.keys()
        return possible(changes, refused, "the training does not know")

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return the steps of a training with these changes, in those without."""
        if REFERENCE_LEARNER in changes:
            return REFERENCE_COST
        changed = with_changes(self._plan, changes).plan.optimiser
        own = self._plan.optimiser
        return changed.epochs / own.epochs * max(own.batch_size / changed.batch_size, 1.0)

    def train(self, arm: Arm, seed: int, *, look_inside: bool) -> Measured:
        """Train and measure."""
        before = time.monotonic()
        if REFERENCE_LEARNER in arm.changes:
            return self._reference(arm, seed)
        changed = with_changes(self._plan, arm.changes)
        found = self._workshop.train(changed, [seed])[0]
        causes = _seen_inside(changed, seed) if look_inside else None
        seconds = time.monotonic() - before
        return Measured(
            arm,
            seed,
            found.balanced_skill,
            found.train_skill,
            seconds=seconds,
            causes=causes,
            is_seen_inside=causes is not None,
        )

    def _reference(self, arm: Arm, seed: int) -> Measured:
        rows = rows_of(with_changes(self._plan, {})).train
        rng = np.random.default_rng(seed)
        data = data_of(rows.features, rows.labels, rng)
        found = SIGNAL.run(Bench(None, data, rng, Clock(REFERENCE_SECONDS, time.process_time)))
        if found.answer is Answer.UNCLEAR:
            raise CannotRerun(f"it stays unclear: {found.sentence}.")
        return Measured(arm, seed, 1.0 if found.answer is Answer.YES else 0.0)


def _seen_inside(changed: Changed, seed: int) -> tuple[RankedCause, ...] | None:
    """Return what the callback sees of the training, made by ``fit`` from the same start.

    None where ``fit`` alone cannot make it: the changes of rows and of the gradient's norm belong to the
    workshop.
    """
    if changed.is_beyond_plan:
        return None
    monitor = BCEMonitor(log_to_mlflow=False, live=False)
    fit_alone(replace(changed.plan, seed=seed_of(changed.plan, seed)), [monitor])
    return diagnose(monitor.record()).causes
