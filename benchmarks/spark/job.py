"""One diagnosis of a folder, in a process of its own: prints seconds, peak MB and the verdicts as JSON.

python -m benchmarks.spark.job spark 2 FOLDER      # Spark on two cores
python -m benchmarks.spark.job processes 2 FOLDER  # this package alone, two processes
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.spark.memory import Peak
from mlflow_bce_monitor.cli.scan_folder import scan_folder
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.spark import diagnose, local_session

MEMORY = "2g"


def main() -> None:
    """Start, warm up on one experiment, then measure."""
    kind, cores, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    # Spark's Java process and its Python worker would otherwise share one "core" on two.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    with Peak() as peak:
        work = _on_spark(cores, folder) if kind == "spark" else _in_processes(cores, folder)
        started = time.perf_counter()
        verdicts = work()
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "megabytes": peak.megabytes, "verdicts": verdicts}))


def _on_spark(cores: int, folder: Path) -> Callable[[], dict[str, int]]:
    n_runs = len(list((folder / "runs").rglob("*.parquet"))) * 500
    settings = {
        # About a block each, so that no task is waited for long at the end.
        "spark.sql.shuffle.partitions": str(min(max(n_runs // 250, 16), 1_000)),
        # Other programs may hold this machine for minutes.
        "spark.network.timeout": "3600s",
        "spark.executor.heartbeatInterval": "600s",
    }
    session = local_session(cores, memory=MEMORY, settings=settings)

    def count(where: str) -> dict[str, int]:
        history = session.read.parquet(str(folder / "points")).where(where)
        runs = session.read.parquet(str(folder / "runs")).where(where)
        rows = diagnose(history, runs).groupBy("verdict").count().collect()
        return {row["verdict"]: row["count"] for row in rows}

    # Compilers and Python's workers are warm then, as in any job that takes minutes.
    count("experiment_id = 0")
    return lambda: count("true")


def _in_processes(cores: int, folder: Path) -> Callable[[], dict[str, int]]:
    def count(experiments: tuple[str, ...]) -> dict[str, int]:
        tally = scan_folder(folder, experiments, Question(), cores, None, "csv", io.StringIO())
        return dict(tally.verdicts)

    return lambda: count(())


if __name__ == "__main__":
    main()
