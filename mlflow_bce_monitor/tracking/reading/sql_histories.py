"""Metric histories as rows, through SQLAlchemy from any database that MLflow can use.

A test holds them to what MLflow's client returns.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
import sqlalchemy
from sqlalchemy import column, func, select, table

from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.records import MetricHistory
from mlflow_bce_monitor.tracking.reading.sqlite_columns import Columns, Histories, history_of_columns

METRICS: Final = table(
    "metrics",
    column("run_uuid"),
    column("key"),
    column("step"),
    column("timestamp"),
    column("value"),
    column("is_nan"),
)
# Rows fetched from a driver at once.
_FETCH_ROWS: Final = 20_000


class RowSource:
    """Reads rows through SQLAlchemy from any database that MLflow can use."""

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        self._engine = engine

    def n_points(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the number of points of each run."""
        counting = (
            select(METRICS.c.run_uuid, func.count())
            .where(METRICS.c.run_uuid.in_(run_ids))
            .group_by(METRICS.c.run_uuid)
        )
        with self._engine.connect() as connection:
            return {str(run_id): int(n) for run_id, n in connection.execute(counting)}

    def histories(self, run_ids: Sequence[str], at_most: int | None = None) -> Histories | None:
        """Read all rows of these runs, as many at once as the driver hands over well."""
        if at_most is not None and sum(self.n_points(run_ids).values()) > at_most:
            return None
        points: dict[str, dict[str, _Points]] = {}
        # In the order of the index, so that the rows of a metric come together; a database that
        # takes "Loss" and "loss" for equal mixes those, hence a lookup whenever the name changes.
        rows = (
            select(*METRICS.c)
            .where(METRICS.c.run_uuid.in_(run_ids), METRICS.c.key.not_in(OWN_METRICS))
            .order_by(METRICS.c.run_uuid, METRICS.c.key)
        )
        with self._engine.connect() as connection:
            result = connection.execution_options(yield_per=_FETCH_ROWS).execute(rows)
            for fetched in result.partitions():
                for (run_id, name), group in groupby(fetched, key=itemgetter(0, 1)):
                    target = points.setdefault(run_id, {}).setdefault(name, _Points())
                    _, _, steps, timestamps, values, is_nan = zip(*group, strict=True)
                    target.steps.extend(steps)
                    target.timestamps.extend(timestamps)
                    target.values.extend(values)
                    target.is_nan.extend(is_nan)
        return {
            run_id: {name: of_run[name].history(name) for name in sorted(of_run)}
            for run_id, of_run in points.items()
        }

    def close(self) -> None:
        """Close the database connections."""
        self._engine.dispose()


@dataclass
class _Points:
    """One metric of one run while its rows come in."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    timestamps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    is_nan: array[int] = field(default_factory=lambda: array("b"))

    def history(self, name: str) -> MetricHistory:
        columns = Columns(
            np.frombuffer(self.steps, dtype=np.int64),
            np.frombuffer(self.timestamps, dtype=np.int64),
            np.frombuffer(self.values, dtype=np.float64),
            np.frombuffer(self.is_nan, dtype=np.int8).astype(bool),
        )
        return history_of_columns(name, columns, in_order=False)
