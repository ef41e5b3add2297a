"""The same trainings through the table that a scan gives."""

from __future__ import annotations

import pytest
from shelf import Shelf

import mlflow_bce_monitor

pytestmark = pytest.mark.training


def test_a_scan_says_what_each_run_by_itself_says(shelf: Shelf) -> None:
    """One row a run with verdict, metric and level, nothing written, and no run in error."""
    wanted = {
        shelf.run_id(training, variant): shelf.diagnosis(training, variant)
        for training in ("written two heads", "written with a factor", "xgboost rare", "kto")
        for variant in ("learning", "stuck" if training != "kto" else "masked")
    }
    table = mlflow_bce_monitor.scan(shelf.uri, run_ids=list(wanted), dry_run=True)
    assert table["error"].isna().all()
    rows = table.set_index("run_id")
    for run_id, diagnosis in wanted.items():
        assert rows.loc[run_id, "verdict"] == str(diagnosis.verdict)
        assert rows.loc[run_id, "metric"] == diagnosis.metric
        assert diagnosis.chance is not None
        assert rows.loc[run_id, "chance_level"] == pytest.approx(diagnosis.chance.value)
