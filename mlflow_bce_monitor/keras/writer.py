"""Writing to the tracking store, beside the training and never in its way.

One worker thread takes what is handed over, from a queue that never fills memory: a store that
is slow gets several epochs in one call, and so does any store when epochs are short; a store that
is gone gets nothing, and the training notices none of it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_WAITING: Final = 1_000
"""Epochs that wait for a store that does not answer; later ones are not written."""

_MOST_METRICS: Final = 1_000
"""MLflow's limit for one call."""

WORKING: Final = 0.003
"""Share of the time that the worker may compute: one call takes some ten milliseconds, which is much for
an epoch of a hundred. Epochs that end while it rests are written together."""

_LONGEST_REST: Final = 10.0
"""Seconds: what the MLflow UI shows of a training is never older, whatever a call costs."""


@dataclass(frozen=True)
class Epoch:
    """The numbers of one epoch: metric name to value, at a step and a time in milliseconds."""

    step: int
    timestamp: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Tag:
    """A tag to set."""

    key: str
    value: str


@dataclass(frozen=True)
class Text:
    """A text artifact to write."""

    path: str
    text: str


Item = Epoch | Tag | Text


class Writer:
    """Writes to one run.

    Parameters
    ----------
    run_id
        The run.
    tracking_uri
        Its store; None for MLflow's current one.
    connect
        Makes the client, in the worker's thread; MLflow's own by default.
    """

    def __init__(
        self, run_id: str, tracking_uri: str | None, connect: Callable[[str | None], Any] | None = None
    ) -> None:
        self.run_id = run_id
        self._uri = tracking_uri
        self._connect = connect or _client
        self._waiting: queue.Queue[Item | None] = queue.Queue(MOST_WAITING)
        self._lost = 0
        self._error = ""
        self._idle = threading.Event()
        self._idle.set()
        self._seconds = 0.0
        self._hurry = threading.Event()
        self._pending = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, item: Item) -> None:
        """Hand something over; returns at once, whatever the store does."""
        if self._thread is None:
            self._hurry.clear()
            self._thread = threading.Thread(target=self._work, name="bce-monitor-writer", daemon=True)
            self._thread.start()
        with self._lock:
            self._pending += 1
            self._idle.clear()
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self._done(1, lost=True)

    def flush(self, seconds: float) -> str:
        """Wait until all is written, at most for some seconds.

        Returns
        -------
        str
            "" when all was written, else what was not and why, as the end of a sentence.
        """
        self._hurry.set()
        written = self._idle.wait(seconds)
        self._hurry.clear()
        with self._lock:
            lost, pending, error = self._lost, self._pending, self._error
            self._lost, self._error = 0, ""
        if written and not lost:
            return ""
        if not written:
            said = f"{pending + lost} entries: no answer within {seconds:g} seconds"
            return f"{said} ({error})" if error else said
        return f"{lost} entries: {error}"

    def close(self) -> None:
        """Let the worker end when it has nothing left to do."""
        if self._thread is not None:
            self._hurry.set()
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                return  # a daemon: it does not keep the process alive
            self._thread = None

    def take_seconds(self) -> float:
        """Return the processor time that writing has taken since this was last asked."""
        with self._lock:
            seconds, self._seconds = self._seconds, 0.0
        return seconds

    def _work(self) -> None:
        client: Any = None
        while True:
            items = self._take()
            if items is None:
                return
            began = time.thread_time()
            try:
                client = client or self._connect(self._uri)
                self._send(client, items)
            except Exception as failure:  # noqa: BLE001 - any store, any failure: it is told at the end
                # MLflow's client has tried for minutes by now: these are lost, the next ones are tried anew.
                error = f"{type(failure).__name__}: {' '.join(str(failure).split())[:200]}"
            else:
                error = ""
            with self._lock:
                self._error = error or self._error
                self._seconds += (worked := time.thread_time() - began)
            self._done(len(items), lost=bool(error))
            self._hurry.wait(min(worked / WORKING, _LONGEST_REST))

    def _take(self) -> list[Item] | None:
        """Wait for something to write; epochs that have piled up meanwhile go in one call."""
        first = self._waiting.get()
        if first is None:
            return None
        items: list[Item] = [first]
        room = _MOST_METRICS - _size(first)
        while isinstance(items[-1], Epoch):
            # Only this thread takes from the queue, so what is peeked at stays.
            ahead = self._waiting.queue[0] if self._waiting.queue else None
            if not isinstance(ahead, Epoch) or _size(ahead) > room:
                break
            self._waiting.get()
            items.append(ahead)
            room -= _size(ahead)
        return items

    def _send(self, client: Any, items: Sequence[Item]) -> None:
        epochs = [item for item in items if isinstance(item, Epoch)]
        if epochs:
            client.log_batch(self.run_id, metrics=_as_mlflow(epochs))
        for item in items:
            if isinstance(item, Tag):
                client.set_tag(self.run_id, item.key, item.value)
            elif isinstance(item, Text):
                client.log_text(self.run_id, item.text, item.path)

    def _done(self, count: int, *, lost: bool) -> None:
        with self._lock:
            self._pending -= count
            self._lost += count if lost else 0
            if self._pending == 0:
                self._idle.set()


def _size(item: Item) -> int:
    return len(item.metrics) if isinstance(item, Epoch) else 0


def _client(tracking_uri: str | None) -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - MLflow loads when it is needed, and not in the training's thread

    return MlflowClient(tracking_uri)


def _as_mlflow(epochs: Sequence[Epoch]) -> list[Any]:
    from mlflow.entities import Metric  # noqa: PLC0415 - as above

    return [
        Metric(name, value, epoch.timestamp, epoch.step)
        for epoch in epochs
        for name, value in epoch.metrics.items()
    ]
