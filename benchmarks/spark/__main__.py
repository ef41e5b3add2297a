"""Parquet beside SQL, one core of Spark beside two, and a million runs.

pip install -e '.[test]'                     # and a Java, as the README says
python -m benchmarks.spark                   # Parquet beside SQL; small and larger runs on 1 and 2 cores
python -m benchmarks.spark --part million --folder F   # 1,000,000 runs x 2 metrics x 50 points: up to an
                                             # hour; given again, it goes on where it was stopped
python -m benchmarks.spark --part small --numbers n.json --write   # parts one by one, then into docs/spark.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from mlflow_bce_monitor.judging import points_of, together
from mlflow_bce_monitor.pipeline import Question, diagnose_many
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.reader import ReadFailure
from mlflow_bce_monitor.tracking.store.opening import Store, open_store

PARTS = ("stored", "small", "large", "million")
STORED = Shape(2_000, 200)
# Runs, metrics.
SIZES = {"small": (Shape(20_000, 50), 2), "large": (Shape(5_000, 200), 3)}
MILLION = Shape(1_000_000, 50)


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all but the million")
    parser.add_argument("--runs", type=int, help="runs of each part instead of its own number")
    parser.add_argument("--numbers", type=Path, help="a file that keeps the numbers of parts measured apart")
    parser.add_argument("--write", action="store_true", help="put the numbers into docs/spark.md")
    parser.add_argument("--folder", type=Path, help="where generated files are put, and kept")
    arguments = parser.parse_args()
    numbers = (
        json.loads(arguments.numbers.read_text()) if arguments.numbers and arguments.numbers.exists() else {}
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for part in arguments.part or PARTS[:-1]:
            numbers[part] = _measured(part, folder, arguments.runs)
            if arguments.numbers:
                arguments.numbers.write_text(json.dumps(numbers, indent=1))
    if arguments.write:
        write(numbers)


def _measured(part: str, folder: Path, n_runs: int | None) -> Numbers:
    if part == "stored":
        return _beside_sql(folder, Shape(n_runs or STORED.n_runs, STORED.n_points))
    if part == "million":
        return _million(folder, Shape(n_runs or MILLION.n_runs, MILLION.n_points))
    shape, n_metrics = SIZES[part]
    return _cores(folder, Shape(n_runs or shape.n_runs, shape.n_points), n_metrics)


def _beside_sql(folder: Path, shape: Shape) -> Numbers:
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
    n = len(runs)
    sql = measure("SQL reader, histories", n, lambda: _read_sql(store, runs))
    parquet = measure("Parquet, runs and histories", n, lambda: _read_parquet(parts))
    sql_whole = measure(
        "SQL reader, histories and the diagnosis", n, lambda: _read_sql(store, runs, diagnose_many)
    )
    what = "Parquet, diagnosis with siblings and what apply needs"
    parquet_whole = measure(what, n, lambda: _judge_parquet(exported))
    ratio("Parquet, to the SQL reader", parquet, sql, 1)
    return {
        "n_runs": n,
        "n_points": shape.n_points,
        "sql": sql.rate,
        "parquet": parquet.rate,
        "sql_whole": sql_whole.rate,
        "parquet_whole": parquet_whole.rate,
    }


def _read_sql(
    store: Store, runs: Sequence[Run], judge: Callable[[list[RunRecord]], object] | None = None
) -> None:
    with ThreadPoolExecutor(1) as pool:
        for chunk in together(_records(reader_of(store).read(runs, pool, 1)), points_of):
            if judge is not None:
                judge(chunk)


def _records(found: Iterable[RunRecord | ReadFailure]) -> Iterator[RunRecord]:
    for record in found:
        if isinstance(record, ReadFailure):
            raise RuntimeError(record.why)  # noqa: TRY004 - not of a wrong type, but not read
        yield record


def _read_parquet(parts: Sequence[Part]) -> None:
    for part in parts:
        if sum(1 for _ in read_points(part)) != len(read_runs(part)):
            raise RuntimeError("runs are missing")


def _judge_parquet(folder: Path) -> None:
    for one in experiments_of(folder):
        for work in works_of(parts_of(folder, one)):
            diagnosed(work, Question())


def _cores(folder: Path, shape: Shape, n_metrics: int) -> Numbers:
    print(f"\n{shape.n_runs:,} runs x {n_metrics} metrics x {shape.n_points} points on Spark, start-up apart")
    filled = _filled(folder, shape, n_metrics)
    one, _ = _job("spark", 1, filled, shape)
    two, _ = _job("spark", 2, filled, shape)
    ratio("two cores, to one", two, one, 1.6)
    alone, _ = _job("processes", 1, filled, shape)
    sizes = {"n_runs": shape.n_runs, "n_metrics": n_metrics, "n_points": shape.n_points}
    return {**sizes, "one": one.rate, "two": two.rate, "alone": alone.rate}


def _million(folder: Path, shape: Shape) -> Numbers:
    n_points = shape.n_runs * 2 * shape.n_points
    print(f"\n{shape.n_runs:,} runs x 2 metrics x {shape.n_points} points: {n_points:,} in all, two cores")
    filled = _filled(folder, shape, 2)
    n_bytes = sum(path.stat().st_size for path in filled.rglob("*.parquet"))
    measured, megabytes = _job("slices", 2, filled, shape)
    print(f"  peak memory of all processes {megabytes:,.0f} MB, {n_bytes / 1e6:,.0f} MB of files")
    sizes = {"n_runs": shape.n_runs, "n_points": shape.n_points, "bytes": n_bytes}
    spent = {"seconds": measured.seconds, "processor_seconds": measured.cpu_seconds}
    return {**sizes, **spent, "megabytes": megabytes}


def _filled(folder: Path, shape: Shape, n_metrics: int) -> Path:
    filled = folder / f"{shape.n_runs}x{n_metrics}x{shape.n_points}"
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
    name = f"{kind}, {cores} core{'s' if cores > 1 else ''}"
    measured = Measured(name, shape.n_runs, told["seconds"], told["processor_seconds"])
    print(measured.line(), f"{told['megabytes']:,.0f} MB", flush=True)
    return measured, told["megabytes"]


if __name__ == "__main__":
    main()
