"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

tracking_uri_option = click.option(
    "--tracking-uri",
    metavar="URI",
    help="The tracking store, such as sqlite:///mlflow.db or http://localhost:5000.  "
    "[default: MLFLOW_TRACKING_URI, else MLflow's own default]",
)
metric_option = click.option(
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    help="A metric to judge as binary cross-entropy; may be repeated.  [default: recognised by name]",
)
base_rate_option = click.option(
    "--base-rate",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    metavar="P",
    help="The share of positives among the labels.  [default: found out from each run, else bounded]",
)
experiment_option = click.option(
    "--experiment",
    "experiments",
    metavar="NAME_OR_ID",
    multiple=True,
    help="Scan this experiment; may be repeated.  [default: all active experiments]",
)
filter_option = click.option(
    "--filter",
    "filter_string",
    metavar="F",
    help="Only runs that match, in the language of the MLflow UI's search box.",
)
since_option = click.option(
    "--since",
    metavar="WHEN",
    help="Only runs that started then or later: a number of days, hours or minutes back such as 7d, 12h or "
    "30m, or a date such as 2026-11-01 or 2026-11-01T08:30 (local time unless it says otherwise).",
)
reports_option = click.option(
    "--reports",
    type=click.Choice(["flagged", "all", "none"]),
    default="flagged",
    show_default=True,
    help="Which runs get report.html, curve.png and diagnosis.json.",
)
html_option = click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write an overview of these runs to this file: one HTML page with their curves, by verdict.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Runs worked on at once.  [default: 4 over a network, else 1]",
)
max_rate_option = click.option(
    "--max-rate",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="N",
    help="Read and write at most N runs a second, to spare a shared server.  [default: no limit]",
)
histories_option = click.option(
    "--histories",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Diagnose what 'bce-monitor export PATH' wrote instead of a tracking store, and write to no run.",
)
table_option = click.option(
    "--table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --histories: write the answers to a Parquet file, for 'bce-monitor apply FILE'.",
)

table_or_json_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What is printed. With json nothing else goes to standard output.",
)
