"""What runs on executors: packing points, and diagnosing runs block by block, a batch of rows at a time.

Everything streams. What is held at once is the points of the few runs that are diagnosed together, one block
of neighbours, and one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from mlflow_bce_monitor.columnar.answers import answers_of
from mlflow_bce_monitor.columnar.layout import LATEST, RUNS
from mlflow_bce_monitor.columnar.points import Cut, Stretch, cut, histories_of, latest_of
from mlflow_bce_monitor.columnar.runs import neighbour_of, parent_of, record_of
from mlflow_bce_monitor.columnar.table import batch_of
from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord, Sibling
from mlflow_bce_monitor.siblings import Neighbour, Neighbourhood, neighbourhood

Batches = Iterable[pa.RecordBatch]
Mapped = Callable[[Batches], Iterator[pa.RecordBatch]]

NEIGHBOUR: Final = 0
ASKER: Final = 1
POINTS: Final = 2
"""Kinds of rows, in the order in which a block needs them: runs around its own, a run, that run's points."""

PACKED_POINTS: Final = 512
"""Points in one packed row at most: Spark hands 10,000 rows to Python at once, so no more than 120 MB."""

# Rows of points that are packed together, unless they come in larger batches.
_ROWS_TOGETHER: Final = 200_000
# Answers in one batch: some hundred kB.
_ANSWERS_TOGETHER: Final = 256

PACKED: Final = pa.schema(
    {
        "run_id": pa.string(),
        "key": pa.string(),
        "timestamps": pa.list_(pa.int64()),
        "steps": pa.list_(pa.int64()),
        "values": pa.list_(pa.float64()),
        "latest": LATEST,
    }
)
"""Points of one curve that came together; a curve may have many such rows."""

RUN: Final = pa.struct([RUNS.field(name) for name in RUNS.names if name not in ("run_id", "experiment_id")])
"""A run's columns beside its ids."""

IN_BLOCKS: Final = pa.schema(
    {
        "experiment_id": pa.string(),
        "block": pa.int64(),
        "kind": pa.int32(),
        "run_id": pa.string(),
        "run": RUN,
        **{name: PACKED.field(name).type for name in ("key", "timestamps", "steps", "values")},
    }
)
"""Runs and points as they are sent to the task that diagnoses them."""


def packing() -> Mapped:
    """Return a function that packs rows of points into rows of arrays: a sixth of the bytes to send."""
    return _pack


def diagnosing(question: Question) -> Mapped:
    """Return a function that makes answers of rows sorted by experiment, block, run and kind."""

    def diagnose_all(batches: Batches) -> Iterator[pa.RecordBatch]:
        answers: list[dict[str, Any]] = []
        for answer in answers_of(records(batches), question):
            answers.append(answer)
            if len(answers) == _ANSWERS_TOGETHER:
                yield batch_of(answers)
                answers = []
        if answers:
            yield batch_of(answers)

    return diagnose_all


def _pack(batches: Batches) -> Iterator[pa.RecordBatch]:
    for batch in _together(batches):
        if batch.num_rows:
            yield _packed(cut(batch, together=True))


