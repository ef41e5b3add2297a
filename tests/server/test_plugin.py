"""Runs are evaluated on the server as they end, by one process, and no request suffers for it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest
from flask import Flask, jsonify
from receivers import Receiver

from mlflow_bce_monitor.server import plugin
from mlflow_bce_monitor.server.ended import EndedRuns

if TYPE_CHECKING:
    from apps import Monitored

pytestmark = pytest.mark.server


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_is_evaluated_when_it_ends(monitored: Monitored, status: str) -> None:
    """An ordinary client ends a run; soon it carries its answer and its report, and is as it was besides."""
    from stores import stalled  # noqa: PLC0415 - loads MLflow

    run_id = monitored.end(monitored.store.experiment(), stalled(), status, params={"learning_rate": "1e-7"})
    ended = monitored.store.client.get_run(run_id).info
    tags = monitored.answered(run_id)
    assert tags["bce.verdict"] == "stalled"
    assert tags["bce.fingerprint"].endswith("+report")
    after = monitored.store.client.get_run(run_id)
    assert (after.info.status, after.info.end_time) == (ended.status, ended.end_time)
    listed = monitored.store.client.list_artifacts(run_id, "bce_monitor")
    assert {file.path for file in listed} == {
        f"bce_monitor/{name}" for name in ("report.html", "curve.png", "diagnosis.json")
    }
    report = monitored.store.client.download_artifacts(run_id, "bce_monitor/report.html")
    assert "stalled" in Path(report).read_text(encoding="utf-8")


def test_the_api_of_browsers_counts_too(monitored: Monitored) -> None:
    """A run that is ended under ajax-api/2.0 is seen as well."""
    from stores import stalled  # noqa: PLC0415 - as above

    run_id = monitored.store.run(monitored.store.experiment(), {"loss": stalled()}, status="RUNNING")
    _update(monitored, run_id, run_name="another name")
    _update(monitored, run_id, status="FINISHED", end_time=int(time.time() * 1_000))
    assert monitored.answered(run_id)["bce.verdict"] == "stalled"


def _update(monitored: Monitored, run_id: str, **changed: object) -> None:
    address = f"{monitored.store.uri}/ajax-api/2.0/mlflow/runs/update"
    body = json.dumps({"run_id": run_id, **changed}).encode()
    with urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=180) as answer:  # noqa: S310
        assert answer.status == HTTPStatus.OK


def test_what_does_not_fit_the_queue_is_caught_up(monitored: Monitored) -> None:
    """Of 24 runs that eight clients end at once all are evaluated, although only two may wait.

    Every request is answered as ever; ``python -m benchmarks.server --burst 1000`` does it at full size.
    """
    from stores import learning  # noqa: PLC0415 - as above

    experiment = monitored.store.experiment()
    runs = [
        monitored.store.run(experiment, {"loss": learning(seed=seed)}, status="RUNNING") for seed in range(24)
    ]
    ended = {"status": "FINISHED", "end_time": int(time.time() * 1_000)}
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda run_id: _update(monitored, run_id, **ended), runs, timeout=300))
    assert {monitored.answered(run_id)["bce.verdict"] for run_id in runs} == {"learning"}
    assert monitored.said()["most"] <= 2


def test_runs_that_ended_unseen_are_found(monitored: Monitored) -> None:
    """When the evaluating process is killed, another is started, which looks for what it has missed.

    That one of them does not say when it ended hides it from MLflow's search, and not from the look.
    """
    from apps import until  # noqa: PLC0415 - as above
    from stores import stalled  # noqa: PLC0415 - as above

    experiment = monitored.store.experiment()
    dated, undated = (
        monitored.store.run(experiment, {"loss": stalled(seed=seed)}, status="RUNNING") for seed in range(2)
    )
    until(lambda: _evaluating(monitored) or None, "nothing evaluates")
    (process,) = _evaluating(monitored)
    now = int(time.time() * 1_000)
    with sqlite3.connect(monitored.folder / "mlflow.db", timeout=60) as database:
        ended = "UPDATE runs SET status = 'FINISHED', start_time = ?, end_time = ? WHERE run_uuid = ?"
        database.executemany(ended, [(now, now, dated), (now, None, undated)])
    database.close()
    os.kill(process, signal.SIGKILL)
    for run_id in (dated, undated):
        assert monitored.answered(run_id)["bce.verdict"] == "stalled"
    assert monitored.store.client.get_run(undated).info.end_time is None
    (other,) = _evaluating(monitored)
    assert other != process
    assert os.getpriority(os.PRIO_PROCESS, other) == min(os.getpriority(os.PRIO_PROCESS, 0) + 1, 19)


def _evaluating(monitored: Monitored) -> list[int]:
    """Return the ids of the processes that evaluate for this server."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"mlflow_bce_monitor.server.aside" in words and str(monitored.temporary) in words[-2].decode():
            found.append(int(path.parent.name))
    return found


