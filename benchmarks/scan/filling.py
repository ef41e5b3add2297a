"""Fills SQLite stores with any number of runs, straight into MLflow's own tables.

Logging through the client takes minutes for what this does in seconds. MLflow makes the tables; the
curves are drawn, not trained, because only their number and form matter to speed.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
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
_POINT: Final = ("key", "value", "timestamp", "step", "run_uuid", "is_nan")
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": (
        *("run_uuid", "name", "source_type", "source_name", "entry_point_name", "user_id", "status"),
        *("start_time", "end_time", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id"),
    ),
    "params": ("key", "value", "run_uuid"),
    "tags": ("key", "value", "run_uuid"),
    "metrics": _POINT,
    "latest_metrics": _POINT,
}


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
                positions = range(start, min(start + _RUNS_AT_ONCE, shape.n_runs))
                for table, rows in _rows(experiment_id, artifacts, positions, shape, rng).items():
                    _insert(connection, table, rows)
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


def _rows(
    experiment_id: int, artifacts: Path, positions: range, shape: Shape, rng: np.random.Generator
) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of some runs by table, their columns as in :data:`_COLUMNS`."""
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
    for position in positions:
        run_id = uuid.UUID(bytes=rng.bytes(16)).hex
        started = START + position * SECOND
        of_run = (run_id, f"run {position}", "UNKNOWN", "", "", "", "FINISHED", started)
        ended = started + shape.n_points * SECOND
        place = f"{artifacts.as_uri()}/{run_id}/artifacts"
        rows["runs"].append((*of_run, ended, "", "active", place, experiment_id))
        rows["params"] += [(key, value, run_id) for key, value in PARAMS.items()]
        rows["tags"] += [("mlflow.runName", f"run {position}", run_id), ("mlflow.user", "somebody", run_id)]
        for name, values in curves(shape, rng).items():
            points = [
                (name, value, started + step * SECOND, step, run_id, 0)
                for step, value in enumerate(values.tolist())
            ]
            rows["metrics"] += points
            rows["latest_metrics"].append(points[-1])
    return rows


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(f'"{column}"' for column in _COLUMNS[table])
    values = ", ".join("?" for _ in _COLUMNS[table])
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({values})'  # noqa: S608 - names from this file
    connection.executemany(statement, rows)
