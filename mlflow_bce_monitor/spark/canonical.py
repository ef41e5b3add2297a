"""A warehouse's columns under our names and in our types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it
from pyspark.sql.types import DataType, TimestampNTZType, TimestampType

from mlflow_bce_monitor.columnar.layout import RUNS
from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.spark.columns import HISTORY_NEEDED, RUNS_NEEDED, RUNS_OPTIONAL, Columns
from mlflow_bce_monitor.spark.ddl import types_of

_ACTIVE = "active"
_TYPES = types_of(RUNS)
_MILLISECONDS = ("start_time", "end_time")
# Times that tell nothing but whether a run was deleted.
_OF_DELETION = ("lifecycle_stage", "delete_time")


def history_of(history: DataFrame, columns: Columns) -> DataFrame:
    """Return the points of all metrics but the evaluator's own; UsageError when a column is missing."""
    names = _names(history, columns.history, HISTORY_NEEDED, "metric points")
    types = dict(zip(history.columns, (part.dataType for part in history.schema), strict=True))
    is_nan = columns.history.get("is_nan", "is_nan")
    value = F.col(names["value"]).cast("double")
    if is_nan in history.columns:
        value = F.when(F.col(is_nan).cast("boolean"), F.lit(float("nan"))).otherwise(value)
    return history.where(~F.col(names["key"]).isin(*OWN_METRICS)).select(
        F.col(names["run_id"]).cast("string").alias("run_id"),
        F.col(names["key"]).cast("string").alias("key"),
        F.coalesce(_milliseconds(names["timestamp"], types[names["timestamp"]]), F.lit(0)).alias("timestamp"),
        # Points that were logged without a step are at step 0 in MLflow.
        F.coalesce(F.col(names["step"]).cast("long"), F.lit(0)).alias("step"),
        F.coalesce(value, F.lit(float("nan"))).alias("value"),
    )


def runs_of(runs: DataFrame, columns: Columns, only: Column | str | None) -> DataFrame:
    """Return all runs that are not deleted, and whether each is ``asked`` for.

    ``latest`` is left out where the DataFrame has none.
    """
    names = _names(runs, columns.runs, RUNS_NEEDED, "runs")
    for name in RUNS_OPTIONAL:
        theirs = columns.runs.get(name, name)
        if theirs in runs.columns:
            names[name] = theirs
    types = dict(zip(runs.columns, (part.dataType for part in runs.schema), strict=True))
    condition = F.expr(only or "true") if only is None or isinstance(only, str) else only
    # What is neither true nor false is not asked for.
    active = runs.withColumn("asked", F.coalesce(condition, F.expr("false")))
    if "lifecycle_stage" in names:
        active = active.where(F.col(names["lifecycle_stage"]) == _ACTIVE)
    if "delete_time" in names:
        active = active.where(F.col(names["delete_time"]).isNull())
    wanted = [name for name in RUNS.names if name != "latest" or "latest" in names]
    return active.select(*(_run_column(name, names, types) for name in wanted), "asked")


def latest_from(packed: DataFrame) -> DataFrame:
    """Return the latest point of each metric of each run, as MLflow defines it, from packed points."""
    # MLflow keeps 0 as the value of NaN, and compares that.
    latest = F.col("latest")
    stored = F.when(F.isnan(latest["value"]), F.lit(0.0)).otherwise(latest["value"])
    order = F.struct(
        latest["step"].alias("step"), latest["timestamp"].alias("timestamp"), stored.alias("stored")
    )
    of_metric = (
        packed.where(latest.isNotNull()).groupBy("run_id", "key").agg(F.max_by(latest, order).alias("point"))
    )
    entries = F.collect_list(F.struct("key", "point"))
    return of_metric.groupBy("run_id").agg(F.map_from_entries(entries).cast(_TYPES["latest"]).alias("latest"))


def _run_column(name: str, names: Mapping[str, str], types: Mapping[str, DataType]) -> Column:
    if name not in names:
        return F.lit(None).cast(_TYPES[name]).alias(name)
    theirs = names[name]
    if name in _MILLISECONDS:
        return _milliseconds(theirs, types[theirs]).alias(name)
    return F.col(theirs).cast(_TYPES[name]).alias(name)


def _milliseconds(name: str, of_type: DataType) -> Column:
    """Return a time as milliseconds since the epoch; numbers are taken for that already."""
    if isinstance(of_type, (TimestampType, TimestampNTZType)):
        return F.unix_millis(F.col(name).cast("timestamp"))
    return F.col(name).cast("long")


def _names(frame: DataFrame, theirs: Mapping[str, str], needed: Sequence[str], what: str) -> dict[str, str]:
    names = {name: theirs.get(name, name) for name in needed}
    missing = [name for name in names.values() if name not in frame.columns]
    if missing:
        raise UsageError(
            f"The DataFrame of {what} has no column {' or '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, frame.columns))}. Pass columns=DATABRICKS, columns=MLFLOW_SQL, or "
            "a Columns of your own that says how each is named."
        )
    return names
