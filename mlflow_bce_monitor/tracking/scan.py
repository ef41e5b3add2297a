"""Evaluating runs: find, skip what is current, read, diagnose, write back.

:func:`evaluate_run` and :func:`scan` are the package's Python interface;
:func:`scan_runs` streams the same work to the command line.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Any, Final

import pandas as pd
from mlflow.entities import Run

from mlflow_bce_monitor.contract import (
    NO_CAUSE,
    TAG_CAUSE,
    TAG_CHANCE_LEVEL,
    TAG_CONFIDENCE,
    TAG_METRIC,
    TAG_SKILL,
    TAG_TIER,
    TAG_VERDICT,
)
from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.errors import BCEMonitorError, RunError, StoreError, UsageError
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.fingerprint import digest, is_current
from mlflow_bce_monitor.tracking.in_order import in_order
from mlflow_bce_monitor.tracking.reader import OWN_METRICS, ClientReader, ReadFailure, RunReader
from mlflow_bce_monitor.tracking.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.reports import Reports, parse_reports
from mlflow_bce_monitor.tracking.search import MissingRun, Selection, find_run, pages, select
from mlflow_bce_monitor.tracking.sql_reader import sql_reader
from mlflow_bce_monitor.tracking.store import Store, StoreKind, ask_server, open_store
from mlflow_bce_monitor.tracking.view import offer_view
from mlflow_bce_monitor.tracking.waits import WORKING, bounded_waits
from mlflow_bce_monitor.tracking.writer import write_answer

_log = logging.getLogger(__name__)

COLUMNS: Final = tuple(failed_contract("", "", "", ""))
"""The keys of one answer, in the order of the contract."""

# Threads. A server answers several requests at once, and four do not crowd out its users;
# a database in the same process gains nothing, because Python and the file lock are the limit.
_SERVER_WORKERS: Final = 4
_OTHER_WORKERS: Final = 1


class State(str, Enum):
    """What was done about a run."""

    EVALUATED = "evaluated"
    UNCHANGED = "unchanged"
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class RunAnswer:
    """The outcome for one run.

    Attributes
    ----------
    row
        The JSON object of the contract.
    state
        Whether it was evaluated now, was current already, or failed (then ``row["error"]``
        says why; a diagnosis that could not be written is in the row all the same).
    notes
        What was left out on purpose, one sentence each.
    """

    row: Mapping[str, Any]
    state: State
    notes: tuple[str, ...] = ()

    def but_failed(self, error: str) -> RunAnswer:
        """Return this answer with what went wrong."""
        return RunAnswer({**self.row, "error": error}, State.FAILED)


@dataclass(frozen=True)
class ScanOptions:
    """How to evaluate.

    Attributes
    ----------
    question
        What the caller says about the runs.
    limits
        Thresholds of the diagnosis.
    force
        Evaluate and write runs that are current, too.
    dry_run
        Write nothing.
    reports
        Which runs get a report.
    workers
        Threads; None for a number that suits the store.
    full_rows
        Whether the rows of unchanged runs are complete, which takes reading their
        histories, or hold only what their tags say.
    """

    question: Question = field(default_factory=Question)
    limits: Limits = LIMITS
    force: bool = False
    dry_run: bool = False
    reports: Reports = Reports.FLAGGED
    workers: int | None = None
    full_rows: bool = True

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"workers={self.workers!r} is not a number of threads: give 1 or more.")


def evaluate_run(
    run_id: str,
    *,
    tracking_uri: str | None = None,
    metrics: Sequence[str] = (),
    base_rate: float | None = None,
    force: bool = False,
    dry_run: bool = False,
    reports: str = Reports.FLAGGED.value,
) -> Diagnosis:
    """Diagnose one run and write the answer back to it.

    Parameters
    ----------
    run_id
        The run's id.
    tracking_uri
        The store it lives in; None for the one MLflow is set to.
    metrics
        Names of the metrics to judge as binary cross-entropies; () to recognise them.
    base_rate
        The share of positives in (0, 1); None to find it out from the run.
    force
        Write even when the run carries this answer already.
    dry_run
        Write nothing.
    reports
        "flagged", "all" or "none": whether the run gets a report.

    Raises
    ------
    UsageError
        No such store or run, or an argument out of range.
    StoreError
        The store does not answer, or refuses the answer.
    RunError
        The run cannot be diagnosed, such as for want of the metric that was asked for.
    """
    options = ScanOptions(
        question=question_of(metrics, base_rate),
        force=force,
        dry_run=dry_run,
        reports=parse_reports(reports),
    )
    store = open_store(tracking_uri)
    with bounded_waits(WORKING):
        run = find_run(store, run_id)
        record = ClientReader(store.client).read_one(run)
        if isinstance(record, ReadFailure):
            raise StoreError(f"Run {run_id} cannot be read from {store}: {record.why}")
        diagnosis = _diagnose(run, record, options)
        run_digest = digest(run, options.question, options.limits)
        if dry_run or (not force and is_current(run, run_digest, options.reports)):
            return diagnosis
        try:
            notes = write_answer(store.client, diagnosis, record, run_digest, options.reports)
        except STORE_FAILURES as error:
            raise StoreError(_not_written(error)) from error
    for note in notes:
        _log.warning(note)
    return diagnosis


def scan(
    tracking_uri: str | None = None,
    experiments: Sequence[str] = (),
    run_ids: Sequence[str] = (),
    filter_string: str | None = None,
    metrics: Sequence[str] = (),
    base_rate: float | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
    reports: str = Reports.FLAGGED.value,
    workers: int | None = None,
) -> pd.DataFrame:
    """Diagnose many runs and write the answers back to them.

    Parameters
    ----------
    tracking_uri
        The store; None for the one MLflow is set to.
    experiments
        Names or ids; () for all active experiments. Deleted runs are left out.
    run_ids
        These runs instead of whole experiments.
    filter_string
        MLflow's search filter.
    metrics, base_rate, force, dry_run, reports
        As for :func:`evaluate_run`.
    workers
        Threads; None for a number that suits the store.

    Returns
    -------
    pandas.DataFrame
        One row a run, oldest first; the columns are the keys of the JSON contract. A run
        that could not be evaluated, or whose answer could not be written, says why in
        ``error``.

    Raises
    ------
    UsageError
        No such store or experiments, or an argument out of range.
    StoreError
        The store does not answer. What was written before stays.
    """
    options = ScanOptions(
        question=question_of(metrics, base_rate),
        force=force,
        dry_run=dry_run,
        reports=parse_reports(reports),
        workers=workers,
    )
    store = open_store(tracking_uri)
    with bounded_waits(WORKING):
        selection = select(store, _names(experiments), _names(run_ids), filter_string)
        notes = list(selection.problems)
        rows: list[Mapping[str, Any]] = []
        for answer in scan_runs(store, selection, options):
            rows.append(answer.row)
            notes += answer.notes
        if not dry_run:
            evaluated = {str(row["experiment_id"]) for row in rows if row["verdict"] is not None}
            notes += [trouble for trouble in (offer_view(store, one) for one in sorted(evaluated)) if trouble]
    for note in notes:
        _log.warning(note)
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(COLUMNS))
    return table


def scan_runs(
    store: Store,
    selection: Selection,
    options: ScanOptions,
    stop: threading.Event | None = None,
    expect: Callable[[int], None] | None = None,
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

    Yields
    ------
    RunAnswer
        One a run, oldest run first. One failing run never stops the others.

    Raises
    ------
    StoreError
        The store stopped answering.
    """
    with ExitStack() as stack:
        stack.enter_context(bounded_waits(WORKING))
        workers = options.workers or (_SERVER_WORKERS if store.kind is StoreKind.SERVER else _OTHER_WORKERS)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="bce-monitor")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        pass_ = _Pass(store, options, pool, workers, stop or threading.Event())
        stack.callback(pass_.close)
        for page in _pages(store, selection, expect or (lambda _n_runs: None)):
            for answer in in_order(pool, pass_.calls(page), ahead=workers):
                yield answer
                if answer.state is State.FAILED and store.kind is StoreKind.SERVER:
                    # A server that is gone would let each of thousands of runs wait for its own time-out.
                    ask_server(store)
            if pass_.stopped:
                return


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
        self._pool = pool
        self._workers = workers
        self._stop = stop
        self._reader: RunReader = sql_reader(store) or ClientReader(store.client)

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def close(self) -> None:
        self._reader.close()

    def calls(self, page: Sequence[Run | MissingRun]) -> Iterator[Callable[[], RunAnswer]]:
        """Yield one call for each run of a page, until stopped."""
        plans = [entry if isinstance(entry, MissingRun) else self._plan(entry) for entry in page]
        to_read = [plan.run for plan in plans if isinstance(plan, _Plan) and plan.read]
        records = self._reader.read(to_read, self._pool, self._workers)
        for plan in plans:
            if self.stopped:
                return
            if isinstance(plan, MissingRun):
                yield partial(_failed, plan.run_id, "", "", plan.why)
            elif plan.read:
                yield partial(self._answer, plan, next(records))
            else:
                yield partial(RunAnswer, _stored_row(plan.run), State.UNCHANGED)

    def _plan(self, run: Run) -> _Plan:
        options = self._options
        run_digest = digest(run, options.question, options.limits)
        current = not options.force and is_current(run, run_digest, options.reports)
        return _Plan(run, run_digest, current=current, read=options.full_rows or not current)

    def _answer(self, plan: _Plan, record: RunRecord | ReadFailure) -> RunAnswer:
        info, options = plan.run.info, self._options
        answer = _failed(info.run_id, info.run_name or "", info.experiment_id, "")
        if isinstance(record, ReadFailure):
            return answer.but_failed(f"Run {info.run_id} cannot be read: {record.why}")
        try:
            diagnosis = _diagnose(plan.run, record, options)
            answer = RunAnswer(diagnosis.as_contract(), State.UNCHANGED if plan.current else State.EVALUATED)
            if plan.current or options.dry_run:
                return answer
            notes = write_answer(self._store.client, diagnosis, record, plan.digest, options.reports)
            return replace(answer, notes=notes)
        except BCEMonitorError as error:
            return answer.but_failed(str(error))
        except STORE_FAILURES as error:
            return answer.but_failed(_not_written(error))
        except Exception as error:  # noqa: BLE001 - see below
            # A mistake of ours: shown with its traceback and in the row, so nothing is swallowed,
            # and the other runs go on, because an odd run must not cost a night's scan.
            _log.exception("Run %s met a mistake in bce-monitor", info.run_id)
            return answer.but_failed(
                f"bce-monitor made a mistake ({type(error).__name__}: {plain(str(error))}). "
                "Please report it with the traceback."
            )


