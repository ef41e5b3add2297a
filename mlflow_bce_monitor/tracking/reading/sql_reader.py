"""Reads many runs of a database store with one ``SELECT``.

MLflow's client asks for one metric of one run at a time and builds an object a point. This
asks for a page of runs at once, a bounded number of points at a time. It asks the database
whether the known columns are there, and steps aside for
:class:`~mlflow_bce_monitor.tracking.reading.reader.ClientReader` when they are not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import islice
from typing import Final

import sqlalchemy
from mlflow.entities import Run
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reading.batches import POINTS_AT_ONCE, batches
from mlflow_bce_monitor.tracking.reading.reader import ReadFailure, local_model_summary, record_of
from mlflow_bce_monitor.tracking.reading.sql_histories import METRICS, RowSource
from mlflow_bce_monitor.tracking.reading.sqlite_columns import Source, SqliteSource
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind, read_only_engine, sqlite_path
from mlflow_bce_monitor.tracking.store.reasons import reason

# Values in one IN list: SQL Server takes 2,100 parameters a statement.
_RUNS_AT_ONCE: Final = 500
# Errors of ADBC become sqlite3's.
_FAILURES: Final = (SQLAlchemyError, sqlite3.Error)


class SqlReader:
    """Reads metric histories straight from a database store, never writing."""

    def __init__(self, source: Source, points_at_once: int = POINTS_AT_ONCE) -> None:
        self._source = source
        self._points_at_once = points_at_once

    def read(self, runs: Sequence[Run], pool: Executor, ahead: int) -> Iterator[RunRecord | ReadFailure]:
        """Yield one record (or failure) for each run; ``pool`` and ``ahead`` are not needed."""
        del pool, ahead
        for start in range(0, len(runs), _RUNS_AT_ONCE):
            yield from self._read_some(runs[start : start + _RUNS_AT_ONCE])

    def close(self) -> None:
        """Close the database connections."""
        self._source.close()

    def _read_some(self, runs: Sequence[Run]) -> Iterator[RunRecord | ReadFailure]:
        left = iter(runs)
        try:
            for run_ids, found in batches(
                self._source, [run.info.run_id for run in runs], self._points_at_once
            ):
                for run in islice(left, len(run_ids)):
                    yield _record(run, found.pop(run.info.run_id, {}))
        except _FAILURES as error:
            yield from (ReadFailure(run.info.run_id, reason(error)) for run in left)


def _record(run: Run, histories: Mapping[str, MetricHistory]) -> RunRecord | ReadFailure:
    try:
        return record_of(run, histories, local_model_summary(run))
    except OSError as error:
        return ReadFailure(run.info.run_id, reason(error))


def sql_reader(store: Store) -> SqlReader | None:
    """Return a reader for a database store, None when its table of metrics is not the known one."""
    if store.kind is not StoreKind.DATABASE:
        return None
    engine = read_only_engine(store.uri)
    try:
        found = {described["name"] for described in sqlalchemy.inspect(engine).get_columns(METRICS.name)}
    except SQLAlchemyError:
        # Such as a database in WAL mode in a read-only folder: MLflow's own connection may still read it.
        return None
    if not set(METRICS.c.keys()) <= found:
        return None
    path = sqlite_path(make_url(store.uri))
    return SqlReader(RowSource(engine) if path is None else SqliteSource(path))
