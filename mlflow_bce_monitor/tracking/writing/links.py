"""Links into the MLflow UI."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, ARTIFACT_REPORT
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind, shown
from mlflow_bce_monitor.tracking.writing.view import VIEW_KEY

_ROUTE: Final = "/#/experiments"
# Without it MLflow 3 shows a run among the evaluations of language models.
_TRAINING: Final = "?workflowType=machine_learning"


def run_link(store: Store, experiment_id: str, run_id: str) -> str | None:
    """Return the address of a run's page; None for a store that has no UI of its own."""
    return _link(store, run_path(experiment_id, run_id))


def run_path(experiment_id: str, run_id: str) -> str:
    """Return a run's page, relative to the address of any MLflow UI."""
    return f"{_ROUTE}/{quote(experiment_id)}/runs/{quote(run_id)}{_TRAINING}"


def report_link(store: Store, experiment_id: str, run_id: str) -> str | None:
    """Return the address of a run's report among its artifacts."""
    return _link(store, report_path(experiment_id, run_id))


def report_path(experiment_id: str, run_id: str) -> str:
    """Return a run's report, relative to the address of any MLflow UI."""
    path = f"{ARTIFACT_FOLDER}/{ARTIFACT_REPORT}"
    return f"{_ROUTE}/{quote(experiment_id)}/runs/{quote(run_id)}/artifacts/{path}{_TRAINING}"


def experiment_path(experiment_id: str) -> str:
    """Return an experiment's runs, relative to the address of any MLflow UI."""
    return f"{_ROUTE}/{quote(experiment_id)}/runs{_TRAINING}"


def view_path(experiment_id: str, key: str = VIEW_KEY) -> str:
    """Return a ready view of an experiment, relative to the address of any MLflow UI."""
    return f"{_ROUTE}/{quote(experiment_id)}/runs{_TRAINING}&viewStateShareKey={quote(key)}"


def view_link(store: Store, experiment_id: str, key: str = VIEW_KEY) -> str | None:
    """Return the address of a ready view of an experiment."""
    return _link(store, view_path(experiment_id, key))


def ui_command(store: Store) -> str | None:
    """Return the command that serves the UI of a store that has none of its own."""
    if store.kind in (StoreKind.DATABASE, StoreKind.FILES):
        return f"mlflow ui --backend-store-uri '{store}'"
    return None


def _link(store: Store, route: str) -> str | None:
    if store.kind is not StoreKind.SERVER:
        return None
    return f"{shown(store.uri).rstrip('/')}{route}"
