"""The curves beside an evaluation: those of its own run, else of the run that logged the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from mlflow_bce_monitor.curves import recognise
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.evaluated import EVALUATED, evaluated_metric
from mlflow_bce_monitor.evaluated_alone import tells_enough
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.settings import read_settings
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason


def record_of_run(client: MlflowClient, run: Run) -> RunRecord:
    """Return the record of the run of the evaluation; RunError when it cannot be read."""
    record = ClientReader(client).read_one(run)
    if isinstance(record, ReadFailure):
        raise RunError(f"Run {run.info.run_id} cannot be read: {record.why}")
    return record


def source_run_id(model: Any) -> str | None:
    """Return the id of the run that logged a model, None where there is none."""
    found = getattr(getattr(model, "metadata", None), "run_id", None)
    return found if isinstance(found, str) and found else None


def with_curves(client: MlflowClient, record: RunRecord, source: str | None) -> tuple[RunRecord, str | None]:
    """Return (the record with the curves of the model's training, the id of the run they come from).

    A run with a curve of its own keeps to that, and so does one whose model comes from nowhere.
    The source is only read; the answer goes to the run of the evaluation.

    Raises
    ------
    RunError
        The run that logged the model cannot be read.
    """
    if source is None or source == record.run_id or _tells(record):
        return record, None
    try:
        trained = record_of_run(client, client.get_run(source))
    except STORE_FAILURES as error:
        raise RunError(f"Run {source}, which logged the model, cannot be read: {reason(error)}") from error
    if not _tells(trained):
        return record, None
    ours = {evaluated_metric(name) for name in EVALUATED}
    histories = {name: history for name, history in trained.histories.items() if name not in ours}
    histories |= {name: history for name, history in record.histories.items() if name in ours}
    merged = replace(
        trained,
        run_id=record.run_id,
        run_name=record.run_name,
        experiment_id=record.experiment_id,
        histories=histories,
    )
    return merged, source


def _tells(record: RunRecord) -> bool:
    return tells_enough(recognise(record, read_settings(record), LIMITS).loss, LIMITS)
