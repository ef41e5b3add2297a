"""Runs that have ended and do not say when, as clients leave them that update the status alone.

MLflow's search finds runs by their end, and has no words for runs without one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy
from sqlalchemy import and_, column, exists, or_, select, table
from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.contract import TAG_FINGERPRINT
from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.server.ended import ENDED
from mlflow_bce_monitor.tracking.store.reasons import reason

_RUNS: Final = table(
    "runs",
    *map(column, ("run_uuid", "status", "start_time", "end_time", "lifecycle_stage", "experiment_id")),
)
_EXPERIMENTS: Final = table("experiments", *map(column, ("experiment_id", "lifecycle_stage")))
_LATEST: Final = table("latest_metrics", *map(column, ("run_uuid", "timestamp")))
_TAGS: Final = table("tags", *map(column, ("run_uuid", "key")))


def undated_runs(engine: sqlalchemy.Engine, first: int, since: int) -> list[str]:
    """Return the ids of active runs that ended without a time and may not carry their answer yet.

    Parameters
    ----------
    engine
        Of the store.
    first
        Milliseconds since the epoch. Runs without an answer count if they gave a sign of life since then:
        when they ended nobody knows, so a look cannot pass those by that were silent at the look before.
    since
        Milliseconds since the epoch, not before ``first``. Runs with an answer, which may be an older
        one, count if they gave a sign of life since then.

    Raises
    ------
    StoreError
        The database does not answer.
    """
    ended = and_(
        _RUNS.c.status.in_(ENDED),
        # The default of a client that sends numbers is 0.
        or_(_RUNS.c.end_time.is_(None), _RUNS.c.end_time <= 0),
        _RUNS.c.lifecycle_stage == "active",
        _EXPERIMENTS.c.lifecycle_stage == "active",
    )
    answered = exists().where(_TAGS.c.run_uuid == _RUNS.c.run_uuid, _TAGS.c.key == TAG_FINGERPRINT)
    wanted = or_(and_(~answered, _alive_since(first)), _alive_since(since))
    joined = _RUNS.join(_EXPERIMENTS, _RUNS.c.experiment_id == _EXPERIMENTS.c.experiment_id)
    found = select(_RUNS.c.run_uuid).select_from(joined).where(ended, wanted).order_by(_RUNS.c.start_time)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(found))
    except SQLAlchemyError as error:
        raise StoreError(f"The runs that ended cannot be listed: {reason(error)}.") from error


def _alive_since(time: int) -> sqlalchemy.ColumnElement[bool]:
    """Return the condition that a run began, or logged a point, at a time or later."""
    logged = exists().where(_LATEST.c.run_uuid == _RUNS.c.run_uuid, _LATEST.c.timestamp >= time)
    return or_(_RUNS.c.start_time >= time, logged)
