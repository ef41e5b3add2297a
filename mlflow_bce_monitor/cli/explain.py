"""``bce-monitor explain``."""

from __future__ import annotations

import difflib
import sys

import click

from mlflow_bce_monitor.cli.options import base_rate_option, metric_option, tracking_uri_option
from mlflow_bce_monitor.cli.printing import lay_out
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain

_WITHOUT_RULE = {
    UNKNOWN: (
        "The run is in trouble, and what it logged does not tell why: something that no rule covers, or a "
        "cause whose rule lacked a fact. Change nothing yet: 'bce-monitor explain RUN' says what to measure."
    ),
    NO_CAUSE: "The run is in no trouble, so there is no cause to name.",
}
_LIKENESS = 0.75  # of 1: one or two letters of a cause's word mistyped


@click.command(short_help="Explain a cause, or the diagnosis of one run.")
@click.argument("cause_or_run", metavar="CAUSE_OR_RUN")
@tracking_uri_option
@metric_option
@base_rate_option
def explain(
    cause_or_run: str, tracking_uri: str | None, metrics: tuple[str, ...], base_rate: float | None
) -> None:
    """Explain a cause, or the diagnosis of one run.

    CAUSE_OR_RUN is a cause's word (see 'bce-monitor rules') or the id of a run. The run is
    diagnosed anew and nothing is written to it.
    """
    if cause_or_run in CAUSES:
        _explain_cause(cause_or_run)
    else:
        _explain_run(cause_or_run, tracking_uri, metrics, base_rate)


def _explain_cause(cause: str) -> None:
    from mlflow_bce_monitor.report.rule_pages import rule_page  # noqa: PLC0415 - keeps --help fast
    from mlflow_bce_monitor.rules import BY_CODE  # noqa: PLC0415 - as above

    if cause in BY_CODE:
        lay_out(rule_page(BY_CODE[cause]), sys.stdout)
    else:
        lay_out(_WITHOUT_RULE.get(cause, f"No rule recognises {cause} yet."), sys.stdout)


def _explain_run(
    run_id: str, tracking_uri: str | None, metrics: tuple[str, ...], base_rate: float | None
) -> None:
    close = difflib.get_close_matches(run_id, CAUSES, n=1, cutoff=_LIKENESS)
    if close:
        raise UsageError(f"There is no cause {plain(run_id)!r}. Did you mean {close[0]!r}?")
    with answer_alone() as out:
        from mlflow_bce_monitor.report.explanation import explanation  # noqa: PLC0415 - keeps --help fast
        from mlflow_bce_monitor.tracking.scan import evaluate_run  # noqa: PLC0415 - loads MLflow

        quiet_mlflow()
        diagnosis = evaluate_run(
            run_id, tracking_uri=tracking_uri, metrics=metrics, base_rate=base_rate, dry_run=True
        )
        lay_out(explanation(diagnosis), out)
