"""Which answers are news, and a thread that posts them while the evaluation goes on.

A run is told once for each verdict. The run itself remembers it, in the tag ``bce.alerted``, so that neither
a restart nor a second watcher tells it again; the tag is written when the message was taken.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Run

from mlflow_bce_monitor.alerts.delivery import Persistence, deliver
from mlflow_bce_monitor.alerts.message import Finding, body_of
from mlflow_bce_monitor.alerts.webhook import Webhook
from mlflow_bce_monitor.contract import TAG_ALERTED
from mlflow_bce_monitor.tracking.answers import RunAnswer, State, is_unfinished
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason

# Hours. What ended earlier is no news: the first watch of an old store must not send thousands of messages.
_NEWS: Final = 24
_HOUR: Final = 3_600_000  # milliseconds
# Findings that wait to be posted. More are left for the next pass over the store, which meets them again.
_WAITING: Final = 1_000
# Findings remembered beside the tags, for runs that nothing may be written to.
_REMEMBERED: Final = 50_000
# Seconds that the end of a watch waits for a post that is under way.
_FAREWELL: Final = 15.0

UrlOf = Callable[[str, str], str | None]
"""Experiment id and run id to the address of the run's page, None when there is none."""


class Alerter:
    """Posts findings, from its making until it is closed."""

    def __init__(
        self,
        webhook: Webhook,
        client: MlflowClient | None,
        url_of: UrlOf,
        tell: Callable[[str], None],
        persistence: Persistence | None = None,
    ) -> None:
        """Take what is needed.

        Parameters
        ----------
        webhook
            Where to.
        client
            Of the store, to remember on the run what was told; None to write nothing.
        url_of
            The link in the message.
        tell
            Told in one sentence what could not be delivered.
        persistence
            How long to try one message; None for the default.
        """
        self._webhook = webhook
        self._client = client
        self._url_of = url_of
        self._tell = tell
        self._persistence = persistence or Persistence()
        self._waiting: queue.Queue[Finding] = queue.Queue(_WAITING)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bce-monitor-alerts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give what waits one last try, for some seconds, and tell what was not posted."""
        self._stop.set()
        self._thread.join(_FAREWELL)
        if not self._waiting.empty():
            self._tell(f"{self._waiting.qsize()} more findings were not posted to {self._webhook}.")

    def consider(self, answer: RunAnswer) -> None:
        """Post an answer if it is news; returns at once."""
        finding = self._news(answer)
        if finding is None or not self._remember(finding.identity):
            return
        try:
            self._waiting.put_nowait(finding)
        except queue.Full:
            self._forget(finding.identity)

    def _news(self, answer: RunAnswer) -> Finding | None:
        run = answer.run
        if run is None or answer.state is State.FAILED or answer.row["verdict"] is None:
            return None
        finding = Finding(
            row=answer.row,
            tags=dict(run.data.tags),
            status=run.info.status,
            start_time=run.info.start_time,
            end_time=None if is_unfinished(run) else run.info.end_time,
            url=self._url_of(run.info.experiment_id, run.info.run_id),
        )
        if finding.verdict not in self._webhook.verdicts or not _is_recent(run):
            return None
        return None if finding.verdict.value in told(run.data.tags.get(TAG_ALERTED)) else finding

    def _work(self) -> None:
        while True:
            try:
                finding = self._waiting.get(timeout=0.2)
            except queue.Empty:
                if self._stop.is_set():
                    return
                continue
            delivered = deliver(
                self._webhook, finding.identity, body_of(finding), self._stop, self._persistence
            )
            if delivered.done:
                self._note(finding)
            else:
                run_id = finding.row["run_id"]
                self._tell(f"The finding of run {run_id} was not posted to {self._webhook}: {delivered.why}.")
                # The next pass over the store meets it again, as long as it is news.
                self._forget(finding.identity)
                if self._stop.is_set():
                    return

    def _note(self, finding: Finding) -> None:
        """Write to the run that it was told."""
        if self._client is None:
            return
        run_id = finding.row["run_id"]
        try:
            already = told(self._client.get_run(run_id).data.tags.get(TAG_ALERTED))
            self._client.set_tag(run_id, TAG_ALERTED, ",".join(sorted({*already, finding.verdict.value})))
        except STORE_FAILURES as error:
            self._tell(f"Run {run_id} was told, but that could not be noted on it: {reason(error)}.")

    def _remember(self, identity: str) -> bool:
        """Return whether a finding was not known, and know it from now on."""
        with self._lock:
            if identity in self._known:
                return False
            self._known[identity] = None
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return True

    def _forget(self, identity: str) -> None:
        with self._lock:
            self._known.pop(identity, None)


def told(tag: str | None) -> frozenset[str]:
    """Return the verdicts that were told of a run, as its tag says."""
    return frozenset(word for word in (tag or "").split(",") if word)


def _is_recent(run: Run) -> bool:
    if is_unfinished(run):
        return True
    ended = run.info.end_time or run.info.start_time or 0
    return time.time() * 1_000 - ended < _NEWS * _HOUR
