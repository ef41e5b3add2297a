"""The table of diagnoses: answers as columns, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import dataset

from mlflow_bce_monitor.columnar.answers import Writing
from mlflow_bce_monitor.columnar.layout import DIAGNOSES
from mlflow_bce_monitor.columnar.runs import pairs
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain

# Rows read, and written as one row group, at once: some MB.
_ROWS_AT_ONCE: Final = 5_000


def batch_of(answers: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return answers as columns."""
    return pa.RecordBatch.from_pylist([_row(answer) for answer in answers], schema=DIAGNOSES)


def contract_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object of the contract from a row of the table."""
    return {key: value for key, value in answer.items() if key != "writing"}


def writing_in(answer: Mapping[str, Any]) -> Writing | None:
    """Return what is to be written to the run of a row of the table, None when it has no answer."""
    writing = answer["writing"]
    return None if writing is None else Writing(**{**writing, "tags": dict(pairs(writing["tags"]))})


def rows_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table that was written as Parquet: a file, or a folder such as Spark writes.

    Raises
    ------
    UsageError
        There is nothing, or something else.
    """
    if not path.exists():
        raise UsageError(f"There is no table at {path}. Give a Parquet file or a folder of them.")
    try:
        table = dataset.dataset(path, format="parquet")
        missing = [name for name in DIAGNOSES.names if name not in table.schema.names]
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {plain(str(error))}") from error
    if missing:
        raise UsageError(
            f"{path} is no table of diagnoses: it has no column {', '.join(map(repr, missing))}. Keep all "
            "columns of mlflow_bce_monitor.spark.diagnose, or write one with scan --histories PATH --table."
        )
    for batch in table.to_batches(columns=DIAGNOSES.names, batch_size=_ROWS_AT_ONCE):
        yield from batch.to_pylist()


class TableWriter:
    """Writes answers to one Parquet file, which takes its place when all is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = path.with_name(f"{path.name}.tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(self._waiting, DIAGNOSES, compression="zstd")
        self._answers: list[Mapping[str, Any]] = []

    def add(self, answer: Mapping[str, Any]) -> None:
        """Take one answer."""
        self._answers.append(answer)
        if len(self._answers) == _ROWS_AT_ONCE:
            self._flush()

    def close(self, *, whole: bool) -> None:
        """End the file; a table that is not whole is taken away."""
        if whole:
            self._flush()
        self._file.close()
        if whole:
            self._waiting.replace(self._path)
        else:
            self._waiting.unlink()

    def _flush(self) -> None:
        if self._answers:
            self._file.write_batch(batch_of(self._answers))
        self._answers = []


def _row(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    writing = answer["writing"]
    return (
        answer
        if writing is None
        else {**answer, "writing": {**writing, "tags": list(writing["tags"].items())}}
    )