def test_the_page_lists_the_latest_first_and_searches(monitored: Monitored) -> None:
    """Search looks into names, experiments, causes and ids, takes every letter for itself, and filters."""
    from stores import learning, stalled  # noqa: PLC0415 - as above

    experiment = monitored.store.experiment("wood_types 100%")
    first = monitored.end(experiment, stalled(), name="Oak & <b>ash</b>")
    monitored.finding(first)
    second = monitored.end(experiment, stalled(seed=1), name="birch")
    monitored.finding(second)
    healthy = monitored.end(experiment, learning(), name="beech")
    monitored.answered(healthy)
    assert [row["run_id"] for row in monitored.findings(q="WOOD_types")["rows"]] == [second, first]
    assert [row["run"] for row in monitored.findings(q="oak wood")["rows"]] == ["Oak & <b>ash</b>"]
    for nothing in ("beech", "wood%types", "w__d", "' OR 1=1 --", "oak birch"):
        assert monitored.findings(q=nothing)["rows"] == [], nothing
    said = monitored.findings(q="wood_types", verdict="diverged")
    assert said["rows"] == []
    assert {choice["label"]: choice["count"] for choice in said["choices"]}["stalled"] == 2
    page = monitored.page()
    assert "Oak &amp; &lt;b&gt;ash&lt;/b&gt;" in page
    assert "<b>ash" not in page


def test_a_finding_is_posted_once(monitored: Monitored, receiver: Receiver) -> None:
    """Signed, with a link, and noted on the run; the next look at the store does not post it again."""
    from apps import until  # noqa: PLC0415 - as above
    from stores import stalled  # noqa: PLC0415 - as above

    run_id = monitored.end(monitored.store.experiment(), stalled())
    client = monitored.store.client
    assert until(lambda: client.get_run(run_id).data.tags.get("bce.alerted"), "not posted") == "stalled"
    (process,) = _evaluating(monitored)
    os.kill(process, signal.SIGTERM)
    # The process that is started instead begins with a look at the store.
    monitored.answered(monitored.end(monitored.store.experiment(), stalled()))
    of_run = [message for message in receiver.taken if message.document["run"]["run_id"] == run_id]
    (message,) = of_run
    assert message.headers["X-BCE-Monitor-Signature"].startswith("v1=")
    assert message.document["run"]["url"].startswith("https://mlflow.example/tracking/#/experiments/")


def test_a_deleted_run_is_not_listed(monitored: Monitored) -> None:
    """What the MLflow UI hides, the page hides."""
    from stores import stalled  # noqa: PLC0415 - as above

    run_id = monitored.end(monitored.store.experiment(), stalled())
    monitored.finding(run_id)
    monitored.store.client.delete_run(run_id)
    time.sleep(1.1)  # an answer of the database is good for a second
    assert monitored.findings(q=run_id)["rows"] == []


