"""From records to answers: many runs are diagnosed together, and each fails by itself.

Loads no MLflow, because a second process does the same (``coworker/``).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.errors import BCEMonitorError, RunError
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question, diagnose, diagnose_many
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report.plain_text import plain

T = TypeVar("T")

RUNS_TOGETHER: Final = 64
"""Runs diagnosed together: nearly all of the gain is there, and the first answers do not come late."""

# Points diagnosed together, unless one run alone has more.
_POINTS_TOGETHER: Final = 500_000


@dataclass(frozen=True)
class Judged:
    """What came of one run.

    Attributes
    ----------
    run_id
        Identity.
    row
        The JSON object of the contract; None when there is no diagnosis.
    diagnosis, record
        What is needed to write the answer; None where nothing is going to be written. The record then
        holds the history of the judged metric alone.
    error
        Why there is no diagnosis, one sentence; "" when there is one.
    trace
        The traceback of a mistake of ours; "" when there was none.
    """

    run_id: str
    row: Mapping[str, Any] | None = None
    diagnosis: Diagnosis | None = None
    record: RunRecord | None = None
    error: str = ""
    trace: str = ""


def together(
    items: Iterable[T], n_points: Callable[[T], int], most: int = RUNS_TOGETHER
) -> Iterator[list[T]]:
    """Yield runs as many at once as are to be diagnosed together, at most ``most``."""
    chunk: list[T] = []
    held = 0
    for item in items:
        chunk.append(item)
        held += n_points(item)
        if len(chunk) >= most or held >= _POINTS_TOGETHER:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def points_of(record: RunRecord) -> int:
    """Return how many points a run has in all its histories."""
    return sum(map(len, record.histories.values()))


def judge_together(
    records: Sequence[RunRecord],
    question: Question,
    limits: Limits,
    written: Container[str] | None = None,
) -> list[Judged]:
    """Diagnose some runs, which are held in memory together.

    Parameters
    ----------
    records, question, limits
        As for :func:`~mlflow_bce_monitor.pipeline.diagnose_many`.
    written
        Ids of the runs whose answer may be written; the others come back as rows alone, because a
        diagnosis holds every curve. None for all.
    """
    there = [record for record in records if not _refusal(record, question)]
    try:
        found = iter(diagnose_many(there, question, limits))
    except Exception:  # noqa: BLE001 - a mistake of ours: found once more by the run that it is met at
        return [_judged(record, question, limits, written) for record in records]
    judged = []
    for record in records:
        refusal = _refusal(record, question)
        answer = RunError(refusal) if refusal else next(found)
        if isinstance(answer, RunError):
            judged.append(Judged(record.run_id, error=str(answer)))
        else:
            judged.append(_of(record, answer, written))
    return judged


def diagnose_alone(record: RunRecord, question: Question, limits: Limits) -> Diagnosis:
    """Diagnose one run; RunError when it has none of the metrics that were asked for."""
    refusal = _refusal(record, question)
    if refusal:
        raise RunError(refusal)
    return diagnose(record, question, limits)


def mistaken(error: Exception) -> str:
    """Return what is said of a mistake of ours."""
    return (
        f"bce-monitor made a mistake ({type(error).__name__}: {plain(str(error))}). "
        "Please report it with the traceback."
    )


def _refusal(record: RunRecord, question: Question) -> str:
    """Return why a run has nothing of what was asked for, "" when it has something."""
    asked, logged = question.metrics, record.histories
    if not asked or not logged or set(asked) & set(logged):
        return ""
    found = ", ".join(repr(plain(name)) for name in sorted(logged))
    wanted = " or ".join(repr(plain(name)) for name in asked)
    return f"Run {record.run_id} has no metric {wanted}; it has {found}. Pass --metric with one of these."


def _judged(record: RunRecord, question: Question, limits: Limits, written: Container[str] | None) -> Judged:
    try:
        return _of(record, diagnose_alone(record, question, limits), written)
    except BCEMonitorError as error:
        return Judged(record.run_id, error=str(error))
    except Exception as error:  # noqa: BLE001 - a mistake of ours
        # It is told with its traceback and in the row, so nothing is swallowed, and the other runs
        # go on, because an odd run must not cost a night's scan.
        return Judged(record.run_id, error=mistaken(error), trace=traceback.format_exc())


def _of(record: RunRecord, diagnosis: Diagnosis, written: Container[str] | None) -> Judged:
    if written is not None and record.run_id not in written:
        return Judged(record.run_id, diagnosis.as_contract())
    histories = {name: one for name, one in record.histories.items() if name == diagnosis.metric}
    slim = replace(record, histories=histories)
    return Judged(record.run_id, diagnosis.as_contract(), diagnosis, slim)
