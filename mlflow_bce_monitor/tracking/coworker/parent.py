"""Starting the second process, asking it, and doing without it when it cannot be had."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import BinaryIO, Final, cast

from mlflow_bce_monitor.judging import Judged
from mlflow_bce_monitor.tracking.coworker.child import READY
from mlflow_bce_monitor.tracking.coworker.tasks import Task, Unread, receive, send

# The child finds what we find, installed or not, and nothing of the program we are part of is run again, as
# multiprocessing would: a script that calls scan() needs no "if __name__ ...".
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mlflow_bce_monitor.tracking.coworker.child import serve; serve()"
)


class CoworkerLost(Exception):  # noqa: N818 - no error: the work is done without it
    """The second process cannot be started, or has ended."""


class Coworker:
    """One second process; one thread at a time may ask it."""

    def __init__(self) -> None:
        self._child = _start()
        # Both are pipes, see below.
        self._asked, self._answers = cast("BinaryIO", self._child.stdin), cast("BinaryIO", self._child.stdout)
        self._is_ready = False

    def answer(self, task: Task) -> list[Judged | Unread]:
        """Return what came of each run; CoworkerLost when the process is gone."""
        try:
            if not self._is_ready:
                self._is_ready = receive(self._answers) == READY
            send(task, self._asked)
            found: list[Judged | Unread] = receive(self._answers)
        except (OSError, EOFError) as error:
            raise CoworkerLost from error
        return found

    def close(self) -> None:
        """End the process; whatever it still works on is given up."""
        # It only reads, so there is nothing to put in order. A thread that waits for it learns of the end.
        self._child.kill()
        self._child.wait()
        for stream in (self._asked, self._answers):
            with contextlib.suppress(OSError):
                stream.close()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start() -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise CoworkerLost
    try:
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the process that was started by a person; the end of its pipe ends this one.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CoworkerLost from error
