"""The three forms of an answer: a table for people, JSON and CSV for scripts.

Each is a context manager that yields a function taking one row of the JSON contract;
leaving the block ends the output, whatever happened inside.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TextIO

from mlflow_bce_monitor.cli.printing import lay_out
from mlflow_bce_monitor.diagnosis import failed_contract

Row = Mapping[str, Any]
Add = Callable[[Row], None]

_COLUMNS: Final = tuple(failed_contract("", "", "", ""))
# Columns of a table that goes into a file or a pipe, where no terminal says how wide it is.
_PIPE_WIDTH: Final = 160
# Rows. A column is as wide as its widest cell, so a table is printed when all its rows are there: of a large
# store a part at a time, or memory would grow with it and the first line come last.
_ROWS_A_TABLE: Final = 1_000


@contextmanager
def json_output(file: TextIO) -> Iterator[Add]:
    """Write one JSON array, a line a row, as the rows come."""
    n_rows = 0

    def add(row: Row) -> None:
        nonlocal n_rows
        # ASCII, because a run's name may hold what the encoding of the output does not know.
        text = json.dumps(row, ensure_ascii=True, allow_nan=False)
        file.write(f"{',' if n_rows else '['}\n{text}")
        file.flush()  # whoever reads the pipe sees each row when it is there
        n_rows += 1

    try:
        yield add
    finally:
        file.write("\n]\n" if n_rows else "[]\n")
        file.flush()


@contextmanager
def csv_output(file: TextIO) -> Iterator[Add]:
    """Write one line a row under the contract's keys; nested values are JSON in their cell."""
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    writer.writeheader()

    def add(row: Row) -> None:
        writer.writerow({key: _cell(value) for key, value in row.items()})

    try:
        yield add
    finally:
        file.flush()


@contextmanager
def table_output(file: TextIO) -> Iterator[Add]:
    """Print a table when all its rows are there, at most :data:`_ROWS_A_TABLE` of them."""
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        if len(rows) == _ROWS_A_TABLE:
            _print_table(file, rows)
            rows.clear()

    try:
        yield add
    finally:
        if rows:
            _print_table(file, rows)


def _print_table(file: TextIO, rows: Sequence[Row]) -> None:
    # Loading rich takes a tenth of the time that a scan takes to start.
    from mlflow_bce_monitor.report import terminal  # noqa: PLC0415 - as above

    table = terminal.RunsTable([terminal.row_from_answer(row) for row in rows])
    lay_out(table, file, _PIPE_WIDTH)


OUTPUTS: Final[Mapping[str, Callable[[TextIO], AbstractContextManager[Add]]]] = {
    "table": table_output,
    "json": json_output,
    "csv": csv_output,
}


def _cell(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    return value
