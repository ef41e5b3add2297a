"""Prints what the traces hold: ``python -m benchmarks.zoo.summary``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import pandas as pd

from benchmarks.zoo.traces import TRACES, load
from benchmarks.zoo.truth import Truth


def verdict_table(truths: list[Truth]) -> pd.DataFrame:
    """Return the number of runs by what was planned (rows) and what is true (columns)."""
    planned = pd.Series([truth.plan.kind for truth in truths], name="planned")
    true = pd.Series([str(truth.verdict) for truth in truths], name="true")
    return pd.crosstab(planned, true, margins=True, margins_name="all")


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=TRACES)
def summary(path: Path) -> None:
    """Print the table of planned against true, and the size of the zoo."""
    truths = [truth for _, truth in load(path)]
    click.echo(verdict_table(truths).to_markdown())
    in_trouble = [truth for truth in truths if truth.causes != {"none"}]
    established = sum(bool(truth.causes) for truth in in_trouble)
    groups, clear = len({truth.group for truth in truths}), sum(truth.is_clear for truth in truths)
    click.echo(f"\n{len(truths)} runs in {groups} groups of data set and architecture.")
    click.echo(f"Of {clear} of them one verdict alone is right.")
    click.echo(f"{len(in_trouble)} runs are in trouble; of {established} of them the cause is established.")
    click.echo(f"Blocks: {dict(Counter(truth.plan.block for truth in truths))}.")


if __name__ == "__main__":
    summary()
