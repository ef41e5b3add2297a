"""Writing a result to the diagnosed run and to the run that gathers the reruns.

Tags, artifacts, and the answer with the new probabilities; status, times, params and metrics of the
diagnosed run stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from mlflow_bce_monitor.contract import (
    ARTIFACT_FOLDER,
    TAG_VERIFIED,
    TAG_VERIFIED_BECAUSE,
    TAG_VERIFIED_CHANGE,
    TAG_VERIFIED_GAIN,
    TAG_VERIFIED_INTERVAL,
    TAG_VERIFIED_RUN,
    Tier,
)
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report.plain_text import plain, shortened
from mlflow_bce_monitor.report.verification import markdown
from mlflow_bce_monitor.report.verification.markdown import picture_of
from mlflow_bce_monitor.tracking.answers import not_written
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES
from mlflow_bce_monitor.tracking.writing.fingerprint import digest
from mlflow_bce_monitor.tracking.writing.links import run_path
from mlflow_bce_monitor.tracking.writing.reports import Reports
from mlflow_bce_monitor.tracking.writing.writer import write_answer
from mlflow_bce_monitor.verifying.files import save
from mlflow_bce_monitor.verifying.result import VerificationReport
from mlflow_bce_monitor.verifying.wording import changed

_LONGEST_TAG = 500
"""Characters: it is read in a column, and MLflow takes 8,000."""

_OF_RESULT = (
    TAG_VERIFIED_GAIN,
    TAG_VERIFIED_INTERVAL,
    TAG_VERIFIED_CHANGE,
    TAG_VERIFIED_RUN,
)
"""Tags that not every result has."""


def result_tags(report: VerificationReport) -> dict[str, str]:
    """Return the tags that say what came of a verification."""
    tags = {
        TAG_VERIFIED: str(report.result),
        TAG_VERIFIED_BECAUSE: shortened(plain(report.sentence), _LONGEST_TAG),
    }
    trial = report.trial
    if trial is not None and trial.comparison is not None:
        found = trial.comparison
        tags |= {
            TAG_VERIFIED_GAIN: f"{found.gain:.3f}",
            TAG_VERIFIED_INTERVAL: f"{found.low:.3f} to {found.high:.3f}",
            TAG_VERIFIED_CHANGE: shortened(plain(changed(trial.arm.changes)), _LONGEST_TAG),
        }
    if report.parent_run_id:
        tags[TAG_VERIFIED_RUN] = report.parent_run_id
    return tags


def write_result(
    store: Store,
    report: VerificationReport,
    run: Run,
    record: RunRecord | None,
    diagnosis: Diagnosis | None,
) -> None:
    """Write a result.

    Parameters
    ----------
    store, report
        Where, and what.
    run
        The diagnosed run, or the one that gathers the reruns.
    record, diagnosis
        Of the diagnosed run; None for the other, which gets the report as its description.

    Raises
    ------
    StoreError
        The store refuses.
    """
    client, run_id = store.client, run.info.run_id
    tags = result_tags(report)
    if diagnosis is None:
        tags[MLFLOW_RUN_NOTE] = _note(store, report, run_id)
    try:
        for tag in _OF_RESULT:
            if tag in run.data.tags and tag not in tags:
                client.delete_tag(run_id, tag)
        with TemporaryDirectory(prefix="bce-monitor-") as folder:
            for path in save(report, Path(folder)):
                client.log_artifact(run_id, str(path), ARTIFACT_FOLDER)
        if diagnosis is not None and record is not None and report.steps + report.trials:
            answer = replace(diagnosis, causes=report.causes, tier=Tier.RERUN)
            write_answer(client, answer, record, digest(run, Question(), LIMITS), Reports.FLAGGED)
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    except STORE_FAILURES as error:
        raise StoreError(not_written(error)) from error


def _note(store: Store, report: VerificationReport, run_id: str) -> str:
    """Return the description of the run that gathers the reruns: it leads to the diagnosed one."""
    verified = store.client.get_run(report.run_id).info
    # A route of MLflow's page leads on from wherever the page is served.
    route = run_path(verified.experiment_id, verified.run_id).lstrip("/")
    return markdown(report, picture=picture_of(run_id), verified=route)
