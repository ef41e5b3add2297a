"""From run records to rows of the table of diagnoses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlflow_bce_monitor.columnar.fingerprint import digest_of
from mlflow_bce_monitor.columnar.runs import Row, covered_by
from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.judging import Judged, judge_together, mistaken, points_of, together
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report import description, wording

_log = logging.getLogger(__name__)


def answers_of(
    asked: Iterable[tuple[Row, RunRecord]], question: Question, limits: Limits = LIMITS
) -> Iterator[dict[str, Any]]:
    """Yield the row of each run: the contract's object, and what there is to write to the run.

    Some runs are diagnosed together, with no more of them in memory. One failing run never stops the
    others: its row says why.
    """
    for chunk in together(asked, _points_of):
        judged = judge_together([record for _, record in chunk], question, limits)
        for (row, record), one in zip(chunk, judged, strict=True):
            yield _answer(row, record, one, question, limits)


def _answer(
    row: Row, record: RunRecord, judged: Judged, question: Question, limits: Limits
) -> dict[str, Any]:
    why = judged.error
    if judged.trace:
        _log.error("Run %s met a mistake in bce-monitor\n%s", record.run_id, judged.trace)
    if judged.row is not None and judged.diagnosis is not None:
        try:
            digest = digest_of(covered_by(row), question, limits)
            return {**judged.row, "writing": vars(writing_of(judged.diagnosis, record, digest))}
        except Exception as error:  # noqa: BLE001 - a mistake of ours, as in ``judging.py``
            _log.exception("Run %s met a mistake in bce-monitor", record.run_id)
            why = mistaken(error)
    failed = failed_contract(record.run_id, record.run_name, record.experiment_id, why)
    return {**failed, "writing": None}


def _points_of(pair: tuple[Row, RunRecord]) -> int:
    return points_of(pair[1])


@dataclass(frozen=True)
class Writing:
    """What is written to a run besides artifacts.

    Attributes
    ----------
    digest
        Of what the answer was made from; the fingerprint.
    tags
        Every ``bce.*`` tag but the fingerprint.
    block
        Markdown for the run's description, None for a run that nobody need look at.
    skill, plateau_fraction
        The two metrics, None where there is none.
    step, timestamp
        Where on the axes these are logged, so that writing them twice writes them once.
    """

    digest: str
    tags: Mapping[str, str]
    block: str | None
    skill: float | None
    plateau_fraction: float | None
    step: int
    timestamp: int


def writing_of(
    diagnosis: Diagnosis, record: RunRecord, digest: str, *, with_artifacts: bool = False
) -> Writing:
    """Return what is to be written to a run."""
    block = None
    if diagnosis.flagged:
        block = description.block(diagnosis, diagnosis.run_id, with_artifacts=with_artifacts)
    step, timestamp = stamp_of(diagnosis.metric, record)
    return Writing(
        digest=digest,
        tags=wording.tags(diagnosis),
        block=block,
        skill=diagnosis.skill.value if diagnosis.skill else None,
        plateau_fraction=diagnosis.plateau_fraction if diagnosis.metric is not None else None,
        step=step,
        timestamp=timestamp,
    )


def stamp_of(metric: str | None, record: RunRecord) -> tuple[int, int]:
    """Return the step and time that an answer is logged at: the judged metric's last, else the run's end."""
    history = record.histories.get(metric) if metric is not None else None
    if history is not None and len(history):
        return int(history.steps.max()), int(history.timestamps.max())
    return 0, record.end_time or record.start_time or 0
