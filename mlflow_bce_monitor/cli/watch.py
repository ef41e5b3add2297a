"""``bce-monitor watch``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Final, TextIO

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.cli.options import (
    base_rate_option,
    experiment_option,
    filter_option,
    max_rate_option,
    metric_option,
    reports_option,
    since_option,
    tracking_uri_option,
    workers_option,
)
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.cli.starting import uncollected
from mlflow_bce_monitor.contract import EXIT_DONE, EXIT_SOME_FAILED, NO_CAUSE, Verdict
from mlflow_bce_monitor.report.plain_text import plain

if TYPE_CHECKING:
    import threading

    from mlflow_bce_monitor.alerts.webhook import Webhook
    from mlflow_bce_monitor.tracking.answers import RunAnswer
    from mlflow_bce_monitor.tracking.store.opening import Store

_FORMATS: Final = ("text", "jsonl")


@click.command(short_help="Evaluate runs as they finish, and running ones while they run.")
@tracking_uri_option
@experiment_option
@click.option("--run-id", "run_ids", metavar="ID", multiple=True, help="Watch this run; may be repeated.")
@filter_option
@since_option
@metric_option
@base_rate_option
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@reports_option
@workers_option
@max_rate_option
@click.option(
    "--interval",
    type=click.FloatRange(min=0.0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait from one poll to the next.",
)
@click.option("--polls", type=click.IntRange(min=1), metavar="N", help="End after this many polls.")
@click.option("--once", is_flag=True, help="The same as --polls 1.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="One line a verdict for people, or one JSON object of the contract a line.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="Post findings there, once a run and verdict, as JSON with a text for Slack.  "
    "[default: BCE_MONITOR_WEBHOOK; they are signed with BCE_MONITOR_WEBHOOK_SECRET]",
)
@click.option(
    "--alert-on",
    "alert_on",
    metavar="VERDICT",
    multiple=True,
    help="A verdict to post; may be repeated.  "
    "[default: BCE_MONITOR_WEBHOOK_VERDICTS, else stalled, diverged and inconsistent]",
)
@click.pass_context
def watch(
    ctx: click.Context,
    tracking_uri: str | None,
    experiments: tuple[str, ...],
    run_ids: tuple[str, ...],
    filter_string: str | None,
    since: str | None,
    metrics: tuple[str, ...],
    base_rate: float | None,
    dry_run: bool,  # noqa: FBT001 - click passes flags by position
    reports: str,
    workers: int | None,
    max_rate: float | None,
    interval: float,
    polls: int | None,
    once: bool,  # noqa: FBT001 - as above
    form: str,
    webhook: str | None,
    alert_on: tuple[str, ...],
) -> None:
    """Evaluate runs as they finish, and running ones while they run.

    First goes over all runs, skipping those that carry their answer, as 'scan' does. Then
    looks once in --interval seconds, with one search while nothing happens. A run
    that is still training is written to when its verdict or cause changes. A server that
    is away is waited for. Ctrl-C finishes the runs in hand (exit code 130), and so does
    SIGTERM (0).
    """
    with answer_alone() as out:
        with uncollected():
            from mlflow_bce_monitor.tracking.answers import State  # noqa: PLC0415 - loads MLflow
            from mlflow_bce_monitor.tracking.options import options_of  # noqa: PLC0415 - as above
            from mlflow_bce_monitor.tracking.store.opening import open_store  # noqa: PLC0415 - as above
            from mlflow_bce_monitor.tracking.store.since import filter_since  # noqa: PLC0415 - as above
            from mlflow_bce_monitor.tracking.watching import Rhythm, Watched, watch_runs  # noqa: PLC0415 - as above

            quiet_mlflow()
            options = options_of(
                metrics, base_rate, reports, dry_run=dry_run, workers=workers, max_rate=max_rate
            )
            watched = Watched(experiments, run_ids, filter_since(since, filter_string))
            rhythm = Rhythm(interval, 1 if once else polls)
            hook = _webhook(webhook, alert_on)
            store = open_store(tracking_uri)
        n_failed = 0
        with _stopped_by_signals() as (stop, interrupted), _alerts(hook, store, dry_run=dry_run) as heard:
            for answer in watch_runs(store, watched, options, rhythm, stop, _tell, heard):
                n_failed += answer.state is State.FAILED
                _show(store, answer, form, out)
        if interrupted():
            raise Interrupted("The next watch goes on where this one stopped.")
    ctx.exit(EXIT_SOME_FAILED if n_failed and rhythm.polls else EXIT_DONE)


@contextmanager
def _stopped_by_signals() -> Iterator[tuple[threading.Event, Callable[[], bool]]]:
    """Yield an event that the first Ctrl-C or SIGTERM sets, and whether it was Ctrl-C."""
    from mlflow_bce_monitor.cli.interruption import finish_on_interrupt  # noqa: PLC0415 - as in watch()
    from mlflow_bce_monitor.tracking.stopping import asking_to_stop  # noqa: PLC0415 - as in watch()

    terminated = False
    with finish_on_interrupt() as stop, asking_to_stop(stop) as ask:

        def end(_signal: int, _frame: FrameType | None) -> None:
            nonlocal terminated
            terminated = True
            ask()

        previous = signal.signal(signal.SIGTERM, end)
        try:
            yield stop, lambda: stop.is_set() and not terminated
        finally:
            signal.signal(signal.SIGTERM, previous)


def _webhook(url: str | None, alert_on: tuple[str, ...]) -> Webhook | None:
    from mlflow_bce_monitor.alerts.webhook import webhook_of  # noqa: PLC0415 - as in watch()
    from mlflow_bce_monitor.errors import UsageError  # noqa: PLC0415 - as in watch()

    webhook = webhook_of(os.environ, url, alert_on)
    if webhook is None and alert_on:
        raise UsageError(
            "--alert-on was given without an address: pass --webhook, or set BCE_MONITOR_WEBHOOK."
        )
    return webhook


@contextmanager
def _alerts(
    webhook: Webhook | None, store: Store, *, dry_run: bool
) -> Iterator[Callable[[RunAnswer], None] | None]:
    """Yield what is to be told of every answer, None when nobody wants alerts."""
    if webhook is None:
        yield None
        return
    from mlflow_bce_monitor.alerts.alerter import Alerter  # noqa: PLC0415 - as in watch()
    from mlflow_bce_monitor.tracking.writing.links import run_link  # noqa: PLC0415 - as in watch()

    client = None if dry_run else store.client
    with closing(Alerter(webhook, client, partial(run_link, store), _tell)) as alerter:
        yield alerter.consider


def _tell(sentence: str) -> None:
    click.echo(f"{_now()}  {plain(sentence)}", err=True)


def _show(store: Store, answer: RunAnswer, form: str, out: TextIO) -> None:
    row = answer.row
    if form == "jsonl":
        print(json.dumps(row, ensure_ascii=True, allow_nan=False), file=out)
    else:
        _print_coloured(store, answer, out)
    out.flush()
    for note in answer.notes:
        click.echo(plain(note), err=True)


def _print_coloured(store: Store, answer: RunAnswer, out: TextIO) -> None:
    """Print one line, the verdict in its colour on a terminal, and never folded: it holds a link."""
    from rich.console import Console  # noqa: PLC0415 - as in watch()
    from rich.text import Text  # noqa: PLC0415 - as in watch()

    from mlflow_bce_monitor.report.layout import PLAIN, toned  # noqa: PLC0415 - as in watch()

    verdict, rest = _words(store, answer)
    style = toned(Verdict(verdict)) if answer.row["error"] is None else PLAIN
    line = Text.assemble(f"{_now()}  ", (f"{verdict:<12}", style), f"  {rest}")
    Console(file=out, highlight=False).print(line, soft_wrap=True)


def _words(store: Store, answer: RunAnswer) -> tuple[str, str]:
    """Return (verdict, what else is said of the run)."""
    from mlflow_bce_monitor.report import numbers  # noqa: PLC0415 - as in watch()
    from mlflow_bce_monitor.tracking.writing.links import run_link  # noqa: PLC0415 - as in watch()

    row = answer.row
    name = plain(row["run_name"]) or row["run_id"]
    if row["error"] is not None:
        return "error", f"{name}: {plain(row['error'])}"
    named = row["cause"] not in (None, NO_CAUSE)
    cause = f" ({row['cause']}, {numbers.probability(row['confidence'])})" if named else ""
    where = run_link(store, row["experiment_id"], row["run_id"]) or row["run_id"]
    return str(row["verdict"]), f"{name}{cause}: {where}"


def _now() -> str:
    return datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
