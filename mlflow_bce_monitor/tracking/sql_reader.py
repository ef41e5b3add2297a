"""Reads many runs of a database store with one ``SELECT``.

MLflow's client asks for one metric of one run at a time and builds an object a point; this
reads the same rows at fifty times the speed. It knows six columns of one table, asks the
database whether they are there, and steps aside for
:class:`~mlflow_bce_monitor.tracking.reader.ClientReader` when they are not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
import sqlalchemy
from mlflow.entities import Run
from sqlalchemy import column, func, select, table
from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reader import (
    OWN_METRICS,
    ReadFailure,
    local_model_summary,
    metric_names,
    record_of,
)
from mlflow_bce_monitor.tracking.reasons import reason
from mlflow_bce_monitor.tracking.store import Store, StoreKind, read_only_engine

_METRICS: Final = table(
    "metrics",
    column("run_uuid"),
    column("key"),
    column("step"),
    column("timestamp"),
    column("value"),
    column("is_nan"),
)
# Rows fetched from the driver at once.
_FETCH_ROWS: Final = 20_000
# Points held at once, unless one run alone has more: 25 bytes each, so about 50 MB.
_POINTS_AT_ONCE: Final = 2_000_000
# Values in one IN list: SQL Server takes 2,100 parameters a statement.
_RUNS_AT_ONCE: Final = 500


@dataclass
class _Points:
    """One metric of one run while its rows come in."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    timestamps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    is_nan: array[int] = field(default_factory=lambda: array("b"))

    def history(self, name: str) -> MetricHistory:
        """Return the points in the order in which MLflow's client returns them."""
        steps = np.frombuffer(self.steps, dtype=np.int64)
        timestamps = np.frombuffer(self.timestamps, dtype=np.int64)
        values = np.frombuffer(self.values, dtype=np.float64)
        # MLflow sorts by the stored value, which is 0 for NaN, so NaN is put in afterwards.
        order = np.lexsort((values, steps, timestamps))
        is_nan = np.frombuffer(self.is_nan, dtype=np.int8).astype(bool)
        return MetricHistory(
            name=name,
            steps=steps[order],
            timestamps=timestamps[order],
            values=np.where(is_nan, np.nan, values)[order],
        )


class SqlReader:
    """Reads metric histories straight from a database store, never writing."""

    def __init__(self, engine: sqlalchemy.Engine, points_at_once: int = _POINTS_AT_ONCE) -> None:
        self._engine = engine
        self._points_at_once = points_at_once

    def read(self, runs: Sequence[Run], pool: Executor, ahead: int) -> Iterator[RunRecord | ReadFailure]:
        """Yield one record (or failure) for each run; ``pool`` and ``ahead`` are not needed."""
        del pool, ahead
        for start in range(0, len(runs), _RUNS_AT_ONCE):
            chunk = runs[start : start + _RUNS_AT_ONCE]
            try:
                batches = self._batches(chunk)
            except SQLAlchemyError as error:
                yield from (ReadFailure(run.info.run_id, reason(error)) for run in chunk)
                continue
            for batch in batches:
                yield from self._read_batch(batch)

    def close(self) -> None:
        """Close the database connections."""
        self._engine.dispose()

    def _batches(self, runs: Sequence[Run]) -> list[list[Run]]:
        """Cut ``runs`` so that a batch holds no more points than allowed, or a single run."""
        counting = (
            select(_METRICS.c.run_uuid, func.count())
            .where(_METRICS.c.run_uuid.in_([run.info.run_id for run in runs]))
            .group_by(_METRICS.c.run_uuid)
        )
        with self._engine.connect() as connection:
            n_points = {str(run_id): int(n) for run_id, n in connection.execute(counting)}
        batches: list[list[Run]] = []
        room = 0
        for run in runs:
            needed = n_points.get(run.info.run_id, 0)
            if not batches or needed > room:
                batches.append([])
                room = self._points_at_once
            batches[-1].append(run)
            room -= needed
        return batches

    def _read_batch(self, batch: Sequence[Run]) -> Iterator[RunRecord | ReadFailure]:
        try:
            points = self._points([run.info.run_id for run in batch if metric_names(run)])
        except SQLAlchemyError as error:
            yield from (ReadFailure(run.info.run_id, reason(error)) for run in batch)
            return
        for run in batch:
            of_run = points.pop(run.info.run_id, {})
            histories = {name: of_run[name].history(name) for name in sorted(of_run)}
            try:
                yield record_of(run, histories, local_model_summary(run))
            except OSError as error:
                yield ReadFailure(run.info.run_id, reason(error))

    def _points(self, run_ids: Sequence[str]) -> dict[str, dict[str, _Points]]:
        """Return run id to metric name to points.

        All rows are fetched before anything is returned: an open ``SELECT`` would lock a
        SQLite file against the answers that are written meanwhile.
        """
        points: dict[str, dict[str, _Points]] = {}
        if not run_ids:
            return points
        # In the order of the index, so that the rows of a metric come together; a database that
        # takes "Loss" and "loss" for equal mixes those, hence a lookup whenever the name changes.
        rows = (
            select(*_METRICS.c)
            .where(_METRICS.c.run_uuid.in_(run_ids), _METRICS.c.key.not_in(OWN_METRICS))
            .order_by(_METRICS.c.run_uuid, _METRICS.c.key)
        )
        with self._engine.connect() as connection:
            result = connection.execution_options(yield_per=_FETCH_ROWS).execute(rows)
            for fetched in result.partitions():
                for (run_id, name), group in groupby(fetched, key=itemgetter(0, 1)):
                    target = points.setdefault(run_id, {}).setdefault(name, _Points())
                    _, _, steps, timestamps, values, is_nan = zip(*group, strict=True)
                    target.steps.extend(steps)
                    target.timestamps.extend(timestamps)
                    target.values.extend(values)
                    target.is_nan.extend(is_nan)
        return points


def sql_reader(store: Store) -> SqlReader | None:
    """Return a reader for a database store, None when its table of metrics is not the known one."""
    if store.kind is not StoreKind.DATABASE:
        return None
    engine = read_only_engine(store.uri)
    try:
        found = {described["name"] for described in sqlalchemy.inspect(engine).get_columns(_METRICS.name)}
    except SQLAlchemyError:
        # Such as a database in WAL mode in a read-only folder: MLflow's own connection may still read it.
        return None
    return SqlReader(engine) if set(_METRICS.c.keys()) <= found else None
