"""Processes that a test starts, none of which outlives it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process with text on its pipes, and kill it where the test has not ended it.

    ``with subprocess.Popen(...)`` waits instead: for ever, when an assertion fails before a process that
    never ends by itself was told to.
    """
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str]) -> SimpleQueue[str]:
    """Return a queue of the lines that a process prints, so that a test can wait for each with a limit."""
    lines: SimpleQueue[str] = SimpleQueue()

    def pass_on() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=pass_on, daemon=True).start()
    return lines
