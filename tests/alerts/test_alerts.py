"""Findings are posted once a run and verdict, signed, and again when the other side was only busy."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from receivers import SILENT, Receiver, receiving
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor.alerts.alerter import Alerter
from mlflow_bce_monitor.alerts.delivery import Persistence, deliver
from mlflow_bce_monitor.alerts.message import Finding, text
from mlflow_bce_monitor.alerts.webhook import Webhook, webhook_of
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import failed_contract
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.tracking.answers import RunAnswer
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import open_store
from mlflow_bce_monitor.tracking.watching import Watch, Watched

KEY = "geheim"
QUICK = Persistence(tries=5, first_pause=0.01, longest_pause=0.05, timeout=5.0)


def delivered(receiver: Receiver, persistence: Persistence = QUICK, secret: str | None = None) -> bool:
    """Post one message."""
    webhook = Webhook(receiver.url, secret=secret)
    return deliver(webhook, "run:stalled", b'{"text": "x"}', threading.Event(), persistence).done


def ended(filled: FilledStore, experiment: str, losses: list[float], name: str = "a run") -> str:
    """Log a run that ends now, and return its id."""
    run_id = filled.run(experiment, {"loss": losses}, name=name, status="RUNNING")
    filled.client.set_terminated(run_id)
    return run_id


@contextmanager
def watching(filled: FilledStore, receiver: Receiver, **options: object) -> Iterator[Watch]:
    """Watch a store from its beginning, as after a restart."""
    webhook = webhook_of({}, receiver.url)
    assert webhook is not None
    store = open_store(filled.uri)
    settings = ScanOptions(**options)  # type: ignore[arg-type]
    client = None if settings.dry_run else store.client
    with closing(Alerter(webhook, client, lambda _e, run: f"http://here/{run}", print, QUICK)) as alerter:
        yield Watch(store, Watched(), settings, heard=alerter.consider)


def poll(watched: Watch) -> list[RunAnswer]:
    """Poll once."""
    return list(watched.poll())


def tag(filled: FilledStore, run_id: str, seconds: float = 60.0) -> str | None:
    """Return the verdicts that a run says were told, when it says so."""
    end = time.monotonic() + seconds
    while (found := filled.client.get_run(run_id).data.tags.get("bce.alerted")) is None:
        if time.monotonic() > end:
            return None
        time.sleep(0.05)
    return str(found)


@pytest.mark.parametrize("answers", [[503], [429, 500, 502], [408], [SILENT]])
def test_a_busy_receiver_gets_it_again(answers: list[int]) -> None:
    """After errors that pass, and after silence, the same message arrives once more."""
    with receiving(answers) as receiver:
        assert delivered(receiver, Persistence(5, 0.01, 0.05, timeout=0.5))
        assert len(receiver.refused) == len(answers)
        assert [message.body for message in receiver.taken] == [receiver.refused[0].body]


@pytest.mark.parametrize("status", [400, 404, 410, 302])
def test_a_refusal_is_final(status: int) -> None:
    """What will be refused again, and a redirect, are not tried again."""
    with receiving([status], {"Location": "http://127.0.0.1:9/"}) as receiver:
        assert not delivered(receiver)
        assert (len(receiver.refused), len(receiver.taken)) == (1, 0)


def test_trying_ends() -> None:
    """A receiver that is down for good is given up after the agreed number of tries."""
    with receiving([500] * 50) as receiver:
        assert not delivered(receiver)
        assert len(receiver.refused) == QUICK.tries


def test_a_pause_that_is_asked_for_is_kept() -> None:
    """Retry-After is heeded, up to the longest pause."""
    with receiving([429], {"Retry-After": "1"}) as receiver:
        begun = time.monotonic()
        assert delivered(receiver, Persistence(3, 0.01, 1.0, 5.0))
        assert time.monotonic() - begun >= 1.0


def test_the_signature_can_be_checked() -> None:
    """It is HMAC-SHA256 of time, a full stop and the body; without a secret there is none."""
    with receiving() as receiver:
        assert delivered(receiver, secret=KEY)
        assert delivered(receiver)
    signed, unsigned = receiver.taken
    time_sent = signed.headers["X-BCE-Monitor-Timestamp"]
    assert abs(int(time_sent) - time.time()) < 600
    expected = hmac.new(KEY.encode(), time_sent.encode() + b"." + signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["X-BCE-Monitor-Signature"] == f"v1={expected}"
    assert "X-BCE-Monitor-Signature" not in unsigned.headers


def test_a_finding_is_told_once_also_after_a_restart(store: FilledStore) -> None:
    """The first watch tells it; neither its next poll nor a watch that starts later does again."""
    run_id = ended(store, store.experiment(), stalled())
    with receiving() as receiver:
        with watching(store, receiver) as watched:
            assert len(poll(watched)) == 1
            poll(watched)
            assert tag(store, run_id) == "stalled"
        with watching(store, receiver, force=True) as watched:
            assert len(poll(watched)) == 1
    (message,) = receiver.taken
    told = message.document
    assert told["run"]["run_id"] == told["finding"]["run_id"] == run_id
    assert told["finding"]["verdict"] == "stalled"
    assert told["run"]["url"] == f"http://here/{run_id}"
    assert told["id"] == message.headers["X-BCE-Monitor-Id"] == f"{run_id}:stalled"
    assert "a run: stalled" in told["text"]


def test_a_new_verdict_is_told_and_an_old_one_not_again(store: FilledStore) -> None:
    """Stalled, then diverged, then stalled again: two messages."""
    experiment = store.experiment()
    run_id = store.run(experiment, {"loss": stalled()}, status="RUNNING")
    with receiving() as receiver, watching(store, receiver) as watched:
        poll(watched)
        assert tag(store, run_id) == "stalled"
        store.extend(run_id, "loss", [float("nan")] * 20, first_step=40)
        poll(watched)
        receiver.wait_for(taken=2)
        store.extend(run_id, "loss", stalled(400), first_step=60)
        poll(watched)
    assert [message.document["finding"]["verdict"] for message in receiver.taken] == ["stalled", "diverged"]
    assert store.client.get_run(run_id).data.tags["bce.alerted"] == "diverged,stalled"


def test_what_ended_long_ago_and_what_is_healthy_is_no_news(store: FilledStore) -> None:
    """The first watch of an old store posts nothing about it."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()}, name="of 2023")
    ended(store, experiment, learning(), name="healthy")
    with receiving() as receiver:
        with watching(store, receiver) as watched:
            assert len(poll(watched)) == 2
        assert receiver.taken == []


