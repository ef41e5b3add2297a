"""``bce-monitor export``."""

from __future__ import annotations

from pathlib import Path

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.cli.options import experiment_option, tracking_uri_option
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.columnar.needed import need_pyarrow
from mlflow_bce_monitor.contract import EXIT_DONE, EXIT_SOME_FAILED
from mlflow_bce_monitor.report.plain_text import plain


@click.command(short_help="Write histories, params and tags to Parquet files.")
@click.argument("path", type=click.Path(path_type=Path))
@tracking_uri_option
@experiment_option
@click.pass_context
def export(ctx: click.Context, path: Path, tracking_uri: str | None, experiments: tuple[str, ...]) -> None:
    """Write the histories, params, tags and data set inputs of all runs to the folder PATH.

    The folder holds Parquet files by experiment, for 'scan --histories PATH' on one machine
    and for Spark. Run it again to go on after an interruption, or to bring the folder up to
    date: parts of 500 runs in which nothing changed are left as they are. Deleted runs are
    left out. Nothing in the store is changed.

    Exit codes: 0 done; 2 wrong usage; 3 some runs could not be read. Ctrl-C finishes the part
    in hand (130).
    """
    need_pyarrow("Writing Parquet files")
    with answer_alone() as out:
        from mlflow_bce_monitor.cli.interruption import finish_on_interrupt  # noqa: PLC0415 - loads with MLflow
        from mlflow_bce_monitor.tracking.exporting import export_runs  # noqa: PLC0415 - loads MLflow
        from mlflow_bce_monitor.tracking.store.opening import open_store  # noqa: PLC0415 - as above
        from mlflow_bce_monitor.tracking.store.search import select  # noqa: PLC0415 - as above
        from mlflow_bce_monitor.tracking.store.waits import WORKING, bounded_waits  # noqa: PLC0415 - as above

        quiet_mlflow()
        store = open_store(tracking_uri)
        with bounded_waits(WORKING):
            selection = select(store, experiments)
        problems = list(selection.problems)
        n_runs = n_written = 0
        with finish_on_interrupt() as stop:
            for part in export_runs(store, selection, path):
                n_runs += part.n_runs
                n_written += part.n_runs if part.written else 0
                problems += part.problems
                if stop.is_set():
                    raise Interrupted("The next export goes on where this one stopped.")
        for problem in problems:
            click.echo(plain(f"Error: {problem}"), err=True)
        said = f"{n_runs:,} runs in {path}: {n_written:,} written, {n_runs - n_written:,} as they were."
        click.echo(plain(said), file=out)
    ctx.exit(EXIT_SOME_FAILED if problems else EXIT_DONE)
