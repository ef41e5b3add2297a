"""Measure the diagnosis, and its rivals, on the fault zoo.

python -m benchmarks.diagnosis                        # the blocks that nothing was fitted on
python -m benchmarks.diagnosis --block development    # a block that rules are fitted on
python -m benchmarks.diagnosis --write                # docs/benchmark.md and its picture
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.zoo.blocks import BLOCKS, HELD_OUT

COMMAND: Final = "python -m benchmarks.diagnosis"
PUBLISHED: Final = HELD_OUT
CHOICES: Final = (*BLOCKS, HELD_OUT, "all")
TRACES: Final = Path(__file__).parents[1] / "zoo" / "traces.parquet"


@click.command()
@click.option("--block", type=click.Choice(CHOICES), default=PUBLISHED, show_default=True)
@click.option("--traces", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=TRACES)
@click.option("--without-params", "bare", is_flag=True, help="Judge every run by its metrics alone.")
@click.option("--json", "numbers", type=click.Path(dir_okay=False, path_type=Path), help="Write all numbers.")
@click.option("--write", "publish", is_flag=True, help="Write docs/benchmark.md and its picture.")
def main(block: str, traces: Path, numbers: Path | None, *, bare: bool, publish: bool) -> None:
    """Measure the diagnosis, and its rivals, on the fault zoo."""
    if publish and (block != PUBLISHED or bare or traces != TRACES):
        raise click.UsageError(
            "--write publishes runs that nothing was fitted on, as they were logged: "
            f"leave out --block, --without-params and --traces (got block {block}, {traces})"
        )
    # Loading these takes seconds, and --help should not.
    from benchmarks.diagnosis import page, tables, terminal  # noqa: PLC0415
    from benchmarks.diagnosis.bare import without_params  # noqa: PLC0415
    from benchmarks.diagnosis.comparison import standings  # noqa: PLC0415
    from benchmarks.diagnosis.numbers import as_json  # noqa: PLC0415
    from benchmarks.diagnosis.report import report, select  # noqa: PLC0415
    from benchmarks.zoo.traces import load  # noqa: PLC0415

    pairs = select(load(traces), block)
    if bare:
        pairs = [(without_params(record), truth) for record, truth in pairs]
    if not pairs:
        raise click.ClickException(f"{traces} holds no run of the block {block}")
    try:
        measured = report(pairs, block)
    except ModuleNotFoundError as error:
        if error.name != "runmedic":
            raise
        raise click.ClickException(
            "the rivals need runmedic; install it with: pip install -e '.[rivals]'"
        ) from error
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"{measured.n_runs} runs, block {block}, {measured.n_groups} groups", highlight=False)
    terminal.show(tables.all_tables(measured), console)
    for sentence in standings(measured.contenders):
        console.print(f"- {sentence}", highlight=False)
    if numbers is not None:
        numbers.write_text(as_json(measured), encoding="utf-8")
    if publish:
        for path in page.write(measured, COMMAND):
            console.print(f"{path} written", highlight=False)


if __name__ == "__main__":
    main()
