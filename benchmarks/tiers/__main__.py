"""Measure what the callback and the probes add: ``python -m benchmarks.tiers``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from benchmarks.zoo.blocks import BLOCKS, TEST


@click.command()
@click.option("--block", type=click.Choice(BLOCKS), default=TEST, show_default=True)
@click.option(
    "--inside",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Default: the repository's.",
)
def main(block: str, inside: Path | None) -> None:
    """Judge the repeated trainings of a block in four ways."""
    from benchmarks.diagnosis import tables, terminal  # noqa: PLC0415 - not for --help
    from benchmarks.tiers.table import scores_of, table  # noqa: PLC0415 - as above
    from benchmarks.tiers.views import BOTH, CALLBACK  # noqa: PLC0415 - as above
    from benchmarks.zoo.inside import INSIDE, load  # noqa: PLC0415 - as above

    cases = [case for case in load(inside or INSIDE) if case.truth.plan.block == block]
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(f"{len(cases)} trainings, block {block}", highlight=False)
    by_cause = [tables.by_cause(scores_of(view, cases).exact_causes) for view in (CALLBACK, BOTH)]
    terminal.show((table(cases), *by_cause), console)


if __name__ == "__main__":
    main()
