"""How the progress bar looks: what is done, how fast, and how long it still takes."""

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
    """Runs a second since the start: they come in pages, so the rate from one to the next says nothing."""

    def render(self, task: Task) -> Text:
        """Return the text of the column."""
        return Text(f"{task.completed / task.elapsed:,.1f} runs/s" if task.completed and task.elapsed else "")


@contextmanager
def bar() -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Draw the bar on standard error; yields as :func:`~mlflow_bce_monitor.cli.progress.progress_bar`."""
    columns = (
        TextColumn("Evaluating runs"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(
        *columns, console=console, transient=True, refresh_per_second=_REFRESHES_PER_SECOND
    ) as shown:
        task = shown.add_task("runs", total=0)

        def expect(n_runs: int) -> None:
            shown.update(task, total=(shown.tasks[0].total or 0) + n_runs)

        yield expect, lambda: shown.advance(task)
