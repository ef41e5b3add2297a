"""The command line: ``bce-monitor``.

Thin over :mod:`mlflow_bce_monitor.tracking`. The commands import MLflow when they run, so
that ``--help`` answers at once.
"""

from __future__ import annotations

import click

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.cli.apply import apply
from mlflow_bce_monitor.cli.endings import Commands
from mlflow_bce_monitor.cli.explain import explain
from mlflow_bce_monitor.cli.export import export
from mlflow_bce_monitor.cli.probe import probe
from mlflow_bce_monitor.cli.rules import rules
from mlflow_bce_monitor.cli.scan import scan
from mlflow_bce_monitor.cli.verify import verify
from mlflow_bce_monitor.cli.watch import watch

__all__ = ["main"]


@click.group(
    name="bce-monitor",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bce-monitor")
def main() -> None:
    """Find MLflow runs whose binary cross-entropy is stuck at chance, and say why."""


main.add_command(scan)
main.add_command(watch)
main.add_command(explain)
main.add_command(probe)
main.add_command(verify)
main.add_command(export)
main.add_command(apply)
main.add_command(rules)
