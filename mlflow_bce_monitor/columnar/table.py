"""The table of diagnoses: answers as columns, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mlflow_bce_monitor.columnar.layout import DIAGNOSES


def batch_of(answers: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return answers as columns."""
    return pa.RecordBatch.from_pylist(list(answers), schema=DIAGNOSES)


def contract_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object of the contract from a row of the table."""
    return {key: value for key, value in answer.items() if key != "writing"}
