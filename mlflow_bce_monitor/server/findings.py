"""The runs in trouble of all experiments, read from the tags on them with three statements.

MLflow's search has no "or", does not know the names of experiments and returns whole runs; a page that looks
every two seconds needs eight short texts of a hundred runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy
from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, and_, column, func, or_, select, table

from mlflow_bce_monitor.contract import (
    FLAGGED,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CONFIDENCE,
    TAG_FINGERPRINT,
    TAG_METRIC,
    TAG_SKILL,
    TAG_VERDICT,
    Verdict,
)

PAGE: Final = 100
"""Findings shown at once: as many as somebody reads; the search finds the others."""

_RUNS: Final = table(
    "runs",
    *map(
        column, ("run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage", "experiment_id")
    ),
)
_EXPERIMENTS: Final = table("experiments", *map(column, ("experiment_id", "name", "lifecycle_stage")))
_TAGS: Final = table("tags", *map(column, ("run_uuid", "key", "value")))
_SHOWN: Final = (TAG_CAUSE, TAG_CONFIDENCE, TAG_SKILL, TAG_METRIC, TAG_ADVICE, TAG_FINGERPRINT)
_ESCAPE: Final = "\\"


@dataclass(frozen=True)
class Wanted:
    """What to show.

    Attributes
    ----------
    verdict
        Only this one; None for all that are flagged.
    text
        What a run's name, id, cause or its experiment's name holds; "" for all.
    page
        0 for the latest.
    """

    verdict: Verdict | None = None
    text: str = ""
    page: int = 0


@dataclass(frozen=True)
class Finding:
    """One run in trouble.

    Attributes
    ----------
    ended
        Milliseconds since the epoch; None while it trains.
    tags
        The evaluator's short texts by tag.
    """

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    status: str
    started: int | None
    ended: int | None
    verdict: Verdict
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes
    ----------
    shown
        The page that was wanted, the latest first.
    counts
        Flagged verdict to the number of runs that hold the text, whatever verdict was wanted.
    """

    shown: Sequence[Finding]
    counts: Mapping[Verdict, int]


class FindingsReader:
    """Reads findings from a database store."""

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        self._engine = engine

    def read(self, wanted: Wanted) -> Findings:
        """Return what is wanted; SQLAlchemyError when the database fails."""
        verdict, cause = _TAGS.alias("verdict"), _TAGS.alias("cause")
        found = _found(verdict, cause, wanted.text)
        with self._engine.connect() as connection:
            counted = connection.execute(_counting(verdict, found))
            counts = {Verdict(value): number for value, number in counted}
            rows = connection.execute(_page(verdict, found, wanted)).mappings().all()
            tags = _tags(connection, [row["run_uuid"] for row in rows])
        return Findings([_finding(row, tags.get(row["run_uuid"], {})) for row in rows], counts)


_From = tuple[FromClause, ColumnElement[bool]]


def _found(verdict: FromClause, cause: FromClause, text: str) -> _From:
    """Return the joined tables, and the condition that rows are flagged, active and hold a text."""
    joined = (
        verdict.join(_RUNS, verdict.c.run_uuid == _RUNS.c.run_uuid)
        .join(_EXPERIMENTS, _RUNS.c.experiment_id == _EXPERIMENTS.c.experiment_id)
        .outerjoin(cause, and_(cause.c.run_uuid == _RUNS.c.run_uuid, cause.c.key == TAG_CAUSE))
    )
    condition = and_(
        verdict.c.key == TAG_VERDICT,
        verdict.c.value.in_([one.value for one in FLAGGED]),
        _RUNS.c.lifecycle_stage == "active",
        _EXPERIMENTS.c.lifecycle_stage == "active",
    )
    for word in text.split():
        looked_in = (_RUNS.c.name, _EXPERIMENTS.c.name, cause.c.value, _RUNS.c.run_uuid)
        pattern = f"%{_escaped(word.lower())}%"
        condition = and_(
            condition, or_(*(func.lower(one).like(pattern, escape=_ESCAPE) for one in looked_in))
        )
    return joined, condition


def _counting(verdict: FromClause, found: _From) -> Select[Any]:
    joined, condition = found
    counted = select(verdict.c.value, func.count()).select_from(joined).where(condition)
    return counted.group_by(verdict.c.value)


def _page(verdict: FromClause, found: _From, wanted: Wanted) -> Select[Any]:
    joined, condition = found
    if wanted.verdict is not None:
        condition = and_(condition, verdict.c.value == wanted.verdict.value)
    columns = (
        *(_RUNS.c.run_uuid, _RUNS.c.name, _RUNS.c.status, _RUNS.c.start_time, _RUNS.c.end_time),
        *(_RUNS.c.experiment_id, _EXPERIMENTS.c.name.label("experiment"), verdict.c.value.label("verdict")),
    )
    latest = func.coalesce(_RUNS.c.end_time, _RUNS.c.start_time).desc()
    page = select(*columns).select_from(joined).where(condition).order_by(latest, _RUNS.c.run_uuid)
    return page.limit(PAGE).offset(wanted.page * PAGE)


def _tags(connection: sqlalchemy.Connection, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = {}
    if run_ids:
        wanted = and_(_TAGS.c.run_uuid.in_(run_ids), _TAGS.c.key.in_(_SHOWN))
        for run_id, key, value in connection.execute(
            select(_TAGS.c.run_uuid, _TAGS.c.key, _TAGS.c.value).where(wanted)
        ):
            tags.setdefault(run_id, {})[key] = value or ""
    return tags


def _finding(row: RowMapping, tags: Mapping[str, str]) -> Finding:
    return Finding(
        run_id=row["run_uuid"],
        run_name=row["name"] or "",
        experiment_id=str(row["experiment_id"]),
        experiment_name=row["experiment"] or "",
        status=row["status"] or "",
        started=row["start_time"],
        ended=row["end_time"],
        verdict=Verdict(row["verdict"]),
        tags=tags,
    )


def _escaped(word: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        word = word.replace(special, _ESCAPE + special)
    return word
