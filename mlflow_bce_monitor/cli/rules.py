"""``bce-monitor rules``."""

from __future__ import annotations

import click


@click.command(short_help="List the causes that can be recognised.")
def rules() -> None:
    """List the causes that can be recognised, and what to change for each."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.report.rule_pages import rules_table  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.rules import BY_CODE, RULES  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    console.print(rules_table(RULES))
    without = [cause for cause in CAUSES if cause not in BY_CODE and cause not in (UNKNOWN, NO_CAUSE)]
    if without:
        console.print(f"No rule recognises these yet: {', '.join(without)}.", style="dim")
    console.print("'bce-monitor explain CAUSE' tells more about one.", style="dim")
