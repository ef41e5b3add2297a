"""What breaks around a scan: after each fault a run has its old or its new state, and the ending tells."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import started
from servers import Server
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.answers import State
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.reading.bulk_reader import BulkReader
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.store.search import select
from mlflow_bce_monitor.tracking.watching import Rhythm, Watched, watch_runs

MEGABYTE = 1_000_000
# Checking a password takes a busy server longer than the five seconds that a probe waits.
PATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
ADMIN = PATIENT | {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "only for this test"}


def command(*arguments: str) -> list[str]:
    """Return the command line of ours with arguments."""
    return [sys.executable, "-m", "mlflow_bce_monitor", *arguments]


def scanned(uri: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Scan in a fresh process."""
    return subprocess.run(
        command("scan", "--tracking-uri", uri, *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def is_answered(filled: FilledStore, run_id: str) -> bool:
    """Return whether a run carries a committed answer."""
    return "bce.fingerprint" in filled.client.get_run(run_id).data.tags


@pytest.fixture
def own_server(empty_database: Path, tmp_path: Path) -> Iterator[tuple[Server, FilledStore]]:
    """Start a server that a test may kill."""
    database = tmp_path / "mlflow.db"
    database.write_bytes(empty_database.read_bytes())
    server = Server(database)
    server.start()
    yield server, FilledStore(server.uri, tmp_path / "artifacts", database)
    server.kill()


@pytest.mark.server
def test_a_server_that_is_killed_and_restarted_is_waited_for(own_server: tuple[Server, FilledStore]) -> None:
    """A scan sits out a restart in its middle; a watch says that it waits, and goes on by itself."""
    server, filled = own_server
    experiment = filled.experiment()
    run_ids = [filled.run(experiment, {"loss": stalled(seed=seed)}) for seed in range(4)]
    with started(
        command("scan", "--tracking-uri", filled.uri, "--workers", "1", "--format", "json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # As long as eight tries with MLflow's own pauses, but the pauses are half as long.
        env=os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        answer = process.stdout.readline()
        server.kill()
        server.start()
        answer += process.stdout.read()
        complaints = process.stderr.read()
        assert process.wait(60) == 0, complaints
    assert [row["verdict"] for row in json.loads(answer)] == ["stalled"] * 4
    assert all(is_answered(filled, run_id) for run_id in run_ids)
    last = filled.run(experiment, {"loss": stalled()})
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 1:
            server.start()

    opened = open_store(filled.uri)
    answers = watch_runs(
        opened, Watched((experiment,)), ScanOptions(), Rhythm(0.1, 3), threading.Event(), tell
    )
    found = [next(answers).row["run_id"]]
    late = filled.run(experiment, {"loss": learning()})
    server.kill()
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    found += [answer.row["run_id"] for answer in answers]
    assert found == [last, late]
    assert "Waiting for it to answer again" in told[0]
    assert told[1:] == [f"{filled.uri} answers again."]
    assert is_answered(filled, late)


@pytest.mark.server
def test_a_server_with_passwords(empty_database: Path, tmp_path: Path) -> None:
    """Without credentials a scan is refused in one line; with MLflow's own settings it reads and writes."""
    database = tmp_path / "mlflow.db"
    database.write_bytes(empty_database.read_bytes())
    users = tmp_path / "auth.ini"
    users.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{tmp_path}/users.db\n"
        f"admin_username = admin\nadmin_password = {ADMIN['MLFLOW_TRACKING_PASSWORD']}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    environment = {"MLFLOW_AUTH_CONFIG_PATH": str(users), "MLFLOW_FLASK_SERVER_SECRET_KEY": "a test"}
    server = Server(database, ["--app-name", "basic-auth"], environment)
    try:
        server.start()
        direct = FilledStore(f"sqlite:///{database}", tmp_path / "artifacts", database)
        run_id = direct.run(direct.experiment(artifact_location="mlflow-artifacts:/x"), {"loss": stalled()})
        refused = scanned(server.uri, **PATIENT)
        assert refused.returncode == 3
        assert "Check the credentials (MLFLOW_TRACKING_USERNAME" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert not is_answered(direct, run_id)
        done = scanned(server.uri, **ADMIN)
        assert done.returncode == 0, done.stderr
        assert direct.client.get_run(run_id).data.tags["bce.verdict"] == "stalled"
        os.environ.update(ADMIN)
        reader = BulkReader(open_store(server.uri))
        with ThreadPoolExecutor(1) as pool:
            (record,) = reader.read([direct.client.get_run(run_id)], pool, 1)
        assert isinstance(record, RunRecord)
        assert len(record.histories["loss"]) == 40
        assert reader.is_there
    finally:
        server.kill()


def test_two_scans_at_once(store: FilledStore) -> None:
    """Two processes that scan the same runs both end well, and leave what one would have left."""
    experiment = store.experiment()
    run_ids = [store.run(experiment, {"loss": stalled(seed=seed)}, name=f"{seed}") for seed in range(6)]
    scans = [
        subprocess.Popen(
            command("scan", "--tracking-uri", store.uri, "--force"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for one in scans:
        _, complaints = one.communicate(timeout=300)
        assert one.returncode == 0, complaints
    for run_id in run_ids:
        assert is_answered(store, run_id)
        assert len(store.client.get_metric_history(run_id, "bce/skill")) == 1
    tables = store.tables()
    scan(store.uri)
    assert store.tables() == tables


def test_runs_that_change_during_the_scan(store: FilledStore) -> None:
    """A run deleted meanwhile is an error of its own; one that grew is answered anew by the next scan."""
    experiment = store.experiment()
    first, gone, growing, last = (
        store.run(
            experiment,
            {"loss": stalled(seed=seed)},
            name=f"{seed}",
            params={"positive_share": "0.5"},
            status="RUNNING",
        )
        for seed in range(4)
    )
    opened = open_store(store.uri)
    answers = scan_runs(opened, select(opened, [experiment]), ScanOptions(workers=1))
    found = [next(answers)]
    store.client.delete_run(gone)
    store.extend(growing, "loss", learning(120), first_step=40)
    found += list(answers)
    by_id = {answer.row["run_id"]: answer for answer in found}
    # One run may have been in hand already.
    assert by_id[gone].state in (State.FAILED, State.EVALUATED)
    assert is_answered(store, gone) is (by_id[gone].state is State.EVALUATED)
    assert [by_id[run_id].state for run_id in (first, growing, last)] == [State.EVALUATED] * 3
    again = scan(store.uri)
    assert again["run_id"].tolist() == [first, growing, last]
    assert again["verdict"].tolist() == ["stalled", "escaped", "stalled"]


def test_a_full_disk_for_artifacts(store: FilledStore) -> None:
    """When the report cannot be stored, the run keeps its old state, the row says why, the others go on."""
    experiment = store.experiment()
    full, fine = (store.run(experiment, {"loss": stalled(seed=seed)}, name=f"{seed}") for seed in range(2))
    folder = Path(store.client.get_run(full).info.artifact_uri) / "bce_monitor"
    folder.mkdir(parents=True)
    # A real device that answers every write with "no space left".
    (folder / "report.html").symlink_to("/dev/full")
    done = scanned(store.uri, "--format", "json")
    assert done.returncode == 3
    rows = {row["run_id"]: row for row in json.loads(done.stdout)}
    assert "No space left on device" in rows[full]["error"]
    assert rows[full]["verdict"] == "stalled"
    assert rows[fine]["error"] is None
    assert not is_answered(store, full)
    assert "bce.verdict" not in store.client.get_run(full).data.tags
    assert is_answered(store, fine)
    (folder / "report.html").unlink()
    assert scanned(store.uri).returncode == 0
    assert is_answered(store, full)


def test_a_description_of_a_hundred_megabytes(store: FilledStore) -> None:
    """A description that no server would have taken is left as it is, and said so."""
    assert store.database is not None
    text = "<!-- bce-monitor:begin run=x newlines=2 -->" + "Notes. " * (100 * MEGABYTE // 7)
    run_id = store.run(store.experiment(), {"loss": stalled()}, tags={"mlflow.note.content": "short"})
    with contextlib.closing(sqlite3.connect(store.database)) as connection, connection:
        connection.execute("UPDATE tags SET value = ? WHERE key = 'mlflow.note.content'", (text,))
    done = scanned(store.uri)
    assert done.returncode == 0, done.stderr
    assert "the summary was left out of it" in " ".join(done.stdout.split())
    tags = store.client.get_run(run_id).data.tags
    assert tags["bce.verdict"] == "stalled"
    assert tags["mlflow.note.content"] == text


HOSTILE = (
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "[bold red]x[/] \x1b[31m",
    "'; DROP TABLE runs; --",
    "überraschung/损失 \u202e",
)


def test_hostile_names_are_text_everywhere(store: FilledStore) -> None:
    """Names, params and tags that hold HTML, markup, SQL or paths stay text in report, block and terminal."""
    experiment = store.experiment("<img src=x onerror=alert(1)> ../..")
    for name in HOSTILE:
        params = {"optimizer": name, "learning_rate": name, "positive_share": name}
        store.run(experiment, {"loss": stalled()}, name=name, params=params, tags={"owner": name})
    done = scanned(store.uri, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    reports = {path: text.decode() for path, text in store.files().items() if path.endswith("report.html")}
    assert len(reports) == len(HOSTILE)
    for text in reports.values():
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    for run in store.client.search_runs([experiment]):
        block = run.data.tags["mlflow.note.content"]
        assert "<script" not in block
        assert "<img src=x" not in block
    assert {path.split("/")[-2] for path in store.files()} == {"bce_monitor"}
