"""Fit the scorecard of verdicts on the zoo, and say what it changes: ``python -m benchmarks.scorecard``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.scorecard.stored import AS_STORED, as_json
from benchmarks.zoo.blocks import FITTED_BLOCKS, FITTED_IN_WORDS
from mlflow_bce_monitor.scorecards import shipped

SCORECARD_PATH: Final = Path(shipped.__file__).with_name(shipped.VERDICTS_FILE)


@click.command()
@click.option(
    "--traces",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Default: the repository's own.",
)
@click.option("--write", is_flag=True, help=f"Write the scorecard to the package's {shipped.VERDICTS_FILE}.")
def main(traces: Path | None, write: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Judge each block with the scorecard of the others, then fit one on all of them."""
    # Loading these takes seconds, and --help should not.
    from benchmarks.diagnosis import terminal  # noqa: PLC0415
    from benchmarks.scorecard.report import tables  # noqa: PLC0415
    from benchmarks.scorecard.validation import blocks_apart, fitted_on, run_of  # noqa: PLC0415
    from benchmarks.zoo.traces import TRACES, load  # noqa: PLC0415

    pairs = [pair for pair in load(traces or TRACES) if pair[1].plan.block in FITTED_BLOCKS]
    runs = [run_of(record, truth) for record, truth in pairs]
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"{len(runs)} runs, blocks {FITTED_IN_WORDS}", highlight=False)
    terminal.show(tables(blocks_apart(runs)), console)
    if write:
        SCORECARD_PATH.write_text(as_json(fitted_on(runs), _about(len(runs))), encoding="utf-8")
        console.print(f"Written to {SCORECARD_PATH.name}", highlight=False)


def _about(n_runs: int) -> str:
    return (
        f"Fitted by python -m benchmarks.scorecard --write on the {n_runs} runs of the fault zoo's blocks "
        f"{FITTED_IN_WORDS}. {AS_STORED}"
    )


if __name__ == "__main__":
    main()
