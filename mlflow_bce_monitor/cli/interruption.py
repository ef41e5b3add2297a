"""Ctrl-C in the middle of a scan: finish the runs in hand, then stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from mlflow_bce_monitor.tracking.stopping import asking_to_stop


@contextmanager
def finish_on_interrupt() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; the second one interrupts as usual.

    Interrupting at once could leave a run half written. That would do no harm, because it
    has no fingerprint and is written again, but finishing it takes a moment only.
    """
    stop = threading.Event()

    def tell() -> None:
        click.echo("\nFinishing the runs in hand; press Ctrl-C again to stop at once.", err=True)

    with asking_to_stop(stop, tell) as ask:

        def first(_signal: int, _frame: FrameType | None) -> None:
            ask()
            signal.signal(signal.SIGINT, previous)

        previous = signal.signal(signal.SIGINT, first)
        try:
            yield stop
        finally:
            signal.signal(signal.SIGINT, previous)
