"""How a warehouse names the columns that are read.

Databricks: https://docs.databricks.com/aws/en/admin/system-tables/mlflow. MLflow: the tables ``metrics``
and ``runs`` of its SQL schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

HISTORY_NEEDED: Final = ("run_id", "key", "timestamp", "step", "value")
"""What a point cannot do without."""

HISTORY_OPTIONAL: Final = ("is_nan",)
"""``is_nan``: true where the value stands for NaN, as in MLflow's SQL schema."""

RUNS_NEEDED: Final = ("run_id", "experiment_id", "status", "start_time", "params", "tags")
"""What a run cannot do without; ``params`` and ``tags`` are maps of strings."""

RUNS_OPTIONAL: Final = (
    "run_name",
    "end_time",
    "datasets",
    "model_summary",
    "latest",
    "lifecycle_stage",
    "delete_time",
)
"""What makes answers better, and how deleted runs are told: ``lifecycle_stage`` other than "active", or a
``delete_time``."""


@dataclass(frozen=True)
class Columns:
    """Our names and theirs; a name that is left out is the same.

    Attributes
    ----------
    history, runs
        Our column to theirs, of the DataFrame of points and of that of runs.
    """

    history: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)


CANONICAL: Final = Columns()
"""Our own names: what ``bce-monitor export`` writes."""

DATABRICKS: Final = Columns(
    history={"key": "metric_name", "timestamp": "metric_time", "step": "metric_step", "value": "metric_value"}
)
"""``system.mlflow.run_metrics_history`` and ``system.mlflow.runs_latest``. They hold no data set inputs."""

MLFLOW_SQL: Final = Columns(history={"run_id": "run_uuid"})
"""The table ``metrics`` of MLflow's own schema, with runs from :func:`mlflow_runs`."""
