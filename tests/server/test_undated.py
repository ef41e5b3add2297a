"""Runs that ended without saying when: which of them a look at the store finds."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from stores import FilledStore

from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.server.undated import undated_runs
from mlflow_bce_monitor.tracking.store.opening import read_only_engine

DAY = 86_400_000  # milliseconds
NOW = 1_800_000_000_000  # milliseconds since the epoch
FIRST, SINCE = NOW - DAY, NOW - DAY // 24


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> FilledStore:
    """Return an empty store of its own."""
    database = Path(shutil.copy(empty_database, tmp_path / "mlflow.db"))
    return FilledStore(f"sqlite:///{database}", tmp_path, database)


def _run(
    store: FilledStore, experiment: str, started: int, logged: int, status: str = "FINISHED", answer: str = ""
) -> str:
    """Write a run that says nothing of its end."""
    tags = {"bce.fingerprint": answer} if answer else {}
    run_id = store.run(experiment, {"loss": [(0, logged, 0.7)]}, tags=tags, status="RUNNING")
    _write(store, "UPDATE runs SET status = ?, start_time = ? WHERE run_uuid = ?", status, started, run_id)
    return run_id


def _write(store: FilledStore, statement: str, *values: object) -> None:
    assert store.database is not None
    with sqlite3.connect(store.database, timeout=60) as database:
        database.execute(statement, values)
    database.close()


def test_those_that_may_lack_their_answer_are_found(store: FilledStore) -> None:
    """A sign of life counts, be it the start or a point; who carries an answer is looked at for new ones."""
    experiment = store.experiment()
    long_ago = NOW - 30 * DAY
    found = {
        _run(store, experiment, NOW - DAY // 2, long_ago),
        _run(store, experiment, long_ago, NOW - DAY // 2, "FAILED"),
        _run(store, experiment, long_ago, NOW, "KILLED", answer="older"),
    }
    zero = _run(store, experiment, NOW, NOW)
    _write(store, "UPDATE runs SET end_time = 0 WHERE run_uuid = ?", zero)
    _run(store, experiment, long_ago, long_ago)
    _run(store, experiment, NOW - DAY // 2, NOW - DAY // 2, answer="current")
    _run(store, experiment, NOW, NOW, "RUNNING")
    dated = _run(store, experiment, NOW, NOW)
    _write(store, "UPDATE runs SET end_time = ? WHERE run_uuid = ?", NOW, dated)
    store.client.delete_run(_run(store, experiment, NOW, NOW))
    deleted = store.experiment()
    _run(store, deleted, NOW, NOW)
    store.client.delete_experiment(deleted)
    assert set(undated_runs(read_only_engine(store.uri), FIRST, SINCE)) == found | {zero}


def test_a_database_that_fails_is_a_store_that_fails(tmp_path: Path) -> None:
    """The evaluating process waits and tries again, as for any other search."""
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(StoreError, match="runs that ended"):
        undated_runs(read_only_engine(f"sqlite:///{tmp_path}/empty.db"), FIRST, SINCE)
