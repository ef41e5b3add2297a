"""A run of which nothing but its curves is left, or one curve alone."""

from __future__ import annotations

from dataclasses import replace

from mlflow_bce_monitor.records import RunRecord


def without_params(record: RunRecord) -> RunRecord:
    """Return the run with its metric histories, and without params, tags, data sets, model and siblings."""
    return replace(record, params={}, tags={}, datasets=(), model_summary=None, siblings=())


def one_curve(record: RunRecord, metric: str) -> RunRecord:
    """Return the run with the history of one metric, and nothing else."""
    return replace(without_params(record), histories={metric: record.histories[metric]})
