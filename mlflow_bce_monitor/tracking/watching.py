"""Watching a store: runs are evaluated as they finish, and running ones while they run.

A poll is one search: all runs that started since the oldest that was still training at the poll
before. It shows new runs, points that came in and runs that ended, all by their fingerprints, and nothing
is read of a run that did not change. The fingerprints in the store are the memory: a watch that
is started again first goes over its runs, passes those that carry their answer, and so goes on
where the last one stopped. See ``docs/watch.md``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from mlflow.entities import Run

from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.tracking.answers import RunAnswer, State, is_unfinished
from mlflow_bce_monitor.tracking.evaluation import answers_of
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.reading.neighbours import Page
from mlflow_bce_monitor.tracking.reading.sibling_search import searched
from mlflow_bce_monitor.tracking.reading.surroundings import surrounded
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.pages import Entries, listed, runs_from
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.store.search import Selection, select
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits

_HOUR: Final = 3_600_000  # milliseconds
# The clocks of training machines and ours may differ by this much without a run being missed.
_CLOCKS_DIFFER: Final = _HOUR
# A run without a new point for so long was left behind by a training that died: nobody waits for it.
_GIVEN_UP: Final = 24 * _HOUR
# Polls from one look for new experiments to the next, when all are watched.
_POLLS_A_LOOK: Final = 10
# Times that a run which fails is tried again, one poll after the other.
_TRIES: Final = 10
# Seconds: while a server is away, each wait is twice the last one, up to this.
_LONGEST_WAIT: Final = 600.0


@dataclass(frozen=True)
class Watched:
    """What to watch, as for :func:`~mlflow_bce_monitor.tracking.store.search.select`.

    Attributes
    ----------
    experiments
        Names or ids; () for all active experiments, those to come included.
    run_ids
        These runs instead.
    filter_string
        MLflow's search filter.
    """

    experiments: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    filter_string: str | None = None


@dataclass(frozen=True)
class Rhythm:
    """When to look.

    Attributes
    ----------
    interval
        Seconds from the end of one poll to the next.
    polls
        Polls after which to end; None to go on until stopped.
    """

    interval: float = 60.0
    polls: int | None = None

    def __post_init__(self) -> None:
        if not self.interval > 0:
            raise UsageError(f"interval={self.interval!r} is not a number of seconds: give more than 0.")


def watch_runs(
    store: Store,
    watched: Watched,
    options: ScanOptions,
    rhythm: Rhythm,
    stop: threading.Event,
    tell: Callable[[str], None],
    heard: Callable[[RunAnswer], None] | None = None,
) -> Iterator[RunAnswer]:
    """Evaluate runs as they change, until stopped.

    Parameters
    ----------
    store, watched, options, rhythm
        Where, what, how and when.
    stop
        Set it to end: runs that are being written are finished, no other is begun.
    tell
        Told in one sentence when the store stops answering, and when it answers again.
    heard
        Told of every answer of every poll, also of the runs that did not change.

    Yields
    ------
    RunAnswer
        One for each run that was evaluated or failed. Of a run that is still training, one
        for each new verdict or cause.

    Raises
    ------
    UsageError
        What is to be watched does not exist.
    StoreError
        The store did not answer the very first question.
    """
    watch = Watch(store, watched, options, stop, heard)
    n_polls, wait, away = 0, rhythm.interval, False
    while not stop.is_set():
        try:
            yield from watch.poll()
        except StoreError as error:
            if not away:
                tell(f"{error} Waiting for it to answer again.")
            wait, away = min(2 * wait, max(_LONGEST_WAIT, rhythm.interval)), True
        else:
            if away:
                tell(f"{store} answers again.")
            wait, away = rhythm.interval, False
        n_polls += 1
        if n_polls == rhythm.polls:
            return
        stop.wait(wait)


class Watch:
    """Where a watch has come to."""

    def __init__(
        self,
        store: Store,
        watched: Watched,
        options: ScanOptions,
        stop: threading.Event | None = None,
        heard: Callable[[RunAnswer], None] | None = None,
    ) -> None:
        self._heard = heard
        self._store = store
        self._watched = watched
        self._options = replace(options, full_rows=False, news_of_unfinished=True)
        self._stop = stop or threading.Event()
        self._selection = _select(store, watched)
        self._polls_to_look = _POLLS_A_LOOK
        # Start time from which on runs are searched; None until all were seen once.
        self._since: int | None = None
        self._horizon = _Horizon()
        self._told: dict[str, tuple[object, ...]] = {}
        self._tries: Counter[str] = Counter()

    def poll(self) -> Iterator[RunAnswer]:
        """Look once, and yield the answers that were not told before; StoreError when the store fails."""
        for answer in answers_of(self._store, self._pages(), self._options, self._stop):
            if self._heard is not None:
                self._heard(answer)
            if self._is_news(answer):
                yield answer

    def _is_news(self, answer: RunAnswer) -> bool:
        """Return whether an answer says something that was not told yet, and note that it is."""
        run_id = answer.row["run_id"]
        if answer.state is State.FAILED:
            self._tries[run_id] += 1
            if self._tries[run_id] <= _TRIES:
                self._horizon.keep(run_id)
        if answer.state is State.UNCHANGED:
            return False
        said = tuple(answer.row[key] for key in ("verdict", "cause", "error"))
        is_new = self._told.get(run_id) != said
        self._told[run_id] = said
        return is_new

    def _pages(self) -> Iterator[Page]:
        if self._selection.run_ids:
            yield from searched(listed(self._store, self._selection, _nobody), self._store.client)
        elif self._since is None:
            yield from self._all_runs()
        else:
            yield from self._new_runs(self._since)

    def _all_runs(self) -> Iterator[Page]:
        self._horizon = _Horizon()
        found = self._horizon.noting(listed(self._store, self._selection, _nobody))
        yield from surrounded(found) if self._selection.whole else searched(found, self._store.client)
        # Only now: when the store fails on the way, the next poll begins again, and passes what is done.
        self._since = self._horizon.since

    def _new_runs(self, since: int) -> Iterator[Page]:
        try:
            self._look_for_experiments()
            ids = [experiment.experiment_id for experiment in self._selection.experiments]
            found = runs_from(self._store.client, ids, since, self._selection.filter_string)
        except STORE_FAILURES as error:
            raise StoreError(f"The runs of {self._store} cannot be listed: {reason(error)}") from error
        self._horizon = _Horizon()
        yield from searched(self._horizon.noting([found]), self._store.client)
        self._since = self._horizon.since if found else since

    def _look_for_experiments(self) -> None:
        if self._watched.experiments:
            return
        self._polls_to_look -= 1
        if self._polls_to_look <= 0 or not self._selection.experiments:
            self._selection = _select(self._store, self._watched)
            self._polls_to_look = _POLLS_A_LOOK


def _select(store: Store, watched: Watched) -> Selection:
    """Find what is to be watched; UsageError when nothing of it exists."""
    with bounded_waits(WORKING):
        return select(store, watched.experiments, watched.run_ids, watched.filter_string)


class _Horizon:
    """The start time before which no run is going to change."""

    def __init__(self) -> None:
        self._now = int(time.time() * 1_000)
        # A clock that runs ahead must not hide the runs of the others.
        self._newest = 0
        self._oldest_to_wait_for = self._now
        self._started: dict[str, int] = {}

    @property
    def since(self) -> int:
        """Milliseconds since the epoch."""
        return max(0, min(self._newest, self._oldest_to_wait_for, self._now) - _CLOCKS_DIFFER)

    def noting(self, pages: Iterable[Entries]) -> Iterator[Entries]:
        """Pass pages on, and note their runs."""
        for page in pages:
            for run in page:
                if isinstance(run, Run):
                    self._note(run)
            yield page

    def keep(self, run_id: str) -> None:
        """Look at a run again at the next poll."""
        self._oldest_to_wait_for = min(self._oldest_to_wait_for, self._started.get(run_id, self._now))

    def _note(self, run: Run) -> None:
        started = run.info.start_time or 0
        self._started[run.info.run_id] = started
        self._newest = max(self._newest, started)
        if is_unfinished(run) and self._now - _last_seen(run) < _GIVEN_UP:
            self._oldest_to_wait_for = min(self._oldest_to_wait_for, started)


def _last_seen(run: Run) -> int:
    """Return when a run last gave a sign of life, in milliseconds since the epoch."""
    latest = (point.timestamp for point in run.data.to_proto().metrics)
    return max(run.info.start_time or 0, max(latest, default=0))


def _nobody(_n_runs: int) -> None:
    """Take the number of runs to come, for which no bar is waiting."""
