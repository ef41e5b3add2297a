"""Measure what a flexible learner makes of the facts that the rules read: ``python -m benchmarks.ceiling``.

Where it is no better than the rules, better verdicts need facts that nobody gathers yet, or that the logs
do not hold. It sees only the blocks that rules are fitted on; so the rules have seen these runs, and the
learner has not seen those that it is asked about. Only the test block says how good the rules are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from benchmarks.zoo.blocks import FITTED_BLOCKS, FITTED_IN_WORDS

SEEN: Final = (
    "The rules and limits were tuned on these runs; the learner has not seen the runs that it is asked about."
)


@click.command()
@click.option(
    "--traces",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Default: the repository's own.",
)
def main(traces: Path | None) -> None:
    """Measure what a flexible learner reaches over the facts that the rules read."""
    # Loading these takes seconds, and --help should not.
    from benchmarks.ceiling.facts import examples_of  # noqa: PLC0415
    from benchmarks.ceiling.report import cause_rows, cause_table, verdict_rows, verdict_table  # noqa: PLC0415
    from benchmarks.diagnosis import terminal  # noqa: PLC0415
    from benchmarks.zoo.traces import TRACES, load  # noqa: PLC0415

    pairs = [pair for pair in load(traces or TRACES) if pair[1].plan.block in FITTED_BLOCKS]
    examples = examples_of(pairs)
    console = Console(width=None if sys.stdout.isatty() else 160)
    groups = len(set(examples.groups))
    console.print(f"{len(pairs)} runs, blocks {FITTED_IN_WORDS}, {groups} groups", highlight=False)
    console.print(SEEN, highlight=False)
    terminal.show((verdict_table(verdict_rows(examples)), cause_table(cause_rows(examples))), console)


if __name__ == "__main__":
    main()
