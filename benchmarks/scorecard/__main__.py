"""Fit the scorecard of verdicts on the zoo, and say what it changes: ``python -m benchmarks.scorecard``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.zoo.blocks import FITTED_BLOCKS, FITTED_IN_WORDS
from mlflow_bce_monitor.verdicts import scorecard
from mlflow_bce_monitor.verdicts.scorecard import SCORECARD_FILE, Scorecard

DIGITS: Final = 3
"""Digits of the points kept: the fourth is far inside their error."""

SCORECARD_PATH: Final = Path(scorecard.__file__).with_name(SCORECARD_FILE)


@click.command()
@click.option(
    "--traces",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Default: the repository's own.",
)
@click.option("--write", is_flag=True, help=f"Write the scorecard to the package's {SCORECARD_FILE}.")
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
        SCORECARD_PATH.write_text(as_json(fitted_on(runs), len(runs)), encoding="utf-8")
        console.print(f"Written to {SCORECARD_PATH.name}", highlight=False)


def as_json(fitted: Scorecard, n_runs: int) -> str:
    """Return the text of :data:`SCORECARD_FILE`: a line for each bin, so that a change can be read."""
    lines = [
        "{",
        f' "about": {json.dumps(_about(n_runs))},',
        f' "verdicts": {json.dumps([verdict.value for verdict in fitted.verdicts])},',
        f' "base": {_points(fitted.base)},',
        ' "characteristics": {',
        ",\n".join(_of_characteristic(one) for one in fitted.characteristics),
        " }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _about(n_runs: int) -> str:
    return (
        f"Fitted by python -m benchmarks.scorecard --write on the {n_runs} runs of the fault zoo's blocks "
        f"{FITTED_IN_WORDS}. Points in nats of log odds."
    )


def _of_characteristic(one: scorecard.Characteristic) -> str:
    bins = ",\n".join(f"    {_points(points)}" for points in one.bins)
    return (
        f'  "{one.fact}": {{\n'
        f'   "range": {_numbers((one.lowest, one.highest))},\n'
        f'   "cuts": {_numbers(one.cuts)},\n'
        f'   "bins": [\n{bins}\n   ],\n'
        f'   "unknown": {_points(one.unknown)}\n'
        "  }"
    )


def _points(points: Sequence[float]) -> str:
    return json.dumps([round(value, DIGITS) for value in points])


def _numbers(values: Sequence[float]) -> str:
    return json.dumps(list(values))


if __name__ == "__main__":
    main()
