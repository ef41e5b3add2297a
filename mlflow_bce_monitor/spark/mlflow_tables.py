"""Runs put together from the tables of MLflow's own SQL schema, however they came to the warehouse."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it

from mlflow_bce_monitor.columnar.layout import RUNS
from mlflow_bce_monitor.spark.ddl import types_of

_TYPES = types_of(RUNS)
_CONTEXT_TAG = "mlflow.data.context"
# What the table "inputs" calls them.
_DATASET, _RUN = "DATASET", "RUN"


def mlflow_runs(
    runs: DataFrame,
    params: DataFrame,
    tags: DataFrame,
    latest_metrics: DataFrame,
    datasets: DataFrame | None = None,
    inputs: DataFrame | None = None,
    input_tags: DataFrame | None = None,
) -> DataFrame:
    """Return one row a run, for :func:`diagnose` with ``columns=MLFLOW_SQL``.

    Parameters
    ----------
    runs, params, tags, latest_metrics, datasets, inputs, input_tags
        The tables of these names. Without the last three no data set inputs are known.
    """
    nan = F.when(F.col("is_nan").cast("boolean"), F.lit(float("nan"))).otherwise(
        F.col("value").cast("double")
    )
    latest = F.struct(
        nan.alias("value"),
        F.col("timestamp").cast("long").alias("timestamp"),
        F.col("step").cast("long").alias("step"),
    )
    known = runs.select(
        F.col("run_uuid").alias("run_id"),
        F.col("name").alias("run_name"),
        F.col("experiment_id").cast("string").alias("experiment_id"),
        *("status", "start_time", "end_time", "lifecycle_stage"),
    )
    for name, entries in (
        ("params", _as_map(params, F.col("value"), "params")),
        ("tags", _as_map(tags, F.col("value"), "tags")),
        ("latest", _as_map(latest_metrics, latest, "latest")),
    ):
        empty = F.create_map().cast(_TYPES[name])
        known = known.join(entries, "run_id", "left").withColumn(name, F.coalesce(F.col(name), empty))
    if datasets is None or inputs is None or input_tags is None:
        return known
    of_runs = _datasets(datasets, inputs, input_tags)
    none = F.array().cast(_TYPES["datasets"])
    return known.join(of_runs, "run_id", "left").withColumn("datasets", F.coalesce(F.col("datasets"), none))


def _as_map(table: DataFrame, value: Column, name: str) -> DataFrame:
    entries = F.collect_list(F.struct(F.col("key"), value.alias("entry")))
    grouped = table.groupBy(F.col("run_uuid").alias("run_id"))
    return grouped.agg(F.map_from_entries(entries).cast(_TYPES[name]).alias(name))


def _datasets(datasets: DataFrame, inputs: DataFrame, input_tags: DataFrame) -> DataFrame:
    contexts = (
        input_tags.where(F.col("name") == _CONTEXT_TAG)
        .groupBy("input_uuid")
        .agg(F.first("value").alias("context"))
    )
    logged = inputs.where((F.col("source_type") == _DATASET) & (F.col("destination_type") == _RUN)).select(
        "input_uuid", F.col("source_id").alias("dataset_uuid"), F.col("destination_id").alias("run_id")
    )
    known = datasets.select(
        "dataset_uuid",
        "name",
        "digest",
        F.col("dataset_source_type").alias("source_type"),
        F.col("dataset_profile").alias("profile"),
    )
    joined = logged.join(known, "dataset_uuid").join(contexts, "input_uuid", "left")
    # In a fixed order: MLflow returns them in whatever order the database has.
    parts = F.array_sort(F.collect_list(F.struct("name", "digest", "source_type", "context", "profile")))
    return joined.groupBy("run_id").agg(parts.cast(_TYPES["datasets"]).alias("datasets"))
