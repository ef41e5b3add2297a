"""What the second process does: read the histories of some runs, diagnose them, answer; until nobody asks.

It opens SQLite files by itself and for reading only, and loads neither MLflow nor a store's client.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from mlflow_bce_monitor.judging import Judged, judge_together
from mlflow_bce_monitor.tracking.coworker.tasks import Task, Unread, receive, send
from mlflow_bce_monitor.tracking.reading.batches import batches
from mlflow_bce_monitor.tracking.reading.sqlite_columns import SqliteSource, adbc_is_installed

READY: Final = "ready"


def serve() -> None:
    """Answer tasks from standard input on standard output until it is closed."""
    # All that was loaded stays: Python need not look through it for circles of garbage again and again. Nor
    # through what a task is about to leave: once its answer is sent, hardly anything is left to look through.
    gc.freeze()
    gc.disable()
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever prints must not stand between the answers.
    os.dup2(sys.stderr.fileno(), 1)
    with asked, answers:
        send(READY, answers)
        while True:
            try:
                task: Task = receive(asked)
            except EOFError:
                return
            send(list(answered(task)), answers)
            gc.collect(1)


def answered(task: Task) -> Iterator[Judged | Unread]:
    """Yield what came of each run of a task, in its order."""
    source = SqliteSource(task.path, with_adbc=adbc_is_installed())
    left = iter(task.records)
    try:
        for run_ids, found in batches(source, [record.run_id for record in task.records]):
            records = [
                replace(record, histories=found.pop(record.run_id, {}))
                for record in islice(left, len(run_ids))
            ]
            yield from judge_together(records, task.question, task.limits, task.written)
    except sqlite3.Error as error:
        yield Unread(tuple(record.run_id for record in left), error)


if __name__ == "__main__":
    serve()
