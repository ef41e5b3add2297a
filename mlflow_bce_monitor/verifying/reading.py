"""From a rerun's logged curves to its skill: the same reading and judging as of any run."""

from __future__ import annotations

import math

from mlflow.entities import Run

from mlflow_bce_monitor.curves import Curve
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.verifying.arm import FROM_INSIDE, Arm, CannotRerun, Loss, Measured

_POINTS = 200
"""Of a curve in the picture, at most."""

NO_HELD_BACK = (
    "it logs no loss on held-back rows, and by the training loss a model that only memorises would look "
    "better. Log a validation loss, such as val_loss."
)


def measured_of(store: Store, run: Run, question: Question, arm: Arm, seed: int, seconds: float) -> Measured:
    """Return what a finished training reached.

    Raises
    ------
    CannotRerun
        It cannot be read, or logs no held-back loss.
    """
    run_id = run.info.run_id
    record = ClientReader(store.client).read_one(run)
    if isinstance(record, ReadFailure):
        raise CannotRerun(f"The rerun {run_id} cannot be read: {record.why}")
    found = diagnose(record, question)
    if found.curves.loss is None:
        raise CannotRerun(
            f"The rerun {run_id} has no binary cross-entropy to compare by: {found.curves.reason}."
        )
    curve = found.curves.validation_loss
    if curve is None:
        raise CannotRerun(f"The rerun {run_id} cannot be compared: {NO_HELD_BACK}")
    chance = found.validation_chance
    note = ""
    if chance is not None and not chance.known:
        note = (
            "The share of positives of the reruns is not known, so their skills are upper bounds. "
            "Pass --base-rate, or log the param positive_share."
        )
    return Measured(
        arm,
        seed,
        found.validation_skill.value if found.validation_skill else None,
        _train_skill(found),
        None if chance is None else chance.value,
        _thinned(curve),
        seconds,
        run_id,
        note,
        found.causes,
        found.tier in FROM_INSIDE,
    )


def _train_skill(found: Diagnosis) -> float | None:
    """Return the skill on the training rows, whatever the verdict is about."""
    loss = None if found.findings is None else found.findings.final_loss
    if loss is None or found.train_chance is None:
        return None
    return 1.0 - loss / found.train_chance.value


def _thinned(curve: Curve) -> Loss:
    every = max(1, math.ceil(len(curve) / _POINTS))
    values = [float(value) if math.isfinite(value) else math.nan for value in curve.values[::every]]
    return Loss(tuple(int(step) for step in curve.steps[::every]), tuple(values))
