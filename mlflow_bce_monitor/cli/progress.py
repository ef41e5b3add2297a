"""The progress bar: on a terminal only, and never on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_REFRESHES_PER_SECOND: Final = 5


class _RateColumn(ProgressColumn):
    """Runs a second, lately."""

    def render(self, task: Task) -> Text:
        """Return the text of the column."""
        return Text(f"{task.speed:,.1f} runs/s" if task.speed else "")


@contextmanager
def progress_bar() -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Show a progress bar on standard error when it is a terminal.

    Yields
    ------
    tuple
        A function that is told of that many further runs to come, and one that is called
        after each run.
    """
    if not sys.stderr.isatty():
        yield (lambda _n: None), (lambda: None)
        return
    columns = (
        TextColumn("Evaluating runs"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, refresh_per_second=_REFRESHES_PER_SECOND) as bar:
        task = bar.add_task("runs", total=0)

        def expect(n_runs: int) -> None:
            bar.update(task, total=(bar.tasks[0].total or 0) + n_runs)

        yield expect, lambda: bar.advance(task)
