"""Whether pyarrow is there, and what to install where it is not."""

from __future__ import annotations

import importlib.util

from mlflow_bce_monitor.errors import UsageError


def need_pyarrow(wanted: str) -> None:
    """Raise UsageError when pyarrow is missing for what is wanted, such as "Reading Parquet"."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError(
            f"{wanted} needs pyarrow, which is not installed here: pip install 'mlflow-bce-monitor[fast]'"
        )
