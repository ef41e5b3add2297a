"""Metric histories from a database, by whichever way is the fastest there.

A source answers two questions: how many points runs have, and what they are. Both know six
columns of one table. :class:`SqliteSource` reads columns, without a Python object a point;
:class:`RowSource` reads rows through SQLAlchemy from any database. A test holds both to what
MLflow's client returns. Why ADBC: ``docs/decisions/0020-readers.md``.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import sqlalchemy
from sqlalchemy import column, func, select, table

from mlflow_bce_monitor.records import FloatArray, IntArray, MetricHistory
from mlflow_bce_monitor.tracking.reader import OWN_METRICS

Histories = dict[str, dict[str, MetricHistory]]
"""Run id to metric name to history; a run without points is not in it."""

METRICS: Final = table(
    "metrics",
    column("run_uuid"),
    column("key"),
    column("step"),
    column("timestamp"),
    column("value"),
    column("is_nan"),
)
# Seconds to wait for a SQLite file that others are writing to: MLflow's own connections wait as long.
_BUSY: Final = 20.0
# Rows fetched from a driver at once.
_FETCH_ROWS: Final = 20_000
# Rows in one Arrow batch: the driver's own 1,024 cost a call each.
_ARROW_ROWS: Final = "65536"

# A parameter of its own for each of 500 runs is not what ADBC is made for, so they come as one JSON text.
_OF_RUNS: Final = """
    FROM metrics
    WHERE run_uuid IN (SELECT value FROM json_each(?)) AND key NOT IN ('bce/skill', 'bce/plateau_fraction')
"""
_COUNTING: Final = f"SELECT run_uuid, key, count(*) {_OF_RUNS} GROUP BY run_uuid, key ORDER BY run_uuid, key"
_NUMBERS: Final = f"SELECT step, timestamp, value, is_nan {_OF_RUNS} ORDER BY run_uuid, key"
_NUMBER_TYPES: Final = np.dtype(
    [("step", np.int64), ("timestamp", np.int64), ("value", np.float64), ("is_nan", np.int64)]
)


class Source(Protocol):
    """Reads points out of one database."""

    def n_points(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the number of points of each run that has any."""
        ...

    def histories(self, run_ids: Sequence[str], at_most: int | None = None) -> Histories | None:
        """Return all points of these runs, each history in the order of MLflow's client.

        None, and nothing read, when there are more than ``at_most`` points. Nothing is left open: an
        unfinished ``SELECT`` would lock a SQLite file against the answers that are written meanwhile.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class _Columns(NamedTuple):
    """Rows as columns, shape (n_rows,) each."""

    steps: IntArray
    timestamps: IntArray
    values: FloatArray
    is_nan: npt.NDArray[np.bool_]

    def part(self, start: int, end: int) -> _Columns:
        """Return the rows in ``[start, end)``."""
        here = slice(start, end)
        return _Columns(self.steps[here], self.timestamps[here], self.values[here], self.is_nan[here])


class SqliteSource:
    """Reads columns out of a SQLite file, through ADBC where it is installed."""

    def __init__(self, path: Path, *, with_adbc: bool | None = None) -> None:
        self._address = f"{path.resolve().as_uri()}?mode=ro"
        self._with_adbc = adbc_is_installed() if with_adbc is None else with_adbc

    def n_points(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the number of points of each run, from an index alone."""
        with closing(self._connect()) as connection:
            counted = _fetched(connection, _COUNTING, run_ids)
        totals: dict[str, int] = {}
        for run_id, _, n_rows in counted:
            totals[run_id] = totals.get(run_id, 0) + n_rows
        return totals

    def histories(self, run_ids: Sequence[str], at_most: int | None = None) -> Histories | None:
        """Read the names once a curve and the numbers once a point, both from one state of the file."""
        if self._with_adbc:
            read = _through_adbc(self._address, run_ids, at_most)
            return None if read is None else _cut(*read)
        with closing(self._connect()) as connection:
            connection.execute("BEGIN")
            counted = _fetched(connection, _COUNTING, run_ids)
            return (
                None if _are_more(counted, at_most) else _cut(counted, _through_driver(connection, run_ids))
            )

    def close(self) -> None:
        """Do nothing: each question has a connection of its own, because opening a file costs nothing."""

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._address, uri=True, isolation_level=None, timeout=_BUSY)


