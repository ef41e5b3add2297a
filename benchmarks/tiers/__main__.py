"""Measure what the callback and the probes add.

python -m benchmarks.tiers                        # the blocks that nothing was fitted on
python -m benchmarks.tiers --block development    # a block that rules are fitted on
python -m benchmarks.tiers --write                # docs/inside.md
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from benchmarks.zoo.blocks import BLOCKS, HELD_OUT, asked_for


@click.command()
@click.option("--block", type=click.Choice((*BLOCKS, HELD_OUT)), default=HELD_OUT, show_default=True)
@click.option(
    "--inside",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Default: the repository's.",
)
@click.option("--write", "publish", is_flag=True, help="Write docs/inside.md.")
def main(block: str, inside: Path | None, *, publish: bool) -> None:
    """Judge the repeated trainings of a block in four ways."""
    if publish and (block != HELD_OUT or inside is not None):
        raise click.UsageError(
            "--write publishes trainings that nothing was fitted on, from the repository's file: "
            f"leave out --block and --inside (got block {block}, {inside})"
        )
    from benchmarks.diagnosis import terminal  # noqa: PLC0415 - not for --help
    from benchmarks.tiers import page  # noqa: PLC0415 - as above
    from benchmarks.tiers.table import measured, tables  # noqa: PLC0415 - as above
    from benchmarks.zoo.inside import INSIDE, load  # noqa: PLC0415 - as above

    cases = [case for case in load(inside or INSIDE) if case.truth.plan.block in asked_for(block)]
    found = measured(cases)
    console = Console(width=None if sys.stdout.isatty() else 230)
    console.print(f"{len(cases)} trainings, block {block}, {found.n_groups} groups", highlight=False)
    terminal.show(tables(found), console)
    if publish:
        console.print(f"{page.write(found)} written", highlight=False)


if __name__ == "__main__":
    main()
