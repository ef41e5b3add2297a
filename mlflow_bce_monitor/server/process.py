"""What the evaluating process does: runs that ended first, and from time to time a look at the store.

The look finds what the hook has not seen: runs that did not fit the queue, that ended while the server was
away, or that somebody wrote to the database. It asks for the runs that ended since the last
look, less an hour, and for those that ended without saying when (``undated.py``); the fingerprints
say which of them carry their answer.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from types import FrameType
from typing import Final

from mlflow_bce_monitor.alerts.alerter import Alerter
from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.server.courtesy import Busyness, Courtesy
from mlflow_bce_monitor.server.handover import MISSED, USED
from mlflow_bce_monitor.server.rendezvous import Place, locked
from mlflow_bce_monitor.server.served import Served
from mlflow_bce_monitor.server.settings import Settings, settings_of
from mlflow_bce_monitor.server.store import open_servers_store
from mlflow_bce_monitor.server.undated import undated_runs
from mlflow_bce_monitor.server.waiting import Waiting
from mlflow_bce_monitor.tracking.answers import RunAnswer, State
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.stopping import asking_to_stop
from mlflow_bce_monitor.tracking.store.opening import Store, read_only_engine
from mlflow_bce_monitor.tracking.store.pace import Pace
from mlflow_bce_monitor.tracking.store.search import Selection, select
from mlflow_bce_monitor.tracking.store.since import time_back
from mlflow_bce_monitor.tracking.writing.links import run_path

_log = logging.getLogger(__name__)

# Runs evaluated in one go, which share their connections.
_AT_ONCE: Final = 20
# Seconds from one look at the store to the next.
_LOOK: Final = 600.0
# Seconds before runs that failed are looked for, as in a database that was locked; doubled each time.
_FIRST_LOOK: Final = 5.0
# Milliseconds by which the clocks of training machines may differ from ours, as in `watching.py`.
_CLOCKS_DIFFER: Final = 3_600_000
# Seconds without any server process after which this one ends: workers are restarted one after the other.
_GRACE: Final = 5.0
_TICK: Final = 1.0  # seconds in which an end is noticed
_WORD: Final = 10.0  # seconds after which it is said again that nothing has changed
_LONGEST_WAIT: Final = 300.0  # seconds between tries while the store does not answer


class Evaluation:
    """Evaluates runs out of a queue, and counts."""

    def __init__(self, store: Store, settings: Settings, stop: threading.Event) -> None:
        self.waiting = Waiting(settings.queue)
        self.servers = Busyness()
        self.counts = {state.value: 0 for state in State}
        self._store = store
        # Runs come a few at a time, so the pace is kept here, over all of them.
        self._options = replace(settings.scan, max_rate=None, news_of_unfinished=True)
        self._pace = Pace(settings.scan.max_rate)
        self._courtesy = Courtesy(settings.share, self.servers.is_high)
        self._stop = stop
        self._first = self._since = None if settings.catch_up is None else time_back(settings.catch_up)
        self._engine = read_only_engine(store.uri)
        self._next_look = time.monotonic()
        self._look_again = _LOOK
        self._wait = _TICK
        self._alerter = _alerter(settings, store)

    def close(self) -> None:
        """Send what is still to be told."""
        if self._alerter is not None:
            self._alerter.close()

    def step(self) -> None:
        """Evaluate some runs that ended, or look at the store if it is time, or wait a moment."""
        try:
            # One by one while requests come in: a batch works ahead of its answers.
            fresh = self.waiting.take(1 if self.servers.is_high() else _AT_ONCE, _TICK)
            self._courtesy.begin()
            if fresh:
                self._evaluate(fresh)
            elif self._first is not None and (self._is_due() or self.waiting.take_missed()):
                self._look(self._first, self._since or self._first)
            self._wait = _TICK
        except (StoreError, UsageError) as error:
            _log.warning("%s Trying again.", error)
            self._stop.wait(self._wait)
            self._wait = min(2 * self._wait, _LONGEST_WAIT)

    def _is_due(self) -> bool:
        return time.monotonic() >= self._next_look

    def _evaluate(self, run_ids: Sequence[str]) -> None:
        selection = Selection(run_ids=tuple(run_ids))
        try:
            for answer in scan_runs(self._store, selection, self._options, self._stop):
                self._take(answer)
        except StoreError:
            # Those that were evaluated carry their fingerprint and are passed.
            for run_id in run_ids:
                self.waiting.put(run_id)
            raise

    def _look(self, first: int, since: int) -> None:
        """Evaluate what ended unseen since a time; ``first`` is the time of the first look."""
        began, failed_before = int(time.time() * 1_000), self.counts[State.FAILED.value]
        self._go_through(select(self._store, (), (), f"attributes.end_time >= {since}"))
        undated = undated_runs(self._engine, first, since)
        if undated and not self._stop.is_set():
            self._go_through(Selection(run_ids=tuple(undated)))
        if not self._stop.is_set():
            self._since = began - _CLOCKS_DIFFER
            failed = self.counts[State.FAILED.value] > failed_before
            self._look_again = min(2 * self._look_again, _LOOK) if failed else _LOOK
            self._next_look = time.monotonic() + self._look_again

    def _go_through(self, selection: Selection) -> None:
        for answer in scan_runs(self._store, selection, self._options, self._stop):
            self._take(answer)
            # A run that ends during a long look does not wait for its end.
            fresh = self.waiting.take(_AT_ONCE, 0.0)
            if fresh:
                self._evaluate(fresh)

    def _take(self, answer: RunAnswer) -> None:
        self.counts[answer.state.value] += 1
        if answer.state is State.FAILED:
            _log.warning("%s", answer.row["error"])
            if self._look_again == _LOOK:
                self._look_again = _FIRST_LOOK
                self._next_look = min(self._next_look, time.monotonic() + _FIRST_LOOK)
        for note in answer.notes:
            _log.warning("%s", note)
        if self._alerter is not None:
            self._alerter.consider(answer)
        if answer.state is not State.UNCHANGED:
            self._pace.wait(self._stop)
            self._courtesy.pause(self._stop)


class Visitors:
    """The server processes that are connected, and what they send."""

    def __init__(self, listening: socket.socket, waiting: Waiting, servers: Busyness) -> None:
        self._listening = listening
        self._waiting = waiting
        self._servers = servers
        self._lock = threading.Lock()
        self._connected = 0
        self._last_left = time.monotonic()
        threading.Thread(target=self._welcome, name="bce-monitor-visitors", daemon=True).start()

    def are_gone(self) -> bool:
        """Return whether nobody has been connected for some seconds."""
        with self._lock:
            return self._connected == 0 and time.monotonic() - self._last_left > _GRACE

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):  # closed, at the end
            while True:
                connection, _ = self._listening.accept()
                with self._lock:
                    self._connected += 1
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()

    def _listen(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            for line in lines:
                said = line.rstrip(b"\n")
                if said == MISSED:
                    self._waiting.miss()
                elif said.startswith(USED):
                    self._servers.hear(connection, float(said.removeprefix(USED)))
                else:
                    self._waiting.put(said.decode("utf-8"))
        self._servers.forget(connection)
        with self._lock:
            self._connected -= 1
            self._last_left = time.monotonic()


def run(listening: socket.socket, place: Place, served: Served) -> None:
    """Evaluate until told to end, or until no server process has been connected for some seconds."""
    stop = threading.Event()
    with asking_to_stop(stop) as ask:

        def end(_signal: int, _frame: FrameType | None) -> None:
            ask()

        signal.signal(signal.SIGTERM, end)
        _evaluate_until(stop, listening, place, served)
    with locked(place.address.parent):
        listening.close()
        place.clear()


def _evaluate_until(stop: threading.Event, listening: socket.socket, place: Place, served: Served) -> None:
    settings = settings_of(os.environ)
    os.nice(settings.nice)
    evaluation = Evaluation(open_servers_store(served), settings, stop)
    visitors = Visitors(listening, evaluation.waiting, evaluation.servers)
    with contextlib.closing(evaluation), _saying(place, evaluation, visitors, stop):
        while not stop.is_set():
            evaluation.step()


@contextlib.contextmanager
def _saying(
    place: Place, evaluation: Evaluation, visitors: Visitors, stop: threading.Event
) -> Iterator[None]:
    """Say how much is waiting and done whenever that changes, and notice that the servers are gone."""

    def work() -> None:
        before: dict[str, int] = {}
        next_word = time.monotonic()
        while not stop.wait(_TICK):
            if visitors.are_gone():
                stop.set()
            counted = {**asdict(evaluation.waiting.load()), **evaluation.counts}
            if counted != before or time.monotonic() >= next_word:
                before, next_word = counted, time.monotonic() + _WORD
                beside = place.state.with_suffix(".new")
                beside.write_text(json.dumps({**counted, "time": time.time()}), encoding="utf-8")
                beside.replace(place.state)

    thread = threading.Thread(target=work, name="bce-monitor-state", daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def _alerter(settings: Settings, store: Store) -> Alerter | None:
    if settings.webhook is None:
        return None
    address = settings.address

    def url_of(experiment_id: str, run_id: str) -> str | None:
        return None if address is None else f"{address}{run_path(experiment_id, run_id)}"

    return Alerter(settings.webhook, store.client, url_of, _log.warning)
