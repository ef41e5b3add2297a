"""Watching: runs are answered as they change, with one search a poll, and nothing is lost in between."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from processes import lines_of, started
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.tracking import watching
from mlflow_bce_monitor.tracking.answers import RunAnswer
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.watching import Rhythm, Watch, Watched

HOUR = 3_600_000  # milliseconds
PATIENCE = 120.0  # seconds that a busy machine may take to start a Python


def watch(filled: FilledStore, *experiments: str, **options: object) -> Watch:
    """Return a watch of some experiments, all when none is given."""
    return Watch(open_store(filled.uri), Watched(experiments), ScanOptions(**options))  # type: ignore[arg-type]


def verdicts(answers: list[RunAnswer]) -> dict[str, str]:
    """Return run name to verdict."""
    return {answer.row["run_name"]: answer.row["verdict"] for answer in answers}


def training(filled: FilledStore, experiment: str, name: str, *, hours_ago: float = 0.0) -> str:
    """Begin a run by the clock, and return its id."""
    started = int(time.time() * 1_000 - hours_ago * HOUR)
    return filled.client.create_run(experiment, start_time=started, run_name=name).info.run_id


def log(filled: FilledStore, run_id: str, losses: list[float], first_step: int = 0) -> None:
    """Log points by the clock."""
    now = int(time.time() * 1_000)
    logged = [Metric("loss", value, now, step) for step, value in enumerate(losses, start=first_step)]
    filled.client.log_batch(run_id, metrics=logged)


def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every question that a client asks about runs or experiments."""
    asked: list[str] = []

    def note(name: str) -> None:
        original: Callable[..., object] = getattr(MlflowClient, name)

        def call(self: MlflowClient, *arguments: object, **named: object) -> object:
            asked.append(name)
            return original(self, *arguments, **named)

        monkeypatch.setattr(MlflowClient, name, call)

    for name in ("search_runs", "search_experiments", "get_run", "get_metric_history"):
        note(name)
    return asked


def test_a_stall_is_found_while_the_run_still_trains(store: FilledStore) -> None:
    """A run that stands at chance is flagged at the first poll that sees it, and keeps training."""
    experiment = store.experiment()
    watched = watch(store, experiment)
    assert list(watched.poll()) == []
    run_id = training(store, experiment, "stuck")
    log(store, run_id, stalled(3))
    assert verdicts(list(watched.poll())) == {"stuck": "inconclusive"}
    log(store, run_id, stalled(60)[3:], first_step=3)
    assert verdicts(list(watched.poll())) == {"stuck": "stalled"}
    run = store.client.get_run(run_id)
    assert run.data.tags["bce.verdict"] == "stalled"
    assert run.info.status == "RUNNING"
    assert run.info.end_time is None


def test_a_run_that_goes_on_as_before_is_not_written_to(store: FilledStore) -> None:
    """New points without a new verdict change no tag; the end of the run commits the answer."""
    experiment = store.experiment()
    run_id = training(store, experiment, "stuck")
    log(store, run_id, stalled(60))
    watched = watch(store, experiment)
    assert verdicts(list(watched.poll())) == {"stuck": "stalled"}
    written = store.client.get_run(run_id).data.tags
    log(store, run_id, stalled(80)[60:], first_step=60)
    assert list(watched.poll()) == []
    assert store.client.get_run(run_id).data.tags == written
    store.client.set_terminated(run_id)
    assert list(watched.poll()) == []
    ended = store.client.get_run(run_id).data.tags
    assert ended["bce.fingerprint"] != written["bce.fingerprint"]
    tables = store.tables()
    scan(store.uri)
    assert store.tables()["tags"] == tables["tags"]


