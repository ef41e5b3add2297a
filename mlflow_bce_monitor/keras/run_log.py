"""Which MLflow run a training belongs to, and what is sent there."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from mlflow_bce_monitor.keras import words
from mlflow_bce_monitor.keras.layers_report import LayersReport
from mlflow_bce_monitor.keras.series import Series
from mlflow_bce_monitor.keras.writer import Epoch, Tag, Text, Writer
from mlflow_bce_monitor.monitored import LAYERS_ARTIFACT, TAG


def now_in_milliseconds() -> int:
    """Return the time as MLflow counts it."""
    return int(time.time() * 1000)


class RunLog:
    """Sends measurements to one run: that with the given id, else the one that is active.

    The run may begin after the training does, as when a later callback starts it; what was
    measured before is sent then. Runs are never started, ended or changed in status.

    Parameters
    ----------
    run_id
        The run; None for the active one.
    is_on
        Whether anything is sent at all.
    """

    def __init__(self, run_id: str | None, *, is_on: bool = True) -> None:
        self._given, self._is_on = run_id, is_on
        self._writer: Writer | None = None
        self._sent_tag = ""
        self._sent_until = -1

    @property
    def run_id(self) -> str:
        """The run that is written to, "" before it is known."""
        return self._writer.run_id if self._writer is not None else self._given or ""

    def send_epoch(
        self, step: int, metrics: Mapping[str, float], said: Mapping[str, Any], before: Series
    ) -> None:
        """Hand over one epoch, and the tag where it has changed.

        Parameters
        ----------
        said
            The tag's object; {} for none yet.
        before
            The epochs before, for a run that was not there until now.
        """
        is_new = self._writer is None
        writer = self._open()
        if writer is None:
            return
        if is_new:
            for earlier, values in before:
                if self._sent_until < earlier < step:
                    writer.write(Epoch(earlier, now_in_milliseconds(), values))
        writer.write(Epoch(step, now_in_milliseconds(), dict(metrics)))
        self._sent_until = step
        self._send_tag(writer, said)

    def take_seconds(self) -> float:
        """Return the processor time that writing has taken since this was last asked."""
        return self._writer.take_seconds() if self._writer is not None else 0.0

    def finish(self, said: Mapping[str, Any], layers: LayersReport, seconds: float) -> str:
        """Send what is sent once, and wait for the store.

        Returns
        -------
        str
            "" when all was written, else what was not, as a sentence.
        """
        writer = self._open()
        if writer is None:
            return ""
        self._send_tag(writer, said)
        if layers:
            writer.write(Text(LAYERS_ARTIFACT, layers.as_json()))
        missing = writer.flush(seconds)
        writer.close()
        self._writer, self._sent_tag = None, ""
        return f"bce-monitor could not write to run {writer.run_id}: {missing}." if missing else ""

    def _send_tag(self, writer: Writer, said: Mapping[str, Any]) -> None:
        tag = words.as_tag(said) if said else ""
        if tag and tag != self._sent_tag:
            self._sent_tag = tag
            writer.write(Tag(TAG, tag))

    def _open(self) -> Writer | None:
        if self._writer is None and self._is_on:
            run_id, uri = self._given, None
            # MLflow is not imported for this: where nobody has, no run is active.
            mlflow = sys.modules.get("mlflow")
            if mlflow is not None:
                uri = mlflow.get_tracking_uri()
                active = mlflow.active_run()
                run_id = run_id or (active.info.run_id if active is not None else None)
            if run_id is not None:
                self._writer = Writer(run_id, uri)
        return self._writer
