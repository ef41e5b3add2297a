"""How fast and how long: --since, --max-rate, and the time that one answer may take."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from stores import FilledStore, learning

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.tracking.store.pace import Pace, TimeLimit
from mlflow_bce_monitor.tracking.store.since import filter_since


def _started(filled: FilledStore, experiment: str, **ago: float) -> str:
    started = datetime.now().astimezone() - timedelta(**ago)
    run = filled.client.create_run(experiment, start_time=int(started.timestamp() * 1_000))
    filled.client.log_metric(run.info.run_id, "loss", 0.5)
    return str(run.info.run_id)


def test_since_selects_by_start(store: FilledStore) -> None:
    """Days, hours, minutes, a date and a time with a zone select the runs that started then or later."""
    experiment = store.experiment()
    runs = [
        _started(store, experiment, **ago)
        for ago in ({"days": 10}, {"hours": 5}, {"minutes": 20}, {"days": 0})
    ]
    now = datetime.now().astimezone()
    for since, n_runs in (
        ("11d", 4),
        ("6h", 3),
        ("30m", 2),
        (str((now - timedelta(days=11)).date()), 4),
        ((now - timedelta(minutes=30)).isoformat(), 2),
        (str((now + timedelta(days=2)).date()), 0),
    ):
        found = scan(store.uri, dry_run=True, since=since)["run_id"].tolist()
        assert found == runs[len(runs) - n_runs :], since
    both = scan(store.uri, dry_run=True, since="6h", filter_string="metrics.loss > 0.7")
    assert both.empty


@pytest.mark.parametrize("since", ["yesterday", "7", "-7d", "7w", "2026-13-01", "999999d", ""])
def test_a_time_that_is_none_is_wrong_usage(since: str) -> None:
    """What is no time is told, with examples of what is."""
    with pytest.raises(UsageError, match="write 7d, 12h or 30m"):
        filter_since(since, None)


def test_run_ids_take_no_since(store: FilledStore) -> None:
    """A time says nothing of runs that are given by id, so both together are wrong usage."""
    with pytest.raises(UsageError, match="Give the ids alone"):
        scan(store.uri, run_ids=["abc"], since="7d")


def test_the_rate_is_kept(store: FilledStore) -> None:
    """With ten runs a second at most, seven runs take six tenths of a second and more."""
    store.many_runs(store.experiment(), 7, learning())
    started = time.monotonic()
    assert len(scan(store.uri, dry_run=True, max_rate=10.0)) == 7
    assert time.monotonic() - started >= 0.6


def test_waiting_for_the_pace_ends_when_stopped() -> None:
    """Ctrl-C is not kept waiting by a slow pace."""
    pace, stop = Pace(0.001), threading.Event()
    pace.wait(stop)
    stop.set()
    started = time.monotonic()
    pace.wait(stop)
    assert time.monotonic() - started < 10.0


@pytest.mark.parametrize("max_rate", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_wrong_usage(max_rate: float) -> None:
    """The rate is above 0."""
    with pytest.raises(UsageError, match="max_rate"):
        Pace(max_rate)


def test_the_time_limit_says_what_follows() -> None:
    """When the time is over, the message says that the next scan writes the run."""
    TimeLimit(60.0).check()
    with pytest.raises(StoreError, match=r"given up after 0 s.*next scan writes it again"):
        TimeLimit(0.0).check()
