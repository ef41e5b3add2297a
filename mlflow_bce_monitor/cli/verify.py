"""``bce-monitor verify``."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

import click

from mlflow_bce_monitor.cli.endings import Interrupted
from mlflow_bce_monitor.cli.options import (
    base_rate_option,
    metric_option,
    table_or_json_option,
    tracking_uri_option,
)
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.contract import EXIT_SOME_FAILED, EXIT_VERDICT_FOUND
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.verifying.budget import seconds_of
from mlflow_bce_monitor.verifying.comparison import FEWEST_PAIRS, Result
from mlflow_bce_monitor.verifying.in_keras import MOST_RUNS
from mlflow_bce_monitor.verifying.plan import SEEDS
from mlflow_bce_monitor.verifying.wording import changed

if TYPE_CHECKING:
    from mlflow_bce_monitor.verifying.of_run import VerifyOptions
    from mlflow_bce_monitor.verifying.result import VerificationReport

_UNLIMITED = "unlimited"


@click.command(short_help="Rerun with the remedy and show whether it works.")
@click.argument("run_id", metavar="RUN_ID")
@tracking_uri_option
@click.option(
    "--seeds",
    type=click.IntRange(min=FEWEST_PAIRS),
    default=SEEDS,
    show_default=True,
    metavar="N",
    help="Pairs of reruns, without and with the remedy, for each remedy.",
)
@click.option(
    "--budget",
    default=_UNLIMITED,
    show_default=True,
    metavar="TIME",
    help="No rerun begins after this time, such as 90s, 10m or 2h.",
)
@click.option(
    "--max-runs",
    type=click.IntRange(min=1),
    default=MOST_RUNS,
    show_default=True,
    metavar="N",
    help="Make no more reruns than this.",
)
@click.option(
    "--cause", metavar="CAUSE", help="Try the remedies for this cause, whatever the diagnosis says."
)
@click.option(
    "--set",
    "own_change",
    metavar="NAME=VALUE",
    multiple=True,
    help="Try this change instead of the prescribed one, of a param of the project or of a setting; may be "
    "repeated.",
)
@click.option(
    "--param-map",
    metavar="SETTING=PARAM",
    multiple=True,
    help="Which param of the project holds a setting, such as learning_rate=step_size or seed=s; may be "
    "repeated.  [default: recognised by name]",
)
@click.option("--no-experiments", is_flag=True, help="Do not tell uncertain causes apart first.")
@metric_option
@base_rate_option
@click.option(
    "--project", metavar="URI", help="The MLflow project that makes the run.  [default: as its tags say]"
)
@click.option("--entry-point", metavar="NAME", help="Its entry point.  [default: as the run's tags say]")
@click.option(
    "--env-manager",
    metavar="NAME",
    help="local, virtualenv, uv or conda.  [default: the one the run was made with]",
)
@click.option(
    "--backend", default="local", show_default=True, metavar="NAME", help="MLflow's project backend."
)
@click.option("--backend-config", metavar="FILE|JSON", help="Its configuration.")
@click.option("--experiment", metavar="NAME_OR_ID", help="For the reruns.  [default: that of the run]")
@click.option(
    "--dry-run", is_flag=True, help="Write nothing to the diagnosed run; the reruns are still made."
)
@click.option(
    "--fail-on",
    type=click.Choice([str(one) for one in Result]),
    multiple=True,
    help="Exit with 1 when this is the result; may be repeated.",
)
@table_or_json_option
@click.pass_context
def verify(ctx: click.Context, /, run_id: str, form: str, fail_on: tuple[str, ...], **given: object) -> None:
    """Rerun with the remedy and show whether it works.

    The MLflow project that made the run is run again, as it was and with the prescribed change, pair by
    pair with the same seeds. If the cause is uncertain, the reruns that tell the candidates apart come
    first. The result is written to the run as bce.verified: works, no_effect, worse or impossible.
    """
    uri = given.pop("tracking_uri")
    with answer_alone() as out, _ended_politely():
        from mlflow_bce_monitor.verifying.of_run import verify_run  # noqa: PLC0415 - loads MLflow

        quiet_mlflow()
        options = _options(given)
        with _progress() as tell:
            report = verify_run(run_id, options, None if uri is None else str(uri), tell)
        if form == "json":
            json.dump(report.as_dict(), out, allow_nan=False)
            out.write("\n")
        else:
            _print(report, out)
    if report.interrupted:
        raise Interrupted(f"{report.n_reruns} reruns were made; what is finished is written.")
    if str(report.result) in fail_on:
        ctx.exit(EXIT_VERDICT_FOUND)
    if report.result is Result.IMPOSSIBLE:
        ctx.exit(EXIT_SOME_FAILED)


def _options(given: dict[str, object]) -> VerifyOptions:
    import math  # noqa: PLC0415

    from mlflow_bce_monitor.tracking.options import question_of  # noqa: PLC0415 - loads NumPy
    from mlflow_bce_monitor.verifying.of_run import VerifyOptions  # noqa: PLC0415 - loads MLflow
    from mlflow_bce_monitor.verifying.project_trainer import ProjectOptions  # noqa: PLC0415 - as above

    budget = str(given["budget"])
    values: dict[str, object] = {
        "budget": math.inf if budget == _UNLIMITED else seconds_of(budget),
        "own_change": _pairs(given["own_change"], "--set"),
        "discriminate": not given["no_experiments"],
        "question": question_of(given["metrics"], given["base_rate"]),  # type: ignore[arg-type]
        # An entry point of a project can pass a default only as "".
        "how": ProjectOptions(
            str(given["env_manager"] or "") or None,
            str(given["backend"]),
            str(given["backend_config"] or "") or None,
            _pairs(given["param_map"], "--param-map"),
        ),
    }
    same = ("seeds", "max_runs", "cause", "project", "entry_point", "experiment", "dry_run")
    values |= {name: given[name] for name in same}
    return VerifyOptions(**values)  # type: ignore[arg-type]


def _pairs(texts: object, option: str) -> dict[str, str]:
    found = {}
    for text in texts if isinstance(texts, Sequence) else ():
        name, equals, value = str(text).partition("=")
        if not name or not equals:
            raise UsageError(f"{option} {text!r} is no NAME=VALUE, such as {option} learning_rate=0.001.")
        found[name] = value
    return found


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Treat a request to end, as MLflow sends it to a project, as Ctrl-C: what is finished is kept."""

    def ended(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    """Show the reruns made and left: a bar on a terminal, one plain line a rerun anywhere else."""
    if not sys.stderr.isatty():
        yield lambda done, left, what: click.echo(
            f"rerun {done + 1} of about {done + left}: {what}", err=True
        )
        return
    # No other command, and no start of this one, needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("Reruns"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", markup=False),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("reruns", total=None, what="")
        yield lambda done, left, what: bar.update(task, completed=done, total=done + left, what=what)


def _print(report: VerificationReport, out: TextIO) -> None:
    for step in report.steps:
        first = step.after[0]
        line = f"{step.name}: {step.because}; now {first.cause} {first.probability:.0%}"
        print(plain(line), file=out)
    for trial in report.trials:
        found = trial.comparison
        said = "not finished" if found is None else f"{found.result}, gain {found.gain:+.3f}"
        interval = (
            "" if found is None else f" ({found.low:+.3f} to {found.high:+.3f}, {len(found.gains)} pairs)"
        )
        note = f"; {trial.note}" if trial.note else ""
        causes = ", ".join((trial.cause, *trial.also))
        print(plain(f"{causes}: {changed(trial.arm.changes)}: {said}{interval}{note}"), file=out)
    for note in report.notes:
        print(plain(note), file=out)
    print(plain(report.sentence), file=out)
    cost = f"{report.n_reruns} reruns, {report.seconds:.0f} s; {report.stopped.rstrip('.')}."
    gathered = f" They lie below run {report.parent_run_id}." if report.parent_run_id else ""
    print(plain(cost + gathered), file=out)
