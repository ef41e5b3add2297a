"""Writing a diagnosis back to its run.

In this order, so that a run that was killed half-way is seen to be unfinished:

1. the old fingerprint goes; a run that gets its first report is marked as begun (``bce.version``);
2. the report: ``report.html``, ``curve.png``, ``diagnosis.json``;
3. tags of the old answer that the new one does not have go;
4. one batch: metrics, tags, the block in the description and, as the last of the tags, the fingerprint,
   which says that everything before it is there. MLflow's own stores write a batch in this order, and the
   tags at once or one after the other; at any other store the fingerprint has a call of its own.

Nothing else of the run is touched. MLflow's ``start_run`` is never used: it would move the
end time and turn FAILED into FINISHED. See ``docs/decisions/0011-writing-back.md``.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Metric, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from mlflow_bce_monitor.columnar.answers import Writing, writing_of
from mlflow_bce_monitor.contract import (
    ARTIFACT_FOLDER,
    METRIC_PLATEAU_FRACTION,
    METRIC_SKILL,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CHANCE_LEVEL,
    TAG_CONFIDENCE,
    TAG_FINGERPRINT,
    TAG_FLAGGED,
    TAG_METRIC,
    TAG_SKILL,
    TAG_TIER,
    TAG_VERDICT,
    TAG_VERSION,
)
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report.description_block import LONGEST_DESCRIPTION, with_block, without_block
from mlflow_bce_monitor.tracking.store.pace import TimeLimit
from mlflow_bce_monitor.tracking.writing.fingerprint import has_report, tag_value
from mlflow_bce_monitor.tracking.writing.reports import Reports

_ANSWER_TAGS: Final[tuple[str, ...]] = (
    TAG_VERDICT,
    TAG_FLAGGED,
    TAG_CAUSE,
    TAG_CONFIDENCE,
    TAG_SKILL,
    TAG_CHANCE_LEVEL,
    TAG_METRIC,
    TAG_ADVICE,
    TAG_TIER,
    TAG_VERSION,
)


# MLflow's word for a tag, or a run, that does not exist; of a run, the next write says so.
_NOT_THERE: Final = "RESOURCE_DOES_NOT_EXIST"


# What a database says of a transaction that another writer's got ahead of: both inserted the same tag, or
# the file was locked.
_LOST_RACES: Final = frozenset({"BAD_REQUEST", "TEMPORARILY_UNAVAILABLE"})
# Seconds before the next try; an answer is written within a tenth of a second.
_PAUSES_AFTER_A_LOST_RACE: Final = (0.1, 0.4)


def write_answer(
    client: MlflowClient,
    diagnosis: Diagnosis,
    record: RunRecord,
    digest: str,
    reports: Reports,
    *,
    mark_in_batch: bool = False,
) -> tuple[str, ...]:
    """Write a diagnosis to its run.

    Parameters
    ----------
    client
        Of the store the run lives in.
    diagnosis, record
        The answer, and the run it was made from.
    digest
        :func:`~mlflow_bce_monitor.tracking.writing.fingerprint.digest` of the run as it was read.
    reports
        Which runs get a report. A run that has one keeps getting it, because artifacts
        cannot be taken away and must not contradict the tags.
    mark_in_batch
        Whether the store writes a batch in order, so that the fingerprint can be the last of its tags.

    Returns
    -------
    tuple of str
        What was left out on purpose, one sentence each.

    Raises
    ------
    MlflowException, OSError, StoreError
        The store refused, or took too long. The run then has no fingerprint and is written again next time.
    """
    writer = _Writer(client, mark_in_batch=mark_in_batch)
    return _against_others(lambda: writer.answer(diagnosis, record, digest, reports))


def write_told(
    client: MlflowClient, run_id: str, told: Writing, *, mark_in_batch: bool = False
) -> tuple[str, ...]:
    """Write an answer that was made elsewhere to a run that has no report; as :func:`write_answer`."""
    writer = _Writer(client, mark_in_batch=mark_in_batch)
    return _against_others(lambda: writer.told(run_id, told))


def _against_others(write: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Write anew when another writer was ahead at the same tag."""
    for pause in _PAUSES_AFTER_A_LOST_RACE:
        try:
            return write()
        except MlflowException as error:
            if error.error_code not in _LOST_RACES:
                raise
        # Not in step with the other writer, or both would lose again.
        time.sleep(random.uniform(0.5, 1.5) * pause)  # noqa: S311 - no secret
    return write()


