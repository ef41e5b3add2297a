"""The package's Python interface: :func:`evaluate_run` and :func:`scan`."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.judging import diagnose_alone
from mlflow_bce_monitor.tracking.answers import not_written
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import names_of, options_of
from mlflow_bce_monitor.tracking.overviews import (
    Family,
    families_with_news,
    write_overview,
    write_parent_overviews,
)
from mlflow_bce_monitor.tracking.reading.neighbours import with_siblings
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure
from mlflow_bce_monitor.tracking.reading.sibling_search import SiblingSearch
from mlflow_bce_monitor.tracking.store.opening import Store, open_store
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES
from mlflow_bce_monitor.tracking.store.search import find_run, select
from mlflow_bce_monitor.tracking.store.since import filter_since
from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits
from mlflow_bce_monitor.tracking.writing.fingerprint import digest, is_current
from mlflow_bce_monitor.tracking.writing.reports import Reports
from mlflow_bce_monitor.tracking.writing.view import offer_views
from mlflow_bce_monitor.tracking.writing.writer import write_answer

_log = logging.getLogger(__name__)

COLUMNS: Final = tuple(failed_contract("", "", "", ""))
"""The keys of one answer, in the order of the contract."""


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
    options = options_of(metrics, base_rate, reports, force=force, dry_run=dry_run)
    store = open_store(tracking_uri)
    with bounded_waits(WORKING):
        run = find_run(store, run_id)
        record = ClientReader(store.client).read_one(run)
        if isinstance(record, ReadFailure):
            raise StoreError(f"Run {run_id} cannot be read from {store}: {record.why}")
        record, notes = with_siblings(record, run, SiblingSearch(store.client).siblings_of)
        for note in notes:
            _log.warning(note)
        diagnosis = diagnose_alone(record, options.question, options.limits)
        run_digest = digest(run, options.question, options.limits)
        if dry_run or (not force and is_current(run, run_digest, options.reports)):
            return diagnosis
        try:
            notes = write_answer(
                store.client,
                diagnosis,
                record,
                run_digest,
                options.reports,
                mark_in_batch=store.batches_in_order,
            )
        except STORE_FAILURES as error:
            raise StoreError(not_written(error)) from error
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
    max_rate: float | None = None,
    since: str | None = None,
    html: str | os.PathLike[str] | None = None,
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
    max_rate
        Runs read and written in a second at most; None for no limit.
    since
        Only runs that started then or later, such as "7d" or "2026-11-01"; None for all.
    html
        A file to write an overview of these runs to, one HTML page; None for no file.

    Returns
    -------
    pandas.DataFrame
        One row a run: run ids as they were given, otherwise experiment by experiment, in
        each the oldest run first. The columns are the keys of the JSON contract. A run that
        could not be evaluated, or whose answer could not be written, says why in ``error``.

    Raises
    ------
    UsageError
        No such store or experiments, an argument out of range, or no file can be written to ``html``.
    StoreError
        The store does not answer. What was written before stays.
    """
    options = options_of(
        metrics, base_rate, reports, force=force, dry_run=dry_run, workers=workers, max_rate=max_rate
    )
    store = open_store(tracking_uri)
    with bounded_waits(WORKING):
        selection = select(
            store, names_of(experiments), names_of(run_ids), filter_since(since, filter_string)
        )
        notes = list(selection.problems)
        rows: list[Mapping[str, Any]] = []
        families: set[Family] = set()
        for answer in scan_runs(store, selection, options):
            rows.append(answer.row)
            notes += answer.notes
            families |= families_with_news([answer])
        notes += write_parent_overviews(store, families, options)
        if html is not None:
            notes += write_overview(store, selection, rows, options, Path(html))
        if not dry_run:
            notes += _offer_views(store, rows)
    for note in notes:
        _log.warning(note)
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(COLUMNS))
    return table


def _offer_views(store: Store, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put the ready views on the experiments of evaluated runs; return what went wrong."""
    verdicts: dict[str, set[str]] = {}
    for row in rows:
        if row["error"] is None:
            verdicts.setdefault(str(row["experiment_id"]), set()).add(str(row["verdict"]))
    troubles = (offer_views(store, experiment, found) for experiment, found in sorted(verdicts.items()))
    return [trouble for trouble in troubles if trouble]