def _diagnose(run: Run, record: RunRecord, options: ScanOptions) -> Diagnosis:
    asked = options.question.metrics
    logged = [name for name in run.data.metrics if name not in OWN_METRICS]
    if asked and logged and not set(asked) & set(logged):
        found = ", ".join(repr(plain(name)) for name in sorted(logged))
        wanted = " or ".join(repr(plain(name)) for name in asked)
        raise RunError(
            f"Run {run.info.run_id} has no metric {wanted}; it has {found}. Pass --metric with one of these."
        )
    return diagnose(record, options.question, options.limits)


def _pages(
    store: Store, selection: Selection, expect: Callable[[int], None]
) -> Iterator[list[Run | MissingRun]]:
    """Yield the pages, each when the next one is there: then it is known how far the end is."""
    waiting: list[Run | MissingRun] = []
    try:
        for page in pages(store, selection):
            expect(len(page))
            if waiting:
                yield waiting
            waiting = page
    except STORE_FAILURES as error:
        raise StoreError(f"The runs of {store} cannot be listed: {reason(error)}") from error
    if waiting:
        yield waiting


def _failed(run_id: str, run_name: str, experiment_id: str, error: str) -> RunAnswer:
    return RunAnswer(failed_contract(run_id, run_name, experiment_id, error), State.FAILED)


