"""The same diagnosis on Spark: one DataFrame of metric points and one of runs in, one of diagnoses out.

``columns`` says how a warehouse names what we read, ``mlflow_tables`` puts runs together from MLflow's own
SQL tables, ``blocks`` brings every run to its siblings, ``worker`` is what runs on executors over the same
core as everywhere, ``frames`` puts these in order, and ``session`` starts a Spark on one machine. Nothing
is decided here that a scan would decide otherwise; ``docs/decisions/0070-spark.md`` says how that is kept.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.spark.columns import CANONICAL, DATABRICKS, MLFLOW_SQL, Columns

if TYPE_CHECKING:
    from mlflow_bce_monitor.spark.frames import diagnose
    from mlflow_bce_monitor.spark.mlflow_tables import mlflow_runs
    from mlflow_bce_monitor.spark.session import local_session

__all__ = [
    "CANONICAL",
    "DATABRICKS",
    "MLFLOW_SQL",
    "Columns",
    "diagnose",
    "local_session",
    "mlflow_runs",
]

_LAZY = {"diagnose": "frames", "mlflow_runs": "mlflow_tables", "local_session": "session"}
_NEEDED = ("pyspark", "pyarrow")


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    missing = [package for package in _NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        raise UsageError(
            f"Diagnosing on Spark needs {' and '.join(missing)}, which is not installed here: "
            "pip install 'mlflow-bce-monitor[spark]'. On Databricks both are part of the runtime."
        )
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