def test_nothing_happened_costs_one_search(store: FilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll of an unchanged store is one search, whatever ended before; no history is read."""
    experiment = store.experiment()
    for hours in (30, 2, 0):
        run_id = training(store, experiment, f"{hours} hours ago", hours_ago=hours)
        log(store, run_id, learning())
        store.client.set_terminated(run_id)
    watched = watch(store, experiment)
    assert len(list(watched.poll())) == 3
    asked = searches(monkeypatch)
    for _ in range(3):
        assert list(watched.poll()) == []
    assert asked == ["search_runs"] * 3


def test_runs_of_every_age_are_followed(store: FilledStore) -> None:
    """A run that began long before the watch is followed to its end; so is one that comes and goes."""
    experiment = store.experiment()
    old = training(store, experiment, "old", hours_ago=20)
    log(store, old, learning(3))
    watched = watch(store, experiment)
    list(watched.poll())
    log(store, old, learning(60)[3:], first_step=3)
    store.client.set_terminated(old)
    short = training(store, experiment, "short")
    log(store, short, learning())
    store.client.set_terminated(short)
    assert verdicts(list(watched.poll())) == {"old": "learning", "short": "learning"}


def test_a_dead_run_does_not_hold_back_the_search(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed without a word stays RUNNING for ever; the search does not go back to it."""
    experiment = store.experiment()
    training(store, experiment, "dead for days", hours_ago=100)
    new = training(store, experiment, "new")
    watched = watch(store, experiment)
    list(watched.poll())
    seen: list[int] = []
    original = watching.runs_from

    def noting(client: MlflowClient, ids: list[str], since: int, filter_string: str | None) -> object:
        seen.append(since)
        return original(client, ids, since, filter_string)

    monkeypatch.setattr(watching, "runs_from", noting)
    list(watched.poll())
    assert seen[0] == store.client.get_run(new).info.start_time - HOUR


def test_a_clock_that_runs_ahead_hides_no_run(store: FilledStore) -> None:
    """After a run from a machine whose clock is a day ahead, runs of other machines are still seen."""
    experiment = store.experiment()
    ahead = training(store, experiment, "ahead", hours_ago=-24)
    log(store, ahead, learning())
    store.client.set_terminated(ahead)
    watched = watch(store, experiment)
    assert verdicts(list(watched.poll())) == {"ahead": "learning"}
    other = training(store, experiment, "other", hours_ago=0.5)
    log(store, other, stalled())
    assert verdicts(list(watched.poll())) == {"other": "stalled"}


def test_a_dry_run_tells_each_answer_once(store: FilledStore) -> None:
    """Without fingerprints to go by, a watch that writes nothing remembers what it told."""
    experiment = store.experiment()
    log(store, training(store, experiment, "stuck"), stalled())
    before = store.tables()
    watched = watch(store, experiment, dry_run=True)
    assert verdicts(list(watched.poll())) == {"stuck": "stalled"}
    assert list(watched.poll()) == []
    assert store.tables() == before


def test_a_new_experiment_is_found(store: FilledStore) -> None:
    """When all experiments are watched, one that is made later is met within ten polls."""
    watched = watch(store)
    list(watched.poll())
    log(store, training(store, store.experiment(), "late"), learning(50))
    found = [verdicts(list(watched.poll())) for _ in range(10)]
    assert found.count({"late": "learning"}) == 1
    assert found.count({}) == 9


def test_named_runs_are_watched(store: FilledStore) -> None:
    """Runs given by id are looked up at each poll."""
    experiment = store.experiment()
    run_id = training(store, experiment, "mine")
    log(store, training(store, experiment, "other"), stalled())
    watched = Watch(open_store(store.uri), Watched(run_ids=(run_id,)), ScanOptions())
    assert verdicts(list(watched.poll())) == {"mine": "not_applicable"}
    log(store, run_id, stalled())
    assert verdicts(list(watched.poll())) == {"mine": "stalled"}


def test_what_cannot_be_watched_is_wrong_usage(store: FilledStore) -> None:
    """An unknown experiment and an impossible interval are told."""
    with pytest.raises(UsageError, match="There is no experiment 'none'"):
        watch(store, "none")
    with pytest.raises(UsageError, match="interval=0"):
        Rhythm(0)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_command_watches_until_it_is_stopped(store: FilledStore, sent: signal.Signals, code: int) -> None:
    """A fresh process tells each verdict as one JSON line, and ends in order when it is told to."""
    experiment = store.experiment()
    first = training(store, experiment, "first")
    log(store, first, learning())
    command = [sys.executable, "-m", "mlflow_bce_monitor", "watch", "--tracking-uri", store.uri]
    command += ["--experiment", experiment, "--interval", "0.2", "--format", "jsonl"]
    with started(command, stdout=subprocess.PIPE) as process:
        lines = lines_of(process)
        assert json.loads(lines.get(timeout=PATIENCE))["verdict"] == "learning"
        second = training(store, experiment, "second")
        log(store, second, [math.log(2)] * 50)
        said = json.loads(lines.get(timeout=PATIENCE))
        if (
            said["verdict"] == "not_applicable"
        ):  # it looked after the run had begun and before its first point
            said = json.loads(lines.get(timeout=PATIENCE))
        assert (said["run_id"], said["verdict"]) == (second, "stalled")
        process.send_signal(sent)
        assert process.wait(PATIENCE) == code
    assert store.client.get_run(second).data.tags["bce.verdict"] == "stalled"


def test_once_looks_once(store: FilledStore) -> None:
    """--once evaluates what is there, in words, and ends."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()}, name="[red]stuck")
    command = [sys.executable, "-m", "mlflow_bce_monitor", "watch", "--once", "--tracking-uri", store.uri]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "stalled" in line
    assert "[red]stuck" in line
