"""Fills a folder in the layout of ``bce-monitor export`` with any number of runs, without a store.

The curves are drawn as in ``benchmarks/scan/filling.py``: only their number and form matter to speed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scan.filling import PARAMS, SECOND, START, Shape, curves
from mlflow_bce_monitor.columnar.folder import LAYOUT_FILE, part_of
from mlflow_bce_monitor.columnar.layout import LAYOUT_VERSION, RUNS
from mlflow_bce_monitor.records import FloatArray, MetricHistory
from mlflow_bce_monitor.tracking.exporting import RUNS_A_PART, points_of

RUNS_AN_EXPERIMENT: Final = 1_000


def fill(folder: Path, shape: Shape, n_metrics: int, seed: int = 0) -> Path:
    """Write a folder of exported histories with ``loss``, ``val_loss`` and perhaps ``accuracy``.

    Parts that are there are left as they are, so that a filling that was interrupted goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LAYOUT_FILE).write_text(json.dumps({"layout": LAYOUT_VERSION}), encoding="utf-8")
    for first in range(0, shape.n_runs, RUNS_A_PART):
        positions = range(first, min(first + RUNS_A_PART, shape.n_runs))
        experiment, within = divmod(first, RUNS_AN_EXPERIMENT)
        part = part_of(folder, str(experiment), within // RUNS_A_PART)
        if part.runs.exists():
            continue
        rng = np.random.default_rng((seed, first))
        for path in (part.runs, part.points):
            path.parent.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, Any]] = []
        histories: list[tuple[str, MetricHistory]] = []
        for position in positions:
            run_id, started = rng.bytes(16).hex(), START + position * SECOND
            drawn = dict(list(curves(shape, rng).items())[:n_metrics])
            histories += [(run_id, _history(name, values, started)) for name, values in drawn.items()]
            rows.append(_run(run_id, position, shape, drawn))
        pq.write_table(points_of(histories), part.points, compression="zstd")
        table = pa.Table.from_pylist(rows, schema=RUNS)
        waiting = part.runs.with_suffix(".tmp")
        pq.write_table(table.drop_columns(["experiment_id"]), waiting, compression="zstd")
        waiting.replace(part.runs)
    return folder


def _history(name: str, values: FloatArray, started: int) -> MetricHistory:
    steps = np.arange(values.size)
    return MetricHistory(name, steps, started + steps * SECOND, values)


def _run(run_id: str, position: int, shape: Shape, drawn: dict[str, FloatArray]) -> dict[str, Any]:
    started = START + position * SECOND
    last = shape.n_points - 1
    return {
        "run_id": run_id,
        "run_name": f"run {position}",
        "status": "FINISHED",
        "start_time": started,
        "end_time": started + shape.n_points * SECOND,
        "params": list(PARAMS.items()),
        "tags": [("mlflow.user", "somebody")],
        "datasets": [],
        "latest": [
            (name, {"value": float(values[-1]), "timestamp": started + last * SECOND, "step": last})
            for name, values in drawn.items()
        ],
    }