def _together(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Yield batches put together to some size, so that curves are cut as seldom as possible."""
    waiting: list[pa.RecordBatch] = []
    n_rows = 0
    for batch in batches:
        waiting.append(batch)
        n_rows += batch.num_rows
        if n_rows >= _ROWS_TOGETHER:
            yield _as_one(waiting)
            waiting, n_rows = [], 0
    if waiting:
        yield _as_one(waiting)


def _as_one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    (whole,) = pa.Table.from_batches(batches).combine_chunks().to_batches() or (batches[0],)
    return whole


def _packed(whole: Cut) -> pa.RecordBatch:
    lengths = np.diff(whole.bounds)
    n_parts = -(-lengths // PACKED_POINTS)
    of_curve = np.repeat(np.arange(lengths.size), n_parts)
    # Number of each part within its curve.
    part = np.arange(of_curve.size) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
    starts = whole.bounds[:-1][of_curve] + part * PACKED_POINTS
    offsets = pa.array(np.concatenate((starts, whole.bounds[-1:])).astype(np.int32))
    latest: list[dict[str, Any] | None] = [None] * of_curve.size
    first = 0
    for (_, _, points), parts in zip(whole.curves(), n_parts.tolist(), strict=True):
        position = latest_of(points)
        latest[first] = {
            "value": float(points.values[position]),
            "timestamp": int(points.timestamps[position]),
            "step": int(points.steps[position]),
        }
        first += parts
    curves = of_curve.tolist()
    columns = [
        pa.array([whole.run_ids[curve] for curve in curves], pa.string()),
        pa.array([whole.names[curve] for curve in curves], pa.string()),
        *(pa.ListArray.from_arrays(offsets, pa.array(numbers)) for numbers in whole.points),
        pa.array(latest, LATEST),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=PACKED)


@dataclass
class _Block:
    """A block while its rows come in: first all neighbours, then run by run."""

    place: tuple[str, int]
    neighbours: list[Neighbour] = field(default_factory=list)
    around: Neighbourhood | None = None

    def siblings_of(self, row: Mapping[str, Any]) -> tuple[Sibling, ...]:
        if row["start_time"] is None:
            return ()
        if self.around is None:
            self.around = neighbourhood(self.neighbours)
        return self.around.siblings_of(row["run_id"], row["start_time"], parent_of(row))


@dataclass
class _Asker:
    """A run while its points come in."""

    row: Mapping[str, Any]
    curves: dict[str, list[Stretch]] = field(default_factory=dict)

    def record(self, block: _Block) -> RunRecord:
        return record_of(self.row, histories_of(self.curves), block.siblings_of(self.row))


def records(batches: Batches) -> Iterator[tuple[Mapping[str, Any], RunRecord]]:
    """Yield each asking run's row and its record, with siblings, from rows sorted by block, run and kind."""
    block: _Block | None = None
    asker: _Asker | None = None
    for batch in batches:
        rows = _Rows(batch)
        for position, kind in enumerate(rows.kinds):
            if kind == POINTS:
                # The join that sent them keeps points of asking runs alone.
                if asker is not None and rows.run_ids[position] == asker.row["run_id"]:
                    rows.add_points(position, asker.curves)
                continue
            if asker is not None and block is not None:
                yield asker.row, asker.record(block)
                asker = None
            if block is None or block.place != rows.place(position):
                block = _Block(rows.place(position))
            row = rows.run(position)
            if kind == ASKER:
                asker = _Asker(row)
            elif (one := neighbour_of(row)) is not None:
                block.neighbours.append(one)
    if asker is not None and block is not None:
        yield asker.row, asker.record(block)


class _Rows:
    """The rows of one batch."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.kinds: list[int] = batch.column("kind").to_pylist()
        self.run_ids: list[str] = batch.column("run_id").to_pylist()
        self._experiments: list[str] = batch.column("experiment_id").to_pylist()
        self._blocks: list[int] = batch.column("block").to_pylist()
        self._keys: list[str | None] = batch.column("key").to_pylist()
        self._runs = batch.column("run")
        lists = [batch.column(name) for name in ("timestamps", "steps", "values")]
        # Each list has offsets of its own, because a batch may have been cut out of a larger one.
        self._numbers: list[Any] = [one.values.to_numpy(zero_copy_only=False) for one in lists]
        self._offsets = [one.offsets.to_pylist() for one in lists]

    def place(self, position: int) -> tuple[str, int]:
        return self._experiments[position], self._blocks[position]

    def run(self, position: int) -> dict[str, Any]:
        row: dict[str, Any] = self._runs[position].as_py()
        return {**row, "run_id": self.run_ids[position], "experiment_id": self._experiments[position]}

    def add_points(self, position: int, curves: dict[str, list[Stretch]]) -> None:
        name = self._keys[position]
        if name is None or name in OWN_METRICS:
            return
        timestamps, steps, values = (
            numbers[offsets[position] : offsets[position + 1]]
            for numbers, offsets in zip(self._numbers, self._offsets, strict=True)
        )
        stretch = Stretch(timestamps, steps, values)
        curves.setdefault(name, []).append(stretch)
