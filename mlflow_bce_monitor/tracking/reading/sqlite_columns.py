"""Metric histories out of a SQLite file as columns, without a Python object a point.

Loads no MLflow, because a second process reads with it (``coworker/``). A test holds it to what MLflow's
client returns. Why ADBC, and why never in MLflow's own process: ``docs/decisions/0020-readers.md``.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.records import FloatArray, IntArray, MetricHistory

if TYPE_CHECKING:
    import pyarrow as pa
    from adbc_driver_manager import AdbcConnection

Histories = dict[str, dict[str, MetricHistory]]
"""Run id to metric name to history; a run without points is not in it."""

# Rows in one Arrow batch: the driver's own 1,024 cost a call each.
_ARROW_ROWS: Final = "65536"

# To wait while somebody writes, as MLflow's own connections do.
_BUSY_SECONDS: Final = 20
_BUSY: Final = f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1_000}"

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


class Columns(NamedTuple):
    """Rows as columns, shape (n_rows,) each."""

    steps: IntArray
    timestamps: IntArray
    values: FloatArray
    is_nan: npt.NDArray[np.bool_]

    def part(self, start: int, end: int) -> Columns:
        """Return the rows in ``[start, end)``."""
        here = slice(start, end)
        return Columns(self.steps[here], self.timestamps[here], self.values[here], self.is_nan[here])


class SqliteSource:
    """Reads columns out of a SQLite file.

    Parameters
    ----------
    path
        The file.
    with_adbc
        Whether to read through ADBC, nearly twice as fast. It brings a SQLite of its own, and two of them in
        one process take each other's locks away (https://sqlite.org/howtocorrupt.html, 2.2.1): only for a
        process in which nobody else opens the file.
    """

    def __init__(self, path: Path, *, with_adbc: bool = False) -> None:
        self._address = f"{path.resolve().as_uri()}?mode=ro"
        self._with_adbc = with_adbc

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
        return sqlite3.connect(self._address, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)


def adbc_is_installed() -> bool:
    """Return whether the extra ``fast`` is there."""
    return importlib.util.find_spec("adbc_driver_sqlite") is not None


def _fetched(connection: sqlite3.Connection, statement: str, run_ids: Sequence[str]) -> list[Any]:
    return connection.execute(statement, (json.dumps(list(run_ids)),)).fetchall()


def _through_driver(connection: sqlite3.Connection, run_ids: Sequence[str]) -> Columns:
    rows = np.fromiter(connection.execute(_NUMBERS, (json.dumps(list(run_ids)),)), dtype=_NUMBER_TYPES)
    columns = [np.ascontiguousarray(rows[name]) for name in _NUMBER_TYPES.names or ()]
    return Columns(columns[0], columns[1], columns[2], columns[3].astype(bool))


def _through_adbc(
    address: str, run_ids: Sequence[str], at_most: int | None
) -> tuple[list[Any], Columns] | None:
    """Return the counted names and the numbers, None when there are more than ``at_most``.

    By ADBC's calls below its DB-API, which loads pandas and with it takes as long to be there as all else.
    """
    import adbc_driver_sqlite  # noqa: PLC0415 - an optional dependency
    from adbc_driver_manager import AdbcConnection, Error  # noqa: PLC0415 - as above

    try:
        with adbc_driver_sqlite.connect(address) as file, AdbcConnection(file) as connection:
            connection.set_autocommit(False)  # one transaction, so both see one state of the file
            _arrow(connection, _BUSY)
            names = _arrow(connection, _COUNTING, run_ids)
            counted = list(zip(*(column.to_pylist() for column in names.columns), strict=True))
            if _are_more(counted, at_most):
                return None
            rows = _arrow(connection, _NUMBERS, run_ids)
    except Error as error:
        raise sqlite3.OperationalError(str(error)) from error
    steps, timestamps, values, is_nan = (
        # Without pandas, which its own to_numpy loads.
        np.concatenate([np.from_dlpack(part) for part in rows.column(name).chunks] or [np.empty(0)])
        for name in _NUMBER_TYPES.names or ()
    )
    return counted, Columns(steps, timestamps, values, is_nan.astype(bool))


def _arrow(connection: AdbcConnection, statement: str, run_ids: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a statement, ``run_ids`` as its parameter."""
    import pyarrow as pa  # noqa: PLC0415 - an optional dependency
    from adbc_driver_manager import AdbcStatement  # noqa: PLC0415 - as above
    from adbc_driver_sqlite import StatementOptions  # noqa: PLC0415 - as above

    with AdbcStatement(connection) as asked:
        asked.set_options(**{StatementOptions.BATCH_ROWS.value: _ARROW_ROWS})
        asked.set_sql_query(statement)
        if run_ids is not None:
            asked.prepare()
            asked.bind(pa.record_batch([_one_text(json.dumps(list(run_ids)))], names=["run_ids"]))
        rows, _ = asked.execute_query()
        return pa.RecordBatchReader.from_stream(rows).read_all()


def _one_text(text: str) -> pa.StringArray:
    """Return an array of one text; of a list, pyarrow would ask whether it is a pandas object."""
    import pyarrow as pa  # noqa: PLC0415 - an optional dependency

    data = text.encode()
    ends = pa.py_buffer(np.array([0, len(data)], np.int32))
    return pa.StringArray.from_buffers(1, ends, pa.py_buffer(data))


def _are_more(counted: Sequence[tuple[str, str, int]], at_most: int | None) -> bool:
    return at_most is not None and sum(n_rows for _, _, n_rows in counted) > at_most


def _cut(counted: Sequence[tuple[str, str, int]], columns: Columns) -> Histories:
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
        part = columns.part(start, end)
        found.setdefault(run_id, {})[name] = history_of_columns(
            name, part, in_order=position not in disordered
        )
        start = end
    return {run_id: dict(sorted(of_run.items())) for run_id, of_run in found.items()}


def _out_of_order(columns: Columns, ends: IntArray) -> IntArray:
    """Return the rows whose next row, of the same curve, should have come before them."""
    steps, timestamps, values = columns.steps, columns.timestamps, columns.values
    # Compared, not subtracted: differences of huge numbers overflow.
    same_time = timestamps[1:] == timestamps[:-1]
    wrong_step = (steps[1:] < steps[:-1]) | ((steps[1:] == steps[:-1]) & (values[1:] < values[:-1]))
    wrong: npt.NDArray[np.bool_] = (timestamps[1:] < timestamps[:-1]) | (same_time & wrong_step)
    wrong[ends[:-1] - 1] = False
    return np.flatnonzero(wrong)


def history_of_columns(name: str, columns: Columns, *, in_order: bool) -> MetricHistory:
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