def answering(app: Flask, body: object, path: str = "/api/2.0/mlflow/runs/update") -> list[object]:
    """Return what a client of an application gets that answers every update with a body."""
    app.add_url_rule(path, view_func=lambda: jsonify(body), methods=["POST"])
    client = app.test_client()
    return [client.post(path).get_json() for _ in range(2)]


def test_a_mistake_in_the_hook_breaks_no_request(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets its answer, and the log says once what went wrong."""
    app = Flask("broken")

    def take(_run_id: str) -> None:
        raise RuntimeError("a mistake")

    app.after_request(EndedRuns(take))
    body = {"run_info": {"run_id": "r1", "status": "FINISHED"}}
    assert answering(app, body) == [body, body]
    assert [record.getMessage() for record in caplog.records] == [
        "bce-monitor could not note that a run ended; this is said once"
    ]


@pytest.mark.parametrize(
    ("body", "path", "seen"),
    [
        (
            {"run_info": {"run_id": "r1", "status": "KILLED"}},
            "/p/ajax-api/2.0/mlflow/runs/update",
            ["r1", "r1"],
        ),
        ({"run_info": {"run_id": "r1", "status": "RUNNING"}}, "/api/2.0/mlflow/runs/update", []),
        ({"run_info": {"run_id": "r1", "status": "FINISHED"}}, "/api/2.0/mlflow/runs/create", []),
        ({"run_info": ["r1"]}, "/api/2.0/mlflow/runs/update", []),
        ("r1", "/api/2.0/mlflow/runs/update", []),
    ],
)
def test_only_ended_runs_are_taken(body: object, path: str, seen: list[str]) -> None:
    """A run counts as ended when the server's own answer says so."""
    app, taken = Flask("updates"), []
    app.after_request(EndedRuns(taken.append))
    answering(app, body, path)
    assert taken == seen


@pytest.fixture
def serving_here(monkeypatch: pytest.MonkeyPatch, empty_database: Path, tmp_path: Path) -> Flask:
    """Return an application in a process that is set up as a server's."""
    monkeypatch.setenv("_MLFLOW_SERVER_FILE_STORE", f"sqlite:///{empty_database}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Flask("here")


def test_off_leaves_the_application_as_it_is(serving_here: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page, no hook."""
    monkeypatch.setenv("BCE_MONITOR_SERVER", "off")
    plugin._set_up(serving_here)
    assert serving_here.test_client().get("/bce-monitor").status_code == HTTPStatus.NOT_FOUND
    assert serving_here.after_request_funcs == {}


def test_the_page_alone_evaluates_nothing(serving_here: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is there and says so; there is no hook."""
    monkeypatch.setenv("BCE_MONITOR_SERVER", "page")
    plugin._set_up(serving_here)
    client = serving_here.test_client()
    assert "Runs are not evaluated by this server." in client.get("/bce-monitor").text
    assert client.get("/bce-monitor/").headers["Location"].endswith("/bce-monitor")
    assert serving_here.after_request_funcs == {}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("BCE_MONITOR_QUEUE", "many", "BCE_MONITOR_QUEUE"),
        ("BCE_MONITOR_WEBHOOK", "ftp://x", "no address"),
        ("_MLFLOW_SERVER_ARTIFACTS_ONLY", "true", "keeps no runs"),
        ("MLFLOW_ENABLE_WORKSPACES", "true", "Workspaces are on"),
        ("_MLFLOW_SERVER_FILE_STORE", "./mlruns", "migrate-filestore"),
    ],
)
def test_a_wrong_setting_costs_the_page_and_not_the_server(
    serving_here: Flask, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    """The application comes up without the hook; page and log say what to change."""
    monkeypatch.setenv(name, value)
    plugin._set_up(serving_here)
    answer = serving_here.test_client().get("/bce-monitor")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert why in answer.text
    assert serving_here.after_request_funcs == {}
