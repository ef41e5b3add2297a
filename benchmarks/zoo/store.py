"""Copies one run out of an MLflow store, without understanding anything."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from mlflow import MlflowClient
from mlflow.artifacts import load_text
from mlflow.entities import DatasetInput as StoredInput
from mlflow.entities import Run

from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord

SUMMARY_FILE = "model_summary.txt"
CONTEXT_TAG = "mlflow.data.context"


def read_record(client: MlflowClient, run_id: str) -> RunRecord:
    """Read one run, with all points of all its metrics in the order the store returns them."""
    run = client.get_run(run_id)
    has_summary = any(item.path == SUMMARY_FILE for item in client.list_artifacts(run_id))
    return RunRecord(
        run_id=run_id,
        run_name=run.info.run_name or "",
        experiment_id=run.info.experiment_id,
        status=run.info.status,
        start_time=run.info.start_time,
        end_time=run.info.end_time,
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        histories=_histories(client, run),
        datasets=tuple(_dataset(stored) for stored in (run.inputs.dataset_inputs if run.inputs else ())),
        model_summary=load_text(f"{run.info.artifact_uri}/{SUMMARY_FILE}") if has_summary else None,
    )


def _histories(client: MlflowClient, run: Run) -> dict[str, MetricHistory]:
    histories = {}
    for name in sorted(run.data.metrics):
        points = client.get_metric_history(run.info.run_id, name)
        histories[name] = MetricHistory(
            name=name,
            steps=np.array([point.step for point in points], dtype=np.int64),
            timestamps=np.array([point.timestamp for point in points], dtype=np.int64),
            values=np.array([point.value for point in points], dtype=np.float64),
        )
    return histories


def _dataset(stored: StoredInput) -> DatasetInput:
    tags = {tag.key: tag.value for tag in stored.tags}
    return DatasetInput(
        name=stored.dataset.name,
        digest=stored.dataset.digest,
        source_type=stored.dataset.source_type,
        context=tags.get(CONTEXT_TAG),
        profile=_parsed(stored.dataset.profile),
    )


def _parsed(profile: str | None) -> Mapping[str, object]:
    try:
        parsed = json.loads(profile or "{}")
    except json.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