def test_a_finding_that_was_not_taken_is_told_later(store: FilledStore) -> None:
    """While the receiver is down nothing is noted on the run, so the next pass tells it."""
    run_id = ended(store, store.experiment(), stalled())
    with receiving([500] * QUICK.tries) as receiver:
        with watching(store, receiver) as watched:
            poll(watched)
            receiver.wait_for(refused=QUICK.tries)
        assert "bce.alerted" not in store.client.get_run(run_id).data.tags
        with watching(store, receiver) as watched:
            assert poll(watched) == []  # nothing to evaluate: the run carries its answer
            receiver.wait_for(taken=1)
            assert tag(store, run_id) == "stalled"
    assert receiver.taken[0].document["finding"]["verdict"] == "stalled"


def test_a_silent_receiver_holds_back_no_evaluation(store: FilledStore) -> None:
    """Every run is evaluated while the first message still waits for its answer."""
    experiment = store.experiment()
    runs = [ended(store, experiment, stalled(seed=seed)) for seed in range(3)]
    with receiving([SILENT] * 9) as receiver, watching(store, receiver) as watched:
        assert len(poll(watched)) == len(runs)
        tags = [store.client.get_run(run_id).data.tags for run_id in runs]
    assert [found["bce.verdict"] for found in tags] == ["stalled"] * 3
    assert not any("bce.alerted" in found for found in tags)