@dataclass(frozen=True)
class _Writer:
    """The writing of one answer, within a time limit; each step may be done again."""

    client: MlflowClient
    mark_in_batch: bool
    limit: TimeLimit = field(default_factory=TimeLimit)

    def answer(
        self, diagnosis: Diagnosis, record: RunRecord, digest: str, reports: Reports
    ) -> tuple[str, ...]:
        """Write what was diagnosed here."""
        # Read again: the description may have changed since the run was found, and it must not be lost.
        run = self.client.get_run(diagnosis.run_id)
        with_report = reports.wanted_for(diagnosis.verdict) or _may_have_report(self.client, run)
        told = writing_of(diagnosis, record, digest, with_artifacts=with_report)
        self._unmark(run)
        if with_report:
            self._write_report(run, diagnosis, told.tags[TAG_VERSION])
        return self._commit(run, told, with_report=with_report)

    def told(self, run_id: str, told: Writing) -> tuple[str, ...]:
        """Write what a table says."""
        run = self.client.get_run(run_id)
        self._unmark(run)
        return self._commit(run, told, with_report=False)

    def _unmark(self, run: Run) -> None:
        if TAG_FINGERPRINT in run.data.tags:
            _delete_tag(self.client, run.info.run_id, TAG_FINGERPRINT)

    def _write_report(self, run: Run, diagnosis: Diagnosis, version: str) -> None:
        # Loading what draws takes longer than a scan of a thousand runs that need no report.
        from mlflow_bce_monitor.tracking.writing.report_files import log_report  # noqa: PLC0415 - as above

        if TAG_VERSION not in run.data.tags:
            self.client.set_tag(run.info.run_id, TAG_VERSION, version)
        self.limit.check()
        log_report(self.client, diagnosis)

    def _commit(self, run: Run, told: Writing, *, with_report: bool) -> tuple[str, ...]:
        """Write tags, metrics and description, and last of all the fingerprint."""
        client, run_id = self.client, run.info.run_id
        old = run.data.tags.get(MLFLOW_RUN_NOTE, "")
        new, notes = _description(old, run_id, told.block)
        for tag in _stale(run, told, description_goes=bool(old) and not new):
            _delete_tag(client, run_id, tag)
        batch = dict(told.tags)
        if new and new != old:
            batch[MLFLOW_RUN_NOTE] = new
        mark = tag_value(told.digest, has_report=with_report)
        if self.mark_in_batch:
            batch[TAG_FINGERPRINT] = mark
        self.limit.check()
        tags = [RunTag(key, value) for key, value in batch.items()]
        client.log_batch(run_id, metrics=_metrics(run, told), tags=tags)
        if not self.mark_in_batch:
            self.limit.check()
            client.set_tag(run_id, TAG_FINGERPRINT, mark)
        return notes


def _may_have_report(client: MlflowClient, run: Run) -> bool:
    """Return whether the run has a report, or the beginning of one, from an earlier time."""
    if TAG_FINGERPRINT in run.data.tags:
        return has_report(run)
    # Begun and not committed: only the artifacts themselves can tell.
    return TAG_VERSION in run.data.tags and bool(client.list_artifacts(run.info.run_id, ARTIFACT_FOLDER))


def _stale(run: Run, told: Writing, *, description_goes: bool) -> list[str]:
    """Return the tags that say what an earlier answer said and this one does not."""
    stale = [tag for tag in _ANSWER_TAGS if tag in run.data.tags and tag not in told.tags]
    return [*stale, MLFLOW_RUN_NOTE] if description_goes else stale


def _delete_tag(client: MlflowClient, run_id: str, tag: str) -> None:
    """Delete a tag; another scan may have deleted it since the run was read, and that is as good."""
    try:
        client.delete_tag(run_id, tag)
    except MlflowException as error:
        if error.error_code != _NOT_THERE:
            raise


def _description(old: str, run_id: str, block: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the new description, and what was left out."""
    plain_text = without_block(old, run_id)
    if block is None:
        return plain_text, ()
    new = with_block(old, block, run_id)
    if len(new) > LONGEST_DESCRIPTION:
        left_out = (
            f"The description of run {run_id} has {len(plain_text):,} characters; the summary was "
            f"left out of it, because MLflow cuts descriptions longer than {LONGEST_DESCRIPTION:,}."
        )
        return plain_text, (left_out,)
    return new, ()


def _metrics(run: Run, told: Writing) -> list[Metric]:
    """Return the points that make the answer the latest value of our metrics; [] when it is already."""
    wanted = {METRIC_SKILL: told.skill, METRIC_PLATEAU_FRACTION: told.plateau_fraction}
    latest = {point.key: point for point in run.data.to_proto().metrics}
    points: list[Metric] = []
    for name, value in wanted.items():
        last = latest.get(name)
        if last is None:
            if value is not None and math.isfinite(value):
                points.append(Metric(name, value, told.timestamp, told.step))
            continue
        # A metric cannot be taken away. NaN says that the earlier answer no longer holds.
        said = math.nan if value is None else value
        if said == last.value or (math.isnan(said) and math.isnan(last.value)):
            continue
        # The latest point is the one with the highest (step, timestamp, value).
        step = max(told.step, last.step)
        timestamp = max(told.timestamp, last.timestamp + 1)
        points.append(Metric(name, said, timestamp, step))
    return points
