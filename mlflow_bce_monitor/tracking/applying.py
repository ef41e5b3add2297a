"""From a table of diagnoses to the runs: only what changed, and nothing that has changed since.

Each row says what its answer was made from (``writing.digest``). A run that carries this mark is left
alone; one that has come to another state since the table was made is not written, because the mark would
vouch for points that nobody looked at. ``docs/decisions/0071-tables.md``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from itertools import islice
from typing import Any, Final

from mlflow.entities import Run

from mlflow_bce_monitor.columnar.answers import Writing
from mlflow_bce_monitor.columnar.table import writing_in
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.errors import BCEMonitorError, StoreError
from mlflow_bce_monitor.tracking.answers import State, not_written
from mlflow_bce_monitor.tracking.evaluation import scan_runs, workers_for
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.in_order import in_order
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind, ask_server
from mlflow_bce_monitor.tracking.store.pace import Pace
from mlflow_bce_monitor.tracking.store.pages import runs_by_id
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.store.search import Selection
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits
from mlflow_bce_monitor.tracking.writing.fingerprint import (
    digest,
    digest_without_datasets,
    has_report,
    is_current,
    is_of_model,
    lasting_digest,
)
from mlflow_bce_monitor.tracking.writing.writer import write_told

# Runs asked for at once, as a page of a scan.
_ROWS_AT_ONCE: Final = 500


class Outcome(str, Enum):
    """What was done about a row."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    CHANGED_SINCE = "changed since the table was made"
    WITHOUT_ANSWER = "without an answer"
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Applied:
    """The outcome for one row.

    Attributes
    ----------
    run_id, experiment_id, verdict
        Of the row; "" for a verdict where there is none.
    outcome
        What was done.
    why
        In one sentence, where something was not done that the table asked for; "" otherwise.
    notes
        What was left out on purpose.
    """

    run_id: str
    experiment_id: str
    verdict: str
    outcome: Outcome
    why: str = ""
    notes: tuple[str, ...] = ()


def apply_table(
    store: Store,
    rows: Iterable[Mapping[str, Any]],
    options: ScanOptions,
    stop: threading.Event | None = None,
) -> Iterator[Applied]:
    """Write the answers of a table to their runs.

    Parameters
    ----------
    store
        Where the runs are.
    rows
        Of the table of diagnoses.
    options
        ``question`` and ``limits`` as the table was made with; ``dry_run``, ``force``, ``workers`` and
        ``max_rate`` as for a scan. A run that is to have a report, or has one, is read and evaluated
        by a scan, because a table holds no curve to draw.
    stop
        Set it to end early.

    Yields
    ------
    Applied
        One a row, in no particular order.

    Raises
    ------
    StoreError
        The store stopped answering.
    """
    ending = stop or threading.Event()
    following = iter(rows)
    applying = _Applying(store, options, ending)
    with bounded_waits(WORKING), ThreadPoolExecutor(workers_for(store, options)) as pool:
        while (chunk := list(islice(following, _ROWS_AT_ONCE))) and not ending.is_set():
            for applied in in_order(pool, applying.calls(chunk), workers_for(store, options)):
                yield applied
                if applied.outcome is Outcome.FAILED and store.kind is StoreKind.SERVER:
                    ask_server(store)
            yield from applying.scanned()


class _Applying:
    """What all rows of a table have in common."""

    def __init__(self, store: Store, options: ScanOptions, stop: threading.Event) -> None:
        self._store = store
        self._options = options
        self._stop = stop
        self._pace = Pace(options.max_rate)
        self._to_scan: list[str] = []

    def calls(self, chunk: list[Mapping[str, Any]]) -> Iterator[Callable[[], Applied]]:
        """Yield one call for each row that is not left to a scan."""
        ids = [(row["experiment_id"], row["run_id"]) for row in chunk]
        try:
            found = runs_by_id(self._store.client, ids)
        except STORE_FAILURES as error:
            raise StoreError(f"The runs of {self._store} cannot be listed: {reason(error)}") from error
        for row in chunk:
            if self._stop.is_set():
                return
            run = found.get(row["run_id"])
            outcome = self._judged(row, run)
            if outcome is not None:
                yield partial(_given, outcome)
            elif run is not None and self._wants_report(row, run):
                self._to_scan.append(run.info.run_id)
            else:
                self._pace.wait(self._stop)
                yield partial(self._write, row)

    def scanned(self) -> Iterator[Applied]:
        """Evaluate the runs that were left to a scan."""
        run_ids, self._to_scan = tuple(self._to_scan), []
        if not run_ids or self._stop.is_set():
            return
        for answer in scan_runs(self._store, Selection(run_ids=run_ids), self._options, self._stop):
            failed = answer.state is State.FAILED
            outcome = Outcome.FAILED if failed else Outcome.WRITTEN
            why = str(answer.row["error"]) if failed else ""
            yield replace(_of(answer.row, outcome, why), notes=answer.notes)

    def _judged(self, row: Mapping[str, Any], run: Run | None) -> Applied | None:
        """Return what there is to say of a row that is not to be written, None for one that is."""
        run_id = row["run_id"]
        told = writing_in(row)
        if told is None:
            why = f"Run {run_id} has no answer in the table: {row['error']}"
            return _of(row, Outcome.WITHOUT_ANSWER, why)
        if run is None:
            why = f"There is no active run {run_id} in experiment {row['experiment_id']} of {self._store}."
            return _of(row, Outcome.FAILED, why)
        question, limits = self._options.question, self._options.limits
        now = digest(run, question, limits)
        # A table of a warehouse that knows no data set inputs vouches for the rest; a scan looks again.
        states = {now, digest_without_datasets(run, question, limits)}
        lasting = lasting_digest(run, question, limits) if is_of_model(run) else now
        reports = self._options.reports
        answered = any(is_current(run, one, reports) for one in (now, lasting))
        if told.digest not in states and not answered:
            why = (
                f"Run {run_id} is not as it was when the table was made (or that was with another version, "
                "--metric or --base-rate), so its answer was not written."
            )
            return _of(row, Outcome.CHANGED_SINCE, why)
        unchanged = answered or is_current(run, told.digest, reports)
        if told.digest not in states or (unchanged and not self._options.force):
            return _of(row, Outcome.UNCHANGED)
        return _of(row, Outcome.WRITTEN) if self._options.dry_run else None

    def _wants_report(self, row: Mapping[str, Any], run: Run) -> bool:
        return has_report(run) or self._options.reports.wanted_for(Verdict(row["verdict"]))

    def _write(self, row: Mapping[str, Any]) -> Applied:
        applied = _of(row, Outcome.WRITTEN)
        told = writing_in(row)
        try:
            notes = self._written(row["run_id"], told) if told is not None else ()
        except BCEMonitorError as error:
            return replace(applied, outcome=Outcome.FAILED, why=str(error))
        except STORE_FAILURES as error:
            return replace(applied, outcome=Outcome.FAILED, why=not_written(error))
        return replace(applied, notes=notes)

    def _written(self, run_id: str, told: Writing) -> tuple[str, ...]:
        store = self._store
        return write_told(store.client, run_id, told, mark_in_batch=store.batches_in_order)


def _of(row: Mapping[str, Any], outcome: Outcome, why: str = "") -> Applied:
    return Applied(row["run_id"], row["experiment_id"], row["verdict"] or "", outcome, why)


def _given(applied: Applied) -> Applied:
    return applied
