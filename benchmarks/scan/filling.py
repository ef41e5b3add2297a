"""Fills SQLite stores with any number of runs, straight into MLflow's own tables.

Logging through the client takes minutes for what this does in seconds. MLflow makes the tables; the
curves are drawn, not trained, because only their number and form matter to speed.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from mlflow import MlflowClient

from mlflow_bce_monitor.records import FloatArray

START: Final = 1_700_000_000_000  # milliseconds since the epoch
SECOND: Final = 1_000  # milliseconds
PARAMS: Final = {
    "optimizer": "adam",
    "learning_rate": "0.001",
    "batch_size": "32",
    "epochs": "200",
    "positive_share": "0.5",
}
_RUNS_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Shape:
    """How much a store holds.

    Attributes
    ----------
    n_runs
        Runs of one experiment.
    n_points
        Points of each of the three metrics ``loss``, ``val_loss`` and ``accuracy``.
    stuck
        The share of runs that stay at chance; the others learn.
    """

    n_runs: int
    n_points: int = 200
    stuck: float = 0.1


def fill(database: Path, shape: Shape, seed: int = 0) -> str:
    """Make a store with one experiment and return its tracking URI."""
    uri = f"sqlite:///{database}"
    artifacts = database.with_suffix(".artifacts")
    experiment_id = int(MlflowClient(uri).create_experiment("scanned", artifact_location=artifacts.as_uri()))
    rng = np.random.default_rng(seed)
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        for start in range(0, shape.n_runs, _RUNS_AT_ONCE):
            with connection:
                for position in range(start, min(start + _RUNS_AT_ONCE, shape.n_runs)):
                    _put(connection, experiment_id, artifacts, position, shape, rng)
    finally:
        connection.close()
    return uri


def curves(shape: Shape, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return the curves of one run: shape (n_points,) each."""
    epochs = np.arange(shape.n_points)
    fall = 0.0 if rng.random() < shape.stuck else rng.uniform(0.2, 0.5)
    falling = np.log(2) - fall * (1.0 - np.exp(-epochs / (0.15 * shape.n_points)))
    noise = rng.normal(scale=0.003, size=(3, shape.n_points))
    return {
        "loss": falling + noise[0],
        "val_loss": falling + 0.01 + noise[1],
        "accuracy": 0.5 + fall * (np.log(2) - falling) / 0.5 + noise[2],
    }


def _put(
    connection: sqlite3.Connection,
    experiment_id: int,
    artifacts: Path,
    position: int,
    shape: Shape,
    rng: np.random.Generator,
) -> None:
    run_id = uuid.UUID(bytes=rng.bytes(16)).hex
    started = START + position * SECOND
    run = {
        "run_uuid": run_id,
        "name": f"run {position}",
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "",
        "status": "FINISHED",
        "start_time": started,
        "end_time": started + shape.n_points * SECOND,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"{artifacts.as_uri()}/{run_id}/artifacts",
        "experiment_id": experiment_id,
    }
    _insert(connection, "runs", iter([run]))
    params = ({"key": key, "value": value, "run_uuid": run_id} for key, value in PARAMS.items())
    _insert(connection, "params", params)
    tags = {"mlflow.runName": f"run {position}", "mlflow.user": "somebody"}
    _insert(
        connection, "tags", ({"key": key, "value": value, "run_uuid": run_id} for key, value in tags.items())
    )
    for name, values in curves(shape, rng).items():
        rows = [
            {
                "key": name,
                "value": value,
                "timestamp": started + step * SECOND,
                "step": step,
                "run_uuid": run_id,
                "is_nan": 0,
            }
            for step, value in enumerate(values.tolist())
        ]
        _insert(connection, "metrics", iter(rows))
        _insert(connection, "latest_metrics", iter(rows[-1:]))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    columns = ", ".join(f'"{column}"' for column in first)
    values = ", ".join(f":{column}" for column in first)
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({values})'  # noqa: S608 - names from this file
    connection.execute(statement, first)
    connection.executemany(statement, rows)
