"""Writes runs into a real SQLite store of MLflow, for rivals that read stores.

MLflow itself makes the store. The rows go into its tables with plain inserts: logged
through the client, five hundred runs take a minute, and the benchmark is to take less than that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from mlflow import MlflowClient

from mlflow_bce_monitor.records import MetricHistory, RunRecord

Row = dict[str, Any]

LARGEST: Final = float(np.finfo(np.float64).max)
"""What MLflow's SQL stores keep of an infinity."""

TABLES: Final = ("runs", "tags", "params", "metrics", "latest_metrics")


def write_store(records: Sequence[RunRecord], database: Path) -> None:
    """Write runs into one experiment of a new store, under their own ids, with every point of every metric.

    Artifacts and data set inputs are left out.

    Raises
    ------
    FileExistsError
        When there is such a file already: its runs would be mixed with these.
    """
    if database.exists():
        raise FileExistsError(f"{database} is there already; give the path of a new file")
    uri = f"sqlite:///{database}"
    client = MlflowClient(uri)
    artifacts = database.with_suffix(".artifacts").as_uri()
    experiment_id = int(client.create_experiment("traces", artifact_location=artifacts))
    engine = sa.create_engine(uri)
    schema = sa.MetaData()
    schema.reflect(engine, only=TABLES)
    with engine.begin() as connection:
        for record in records:
            rows = _rows(record, experiment_id, artifacts)
            for table in TABLES:
                if rows[table]:
                    connection.execute(schema.tables[table].insert(), rows[table])
    engine.dispose()


def _rows(record: RunRecord, experiment_id: int, artifacts: str) -> dict[str, list[Row]]:
    """Return the rows of one run by table, in the columns that MLflow fills for a run it logs."""
    run = {"run_uuid": record.run_id}
    histories = [
        [run | {"key": name} | point for point in _points(history)]
        for name, history in record.histories.items()
    ]
    name = {"mlflow.runName": record.run_name} if record.run_name else {}
    return {
        "runs": [
            run
            | {
                "name": record.run_name,
                "source_type": "LOCAL",
                "user_id": "",
                "status": record.status,
                "start_time": record.start_time,
                "end_time": record.end_time,
                "lifecycle_stage": "active",
                "artifact_uri": f"{artifacts}/{record.run_id}/artifacts",
                "experiment_id": experiment_id,
            }
        ],
        "tags": [run | {"key": key, "value": value} for key, value in ({**record.tags} | name).items()],
        "params": [run | {"key": key, "value": value} for key, value in record.params.items()],
        "metrics": [point for history in histories for point in history],
        "latest_metrics": [
            max(history, key=lambda row: (row["step"], row["timestamp"], row["value"]))
            for history in histories
            if history
        ],
    }


def _points(history: MetricHistory) -> Iterator[Row]:
    """Yield each point once: the store's key is the whole point."""
    numbers = zip(history.steps.tolist(), history.timestamps.tolist(), history.values.tolist(), strict=True)
    rows = (
        {
            "step": step,
            "timestamp": timestamp,
            "value": 0.0 if math.isnan(value) else min(max(value, -LARGEST), LARGEST),
            "is_nan": math.isnan(value),
        }
        for step, timestamp, value in numbers
    )
    seen = set()
    for row in rows:
        key = tuple(row.values())
        if key not in seen:
            seen.add(key)
            yield row
