"""One evaluation from beginning to end: predict, measure, log, diagnose, write back."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact
from mlflow.models.evaluation.base import EvaluationResult

from mlflow_bce_monitor.contract import ARTIFACT_EVALUATION, ARTIFACT_FOLDER, ARTIFACT_PROBE
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evaluated import evaluated_metric
from mlflow_bce_monitor.evaluator.config import Config
from mlflow_bce_monitor.evaluator.experiments import probed, refuse_unless_keras
from mlflow_bce_monitor.evaluator.measuring import measure
from mlflow_bce_monitor.evaluator.predicting import predict, raw_model
from mlflow_bce_monitor.evaluator.statement import statement
from mlflow_bce_monitor.evaluator.targets import Targets, targets_of
from mlflow_bce_monitor.evaluator.training_run import record_of_run, source_run_id, with_curves
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.tracking.writing.fingerprint import lasting_digest
from mlflow_bce_monitor.tracking.writing.writer import write_answer

_EVALUATION: Final = f"{ARTIFACT_FOLDER}/{ARTIFACT_EVALUATION}"
_PROBE: Final = f"{ARTIFACT_FOLDER}/{ARTIFACT_PROBE}"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What MLflow asks for.

    Attributes
    ----------
    dataset
        MLflow's evaluation data set.
    run_id
        The run to write to.
    config
        What the caller said.
    model
        A pyfunc model, None without.
    column
        Of the model's output; None where there is nothing to choose.
    model_id
        Of the logged model, None without.
    """

    dataset: Any
    run_id: str
    config: Config
    model: Any = None
    column: str | None = None
    model_id: str | None = None


def answer(asked: Evaluation) -> EvaluationResult:
    """Evaluate, write to the run, and return the metrics with ``evaluation.json``.

    Raises
    ------
    UsageError
        Targets, predictions or model do not fit what was asked for.
    RunError
        The run cannot be read.
    """
    raw = raw_model(asked.model)
    if asked.config.probe:
        refuse_unless_keras(raw)
    targets = targets_of(asked.dataset.labels_data, asked.config.pos_label)
    predictions = predict(asked.model, raw, asked.dataset, targets, asked.column)
    measured = measure(targets, predictions, asked.dataset.features_data)
    client = MlflowClient()
    _log_metrics(client, asked, measured)
    run = client.get_run(asked.run_id)
    record, source = with_curves(client, record_of_run(client, run), source_run_id(asked.model))
    report = None
    if asked.config.probe:
        report = probed(raw, asked.dataset.features_data, targets, record, asked.config)
    diagnosis = diagnose(record, probed=report.facts() if report is not None else ())
    content = _content(diagnosis, targets, predictions.words, measured, source)
    client.log_text(asked.run_id, json.dumps(content, indent=2, ensure_ascii=False), _EVALUATION)
    if report is not None:
        client.log_text(asked.run_id, json.dumps(report.as_dict(), indent=2), _PROBE)
    notes = write_answer(
        client, diagnosis, record, lasting_digest(run, Question(), LIMITS), asked.config.reports
    )
    for said in (content["statement"], *notes):
        _log.log(logging.WARNING if diagnosis.flagged else logging.INFO, said)
    uri = f"{run.info.artifact_uri}/{_EVALUATION}"
    artifact = JsonEvaluationArtifact(uri, content)  # type: ignore[no-untyped-call]
    return EvaluationResult(  # type: ignore[no-untyped-call]
        metrics={evaluated_metric(name): value for name, value in measured.items()},
        artifacts={_EVALUATION: artifact},
        run_id=asked.run_id,
    )


def _log_metrics(client: MlflowClient, asked: Evaluation, measured: dict[str, float]) -> None:
    now = int(time.time() * 1000)
    points = [
        Metric(
            evaluated_metric(name),
            value,
            now,
            0,
            model_id=asked.model_id,
            dataset_name=asked.dataset.name,
            dataset_digest=asked.dataset.digest,
            run_id=asked.run_id,
        )
        for name, value in measured.items()
    ]
    client.log_batch(asked.run_id, metrics=points)


def _content(
    diagnosis: Diagnosis, targets: Targets, predictions: str, measured: dict[str, float], source: str | None
) -> dict[str, Any]:
    return {
        "statement": statement(diagnosis, targets.words, source),
        "labels": targets.words,
        "predictions": predictions,
        "measured": measured,
        "curves_of_run": source,
        **diagnosis.as_contract(),
    }
