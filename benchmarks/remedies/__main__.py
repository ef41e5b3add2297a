"""Say how often the prescribed changes work, from the trainings that are kept.

python -m benchmarks.remedies                        # the block that nothing was chosen on
python -m benchmarks.remedies --block development    # a block that changes were chosen on
python -m benchmarks.remedies --write                # docs/remedies.md
python -m benchmarks.remedies.generate               # train what is missing
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.zoo.blocks import BLOCKS, TEST

PAGE: Final = Path(__file__).parents[2] / "docs" / "remedies.md"


@click.command()
@click.option("--block", type=click.Choice(BLOCKS), default=TEST, show_default=True)
@click.option("--write", "publish", is_flag=True, help="Write docs/remedies.md.")
def main(block: str, *, publish: bool) -> None:
    """Print the tables, or write the page."""
    if publish and block != TEST:
        raise click.UsageError(
            f"--write publishes the block {TEST!r}, which nothing was chosen on; got {block!r}"
        )
    from benchmarks.diagnosis import terminal  # noqa: PLC0415 - not for --help
    from benchmarks.remedies import page  # noqa: PLC0415 - as above

    found = page.measured(block)
    console = Console(width=None if sys.stdout.isatty() else 200)
    terminal.show(page.tables(found), console)
    for line in found.left_out:
        console.print(f"- {line}", highlight=False)
    if publish:
        PAGE.write_text(page.page(found), encoding="utf-8")
        console.print(f"{PAGE} written", highlight=False)


if __name__ == "__main__":
    main()
