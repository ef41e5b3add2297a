"""Asking for an end from a signal handler."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final

_DONE: Final = ""


@contextmanager
def asking_to_stop(
    stop: threading.Event, tell: Callable[[], None] = lambda: None
) -> Iterator[Callable[[], None]]:
    """Yield what a signal handler may call to set an event.

    A handler runs in the middle of whatever the main thread does. Where that has just taken the lock inside
    of the event, as ``stop.wait()`` does, ``stop.set()`` in the handler waits for that lock for ever; and
    what prints may be interrupted while it prints. So both are done by a thread, which the handler reaches
    through the one queue that may be filled from a handler.

    Parameters
    ----------
    stop
        The event.
    tell
        Called by the thread after the event is set.
    """
    asked: SimpleQueue[str] = SimpleQueue()

    def work() -> None:
        while asked.get() != _DONE:
            stop.set()
            tell()

    thread = threading.Thread(target=work, name="bce-monitor-stopping", daemon=True)
    thread.start()
    try:
        yield lambda: asked.put("stop")
    finally:
        asked.put(_DONE)
        thread.join()
