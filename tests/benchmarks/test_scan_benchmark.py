"""The benchmark of scanning: its stores are what they say, and every way reads all of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.scan import columns
from benchmarks.scan.filling import Shape, fill
from benchmarks.scan.measuring import Measured, ratio
from mlflow_bce_monitor import scan


def test_a_filled_store_is_scanned_like_any_other(tmp_path: Path) -> None:
    """All runs are there, with the curves that were asked for: some stuck, the others learning."""
    table = scan(fill(tmp_path / "mlflow.db", Shape(n_runs=8, n_points=60, stuck=0.5)), dry_run=True)
    assert table["error"].isna().all()
    assert set(table["verdict"]) == {"stalled", "learning"}
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (8 * 3 * 60,)
        run_ids = [run_id for (run_id,) in connection.execute("SELECT run_uuid FROM runs")]
    names = []
    for name, work in columns.ways(tmp_path / "mlflow.db", run_ids):
        work()
        names.append(name)
    assert names[:2] == ["driver, tuples", "ADBC, Arrow"]


@pytest.mark.parametrize(("goal", "word"), [(2.0, "reached"), (2.1, "NOT reached")])
def test_a_ratio_says_whether_its_goal_is_reached(
    capsys: pytest.CaptureFixture[str], goal: float, word: str
) -> None:
    """A ratio is of rates: half the time for as many runs is twice the rate."""
    ratio("ours", Measured("us", 10, 1.0, 1.0), Measured("them", 10, 2.0, 2.0), goal)
    assert capsys.readouterr().out == f"  ours: 2.00 (goal {goal:g}) {word}\n"
