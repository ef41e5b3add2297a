"""What a scan says at its end: counts, errors, and where to look in the MLflow UI."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final, TextIO

from mlflow_bce_monitor.cli.tally import Tally
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.writing.links import report_link, run_link, ui_command, view_link, view_path
from mlflow_bce_monitor.tracking.writing.reports import Reports
from mlflow_bce_monitor.tracking.writing.view import offer_views

# Lines. Whoever scans more experiments at once looks for one of them, not for a list.
_MOST_VIEWS: Final = 5
_UI_ADDRESS: Final = "http://127.0.0.1:5000"  # of 'mlflow ui' without options


def tell_closing(store: Store, tally: Tally, options: ScanOptions, answer: TextIO | None) -> None:
    """Print the end of a scan.

    Parameters
    ----------
    store, tally, options
        What was scanned, what came of it, and how.
    answer
        Where the table was printed, None when the answer is for a script: then everything
        goes to standard error, and what the rows do not say is told as well.
    """
    out = answer or sys.stderr
    experiments = sorted(tally.experiments)
    if not options.dry_run:
        troubles = (offer_views(store, one, tally.experiments[one]) for one in experiments)
        tally.notes += [trouble for trouble in troubles if trouble]
    lines = [tally.summary()]
    if answer is None:
        lines += _errors(tally)
    else:
        lines += _places(store, tally, experiments, options)
    if tally.overview is not None:
        lines.append(f"Overview: {tally.overview}")
    for line in [*lines, *tally.notes]:
        # Plain text, one line each: links stay whole and names are never taken for markup.
        print(plain(line), file=out)


def _errors(tally: Tally) -> Iterator[str]:
    yield from tally.errors
    more = tally.n_failed - len(tally.errors)
    if more:
        yield f"and {more:,} more; each row's 'error' tells why."


def _places(store: Store, tally: Tally, experiments: list[str], options: ScanOptions) -> Iterator[str]:
    if not experiments or options.dry_run:
        return
    link_of = run_link if options.reports is Reports.NONE else report_link
    for run in tally.flagged:
        link = link_of(store, run.experiment_id, run.run_id)
        yield f"{run.verdict}: {run.name}: {link or f'bce-monitor explain {run.run_id}'}"
    more = tally.n_flagged - len(tally.flagged)
    if more:
        yield f"and {more:,} more runs in trouble"
    command = ui_command(store)
    yield f"Browse them: run {command}, then open" if command else "Browse them:"
    for experiment_id in experiments[:_MOST_VIEWS]:
        yield view_link(store, experiment_id) or _UI_ADDRESS + view_path(experiment_id)
    if len(experiments) > _MOST_VIEWS:
        yield f"and {len(experiments) - _MOST_VIEWS:,} more experiments"
