"""A run of which nothing but its curves is left."""

from __future__ import annotations

from dataclasses import replace

from mlflow_bce_monitor.records import RunRecord


def without_params(record: RunRecord) -> RunRecord:
    """Return the run with its metric histories, and without params, tags, data sets, model and siblings."""
    return replace(record, params={}, tags={}, datasets=(), model_summary=None, siblings=())
