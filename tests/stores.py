"""Real tracking stores filled for tests."""

from __future__ import annotations

import itertools
import math
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

Points = Sequence[float] | Sequence[tuple[int, int, float]]

START = 1_700_000_000_000  # milliseconds since the epoch: every curve starts here, one point a second
SECOND = 1_000
_BATCH = 1_000  # metrics in one log_batch


def stalled(n: int = 40, seed: int = 0) -> list[float]:
    """Return a loss that stays at ln 2."""
    return list(math.log(2) + 0.001 * np.random.default_rng(seed).standard_normal(n))


def learning(n: int = 40, seed: int = 0) -> list[float]:
    """Return a loss that falls from ln 2 to about 0.2."""
    noise = 0.003 * np.random.default_rng(seed).standard_normal(n)
    return list(0.2 + (math.log(2) - 0.2) * np.exp(-np.arange(n) / 8) + noise)


def points(name: str, values: Points) -> list[Metric]:
    """Return a metric's points: values a step and a second apart, or (step, timestamp, value) as given."""
    full = [
        value if isinstance(value, tuple) else (step, START + step * SECOND, value)
        for step, value in enumerate(values)
    ]
    return [Metric(name, value, timestamp, step) for step, timestamp, value in full]


@dataclass
class FilledStore:
    """A store with runs in it.

    Attributes
    ----------
    uri
        Its tracking URI.
    folder
        Where its artifacts lie.
    database
        Its SQLite file, None when it has none.
    """

    uri: str
    folder: Path
    database: Path | None = None
    client: MlflowClient = field(init=False)
    _started: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    def __post_init__(self) -> None:
        self.client = MlflowClient(self.uri)

    def experiment(self, name: str = "", artifact_location: str | None = None) -> str:
        """Create an experiment and return its id."""
        name = name or f"experiment {uuid.uuid4().hex[:8]}"
        if artifact_location is None and not self.uri.startswith("http"):
            artifact_location = str(self.folder / uuid.uuid4().hex)
        return self.client.create_experiment(name, artifact_location=artifact_location)

    def run(
        self,
        experiment_id: str,
        metrics: Mapping[str, Points] | None = None,
        *,
        name: str = "a run",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        status: str = "FINISHED",
    ) -> str:
        """Log a run, which starts a second after the one before, and return its id."""
        started = START + next(self._started) * SECOND
        run_id: str = self.client.create_run(experiment_id, start_time=started, run_name=name).info.run_id
        logged = [point for key, values in (metrics or {}).items() for point in points(key, values)]
        for start in range(0, max(len(logged), 1), _BATCH):
            self.client.log_batch(run_id, metrics=logged[start : start + _BATCH])
        self.client.log_batch(
            run_id,
            params=[Param(key, value) for key, value in (params or {}).items()],
            tags=[RunTag(key, value) for key, value in (tags or {}).items()],
        )
        if status != "RUNNING":
            self.client.set_terminated(run_id, status, end_time=started + 3_600 * SECOND)
        return run_id

    def extend(self, run_id: str, name: str, values: Sequence[float], first_step: int) -> None:
        """Log further points of a metric, from a step on."""
        later = [(step, START + step * SECOND, value) for step, value in enumerate(values, start=first_step)]
        self.client.log_batch(run_id, metrics=points(name, later))

    def many_runs(self, experiment_id: str, n_runs: int, losses: Sequence[float]) -> None:
        """Put runs with one loss curve each straight into the tables, which is far faster than logging."""
        assert self.database is not None
        run_ids = [uuid.uuid4().hex for _ in range(n_runs)]
        with sqlite3.connect(self.database) as connection:
            for position, run_id in enumerate(run_ids):
                _insert(
                    connection,
                    "runs",
                    [
                        {
                            "run_uuid": run_id,
                            "name": f"run {position}",
                            "source_type": "UNKNOWN",
                            "source_name": "",
                            "entry_point_name": "",
                            "user_id": "",
                            "status": "FINISHED",
                            "start_time": START + position,
                            "end_time": START + position + SECOND,
                            "source_version": "",
                            "lifecycle_stage": "active",
                            "artifact_uri": str(self.folder / experiment_id / run_id / "artifacts"),
                            "experiment_id": int(experiment_id),
                        }
                    ],
                )
                rows = [
                    {
                        "key": "loss",
                        "value": value,
                        "timestamp": START + step * SECOND,
                        "run_uuid": run_id,
                        "step": step,
                        "is_nan": 0,
                    }
                    for step, value in enumerate(losses)
                ]
                _insert(connection, "metrics", rows)
                _insert(connection, "latest_metrics", rows[-1:])
        connection.close()

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table, sorted."""
        assert self.database is not None
        connection = sqlite3.connect(self.database)
        try:
            names = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}  # noqa: S608 - the database's own names
        finally:
            connection.close()

    def files(self) -> dict[str, bytes]:
        """Return every artifact by its path."""
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    columns = ", ".join(f'"{column}"' for column in rows[0])
    values = ", ".join(f":{column}" for column in rows[0])
    connection.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({values})', rows)  # noqa: S608 - names from this file
