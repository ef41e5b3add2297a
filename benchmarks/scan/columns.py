"""The same rows out of a SQLite file, by each library that can: what reading costs at least.

All read the six columns of all points, page by page of runs as a scan has to, with nothing made of them.
Libraries that are not installed are left out: ``pip install connectorx polars``. DuckDB has to load an
extension from the internet for this, which a monitor must not, so it is not among them.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

RUNS_A_PAGE = 500


def ways(database: Path, run_ids: Sequence[str]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the name of each way and a function that reads everything in it."""
    pages = [run_ids[start : start + RUNS_A_PAGE] for start in range(0, len(run_ids), RUNS_A_PAGE)]
    statements = [_statement(page) for page in pages]
    yield "driver, tuples", lambda: _driver(database, statements)
    if _is_installed("adbc_driver_sqlite"):
        yield "ADBC, Arrow", lambda: _adbc(database, statements)
        yield "ADBC, Arrow, the whole table at once", lambda: _adbc(database, [_ALL])
    if _is_installed("connectorx"):
        yield "connectorx, Arrow", lambda: _connectorx(database, statements)
        if _is_installed("polars"):
            yield "Polars through connectorx", lambda: _polars(database, statements)


_ALL = "SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics"


def _statement(run_ids: Sequence[str]) -> str:
    quoted = ", ".join(f"'{run_id}'" for run_id in run_ids)
    return f"{_ALL} WHERE run_uuid IN ({quoted}) ORDER BY run_uuid, key"


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _driver(database: Path, statements: Sequence[str]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def _adbc(database: Path, statements: Sequence[str]) -> None:
    from adbc_driver_sqlite import StatementOptions, dbapi  # noqa: PLC0415 - an optional peer

    with dbapi.connect(database.as_uri()) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: "65536"})
        for statement in statements:
            cursor.execute(statement)
            cursor.fetch_arrow_table()


def _connectorx(database: Path, statements: Sequence[str]) -> None:
    import connectorx  # noqa: PLC0415 - an optional peer

    for statement in statements:
        connectorx.read_sql(f"sqlite://{database}", statement, return_type="arrow")


def _polars(database: Path, statements: Sequence[str]) -> None:
    import polars as pl  # noqa: PLC0415 - an optional peer

    for statement in statements:
        pl.read_database_uri(statement, f"sqlite://{database}", engine="connectorx")
