"""From a server process to the evaluating one: a queue in memory, and a thread that sends it on.

A request puts an id into the queue and is done. Everything that may take time, such as starting
the other process or waiting for it, happens in the thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.server.waiting import Waiting

_log = logging.getLogger(__name__)

MISSED: Final = b"+"
"""Sent instead of an id: some ids did not fit, so look at the store."""

USED: Final = b"~"
"""Begins a line that says how much of a core this process used lately."""

_LINES_AT_ONCE: Final = 100
# Seconds between looks whether the other process is still there, and how busy this one is.
_LOOK: Final = 0.5
# Share of a core below which a process is quiet, and says nothing.
_WORTH_SAYING: Final = 0.01
# Seconds before a process that did not start is tried again, doubled each time up to the second number.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0


class Handover:
    """Takes run ids in requests and sends them on. It survives a fork, as gunicorn's ``--preload`` makes."""

    def __init__(self, connect: Callable[[], socket.socket], limit: int) -> None:
        self._connect = connect
        self._limit = limit
        self._begin()

    def put(self, run_id: str) -> None:
        """Take an id; returns at once."""
        if self._pid != os.getpid():
            self._begin()
        self._waiting.put(run_id)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._waiting = Waiting(self._limit)
        threading.Thread(target=self._work, args=(self._waiting,), name="bce-monitor", daemon=True).start()

    def _work(self, waiting: Waiting) -> None:
        pause = threading.Event()
        seconds = _FIRST_PAUSE
        while True:
            begun = time.monotonic()
            why = "it ended"
            try:
                with contextlib.closing(self._connect()) as connection:
                    _send(connection, waiting)
            except OSError as error:
                why = str(error)
            if time.monotonic() - begun > _LONGEST_PAUSE:
                seconds = _FIRST_PAUSE
            _log.warning("bce-monitor's evaluating process is gone (%s); again in %.0f s", why, seconds)
            # What was on its way is lost; the store knows of it.
            waiting.miss()
            pause.wait(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE)


def _send(connection: socket.socket, waiting: Waiting) -> None:
    """Send on what comes in until the other side is gone."""
    meter = _Meter()
    while not _is_closed(connection):
        taken = waiting.take(_LINES_AT_ONCE, _LOOK)
        lines = [run_id.encode("utf-8") for run_id in taken]
        if waiting.take_missed():
            lines.append(MISSED)
        used = meter.used()
        if used is not None and used >= _WORTH_SAYING:
            lines.append(b"%s%.2f" % (USED, used))
        if lines:
            connection.sendall(b"\n".join(lines) + b"\n")


class _Meter:
    """How much of a core this process uses, all its requests together; no request is measured for it."""

    def __init__(self) -> None:
        self._looked, self._counted = time.monotonic(), time.process_time()

    def used(self) -> float | None:
        """Return the share of a core used since the last answer; None when that is too short ago."""
        looked = time.monotonic()
        if looked - self._looked < _LOOK:
            return None
        counted = time.process_time()
        share = (counted - self._counted) / (looked - self._looked)
        self._looked, self._counted = looked, counted
        return share


def _is_closed(connection: socket.socket) -> bool:
    """Return whether the other side, which never says anything, has hung up."""
    try:
        return not connection.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
