"""From a store to run records.

A reader takes runs as a search returned them (latest values, params, tags, data sets) and
adds the metric histories. :class:`ClientReader` uses nothing but MLflow's public client and works
everywhere; ``sql_reader`` and ``bulk_reader`` read many runs at once. A test holds them to the same
records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import DatasetInput as MlflowDatasetInput
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NOTE

from mlflow_bce_monitor.contract import OWN_METRICS, is_answer_tag
from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord
from mlflow_bce_monitor.report.description_block import without_block
from mlflow_bce_monitor.tracking.store.in_order import in_order
from mlflow_bce_monitor.tracking.store.opening import local_path
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason

MODEL_SUMMARY: Final = "model_summary.txt"
# Params that Keras autologging writes together with a model summary; asking a remote
# artifact store for a file that is not there costs a request a run.
_AUTOLOGGED: Final = frozenset({"opt_name", "optimizer_name"})
# Bytes. The summary of a model with a thousand layers has about 100 kB.
_LONGEST_SUMMARY: Final = 1_000_000


@dataclass(frozen=True)
class ReadFailure:
    """A run whose histories could not be read, and why, in one line."""

    run_id: str
    why: str


class RunReader(Protocol):
    """Reads whole runs."""

    def read(self, runs: Sequence[Run], pool: Executor, ahead: int) -> Iterator[RunRecord | ReadFailure]:
        """Yield one record (or failure) for each run, in the order of ``runs``.

        ``pool`` and ``ahead`` are for readers that send one request a run: no more than
        ``ahead`` runs are read before they are asked for.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class ClientReader:
    """Reads through MLflow's public client, one request a metric."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def read(self, runs: Sequence[Run], pool: Executor, ahead: int) -> Iterator[RunRecord | ReadFailure]:
        """Yield one record (or failure) for each run, reading up to ``ahead`` runs at once."""
        return in_order(pool, (partial(self.read_one, run) for run in runs), ahead)

    def close(self) -> None:
        """Do nothing: MLflow keeps its own connections."""

    def read_one(self, run: Run) -> RunRecord | ReadFailure:
        """Read one run."""
        run_id = run.info.run_id
        try:
            histories = {
                name: history_of(name, self._client.get_metric_history(run_id, name))
                for name in metric_names(run)
            }
            return record_of(run, histories, self.model_summary(run))
        except STORE_FAILURES as error:
            return ReadFailure(run_id, reason(error))

    def model_summary(self, run: Run) -> str | None:
        """Return the text of ``model_summary.txt`` of a run that is likely to have one, else None."""
        if local_path(run.info.artifact_uri) is not None:
            return local_model_summary(run)
        if not _AUTOLOGGED & run.data.params.keys():
            return None
        listed = {file.path: file.file_size for file in self._client.list_artifacts(run.info.run_id)}
        if MODEL_SUMMARY not in listed or (listed[MODEL_SUMMARY] or 0) > _LONGEST_SUMMARY:
            return None
        try:
            path = Path(self._client.download_artifacts(run.info.run_id, MODEL_SUMMARY))
        except MlflowException:
            # A listed file that cannot be had is one fact less; the diagnosis names what it misses.
            return None
        return path.read_text(encoding="utf-8", errors="replace")


def metric_names(run: Run) -> list[str]:
    """Return the names of the metrics to read, sorted."""
    return sorted(name for name in run.data.metrics if name not in OWN_METRICS)


def history_of(name: str, points: Sequence[Metric]) -> MetricHistory:
    """Return MLflow's points as one history, in their order."""
    return MetricHistory(
        name=name,
        steps=np.array([point.step for point in points], dtype=np.int64),
        timestamps=np.array([point.timestamp for point in points], dtype=np.int64),
        values=np.array([point.value for point in points], dtype=np.float64),
    )


def record_of(
    run: Run, histories: Mapping[str, MetricHistory], model_summary: str | None = None
) -> RunRecord:
    """Return the record of a run without anything the evaluator itself wrote to it."""
    tags = {key: value for key, value in run.data.tags.items() if not is_answer_tag(key)}
    if MLFLOW_RUN_NOTE in tags:
        tags[MLFLOW_RUN_NOTE] = without_block(tags[MLFLOW_RUN_NOTE], run.info.run_id)
    datasets = run.inputs.dataset_inputs if run.inputs else []
    return RunRecord(
        run_id=run.info.run_id,
        run_name=run.info.run_name or "",
        experiment_id=run.info.experiment_id,
        status=run.info.status,
        start_time=run.info.start_time,
        end_time=run.info.end_time,
        params=dict(run.data.params),
        tags=tags,
        histories=dict(histories),
        datasets=tuple(_dataset(dataset) for dataset in datasets),
        model_summary=model_summary,
    )


def local_model_summary(run: Run) -> str | None:
    """Return the text of ``model_summary.txt`` of a run whose artifacts lie in a local folder, else None."""
    folder = local_path(run.info.artifact_uri)
    if folder is None:
        return None
    path = folder / MODEL_SUMMARY
    if not path.is_file() or path.stat().st_size > _LONGEST_SUMMARY:
        return None
    return path.read_text(encoding="utf-8", errors="replace")


def context_of(logged: MlflowDatasetInput) -> str | None:
    """Return what a data set was logged for ("training", "eval", ...), None when that was not said."""
    return next((tag.value for tag in logged.tags if tag.key == MLFLOW_DATASET_CONTEXT), None)


def _dataset(logged: MlflowDatasetInput) -> DatasetInput:
    return DatasetInput(
        name=logged.dataset.name or "",
        digest=logged.dataset.digest or "",
        source_type=logged.dataset.source_type or "",
        context=context_of(logged),
        profile=_profile(logged.dataset.profile),
    )


def _profile(text: str | None) -> Mapping[str, object]:
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
