"""Evaluating runs one after the other: skip what is current, read, diagnose, write back.

:func:`scan_runs` streams the outcomes; the Python interface (``tracking/scan.py``) and the
command line only put a frame around it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from mlflow.entities import Run

from mlflow_bce_monitor.contract import TAG_CAUSE, TAG_VERDICT
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.errors import BCEMonitorError
from mlflow_bce_monitor.judging import Judged, mistaken
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.answers import (
    RunAnswer,
    State,
    failed,
    is_unfinished,
    not_written,
    stored_row,
)
from mlflow_bce_monitor.tracking.judges import Asked, judges_of
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.reading.neighbours import Page
from mlflow_bce_monitor.tracking.reading.sibling_search import searched
from mlflow_bce_monitor.tracking.reading.surroundings import surrounded
from mlflow_bce_monitor.tracking.store.in_order import Ready, in_order, one_ahead
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind, ask_server
from mlflow_bce_monitor.tracking.store.pace import Pace
from mlflow_bce_monitor.tracking.store.pages import PAGE_RUNS, listed
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES
from mlflow_bce_monitor.tracking.store.search import MissingRun, Selection
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits
from mlflow_bce_monitor.tracking.writing.fingerprint import digest, is_current, is_of_model, lasting_digest
from mlflow_bce_monitor.tracking.writing.writer import write_answer

# Threads. A server answers several requests at once, and four do not crowd out its users;
# a database in the same process gains nothing, because Python and the file lock are the limit.
_SERVER_WORKERS: Final = 4
_OTHER_WORKERS: Final = 1

_log = logging.getLogger(__name__)


def scan_runs(
    store: Store,
    selection: Selection,
    options: ScanOptions,
    stop: threading.Event | None = None,
    expect: Callable[[int], None] | None = None,
    page_runs: int = PAGE_RUNS,
) -> Iterator[RunAnswer]:
    """Evaluate the selected runs one after the other, several at a time over a network.

    Parameters
    ----------
    store, selection, options
        Where, which and how.
    stop
        Set it to end early: runs that are being written are finished, no other is begun.
    expect
        Told how many further runs there are, page by page, one page ahead.
    page_runs
        Runs that are asked for at once.

    Yields
    ------
    RunAnswer
        One a run: run ids as they were given, otherwise experiment by experiment, in each the
        oldest run first. One failing run never stops the others.

    Raises
    ------
    StoreError
        The store stopped answering.
    """
    found = listed(store, selection, expect or (lambda _n_runs: None), page_runs)
    pages = surrounded(found) if selection.whole else searched(found, store.client)
    # A search is this process's work, while large pages are read and diagnosed by others.
    with closing(one_ahead(pages)) as searched_ahead:
        yield from answers_of(store, searched_ahead, options, stop or threading.Event())


def answers_of(
    store: Store, pages: Iterable[Page], options: ScanOptions, stop: threading.Event
) -> Iterator[RunAnswer]:
    """Evaluate the runs of some pages; as :func:`scan_runs`."""
    with ExitStack() as stack:
        stack.enter_context(bounded_waits(WORKING))
        workers = workers_for(store, options)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="bce-monitor")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        pass_ = _Pass(store, options, pool, workers, stop)
        stack.callback(pass_.close)
        for page in pages:
            for answer in in_order(pool, pass_.calls(page), ahead=workers):
                yield answer
                if answer.state is State.FAILED and store.kind is StoreKind.SERVER:
                    # A server that is gone would let each of thousands of runs wait for its own time-out.
                    ask_server(store)
            if pass_.stopped:
                return


def workers_for(store: Store, options: ScanOptions) -> int:
    """Return the number of threads that a caller wants or that suits the store."""
    return options.workers or (_SERVER_WORKERS if store.kind is StoreKind.SERVER else _OTHER_WORKERS)


@dataclass(frozen=True)
class _Plan:
    """What is to be done about one run."""

    run: Run
    digest: str
    current: bool
    read: bool


class _Pass:
    """One pass over a selection: what all its runs have in common."""

    def __init__(
        self,
        store: Store,
        options: ScanOptions,
        pool: ThreadPoolExecutor,
        workers: int,
        stop: threading.Event,
    ) -> None:
        self._store = store
        self._options = options
        self._stop = stop
        self._pace = Pace(options.max_rate)
        self._judges = judges_of(
            store, pool, workers, options.question, options.limits, paced=options.max_rate is not None
        )

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        self._judges.close()

    def calls(self, page: Page) -> Iterator[Callable[[], RunAnswer] | Ready[RunAnswer]]:
        """Yield one answer, or the call that writes it, for each run of a page, until stopped."""
        plans = [entry if isinstance(entry, MissingRun) else self._plan(entry) for entry in page.entries]
        asked = [
            Asked(plan.run, page.siblings_of, written=not (plan.current or self._options.dry_run))
            for plan in plans
            if isinstance(plan, _Plan) and plan.read
        ]
        verdicts = self._judges.judge(asked)
        for plan in plans:
            if self.stopped:
                return
            if isinstance(plan, MissingRun):
                yield Ready(failed(plan.run_id, "", "", plan.why))
            elif plan.read:
                self._pace.wait(self._stop)
                yield self._answer(plan, *next(verdicts))
            else:
                yield Ready(RunAnswer(stored_row(plan.run), State.UNCHANGED, run=plan.run))

    def _plan(self, run: Run) -> _Plan:
        options = self._options
        run_digest = digest(run, options.question, options.limits)
        stands_for = lasting_digest(run, options.question, options.limits) if is_of_model(run) else run_digest
        current = not options.force and is_current(run, stands_for, options.reports)
        return _Plan(run, run_digest, current=current, read=options.full_rows or not current)

    def _answer(
        self, plan: _Plan, judged: Judged, notes: tuple[str, ...]
    ) -> Callable[[], RunAnswer] | Ready[RunAnswer]:
        info, options = plan.run.info, self._options
        if judged.trace:
            _log.error("Run %s met a mistake in bce-monitor\n%s", info.run_id, judged.trace)
        if judged.row is None:
            return Ready(failed(info.run_id, info.run_name or "", info.experiment_id, judged.error))
        known = plan.current or (options.news_of_unfinished and _is_said(plan.run, judged.row))
        answer = RunAnswer(judged.row, State.UNCHANGED if known else State.EVALUATED, notes, plan.run)
        if known or options.dry_run or judged.diagnosis is None or judged.record is None:
            return Ready(answer)
        return partial(self._written, plan, answer, judged.diagnosis, judged.record)

    def _written(self, plan: _Plan, answer: RunAnswer, diagnosis: Diagnosis, record: RunRecord) -> RunAnswer:
        try:
            left_out = write_answer(
                self._store.client,
                diagnosis,
                record,
                plan.digest,
                self._options.reports,
                mark_in_batch=self._store.batches_in_order,
            )
            return replace(answer, notes=(*answer.notes, *left_out))
        except BCEMonitorError as error:
            return answer.but_failed(str(error))
        except STORE_FAILURES as error:
            return answer.but_failed(not_written(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours, as in ``judging.py``
            _log.exception("Run %s met a mistake in bce-monitor", plan.run.info.run_id)
            return answer.but_failed(mistaken(error))


def _is_said(run: Run, row: Mapping[str, Any]) -> bool:
    """Return whether a run that is still training carries this verdict and this cause already."""
    tags = run.data.tags
    return is_unfinished(run) and (
        tags.get(TAG_VERDICT) == row["verdict"] and tags.get(TAG_CAUSE) == row["cause"]
    )
