"""Histories of many runs out of a database, a bounded number of points at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mlflow_bce_monitor.tracking.reading.sqlite_columns import Histories, Source

POINTS_AT_ONCE: Final = 2_000_000
"""Points held at once, unless one run alone has more: 25 bytes each, so about 50 MB."""

Batch = tuple[Sequence[str], Histories]
"""Run ids, and the histories of those that have any."""


def batches(source: Source, run_ids: Sequence[str], points_at_once: int = POINTS_AT_ONCE) -> Iterator[Batch]:
    """Yield the histories of runs in their order, in one batch when they are few enough points.

    Raises
    ------
    sqlite3.Error, sqlalchemy.exc.SQLAlchemyError
        The database failed; what was not yielded yet is not read.
    """
    found = source.histories(run_ids, points_at_once) if run_ids else {}
    if found is not None:
        yield run_ids, found
        return
    for part in _parts(source, run_ids, points_at_once):
        yield part, source.histories(part) or {}


def _parts(source: Source, run_ids: Sequence[str], points_at_once: int) -> list[list[str]]:
    """Cut ``run_ids`` so that a part holds no more points than allowed, or a single run."""
    n_points = source.n_points(run_ids)
    parts: list[list[str]] = []
    room = 0
    for run_id in run_ids:
        needed = n_points.get(run_id, 0)
        if not parts or needed > room:
            parts.append([])
            room = points_at_once
        parts[-1].append(run_id)
        room -= needed
    return parts
