"""From a store to a folder of Parquet files: runs with params, tags and inputs, and all their points.

Parts of 500 runs are written one after the other. A part that holds the same runs in the same state is
left as it is, so that an export that was interrupted goes on where it stopped, and a second one writes
what changed. Nothing of the store is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Run

from mlflow_bce_monitor.columnar.folder import (
    LAYOUT_FILE,
    Part,
    check_layout,
    part_of,
    parts_of,
)
from mlflow_bce_monitor.columnar.layout import LAYOUT_VERSION, POINTS, RUNS
from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.reader import ReadFailure, RunReader, context_of
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.pages import Entries, listed
from mlflow_bce_monitor.tracking.store.search import Selection
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits
from mlflow_bce_monitor.tracking.writing.fingerprint import digest

RUNS_A_PART: Final = 500
"""Runs of one experiment in one file: a page of a scan, and some megabytes of points."""

# Beside a run's columns: its state when it was exported, so that an unchanged part is told by its file alone.
_STATE: Final = "state"
_STATED: Final = RUNS.remove(RUNS.get_field_index("experiment_id")).append(pa.field(_STATE, pa.string()))
# Rows of points in one row group: what a reader skips or takes at once.
_ROWS_A_GROUP: Final = 1_000_000
_READ_AHEAD: Final = 4  # runs, where each is a request


@dataclass(frozen=True)
class Exported:
    """What was done about one part.

    Attributes
    ----------
    n_runs
        Runs of the part.
    written
        Whether it was written, or is as it was.
    problems
        Runs that could not be read and are not in the part, one sentence each.
    """

    n_runs: int
    written: bool
    problems: tuple[str, ...] = ()


def export_runs(store: Store, selection: Selection, folder: Path) -> Iterator[Exported]:
    """Write the runs of whole experiments to a folder, part by part.

    Parameters
    ----------
    store, selection
        What to export: whole experiments, because a run is judged with those around it.
    folder
        Made when it is not there; one of an earlier export is brought up to date.

    Raises
    ------
    UsageError
        The folder holds something else.
    StoreError
        The store stopped answering. What was written stays, and the next export goes on.
    """
    _prepare(folder)
    reader = reader_of(store)
    with closing(reader), bounded_waits(WORKING), ThreadPoolExecutor(_READ_AHEAD) as pool:
        met: dict[str, int] = {}
        for experiment_id, runs in _by_part(listed(store, selection, lambda _n_runs: None)):
            number = met.get(experiment_id, 0)
            met[experiment_id] = number + 1
            yield _export_part(part_of(folder, experiment_id, number), runs, reader, pool)
        for experiment in selection.experiments:
            _remove_rest(folder, experiment.experiment_id, met.get(experiment.experiment_id, 0))


def _prepare(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Give a folder, or a path where one can be made.")
    if folder.is_dir() and any(folder.iterdir()):
        check_layout(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LAYOUT_FILE).write_text(json.dumps({"layout": LAYOUT_VERSION}) + "\n", encoding="utf-8")


def _by_part(pages: Iterable[Entries]) -> Iterator[tuple[str, list[Run]]]:
    """Yield runs of one experiment at a time, as many as a part holds."""
    waiting: list[Run] = []
    for entries in pages:
        for run in entries:
            if not isinstance(run, Run):
                continue
            other = waiting and waiting[0].info.experiment_id != run.info.experiment_id
            if other or len(waiting) == RUNS_A_PART:
                yield waiting[0].info.experiment_id, waiting
                waiting = []
            waiting.append(run)
    if waiting:
        yield waiting[0].info.experiment_id, waiting


def _export_part(part: Part, runs: Sequence[Run], reader: RunReader, pool: ThreadPoolExecutor) -> Exported:
    states = [(run.info.run_id, digest(run, Question(), LIMITS)) for run in runs]
    if _states_in(part) == states:
        return Exported(len(runs), written=False)
    part.runs.unlink(missing_ok=True)
    for path in (part.runs, part.points):
        path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    with _replacing(part.points) as writer:
        for run, (_, state), record in zip(runs, states, reader.read(runs, pool, _READ_AHEAD), strict=True):
            if isinstance(record, ReadFailure):
                problems.append(
                    f"Run {run.info.run_id} was left out, because it cannot be read: {record.why}"
                )
                continue
            writer.add(record.run_id, record.histories.values())
            rows.append({**_row(run, record), _STATE: state})
    waiting = part.runs.with_suffix(".tmp")
    pq.write_table(pa.Table.from_pylist(rows, schema=_STATED), waiting, compression="zstd")
    waiting.replace(part.runs)
    return Exported(len(runs), written=True, problems=tuple(problems))


def _states_in(part: Part) -> list[tuple[str, str]] | None:
    """Return what a finished part holds, None when it is not there or cannot be read."""
    if not (part.runs.exists() and part.points.exists()):
        return None
    try:
        table = pq.ParquetFile(part.runs).read(columns=["run_id", _STATE])
    except (OSError, pa.ArrowException):
        # Half a file of a disk that was full: written anew.
        return None
    return [(row["run_id"], row[_STATE]) for row in table.to_pylist()]


def _row(run: Run, record: RunRecord) -> dict[str, Any]:
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return {
        "run_id": record.run_id,
        "run_name": run.info.run_name,
        "status": record.status,
        "start_time": record.start_time,
        "end_time": record.end_time,
        "params": list(record.params.items()),
        "tags": list(record.tags.items()),
        "datasets": [
            {
                "name": logged.dataset.name,
                "digest": logged.dataset.digest,
                "source_type": logged.dataset.source_type,
                "context": context_of(logged),
                "profile": logged.dataset.profile,
            }
            for logged in inputs
        ],
        "model_summary": record.model_summary,
        # The protocol message is MLflow's public way to the step and timestamp of the latest points.
        "latest": [
            (point.key, {"value": point.value, "timestamp": point.timestamp, "step": point.step})
            for point in run.data.to_proto().metrics
            if point.key not in OWN_METRICS
        ],
    }


def _remove_rest(folder: Path, experiment_id: str, n_parts: int) -> None:
    """Remove parts of an earlier export that the experiment no longer fills, such as after deletions."""
    for part in parts_of(folder, experiment_id)[n_parts:]:
        part.runs.unlink()
        part.points.unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[_PointsWriter]:
    """Yield a writer of points whose file takes its place when all went well, and is gone otherwise."""
    waiting = path.with_suffix(".tmp")
    file = pq.ParquetWriter(
        waiting,
        POINTS,
        compression="zstd",
        use_dictionary=["run_id", "key"],
        column_encoding={
            "timestamp": "DELTA_BINARY_PACKED",
            "step": "DELTA_BINARY_PACKED",
            "value": "BYTE_STREAM_SPLIT",
        },
    )
    try:
        with file:
            writer = _PointsWriter(file)
            yield writer
            writer.flush()
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise
    waiting.replace(path)


class _PointsWriter:
    """Collects the points of a part and writes them a row group at a time."""

    def __init__(self, file: pq.ParquetWriter) -> None:
        self._file = file
        self._curves: list[tuple[str, MetricHistory]] = []
        self._n_rows = 0

    def add(self, run_id: str, histories: Iterable[MetricHistory]) -> None:
        """Take the curves of one run."""
        for history in histories:
            self._curves.append((run_id, history))
            self._n_rows += len(history)
        if self._n_rows >= _ROWS_A_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        if self._n_rows:
            self._file.write_table(points_of(self._curves))
        self._curves, self._n_rows = [], 0


def points_of(curves: Sequence[tuple[str, MetricHistory]]) -> pa.Table:
    """Return the points of some curves, each given with its run's id, as rows."""
    lengths = np.array([len(history) for _, history in curves])
    numbers: Mapping[str, Any] = {
        name: np.concatenate([getattr(history, part) for _, history in curves])
        for name, part in (("timestamp", "timestamps"), ("step", "steps"), ("value", "values"))
    }
    return pa.table(
        {
            "run_id": _repeated([run_id for run_id, _ in curves], lengths),
            "key": _repeated([history.name for _, history in curves], lengths),
            **numbers,
        },
        schema=POINTS,
    )


def _repeated(words: Sequence[str], times: Any) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(np.repeat(np.arange(len(words)), times)))
