"""``bce-monitor scan``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.cli.options import (
    base_rate_option,
    experiment_option,
    filter_option,
    histories_option,
    html_option,
    max_rate_option,
    metric_option,
    reports_option,
    since_option,
    table_option,
    tracking_uri_option,
    workers_option,
)
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.cli.scan_folder import refuse_store_options, scan_folder, tell_folder
from mlflow_bce_monitor.cli.starting import uncollected
from mlflow_bce_monitor.contract import EXIT_DONE, EXIT_SOME_FAILED, EXIT_VERDICT_FOUND, Verdict
from mlflow_bce_monitor.errors import UsageError

if TYPE_CHECKING:
    from mlflow_bce_monitor.cli.tally import Tally
    from mlflow_bce_monitor.pipeline import Question
    from mlflow_bce_monitor.tracking.options import ScanOptions
    from mlflow_bce_monitor.tracking.store.opening import Store
    from mlflow_bce_monitor.tracking.store.search import Selection

_FORMATS: Final = ("table", "json", "csv")


@click.command(short_help="Diagnose runs and write the answers back to them.")
@tracking_uri_option
@experiment_option
@click.option(
    "--run-id",
    "run_ids",
    metavar="ID",
    multiple=True,
    help="Evaluate this run instead of whole experiments; may be repeated.",
)
@filter_option
@since_option
@metric_option
@base_rate_option
@click.option("--force", is_flag=True, help="Evaluate and write runs that carry the current answer, too.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@reports_option
@html_option
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="table",
    show_default=True,
    help="What is printed. With json and csv nothing else goes to standard output.",
)
@click.option(
    "--fail-on",
    type=click.Choice([verdict.value for verdict in Verdict]),
    metavar="VERDICT",
    multiple=True,
    help=f"End with exit code 1 when a run has this verdict; may be repeated. "
    f"One of {', '.join(verdict.value for verdict in Verdict)}.",
)
@workers_option
@max_rate_option
@histories_option
@table_option
@click.pass_context
def scan(
    ctx: click.Context,
    tracking_uri: str | None,
    experiments: tuple[str, ...],
    run_ids: tuple[str, ...],
    filter_string: str | None,
    since: str | None,
    metrics: tuple[str, ...],
    base_rate: float | None,
    force: bool,  # noqa: FBT001 - click passes flags by position
    dry_run: bool,  # noqa: FBT001 - as above
    reports: str,
    html: Path | None,
    form: str,
    fail_on: tuple[str, ...],
    workers: int | None,
    max_rate: float | None,
    histories: Path | None,
    table: Path | None,
) -> None:
    """Diagnose runs and write the answers back to them.

    Runs that carry the current answer are not written again. Deleted runs and experiments
    are left out. Each run gets tags (bce.*), two metrics (bce/*) and, when it is in trouble,
    a report among its artifacts and a summary in its description. Nothing else is changed.

    Exit codes: 0 done; 1 a --fail-on verdict was found; 2 wrong usage; 3 some runs could not
    be evaluated. A found verdict outweighs an error. Ctrl-C finishes the runs in hand (130).
    """
    with answer_alone() as out:
        with uncollected():
            from mlflow_bce_monitor.tracking.options import options_of, question_of  # noqa: PLC0415 - loads NumPy
            from mlflow_bce_monitor.tracking.store.opening import open_store  # noqa: PLC0415 - loads MLflow
            from mlflow_bce_monitor.tracking.store.search import select  # noqa: PLC0415 - as above
            from mlflow_bce_monitor.tracking.store.since import filter_since  # noqa: PLC0415 - as above
            from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits  # noqa: PLC0415 - as above

            quiet_mlflow()
        if histories is not None or table is not None:
            unfit = {
                "--tracking-uri": tracking_uri,
                "--run-id": run_ids,
                "--filter": filter_string,
                "--since": since,
                "--force": force,
                "--html": html,
                "--max-rate": max_rate,
            }
            question = question_of(metrics, base_rate)
            tally = _of_folder(histories, table, unfit, experiments, question, workers, form, out)
            ctx.exit(_exit_code(tally, (), fail_on))
        with uncollected():
            if html is not None and not html.absolute().parent.is_dir():
                raise UsageError(
                    f"--html {html}: there is no folder {html.absolute().parent}. Create it first."
                )
            options = options_of(
                metrics,
                base_rate,
                reports,
                force=force,
                dry_run=dry_run,
                workers=workers,
                max_rate=max_rate,
                # The table shows no more than the tags hold, so unchanged runs need not be read.
                full_rows=form != "table",
            )
            store = open_store(tracking_uri)
        with bounded_waits(WORKING):
            selection = select(store, experiments, run_ids, filter_since(since, filter_string))
            tally = _run(store, selection, options, form, out, html)
    ctx.exit(_exit_code(tally, selection.problems, fail_on))


def _of_folder(
    histories: Path | None,
    table: Path | None,
    unfit: Mapping[str, object],
    experiments: tuple[str, ...],
    question: Question,
    workers: int | None,
    form: str,
    out: TextIO,
) -> Tally:
    if histories is None:
        raise UsageError("--table needs --histories: a scan of a store writes to the runs themselves.")
    refuse_store_options(unfit)
    tally = scan_folder(histories, experiments, question, workers, table, form, out)
    tell_folder(tally, table, out if form == "table" else None)
    return tally


def _run(
    store: Store, selection: Selection, options: ScanOptions, form: str, out: TextIO, html: Path | None
) -> Tally:
    with uncollected():
        from mlflow_bce_monitor.cli.closing import tell_closing  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.cli.interruption import finish_on_interrupt  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.cli.output import OUTPUTS  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.cli.progress import progress_bar  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.cli.tally import Tally  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.tracking.evaluation import scan_runs  # noqa: PLC0415 - as in scan()
        from mlflow_bce_monitor.tracking.overviews import (  # noqa: PLC0415 - as in scan()
            write_overview,
            write_parent_overviews,
        )

    for problem in selection.problems:
        click.echo(f"Error: {problem}", err=True)
    tally = Tally(rows=None if html is None else [])
    with OUTPUTS[form](out) as add_row, finish_on_interrupt() as stop, progress_bar() as (expect, advance):
        for answer in scan_runs(store, selection, options, stop, expect):
            add_row(answer.row)
            tally.add(answer)
            advance()
    tally.notes += write_parent_overviews(store, tally.families, options)
    if html is not None and tally.rows is not None:
        tally.notes += write_overview(store, selection, tally.rows, options, html)
        tally.overview = html
    tell_closing(store, tally, options, out if form == "table" else None)
    if stop.is_set():
        raise Interrupted("The next scan goes on where this one stopped.")
    return tally


def _exit_code(tally: Tally, problems: Sequence[str], fail_on: tuple[str, ...]) -> int:
    if any(tally.verdicts[verdict] for verdict in fail_on):
        return EXIT_VERDICT_FOUND
    return EXIT_SOME_FAILED if tally.n_failed or problems else EXIT_DONE