class RowSource:
    """Reads rows through SQLAlchemy from any database that MLflow can use."""

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        self._engine = engine

    def n_points(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the number of points of each run."""
        counting = (
            select(METRICS.c.run_uuid, func.count())
            .where(METRICS.c.run_uuid.in_(run_ids))
            .group_by(METRICS.c.run_uuid)
        )
        with self._engine.connect() as connection:
            return {str(run_id): int(n) for run_id, n in connection.execute(counting)}

    def histories(self, run_ids: Sequence[str], at_most: int | None = None) -> Histories | None:
        """Read all rows of these runs, as many at once as the driver hands over well."""
        if at_most is not None and sum(self.n_points(run_ids).values()) > at_most:
            return None
        points: dict[str, dict[str, _Points]] = {}
        # In the order of the index, so that the rows of a metric come together; a database that
        # takes "Loss" and "loss" for equal mixes those, hence a lookup whenever the name changes.
        rows = (
            select(*METRICS.c)
            .where(METRICS.c.run_uuid.in_(run_ids), METRICS.c.key.not_in(OWN_METRICS))
            .order_by(METRICS.c.run_uuid, METRICS.c.key)
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
        return {
            run_id: {name: of_run[name].history(name) for name in sorted(of_run)}
            for run_id, of_run in points.items()
        }

    def close(self) -> None:
        """Close the database connections."""
        self._engine.dispose()


@dataclass
class _Points:
    """One metric of one run while its rows come in."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    timestamps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    is_nan: array[int] = field(default_factory=lambda: array("b"))

    def history(self, name: str) -> MetricHistory:
        columns = _Columns(
            np.frombuffer(self.steps, dtype=np.int64),
            np.frombuffer(self.timestamps, dtype=np.int64),
            np.frombuffer(self.values, dtype=np.float64),
            np.frombuffer(self.is_nan, dtype=np.int8).astype(bool),
        )
        return _history(name, columns, in_order=False)


def adbc_is_installed() -> bool:
    """Return whether the extra ``fast`` is there."""
    return importlib.util.find_spec("adbc_driver_sqlite") is not None


def _fetched(connection: sqlite3.Connection, statement: str, run_ids: Sequence[str]) -> list[Any]:
    return connection.execute(statement, (json.dumps(list(run_ids)),)).fetchall()


def _through_driver(connection: sqlite3.Connection, run_ids: Sequence[str]) -> _Columns:
    rows = np.fromiter(connection.execute(_NUMBERS, (json.dumps(list(run_ids)),)), dtype=_NUMBER_TYPES)
    columns = [np.ascontiguousarray(rows[name]) for name in _NUMBER_TYPES.names or ()]
    return _Columns(columns[0], columns[1], columns[2], columns[3].astype(bool))


def _through_adbc(
    address: str, run_ids: Sequence[str], at_most: int | None
) -> tuple[list[Any], _Columns] | None:
    """Return the counted names and the numbers, None when there are more than ``at_most``."""
    from adbc_driver_sqlite import StatementOptions, dbapi  # noqa: PLC0415 - an optional dependency

    asked = (json.dumps(list(run_ids)),)
    try:
        # The connection begins a transaction by itself.
        with dbapi.connect(address) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: _ARROW_ROWS})
            # The driver does not wait at all by itself.
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY * 1_000:.0f}")
            counted = cursor.execute(_COUNTING, asked).fetchall()
            if _are_more(counted, at_most):
                return None
            rows = cursor.execute(_NUMBERS, asked).fetch_arrow_table()
    except dbapi.Error as error:
        raise sqlite3.OperationalError(str(error)) from error
    steps, timestamps, values, is_nan = (rows.column(name).to_numpy() for name in _NUMBER_TYPES.names or ())
    return counted, _Columns(steps, timestamps, values, is_nan.astype(bool))


def _are_more(counted: Sequence[tuple[str, str, int]], at_most: int | None) -> bool:
    return at_most is not None and sum(n_rows for _, _, n_rows in counted) > at_most


def _cut(counted: Sequence[tuple[str, str, int]], columns: _Columns) -> Histories:
    """Return the rows cut into curves, which follow each other as they were counted."""
    if not counted:
        return {}
    ends = np.cumsum([n_rows for _, _, n_rows in counted])
    if ends[-1] != columns.values.size:
        raise sqlite3.DatabaseError(f"{ends[-1]} points were counted, {columns.values.size} were read")
    disordered = set(np.searchsorted(ends, _out_of_order(columns, ends), side="right").tolist())
    found: Histories = {}
    start = 0
    for position, ((run_id, name, _), end) in enumerate(zip(counted, ends.tolist(), strict=True)):
        history = _history(name, columns.part(start, end), in_order=position not in disordered)
        found.setdefault(run_id, {})[name] = history
        start = end
    return {run_id: dict(sorted(of_run.items())) for run_id, of_run in found.items()}


def _out_of_order(columns: _Columns, ends: IntArray) -> IntArray:
    """Return the rows whose next row, of the same curve, should have come before them."""
    steps, timestamps, values = columns.steps, columns.timestamps, columns.values
    # Compared, not subtracted: differences of huge numbers overflow.
    same_time = timestamps[1:] == timestamps[:-1]
    wrong_step = (steps[1:] < steps[:-1]) | ((steps[1:] == steps[:-1]) & (values[1:] < values[:-1]))
    wrong: npt.NDArray[np.bool_] = (timestamps[1:] < timestamps[:-1]) | (same_time & wrong_step)
    wrong[ends[:-1] - 1] = False
    return np.flatnonzero(wrong)


def _history(name: str, columns: _Columns, *, in_order: bool) -> MetricHistory:
    """Return points in the order in which MLflow's client returns them: by time, step, stored value."""
    steps, timestamps, values, is_nan = columns
    # MLflow sorts by the stored value, which is 0 for NaN, so NaN is put in afterwards.
    if not in_order:
        order = np.lexsort((values, steps, timestamps))
        steps, timestamps = steps[order], timestamps[order]
        values, is_nan = values[order], is_nan[order]
    if is_nan.any():
        values = np.where(is_nan, np.nan, values)
    return MetricHistory(name, steps, timestamps, values)
