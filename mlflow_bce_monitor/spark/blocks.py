"""Bringing every run to its siblings, without holding an experiment in one place.

The rule (``siblings.py``) looks at the hundred runs before and after a run in the order of starting. So
the runs of an experiment are cut into blocks by their rank, and the few runs around a block's edges are
sent to both sides. Runs with one start time share a rank; those after them are counted in the order of
ids, those before them against it: hence two positions of a neighbour, and an exact answer whatever the
ties. A block is the unit of work: small experiments are one each, large ones many.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.siblings import NEIGHBOURS_PER_SIDE

RUNS_A_BLOCK: Final = 500
"""Runs of a block: twice the neighbours at its edges, so that two in five are sent twice, params and
latest values without points; and some seconds of work, so that a task that holds one block more than
the others is not waited for long."""

NOWHERE: Final = -1
"""Block of runs whose start nobody knows: they have no siblings."""


def placed(runs: DataFrame, runs_a_block: int = RUNS_A_BLOCK) -> DataFrame:
    """Return ``run_id``, the ``block`` it asks in, and the blocks it is a neighbour in (``seen_in``).

    Raises
    ------
    UsageError
        Blocks are smaller than what a run looks at to one side.
    """
    if runs_a_block < NEIGHBOURS_PER_SIDE:
        raise UsageError(
            f"runs_a_block={runs_a_block!r} is too few: the neighbours of a run lie in its block or the one "
            f"beside it, so give {NEIGHBOURS_PER_SIDE} or more."
        )
    narrow = runs.select("experiment_id", "start_time", "run_id").where(F.col("start_time").isNotNull())
    experiment = Window.partitionBy("experiment_id")
    # Ranks and positions begin at 0.
    ranked = narrow.select(
        "run_id",
        (F.rank().over(experiment.orderBy("start_time")) - 1).alias("rank"),
        (F.row_number().over(experiment.orderBy("start_time", "run_id")) - 1).alias("after"),
        (F.row_number().over(experiment.orderBy("start_time", F.col("run_id").desc())) - 1).alias("before"),
    )
    after, before = F.col("after"), F.col("before")
    seen_in = [
        _block(after, runs_a_block),
        F.when(after % runs_a_block < NEIGHBOURS_PER_SIDE, _block(after, runs_a_block) - 1),
        _block(before, runs_a_block),
        F.when(before % runs_a_block >= runs_a_block - NEIGHBOURS_PER_SIDE, _block(before, runs_a_block) + 1),
    ]
    blocks = F.array_distinct(F.filter(F.array(*seen_in), lambda block: block >= 0))
    return ranked.select(
        "run_id", _block(F.col("rank"), runs_a_block).alias("block"), blocks.alias("seen_in")
    )


def _block(position: Column, runs_a_block: int) -> Column:
    return F.floor(position / runs_a_block).cast("long")
