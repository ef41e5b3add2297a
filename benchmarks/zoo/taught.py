"""Trainings with the callback whose models are kept, so that they can be probed as often as one likes."""

from __future__ import annotations

import gzip
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow

from benchmarks.zoo.outcome import Outcome
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.training import coded_labels, rebuilt, train_watched
from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.probes import ProbeReport, probe
from mlflow_bce_monitor.records import RunRecord


@dataclass(frozen=True, eq=False)
class Taught:
    """A training with the callback, and its model in parts that can be kept.

    Attributes
    ----------
    plan, record, outcome
        As in a specimen of the zoo.
    weights
        The model's at the end, as ``get_weights`` gives them.
    rate
        Its optimizer's learning rate at the end.
    """

    plan: TrainingPlan
    record: RunRecord
    outcome: Outcome
    weights: list[Any]
    rate: float


def teach(plan: TrainingPlan, folder: Path) -> Taught:
    """Return the training as the folder holds it; else train in the active experiment, and keep it there."""
    path = folder / f"{plan.plan_id}.pickle.gz"
    if path.exists():
        # Our own file in our own work folder.
        kept: Taught = pickle.loads(gzip.decompress(path.read_bytes()))  # noqa: S301
        return kept
    trained = train_watched(plan, mlflow.MlflowClient(), [BCEMonitor()])
    rate = float(trained.model.optimizer.learning_rate)
    taught = Taught(plan, trained.record, trained.outcome, trained.model.get_weights(), rate)
    keep(path, taught)
    return taught


def probe_again(taught: Taught, budget: float, seed: int) -> ProbeReport:
    """Probe the model of a training on the rows that it was trained on.

    Parameters
    ----------
    budget
        Seconds of processor time: what comes out must not hang on how busy the machine is.
    """
    model, rows = rebuilt(taught.plan, taught.weights, taught.rate)
    labels = coded_labels(taught.plan, rows.train)
    record, features = taught.record, rows.train.features
    return probe(model, features, labels, budget, seed, record=record, now=time.process_time)


def keep(path: Path, what: object) -> None:
    """Write one object; renamed last, so that an interrupted write is no file."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(pickle.dumps(what), compresslevel=1))
    partial.rename(path)
