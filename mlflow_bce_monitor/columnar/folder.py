"""The folder that ``bce-monitor export`` writes, and reading it back run by run.

::

    PATH/layout.json                                       which layout this is
    PATH/runs/experiment_id=E/part-00000.parquet           500 runs, the oldest first
    PATH/points/experiment_id=E/part-00000.parquet         all points of those runs, run by run

The part of the runs is written last, so it says that the part of the points is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq

from mlflow_bce_monitor.columnar.answers import answers_of
from mlflow_bce_monitor.columnar.layout import LAYOUT_VERSION, RUNS
from mlflow_bce_monitor.columnar.points import runs_of
from mlflow_bce_monitor.columnar.runs import Row, neighbour_of, parent_of, record_of
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import MetricHistory, RunRecord, Sibling
from mlflow_bce_monitor.siblings import Neighbour
from mlflow_bce_monitor.stretches import surrounded

LAYOUT_FILE: Final = "layout.json"
RUNS_FOLDER: Final = "runs"
POINTS_FOLDER: Final = "points"
_PARTITION: Final = "experiment_id="
# Rows of points read at once: 2 MB of numbers.
_ROWS_AT_ONCE: Final = 65_536


@dataclass(frozen=True)
class Part:
    """Some runs of one experiment: a file of runs and one of their points."""

    runs: Path
    points: Path
    experiment_id: str


@dataclass(frozen=True)
class Work:
    """One part and the siblings of its runs: what a process needs to diagnose it."""

    part: Part
    siblings: Mapping[str, tuple[Sibling, ...]]


def part_of(folder: Path, experiment_id: str, number: int) -> Part:
    """Return where a part of an experiment lies."""
    # As Hive, Spark and pyarrow write partitions.
    below = Path(f"{_PARTITION}{quote(experiment_id, safe='')}") / f"part-{number:05d}.parquet"
    return Part(folder / RUNS_FOLDER / below, folder / POINTS_FOLDER / below, experiment_id)


def check_layout(folder: Path) -> None:
    """Raise UsageError when a folder is none that ``export`` wrote."""
    path = folder / LAYOUT_FILE
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Write one with 'bce-monitor export {folder}'.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder} is no folder of exported histories: it has no readable {LAYOUT_FILE}. "
            "Write one with 'bce-monitor export'; other Parquet files are for Spark (docs/spark.md)."
        ) from None
    if found != LAYOUT_VERSION:
        raise UsageError(
            f"{folder} has layout {found}, and this version reads layout {LAYOUT_VERSION}. Export it anew."
        )


def experiments_of(folder: Path) -> list[str]:
    """Return the ids of the exported experiments, sorted."""
    found = (folder / RUNS_FOLDER).glob(f"{_PARTITION}*")
    return sorted(unquote(path.name.removeprefix(_PARTITION)) for path in found)


def parts_of(folder: Path, experiment_id: str) -> list[Part]:
    """Return the finished parts of one experiment, the oldest runs first."""
    first = part_of(folder, experiment_id, 0)
    names = sorted(path.name for path in first.runs.parent.glob("part-*.parquet"))
    return [Part(first.runs.with_name(name), first.points.with_name(name), experiment_id) for name in names]


def works_of(parts: Sequence[Part]) -> Iterator[Work]:
    """Yield the parts of one experiment, each with the siblings of its runs; one part is read ahead."""
    waiting: list[Part] = []

    def read() -> Iterator[list[dict[str, Any]]]:
        for part in parts:
            waiting.append(part)
            yield read_runs(part)

    for page in surrounded(read(), _placed):
        stretches = page.stretches
        siblings = {
            row["run_id"]: stretches[row["experiment_id"]].siblings_of(
                row["run_id"], row["start_time"], parent_of(row)
            )
            for row in page.entries
            if row["start_time"] is not None
        }
        yield Work(waiting.pop(0), siblings)


def diagnosed(work: Work, question: Question) -> list[dict[str, Any]]:
    """Return the answers of all runs of a part, in its order."""
    return list(answers_of(_records(work), question))


def _records(work: Work) -> Iterator[tuple[Row, RunRecord]]:
    """Yield each run of a part and its record."""
    rows = read_runs(work.part)
    histories = read_points(work.part)
    following = next(histories, None)
    for row in rows:
        found: dict[str, MetricHistory] = {}
        # Runs without points are missing among those with points, which follow in the same order.
        if following is not None and following[0] == row["run_id"]:
            found = following[1]
            following = next(histories, None)
        yield row, record_of(row, found, work.siblings.get(row["run_id"], ()))


def read_runs(part: Part) -> list[dict[str, Any]]:
    """Return the runs of a part."""
    wanted = [name for name in RUNS.names if name != "experiment_id"]
    # One file, not a data set, which would read a number out of the path where the id is a word.
    table = pq.ParquetFile(part.runs).read(columns=wanted)
    return [{**row, "experiment_id": part.experiment_id} for row in table.to_pylist()]


def read_points(part: Part) -> Iterator[tuple[str, dict[str, MetricHistory]]]:
    """Yield the histories of one run after the other, with no more than one run's points in memory."""
    with pq.ParquetFile(part.points, read_dictionary=["run_id", "key"]) as file:
        yield from runs_of(_batches(file))


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    return file.iter_batches(batch_size=_ROWS_AT_ONCE)  # type: ignore[no-any-return]


def _placed(row: Row) -> tuple[str, Neighbour] | None:
    one = neighbour_of(row)
    return None if one is None else (row["experiment_id"], one)
