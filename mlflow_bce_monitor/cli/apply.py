"""``bce-monitor apply``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.cli.options import (
    base_rate_option,
    max_rate_option,
    metric_option,
    tracking_uri_option,
    workers_option,
)
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.columnar.needed import need_pyarrow
from mlflow_bce_monitor.contract import EXIT_DONE, EXIT_SOME_FAILED
from mlflow_bce_monitor.report.plain_text import plain

if TYPE_CHECKING:
    from mlflow_bce_monitor.tracking.applying import Applied
    from mlflow_bce_monitor.tracking.options import ScanOptions
    from mlflow_bce_monitor.tracking.store.opening import Store

# Lines. The counts say how many there are; a few show what they are.
_MOST_REASONS: Final = 10


@click.command(short_help="Write the answers of a table of diagnoses to the runs.")
@click.argument("table", type=click.Path(path_type=Path))
@tracking_uri_option
@metric_option
@base_rate_option
@click.option("--force", is_flag=True, help="Write runs that carry the current answer, too.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@click.option(
    "--reports",
    type=click.Choice(["none", "flagged", "all"]),
    default="none",
    show_default=True,
    help="Which runs get a report. A table holds no curve to draw, so these runs are scanned.",
)
@workers_option
@max_rate_option
@click.pass_context
def apply(
    ctx: click.Context,
    table: Path,
    tracking_uri: str | None,
    metrics: tuple[str, ...],
    base_rate: float | None,
    force: bool,  # noqa: FBT001 - click passes flags by position
    dry_run: bool,  # noqa: FBT001 - as above
    reports: str,
    workers: int | None,
    max_rate: float | None,
) -> None:
    """Write the answers of TABLE, a table of diagnoses as Parquet, to the runs.

    Such a table comes from Spark (mlflow_bce_monitor.spark.diagnose) or from 'bce-monitor scan
    --histories PATH --table TABLE'. Each run gets tags (bce.*), two metrics (bce/*) and, when it
    is in trouble, a summary in its description. Runs that carry the answer already are not
    written, nor are runs that have changed since the table was made. --metric and --base-rate
    must be those that the table was made with.

    Exit codes: 0 done; 2 wrong usage; 3 some answers could not be written. Ctrl-C finishes the
    runs in hand (130).
    """
    need_pyarrow("Reading a table of diagnoses")
    with answer_alone() as out:
        from mlflow_bce_monitor.tracking.options import options_of  # noqa: PLC0415 - loads NumPy
        from mlflow_bce_monitor.tracking.store.opening import open_store  # noqa: PLC0415 - loads MLflow

        quiet_mlflow()
        options = options_of(
            metrics,
            base_rate,
            reports,
            force=force,
            dry_run=dry_run,
            workers=workers,
            max_rate=max_rate,
            full_rows=False,
        )
        counts = _apply(open_store(tracking_uri), table, options, out)
    ctx.exit(EXIT_SOME_FAILED if counts["failed"] else EXIT_DONE)


def _apply(store: Store, table: Path, options: ScanOptions, out: TextIO) -> Counter[str]:
    from mlflow_bce_monitor.cli.interruption import finish_on_interrupt  # noqa: PLC0415 - as in apply()
    from mlflow_bce_monitor.columnar.table import rows_in  # noqa: PLC0415 - loads pyarrow
    from mlflow_bce_monitor.tracking.applying import apply_table  # noqa: PLC0415 - as in apply()
    from mlflow_bce_monitor.tracking.writing.view import offer_views  # noqa: PLC0415 - as in apply()

    counts: Counter[str] = Counter()
    written: dict[str, set[str]] = {}
    lines: list[str] = []
    with finish_on_interrupt() as stop:
        for applied in apply_table(store, rows_in(table), options, stop):
            counts[applied.outcome.value] += 1
            if applied.outcome.value == "written":
                written.setdefault(applied.experiment_id, set()).add(applied.verdict)
            lines += _lines(applied)
    if not options.dry_run:
        troubles = (offer_views(store, one, verdicts) for one, verdicts in sorted(written.items()))
        lines += [trouble for trouble in troubles if trouble]
    for line in lines[:_MOST_REASONS]:
        click.echo(plain(line), err=True)
    if len(lines) > _MOST_REASONS:
        click.echo(f"and {len(lines) - _MOST_REASONS:,} more", err=True)
    click.echo(_summary(counts, options), file=out)
    if stop.is_set():
        raise Interrupted("Apply the table again to go on.")
    return counts


def _lines(applied: Applied) -> Iterator[str]:
    if applied.why:
        yield applied.why
    yield from applied.notes


def _summary(counts: Counter[str], options: ScanOptions) -> str:
    n_rows = counts.total()
    rows = "1 run" if n_rows == 1 else f"{n_rows:,} runs"
    said = "; ".join(f"{n:,} {outcome}" for outcome, n in counts.most_common())
    tail = " (--dry-run: nothing was written)" if options.dry_run else ""
    return f"{rows}: {said}{tail}." if said else f"{rows}."
