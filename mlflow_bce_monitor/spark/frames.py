"""All stages on Spark in order.

    points -> packed, run by run as they lie        (no shuffle)
    runs   -> blocks, and neighbours at their edges (narrow columns)
    both   -> sent to the block, sorted             (one shuffle) -> diagnoses

Only the documented DataFrame interface is used, so this runs over Spark Connect as well.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it

from mlflow_bce_monitor.columnar.layout import DIAGNOSES
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.spark.blocks import NOWHERE, RUNS_A_BLOCK, placed
from mlflow_bce_monitor.spark.canonical import history_of, latest_from, runs_of
from mlflow_bce_monitor.spark.columns import CANONICAL, Columns
from mlflow_bce_monitor.spark.ddl import ddl_of, types_of
from mlflow_bce_monitor.spark.worker import (
    ASKER,
    IN_BLOCKS,
    NEIGHBOUR,
    PACKED,
    POINTS,
    RUN,
    diagnosing,
    packing,
)

# Spark's own default; sessions that say "auto" (Databricks) name no number.
_PARTITIONS: Final = 200


def diagnose(
    history: DataFrame,
    runs: DataFrame,
    *,
    columns: Columns = CANONICAL,
    question: Question | None = None,
    only: Column | str | None = None,
    partitions: int | None = None,
    runs_a_block: int = RUNS_A_BLOCK,
) -> DataFrame:
    """Diagnose runs where their metric histories lie.

    Parameters
    ----------
    history
        One row a logged point.
    runs
        One row a run, each run once; all runs of their experiments, because a run is judged with those
        around it. Deleted runs are left out.
    columns
        How the two name what is read, such as ``DATABRICKS`` or ``MLFLOW_SQL``.
    question
        What is known of the runs beyond what they logged; nothing by default.
    only
        A condition on ``runs`` (in its own names) for those to be diagnosed, such as
        ``"update_time > '2026-11-01'"``; their siblings are found among all. None for all runs.
    partitions
        Tasks that the work is cut into; None for the session's ``spark.sql.shuffle.partitions``. Some
        hundred to some thousand runs each are a good size.
    runs_a_block
        Runs of one experiment that are sent to one task together.

    Returns
    -------
    DataFrame
        One row a run, in no order: the keys of the JSON contract, and what ``bce-monitor apply`` needs
        (``writing``). Lazy, as all of Spark's. A run that could not be diagnosed says why in ``error``.

    Raises
    ------
    UsageError
        A column is missing.
    """
    sent = in_blocks(
        history, runs, columns=columns, only=only, partitions=partitions, runs_a_block=runs_a_block
    )
    return sent.mapInArrow(diagnosing(question or Question()), ddl_of(DIAGNOSES))


def in_blocks(
    history: DataFrame,
    runs: DataFrame,
    *,
    columns: Columns = CANONICAL,
    only: Column | str | None = None,
    partitions: int | None = None,
    runs_a_block: int = RUNS_A_BLOCK,
) -> DataFrame:
    """Return neighbours, runs and points, sorted as a task diagnoses them; as :func:`diagnose`."""
    points = history_of(history, columns).mapInArrow(packing(), ddl_of(PACKED))
    known = runs_of(runs, columns, only)
    if "latest" not in known.columns:
        known = known.join(latest_from(points), "run_id", "left")
    known = known.join(placed(known, runs_a_block), "run_id", "left")
    run = F.struct(*(F.col(part.name) for part in RUN)).alias("run")
    askers = known.where("asked").withColumn("block", F.coalesce("block", F.lit(NOWHERE).cast("long")))
    neighbours = known.withColumn("block", F.explode("seen_in"))
    place = askers.select("run_id", "experiment_id", "block")
    rows = _rows(neighbours.select("experiment_id", "block", "run_id", run), NEIGHBOUR)
    rows = rows.unionByName(_rows(askers.select("experiment_id", "block", "run_id", run), ASKER))
    rows = rows.unionByName(_rows(points.join(place, "run_id").drop("latest"), POINTS))
    return rows.repartition(
        partitions or _session_partitions(history), "experiment_id", "block"
    ).sortWithinPartitions("experiment_id", "block", F.col("kind") != NEIGHBOUR, "run_id", "kind")


def _rows(frame: DataFrame, kind: int) -> DataFrame:
    """Return rows of one kind with the columns of all kinds."""
    present = set(frame.columns)
    types = types_of(IN_BLOCKS)
    empty = {name: F.lit(None).cast(types[name]) for name in IN_BLOCKS.names if name not in present}
    empty["kind"] = F.lit(kind)
    return frame.select(
        *(empty[name].alias(name) if name in empty else F.col(name) for name in IN_BLOCKS.names)
    )


def _session_partitions(frame: DataFrame) -> int:
    told = frame.sparkSession.conf.get("spark.sql.shuffle.partitions", "")
    return int(told) if told and told.isdigit() else _PARTITIONS
