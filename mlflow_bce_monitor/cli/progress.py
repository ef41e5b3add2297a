"""The progress bar: on a terminal only, and never on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
    from mlflow_bce_monitor.cli.bar import bar  # noqa: PLC0415 - loading what draws it takes a while

    with bar() as shown:
        yield shown
