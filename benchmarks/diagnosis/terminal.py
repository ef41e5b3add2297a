"""The tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from benchmarks.diagnosis.table import Table


def show(tables: Sequence[Table], console: Console) -> None:
    """Print every table below its title."""
    for table in tables:
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
        for place, column in enumerate(table.columns):
            grid.add_column(Text(column), justify="left" if place == 0 else "right")
        for row in table.rows:
            grid.add_row(*map(Text, row))
        console.print(Text(f"\n{table.title}", style="bold"))
        console.print(grid)
