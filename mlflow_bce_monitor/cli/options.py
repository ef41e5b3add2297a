"""Options that several commands share."""

from __future__ import annotations

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
