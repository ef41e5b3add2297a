"""Probe the model of a run, and write what was found back to the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_PROBE
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.probes.logged import load_logged_model, refuse_unless_trusted
from mlflow_bce_monitor.probes.result import ProbeReport
from mlflow_bce_monitor.probes.run import probe
from mlflow_bce_monitor.probes.table import read_table
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.store.search import find_run
from mlflow_bce_monitor.tracking.writing.fingerprint import digest
from mlflow_bce_monitor.tracking.writing.reports import Reports
from mlflow_bce_monitor.tracking.writing.writer import write_answer

ARTIFACT = f"{ARTIFACT_FOLDER}/{ARTIFACT_PROBE}"


@dataclass(frozen=True)
class ProbeOptions:
    """What is asked for.

    Attributes
    ----------
    data, target
        The file of rows, and its column of labels.
    budget
        Seconds.
    seed
        Of the experiments.
    model
        Name of the logged model.
    trust_model
        Whether code from the model's artifact may run.
    dry_run
        Write nothing.
    """

    data: Path
    target: str
    budget: float = 60.0
    seed: int = 0
    model: str = "model"
    trust_model: bool = False
    dry_run: bool = False


def probe_run(run_id: str, options: ProbeOptions, tracking_uri: str | None = None) -> ProbeReport:
    """Probe the logged model of a run with rows from a file; write the answer unless it is a dry run.

    Raises
    ------
    UsageError
        There is no such run or file, the rows do not fit, or the model is not trusted.
    RunError
        The run or its model cannot be read.
    """
    store = open_store(tracking_uri)
    run = find_run(store, run_id)
    refuse_unless_trusted(run_id, trusted=options.trust_model)
    x, y = read_table(options.data, options.target)
    record = ClientReader(store.client).read_one(run)
    if isinstance(record, ReadFailure):
        raise RunError(f"Run {run_id} cannot be read: {record.why}")
    model = load_logged_model(store, run_id, options.model)
    report = probe(model, x, y, options.budget, options.seed, record=record)
    if not options.dry_run and report.diagnosis is not None:
        store.client.log_text(run_id, json.dumps(report.as_dict(), indent=2), ARTIFACT)
        write_answer(store.client, report.diagnosis, record, digest(run, Question(), LIMITS), Reports.FLAGGED)
    return report
