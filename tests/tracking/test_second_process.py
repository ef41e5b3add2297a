"""A second process reads and diagnoses large SQLite stores: the same answers, and no harm when it is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking import judges
from mlflow_bce_monitor.tracking.answers import State
from mlflow_bce_monitor.tracking.coworker import child, parent
from mlflow_bce_monitor.tracking.coworker.tasks import Task, Unread
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.store.search import select

N_RUNS = 9


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[parent.Coworker]]:
    """Let small pages be worked on beside, in tasks of four runs, and note the processes."""
    found: list[parent.Coworker] = []

    class Noted(parent.Coworker):
        def __init__(self) -> None:
            super().__init__()
            found.append(self)

    monkeypatch.setattr(judges, "Coworker", Noted)
    monkeypatch.setattr(judges, "cores", lambda: 2)
    monkeypatch.setattr(judges, "_FEWEST_RUNS", 2)
    monkeypatch.setattr(judges, "_RUNS_A_TASK", 4)
    yield found
    assert all(one._child.poll() is not None for one in found)


def alone() -> pytest.MonkeyPatch:
    """Return a patch, to be undone, with which no process is started."""
    patch = pytest.MonkeyPatch()
    patch.setattr(judges, "cores", lambda: 1)
    return patch


@pytest.fixture
def filled(store: FilledStore) -> FilledStore:
    """Return a store with runs of every kind."""
    experiment = store.experiment()
    for n in range(N_RUNS):
        curve = stalled(seed=n) if n % 2 else learning(seed=n)
        params = {"positive_share": "0.5", "learning_rate": f"1e-{n}"}
        store.run(experiment, {"loss": curve, "val_loss": curve}, name=f"<b>{n}</b>", params=params)
    store.run(experiment, {}, name="empty")
    store.run(experiment, {"loss": [float("nan")] * 20}, name="diverged")
    return store


def test_both_ways_write_the_same(
    filled: FilledStore, started: list[parent.Coworker], tmp_path: Path
) -> None:
    """Rows, tags, metrics, descriptions and reports are those that this process alone would have written."""
    copy = FilledStore(f"sqlite:///{tmp_path}/copy.db", filled.folder, tmp_path / "copy.db")
    assert filled.database is not None
    shutil.copy(filled.database, tmp_path / "copy.db")
    beside = scan(filled.uri)
    assert len(started) == 2
    files = filled.files()
    patch = alone()
    pd.testing.assert_frame_equal(scan(copy.uri), beside)
    patch.undo()
    assert len(started) == 2
    assert copy.tables() == filled.tables()
    assert copy.files() == files
    assert beside["verdict"].tolist()[-2:] == ["not_applicable", "diverged"]
    again = scan(filled.uri)
    pd.testing.assert_frame_equal(again, beside)
    assert copy.tables() == filled.tables()


@pytest.mark.parametrize("lost", ["killed", "never started"])
def test_a_lost_process_is_done_without(
    filled: FilledStore, started: list[parent.Coworker], monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """When the process is killed in the middle, or cannot be started, this one does its work."""
    expected = scan(filled.uri, dry_run=True)
    n_before = len(started)
    if lost == "killed":
        answer = parent.Coworker.answer
        asked: list[Task] = []

        def killed(self: parent.Coworker, task: Task) -> object:
            asked.append(task)
            if len(asked) > 1:
                self._child.kill()
                self._child.wait()
            return answer(self, task)

        monkeypatch.setattr(parent.Coworker, "answer", killed)
    else:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
    pd.testing.assert_frame_equal(scan(filled.uri, dry_run=True), expected)
    assert (len(started) > n_before) == (lost == "killed")


def test_an_error_stays_that_of_its_run(filled: FilledStore, caplog: pytest.LogCaptureFixture) -> None:
    """A run without the metric asked for, and a mistake of ours, are told in their rows alone."""
    other = filled.run(filled.experiment(), {"bce_loss": stalled()})
    rows = scan(filled.uri, metrics=["bce_loss"], dry_run=True).set_index("run_id")
    assert rows.loc[other, "verdict"] == "stalled"
    assert "has no metric 'bce_loss'" in rows["error"].iloc[0]
    opened = open_store(filled.uri)
    broken = ScanOptions(limits=Limits(min_points="five"), dry_run=True)  # type: ignore[arg-type]
    answers = list(scan_runs(opened, select(opened), broken))
    assert [answer.state for answer in answers].count(State.FAILED) > N_RUNS
    assert "bce-monitor made a mistake (TypeError" in answers[0].row["error"]
    assert "Traceback" in caplog.text


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """What the database says comes back for every run of the task."""
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE other (a)")
    task = Task(tmp_path / "other.db", (RunRecord("a"), RunRecord("b")), frozenset(), Question(), LIMITS)
    (unread,) = child.answered(task)
    assert isinstance(unread, Unread)
    assert unread.run_ids == ("a", "b")
    assert "no such table: metrics" in str(unread.error)


def test_reading_takes_no_lock_away(filled: FilledStore) -> None:
    """A scan in the middle of somebody's transaction in the same process leaves it its lock.

    Two copies of SQLite in one process would not: closing a file in one drops the locks of the other,
    and then two processes write at once.
    """
    assert filled.database is not None
    writing = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    with closing(sqlite3.connect(filled.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for patch in (None, alone()):
            assert len(scan(filled.uri, dry_run=True)) == N_RUNS + 2
            if patch is not None:
                patch.undo()
            other = subprocess.run(
                [sys.executable, "-c", writing, filled.database], capture_output=True, text=True, check=False
            )
            assert "database is locked" in other.stderr
        connection.execute("ROLLBACK")


def test_a_script_is_not_run_again(filled: FilledStore, tmp_path: Path) -> None:
    """A script that scans without a guard for its main module is run once, wherever it lies."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('begun')\n"
        "from mlflow_bce_monitor import scan\n"
        "from mlflow_bce_monitor.tracking import judges\n"
        "judges._FEWEST_RUNS, judges.cores = 2, lambda: 2\n"
        f"print(len(scan({filled.uri!r}, dry_run=True)))\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.split() == ["begun", str(N_RUNS + 2)]


def test_the_process_ends_with_the_one_that_started_it() -> None:
    """When nobody can ask any more, as after a kill -9 of the scan, it ends by itself."""
    coworker = parent.Coworker()
    coworker._asked.close()
    assert coworker._child.wait(120) == 0
    coworker.close()


def test_stopping_does_not_wait_for_it(filled: FilledStore, started: list[parent.Coworker]) -> None:
    """A scan that is given up after its first answer ends, and so do the processes."""
    opened = open_store(filled.uri)
    answers = scan_runs(opened, select(opened), ScanOptions(dry_run=True))
    assert next(answers).state is State.EVALUATED
    answers.close()  # type: ignore[attr-defined]
    assert len(started) == 2


def test_the_child_loads_no_mlflow() -> None:
    """It starts in a fraction of the time that MLflow takes, because it loads none of it."""
    code = (
        "import sys, mlflow_bce_monitor.tracking.coworker.child\n"
        "print({'mlflow', 'sqlalchemy', 'pandas', 'matplotlib', 'rich', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
