"""From a run record to one row of the table of diagnoses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow_bce_monitor.columnar.fingerprint import digest_of
from mlflow_bce_monitor.columnar.runs import Row, covered_by
from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.errors import BCEMonitorError, RunError
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report import description, wording
from mlflow_bce_monitor.report.plain_text import plain

_log = logging.getLogger(__name__)


def check_asked(run_id: str, logged: Iterable[str], asked: Sequence[str]) -> None:
    """Raise RunError when a run has metrics, but none of those that were asked for."""
    names = sorted(logged)
    if asked and names and not set(asked) & set(names):
        found = ", ".join(repr(plain(name)) for name in names)
        wanted = " or ".join(repr(plain(name)) for name in asked)
        raise RunError(
            f"Run {run_id} has no metric {wanted}; it has {found}. Pass --metric with one of these."
        )


def mistake(run_id: str, error: Exception) -> str:
    """Log a mistake of ours with its traceback, and return what the run's row says of it."""
    _log.exception("Run %s met a mistake in bce-monitor", run_id)
    return (
        f"bce-monitor made a mistake ({type(error).__name__}: {plain(str(error))}). "
        "Please report it with the traceback."
    )


def answer_of(row: Row, record: RunRecord, question: Question) -> dict[str, Any]:
    """Return the row of one run: the contract's object, and what there is to write to the run.

    One failing run never stops the others: its row says why.
    """
    try:
        check_asked(record.run_id, record.histories, question.metrics)
        diagnosis = diagnose(record, question, LIMITS)
        digest = digest_of(covered_by(row), question, LIMITS)
        return {**diagnosis.as_contract(), "writing": vars(writing_of(diagnosis, record, digest))}
    except BCEMonitorError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - a mistake of ours: logged, in the row, and the other runs go on
        why = mistake(record.run_id, error)
    failed = failed_contract(record.run_id, record.run_name, record.experiment_id, why)
    return {**failed, "writing": None}


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
