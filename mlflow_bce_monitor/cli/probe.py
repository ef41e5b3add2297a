"""``bce-monitor probe``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from mlflow_bce_monitor.cli.options import table_or_json_option, tracking_uri_option
from mlflow_bce_monitor.cli.quiet import answer_alone, quiet_mlflow
from mlflow_bce_monitor.report.plain_text import plain

if TYPE_CHECKING:
    from mlflow_bce_monitor.probes.result import ProbeReport


@click.command(short_help="Find a cause by experiments on a copy of the run's model.")
@click.argument("run_id", metavar="RUN_ID")
@tracking_uri_option
@click.option(
    "--data",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV or Parquet file of rows as the model was trained on: the inputs in order, and the labels.",
)
@click.option("--target", metavar="COLUMN", required=True, help="The column of labels, of two values.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0.0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for all experiments.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of the experiments.")
@click.option("--model", default="model", show_default=True, metavar="NAME", help="The logged model's name.")
@click.option(
    "--trust-model", is_flag=True, help="Load the model, which runs code that lies in its artifact."
)
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@table_or_json_option
def probe(
    run_id: str,
    tracking_uri: str | None,
    data: Path,
    target: str,
    budget: float,
    seed: int,
    model: str,
    trust_model: bool,  # noqa: FBT001 - click passes flags by position
    dry_run: bool,  # noqa: FBT001 - as above
    form: str,
) -> None:
    """Find a cause by experiments on a copy of the run's model.

    Each tests one hypothesis: is there signal in the labels, can a copy fit 32 rows, does
    some learning rate work, do inputs and gradients arrive. The model itself is not changed.
    The answer is written to the run as a scan's, with bce_monitor/probe.json beside it.
    """
    with answer_alone() as out:
        from mlflow_bce_monitor.probes.of_run import ProbeOptions, probe_run  # noqa: PLC0415 - loads Keras

        quiet_mlflow()
        options = ProbeOptions(data, target, budget, seed, model, trust_model=trust_model, dry_run=dry_run)
        report = probe_run(run_id, options, tracking_uri)
        if form == "json":
            json.dump({"run_id": run_id, **report.as_dict()}, out)
            out.write("\n")
        else:
            _print(report, out)


def _print(report: ProbeReport, out: TextIO) -> None:
    for one in report.results:
        line = f"{one.name:<12} {one.hypothesis}: {one.answer} ({one.seconds:.1f} s)\n{'':<12} {one.sentence}"
        print("\n".join(plain(part) for part in line.split("\n")), file=out)
    for note in report.notes:
        print(plain(note), file=out)
    first = f"cause: {report.cause}"
    if report.causes:
        first += f" ({report.probability:.0%}), decided by {report.decided_by}"
    print(f"{first}; {report.seconds:.1f} s, {report.stopped}", file=out)
    if report.causes:
        print(f"What to do: {report.causes[0].advice}", file=out)
