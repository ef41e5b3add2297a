"""The report among a run's artifacts: ``report.html``, ``curve.png``, ``diagnosis.json``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mlflow import MlflowClient

from mlflow_bce_monitor.contract import ARTIFACT_CURVE, ARTIFACT_DIAGNOSIS, ARTIFACT_FOLDER, ARTIFACT_REPORT
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import figure, json_artifact, page


def log_report(client: MlflowClient, diagnosis: Diagnosis) -> None:
    """Put the report on the run that was diagnosed; raises MlflowException or OSError."""
    picture = figure.draw(diagnosis)
    with tempfile.TemporaryDirectory(prefix="bce-monitor-") as folder:
        (Path(folder) / ARTIFACT_REPORT).write_text(page.render(diagnosis), encoding="utf-8")
        (Path(folder) / ARTIFACT_CURVE).write_bytes(picture)
        (Path(folder) / ARTIFACT_DIAGNOSIS).write_text(
            json_artifact.diagnosis_json(diagnosis), encoding="utf-8"
        )
        client.log_artifacts(diagnosis.run_id, folder, ARTIFACT_FOLDER)
