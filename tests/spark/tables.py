"""Run records as the tables that a warehouse would hold."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from mlflow_bce_monitor.columnar.layout import POINTS, RUNS
from mlflow_bce_monitor.columnar.points import Stretch, latest_of
from mlflow_bce_monitor.records import RunRecord


def runs_table(records: Sequence[RunRecord]) -> pa.Table:
    """Return one row a run."""
    return pa.Table.from_pylist([_run(record) for record in records], schema=RUNS)


def points_table(records: Sequence[RunRecord], order: str = "as logged") -> pa.Table:
    """Return one row a point: as logged, or shuffled."""
    histories = [
        (record.run_id, history)
        for record in records
        for history in record.histories.values()
        if len(history)
    ]
    lengths = [len(history) for _, history in histories]
    numbers = {
        name: np.concatenate([getattr(history, part) for _, history in histories])
        for name, part in (("timestamp", "timestamps"), ("step", "steps"), ("value", "values"))
    }
    table = pa.table(
        {
            "run_id": np.repeat(np.array([run_id for run_id, _ in histories]), lengths),
            "key": np.repeat(np.array([history.name for _, history in histories]), lengths),
            **numbers,
        },
        schema=POINTS,
    )
    if order == "shuffled":
        return table.take(np.random.default_rng(0).permutation(table.num_rows))
    return table


def _run(record: RunRecord) -> dict[str, object]:
    latest = {}
    for name, history in record.histories.items():
        if len(history):
            position = latest_of(Stretch(history.timestamps, history.steps, history.values))
            latest[name] = {
                "value": float(history.values[position]),
                "timestamp": int(history.timestamps[position]),
                "step": int(history.steps[position]),
            }
    return {
        "run_id": record.run_id,
        "run_name": record.run_name,
        "experiment_id": record.experiment_id,
        "status": record.status,
        "start_time": record.start_time,
        "end_time": record.end_time,
        "params": list(record.params.items()),
        "tags": list(record.tags.items()),
        "datasets": [
            {
                "name": part.name,
                "digest": part.digest,
                "source_type": part.source_type,
                "context": part.context,
                "profile": json.dumps(part.profile),
            }
            for part in record.datasets
        ],
        "model_summary": record.model_summary,
        "latest": list(latest.items()),
    }
