"""One diagnosis of a folder, in a process of its own: prints seconds, peak MB and the verdicts as JSON.

python -m benchmarks.spark.job spark 2 FOLDER      # Spark on two cores
python -m benchmarks.spark.job slices 2 FOLDER     # the same, 100 experiments at once; resumable
python -m benchmarks.spark.job processes 2 FOLDER  # this package alone, two processes
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.spark.memory import Peak, processor_seconds
from mlflow_bce_monitor.cli.scan_folder import scan_folder
from mlflow_bce_monitor.columnar.folder import experiments_of
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.spark import diagnose, local_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MEMORY: Final = "2g"
EXPERIMENTS_A_SLICE: Final = 100

Told = dict[str, Any]


def main() -> None:
    """Start, warm up on one experiment, then measure."""
    kind, cores, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    # Spark's Java process and its Python worker would otherwise share one "core" on two.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    with Peak() as peak:
        if kind == "slices":
            told = _in_slices(cores, folder, peak)
        else:
            work = _on_spark(cores, folder) if kind == "spark" else _in_processes(cores, folder)
            told = _measured(work)
    print(json.dumps({"megabytes": peak.megabytes, **told}))


def _measured(work: Callable[[], dict[str, int]]) -> Told:
    started, used = time.perf_counter(), processor_seconds()
    verdicts = work()
    return {
        "seconds": time.perf_counter() - started,
        "processor_seconds": processor_seconds() - used,
        "verdicts": verdicts,
    }


def _on_spark(cores: int, folder: Path) -> Callable[[], dict[str, int]]:
    session = _session(cores, len(experiments_of(folder)))
    # Compilers and Python's workers are warm then, as in any job that takes minutes.
    _by_verdict(_diagnoses(session, folder, "experiment_id = 0"))
    return lambda: _by_verdict(_diagnoses(session, folder, "true"))


def _in_slices(cores: int, folder: Path, peak: Peak) -> Told:
    """Write a table of diagnoses slice by slice, and what each took; finished slices are left alone."""
    done = folder.with_name(f"{folder.name}.diagnosed")
    done.mkdir(exist_ok=True)
    n_experiments = len(experiments_of(folder))
    slices = {first: done / f"{first:06d}" for first in range(0, n_experiments, EXPERIMENTS_A_SLICE)}
    left = {first: path for first, path in slices.items() if not path.with_suffix(".json").exists()}
    if left:
        session = _session(cores, EXPERIMENTS_A_SLICE)
        _by_verdict(_diagnoses(session, folder, "experiment_id = 0"))
    for first, path in left.items():
        within = f"experiment_id >= {first} AND experiment_id < {first + EXPERIMENTS_A_SLICE}"

        def write(path: Path = path, within: str = within) -> dict[str, int]:
            _diagnoses(session, folder, within).write.mode("overwrite").parquet(str(path))
            return _by_verdict(session.read.parquet(str(path)))

        told = {**_measured(write), "megabytes": peak.megabytes}
        path.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
        print(f"  experiments from {first}: {told['seconds']:,.0f} s", file=sys.stderr, flush=True)
    return _sum_of([json.loads(path.with_suffix(".json").read_text()) for path in slices.values()])


def _sum_of(parts: list[Told]) -> Told:
    verdicts: Counter[str] = Counter()
    for part in parts:
        verdicts.update(part["verdicts"])
    return {
        "seconds": sum(part["seconds"] for part in parts),
        "processor_seconds": sum(part["processor_seconds"] for part in parts),
        "megabytes": max(part["megabytes"] for part in parts),
        "verdicts": dict(verdicts),
    }


def _session(cores: int, n_experiments: int) -> SparkSession:
    settings = {
        # Some hundred runs each, so that no task is waited for long at the end.
        "spark.sql.shuffle.partitions": str(min(max(4 * n_experiments, 16), 1_000)),
        # Other programs may hold this machine for minutes.
        "spark.network.timeout": "3600s",
        "spark.executor.heartbeatInterval": "600s",
    }
    return local_session(cores, memory=MEMORY, settings=settings)


def _diagnoses(session: SparkSession, folder: Path, where: str) -> DataFrame:
    history = session.read.parquet(str(folder / "points")).where(where)
    runs = session.read.parquet(str(folder / "runs")).where(where)
    return diagnose(history, runs)


def _by_verdict(found: DataFrame) -> dict[str, int]:
    return {row["verdict"]: row["count"] for row in found.groupBy("verdict").count().collect()}


def _in_processes(cores: int, folder: Path) -> Callable[[], dict[str, int]]:
    def count(experiments: tuple[str, ...]) -> dict[str, int]:
        tally = scan_folder(folder, experiments, Question(), cores, None, "csv", io.StringIO())
        return dict(tally.verdicts)

    return lambda: count(())


if __name__ == "__main__":
    main()