def test_a_dry_run_tells_and_writes_nothing(store: FilledStore) -> None:
    """It posts each finding once, and remembers that by itself."""
    ended(store, store.experiment(), stalled())
    before = store.tables()
    with receiving() as receiver:
        with watching(store, receiver, dry_run=True) as watched:
            poll(watched)
            poll(watched)
        assert len(receiver.taken) == 1
    assert store.tables() == before


def test_names_cannot_call_anybody() -> None:
    """What Slack takes for a call, a link or markup is escaped, and a name stays on its line."""
    row = failed_contract("r1", "<!channel> <http://evil|x> & \n*new line*", "1", "")
    finding = Finding(row | {"verdict": "stalled", "cause": "unknown", "confidence": 0.5}, {}, "FAILED", 0, 0)
    first, *_ = text(finding).splitlines()
    expected = "&lt;!channel&gt; &lt;http://evil|x&gt; &amp; *new line*: stalled (unknown, 50%)"
    assert first == expected


@pytest.mark.parametrize(
    ("cause", "confidence", "line"),
    [
        ("dead_relu", 0.9, "Start anew."),
        ("dead_relu", 0.3, "If so: Start anew."),
        ("unknown", 0.3, "Start anew."),
    ],
)
def test_a_change_for_a_cause_that_is_not_settled_says_so(cause: str, confidence: float, line: str) -> None:
    """Nobody who reads a chat on a telephone shall take a guess for an instruction."""
    row = failed_contract("r1", "a run", "1", "") | {
        "verdict": "stalled",
        "cause": cause,
        "confidence": confidence,
        "causes": [{"cause": cause, "probability": confidence, "because": "", "advice": "start anew"}],
    }
    assert text(Finding(row, {}, "FAILED", 0, 0)).splitlines()[2] == line


def test_settings_are_checked() -> None:
    """The command line wins over the environment; what cannot be is told, without the address's secret."""
    environment = {"BCE_MONITOR_WEBHOOK": "https://a/b", "BCE_MONITOR_WEBHOOK_VERDICTS": "slow,unstable"}
    assert webhook_of({}) is None
    found = webhook_of(environment)
    assert found is not None
    assert found.verdicts == {Verdict.SLOW, Verdict.UNSTABLE}
    assert webhook_of(environment, "https://c", ["stalled"]) == Webhook(
        "https://c", frozenset({Verdict.STALLED})
    )
    with pytest.raises(UsageError, match=r"'learning' is no verdict to alert on"):
        webhook_of(environment, None, ["learning"])
    with pytest.raises(UsageError, match=r"ftp://host is no address") as refused:
        webhook_of({}, "ftp://host/T000/B000/secret")
    assert "secret" not in str(refused.value)
    shown = repr(Webhook("https://hooks/secret", secret=KEY))
    assert "secret" not in shown
    assert KEY not in shown


def test_the_command_posts_signed_findings(store: FilledStore) -> None:
    """A fresh process posts before it ends, and prints neither the secret nor the address."""
    run_id = ended(store, store.experiment(), stalled())
    with receiving([503]) as receiver:
        command = [sys.executable, "-m", "mlflow_bce_monitor", "watch", "--once", "--format", "jsonl"]
        command += ["--tracking-uri", store.uri, "--webhook", receiver.url]
        environment = os.environ | {"BCE_MONITOR_WEBHOOK_SECRET": KEY}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=180, env=environment
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run_id"] == run_id
    (message,) = receiver.taken
    assert message.document["finding"] == json.loads(done.stdout)
    assert message.headers["X-BCE-Monitor-Signature"].startswith("v1=")
    assert KEY not in done.stdout + done.stderr
    assert "secret-part" not in done.stdout + done.stderr


def test_an_alert_without_an_address_is_wrong_usage() -> None:
    """--alert-on alone would alert nobody."""
    command = [sys.executable, "-m", "mlflow_bce_monitor", "watch", "--once", "--alert-on", "stalled"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 2
    assert "BCE_MONITOR_WEBHOOK" in done.stderr
