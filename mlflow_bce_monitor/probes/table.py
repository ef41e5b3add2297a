"""Rows from a CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlflow_bce_monitor.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMES = 12


def read_table(path: Path, target: str) -> tuple[Any, Any]:
    """Return inputs, shape (n_rows, n_features) in float32, and labels, shape (n_rows,), of a file.

    Every column but the target is an input, in the order of the file.

    Raises
    ------
    UsageError
        The file is empty, cannot be read, lacks the target, or has inputs that are no numbers.
    """
    frame = _frame(path)
    columns = [str(name) for name in frame.columns]
    if target not in columns:
        shown = ", ".join(repr(name) for name in columns[:_MOST_NAMES])
        more = f" and {len(columns) - _MOST_NAMES} more" if len(columns) > _MOST_NAMES else ""
        raise UsageError(
            f"{path} has no column {target!r}; it has {shown}{more}. Pass --target with one of these."
        )
    if not len(frame):
        raise UsageError(f"{path} has no rows: a probe needs rows that the model was trained on.")
    inputs = frame[[name for name in frame.columns if str(name) != target]]
    words = [str(name) for name in inputs.columns if inputs[name].dtype.kind not in "biuf"]
    if words:
        raise UsageError(
            f"{path}: the columns {', '.join(map(repr, words[:_MOST_NAMES]))} are no numbers. "
            "Give the columns as the model takes them."
        )
    return inputs.to_numpy(np.float32), frame[target].to_numpy()


def _frame(path: Path) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - loads only when there is something to read

    if not path.is_file() or not path.stat().st_size:
        raise UsageError(
            f"{path} is {'empty' if path.is_file() else 'no file'}: pass --data with a CSV or Parquet file."
        )
    try:
        return pd.read_parquet(path) if path.suffix in (".parquet", ".pq") else pd.read_csv(path)
    except (ValueError, OSError, ImportError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} cannot be read as {path.suffix or 'CSV'}: {reason}") from error
