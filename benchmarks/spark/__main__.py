"""Parquet beside SQL, one core of Spark beside two, and a million runs.

pip install -e '.[test]'                            # and a Java, as the README says
python -m benchmarks.spark                          # Parquet beside SQL, 20,000 runs on one and two cores
python -m benchmarks.spark --million                # 1,000,000 runs x 2 metrics x 50 points as well
python -m benchmarks.spark --write                  # the numbers into docs/spark.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from mlflow.entities import Run

from benchmarks.scan.filling import Shape
from benchmarks.scan.filling import fill as fill_store
from benchmarks.scan.measuring import Measured, measure, ratio
from benchmarks.spark.filling import fill
from benchmarks.spark.page import Numbers, write
from mlflow_bce_monitor.cli import main as command
from mlflow_bce_monitor.columnar.folder import (
    Part,
    diagnosed,
    experiments_of,
    parts_of,
    read_points,
    read_runs,
    works_of,
)
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.evaluation import reader_of
from mlflow_bce_monitor.tracking.reader import ReadFailure
from mlflow_bce_monitor.tracking.store import Store, open_store

STORED = Shape(2_000, 200)
SMALL, LARGE = Shape(20_000, 50), Shape(20_000, 200)
MILLION = Shape(1_000_000, 50)


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--runs", type=int, default=SMALL.n_runs, help="runs on one and two cores")
    parser.add_argument("--stored", type=int, default=STORED.n_runs, help="runs for Parquet beside SQL")
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--million-runs", type=int, default=MILLION.n_runs)
    parser.add_argument("--write", action="store_true", help="put the numbers into docs/spark.md")
    parser.add_argument("--folder", type=Path, help="where generated files are put, and kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        numbers = Numbers()
        _beside_sql(folder, Shape(arguments.stored, STORED.n_points), numbers)
        _cores(folder, Shape(arguments.runs, SMALL.n_points), 2, numbers)
        _cores(folder, Shape(arguments.runs, LARGE.n_points), 3, numbers)
        if arguments.million:
            _million(folder, Shape(arguments.million_runs, MILLION.n_points), numbers)
    if arguments.write:
        write(numbers)


def _beside_sql(folder: Path, shape: Shape, numbers: Numbers) -> None:
    print(f"{shape.n_runs:,} runs x 3 metrics x {shape.n_points} points, one process")
    database, exported = folder / "mlflow.db", folder / "exported"
    uri = fill_store(database, shape)
    export = ["export", str(exported), "--tracking-uri", uri]
    measure("export", shape.n_runs, lambda: CliRunner().invoke(command, export, catch_exceptions=False), 1)
    store = open_store(uri)
    runs = store.client.search_runs(
        [one.experiment_id for one in store.client.search_experiments()], max_results=50_000
    )

    parts = [part for one in experiments_of(exported) for part in parts_of(exported, one)]
    numbers.sql = measure("SQL reader, histories", len(runs), lambda: _read_sql(store, runs))
    numbers.parquet = measure("Parquet, runs and histories", len(runs), lambda: _read_parquet(parts))
    numbers.sql_whole = measure(
        "SQL reader, histories and the diagnosis", len(runs), lambda: _read_sql(store, runs, judged=diagnose)
    )
    numbers.parquet_whole = measure(
        "Parquet, diagnosis with siblings and what apply needs", len(runs), lambda: _judge_parquet(exported)
    )
    numbers.stored = shape
    ratio("Parquet, to the SQL reader", numbers.parquet, numbers.sql, 1)


def _read_sql(store: Store, runs: Sequence[Run], judged: Callable[[RunRecord], object] | None = None) -> None:
    with ThreadPoolExecutor(1) as pool:
        for record in reader_of(store).read(runs, pool, 1):
            if isinstance(record, ReadFailure):
                raise RuntimeError(record.why)  # noqa: TRY004 - not of a wrong type, but not read
            if judged is not None:
                judged(record)


def _read_parquet(parts: Sequence[Part]) -> None:
    for part in parts:
        if sum(1 for _ in read_points(part)) != len(read_runs(part)):
            raise RuntimeError("runs are missing")


def _judge_parquet(folder: Path) -> None:
    for one in experiments_of(folder):
        for work in works_of(parts_of(folder, one)):
            diagnosed(work, Question())


def _cores(folder: Path, shape: Shape, n_metrics: int, numbers: Numbers) -> None:
    print(f"\n{shape.n_runs:,} runs x {n_metrics} metrics x {shape.n_points} points on Spark, start-up apart")
    filled = _filled(folder, shape, n_metrics)
    one, _ = _job("spark", 1, filled, shape)
    two, _ = _job("spark", 2, filled, shape)
    ratio("two cores, to one", two, one, 1.6)
    alone, _ = _job("processes", 1, filled, shape)
    numbers.spark.append((shape, n_metrics, one, two, alone))


def _million(folder: Path, shape: Shape, numbers: Numbers) -> None:
    n_points = shape.n_runs * 2 * shape.n_points
    print(f"\n{shape.n_runs:,} runs x 2 metrics x {shape.n_points} points: {n_points:,} in all, two cores")
    filled = _filled(folder, shape, 2)
    n_bytes = sum(path.stat().st_size for path in filled.rglob("*.parquet"))
    measured, megabytes = _job("spark", 2, filled, shape)
    print(f"  peak memory of all processes {megabytes:,.0f} MB, {n_bytes / 1e6:,.0f} MB of files")
    numbers.million = (shape, measured, megabytes, n_bytes)


def _filled(folder: Path, shape: Shape, n_metrics: int) -> Path:
    filled = folder / f"{shape.n_runs}x{n_metrics}x{shape.n_points}"
    if not filled.exists():
        measure("  generated", shape.n_runs, lambda: fill(filled, shape, n_metrics), 1)
    return filled


def _job(kind: str, cores: int, folder: Path, shape: Shape) -> tuple[Measured, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.spark.job", kind, str(cores), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
        },
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if sum(told["verdicts"].values()) != shape.n_runs:
        raise RuntimeError(f"{shape.n_runs} runs were asked for: {told['verdicts']}")
    # The processor time of other processes is not ours to read; on idle cores it is close to this.
    measured = Measured(
        f"{kind}, {cores} core{'s' if cores > 1 else ''}",
        shape.n_runs,
        told["seconds"],
        told["seconds"] * cores,
    )
    print(measured.line(), f"{told['megabytes']:,.0f} MB", flush=True)
    return measured, told["megabytes"]


if __name__ == "__main__":
    main()