def _not_written(error: BaseException) -> str:
    return (
        f"Diagnosed, but the answer could not be written to the run: {reason(error)}. "
        "Check the permission to write to the store and to its artifacts "
        "(--reports none writes no artifacts, --dry-run writes nothing)."
    )


def _stored_row(run: Run) -> dict[str, Any]:
    """Return what the tags of a current run say, as a row with the rest empty."""
    tags = run.data.tags
    row = failed_contract(run.info.run_id, run.info.run_name or "", run.info.experiment_id, "")
    return row | {
        "verdict": tags[TAG_VERDICT],
        "cause": tags.get(TAG_CAUSE, NO_CAUSE),
        "confidence": _number(tags.get(TAG_CONFIDENCE)),
        "metric": tags.get(TAG_METRIC),
        "chance_level": _number(tags.get(TAG_CHANCE_LEVEL)),
        "skill": _number(tags.get(TAG_SKILL)),
        "tier": tags.get(TAG_TIER),
        "error": None,
    }


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def question_of(metrics: Sequence[str], base_rate: float | None) -> Question:
    """Return what a caller said about the runs; UsageError when the base rate is no share."""
    try:
        return Question(_names(metrics), base_rate)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Take one name for a list of one: a string is a sequence of letters to Python."""
    return (given,) if isinstance(given, str) else tuple(given)
