"""The callback: when what is measured, sent and said. How stands in the modules beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import keras

from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.keras import live, words
from mlflow_bce_monitor.keras.budget import Budget
from mlflow_bce_monitor.keras.guard import Guard, log
from mlflow_bce_monitor.keras.live import Watch
from mlflow_bce_monitor.keras.measure import Measurement
from mlflow_bce_monitor.keras.measuring import Measuring
from mlflow_bce_monitor.keras.run_log import RunLog, now_in_milliseconds
from mlflow_bce_monitor.keras.series import Series
from mlflow_bce_monitor.records import RunRecord

_MEASURING: Final = "measuring"
_LOOKING: Final = "looking at the training"
_WRITING: Final = "writing to MLflow"
_SETTINGS: Final = "settings"
_SIGNAL: Final = "reference learner"

_IN_DOUBT: Final = FLAGGED | {Verdict.INCONCLUSIVE}
"""Verdicts of trainings that may have nothing to learn."""


class BCEMonitor(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures a Keras training from inside, logs it to MLflow, and says when it is stuck at chance.

    The training goes as it would without: the same weights to the last bit where it is seeded. What
    fails in here is said once and left out.

    Parameters
    ----------
    run_id
        The MLflow run to log to; the active one by default. Without a run nothing is logged,
        and ``facts``, ``history`` and ``diagnosis`` hold what was found.
    log_to_mlflow
        Whether to log at all; False keeps everything here, whichever run is active.
    max_overhead
        Seconds of measuring for each second of training. The first epoch and the last are always
        measured, whatever they cost. ``float("inf")`` measures every epoch.
    stop_on_stall
        Whether to end the training when a stall is established.
    live
        Whether to look at the training while it runs, and to say what is found.
    write_timeout
        Seconds to wait at the end of the training for a store that is slow.

    Attributes
    ----------
    diagnosis
        The last diagnosis, None before the first.

    Raises
    ------
    UsageError
        When an argument cannot be.
    """

    def __init__(
        self,
        run_id: str | None = None,
        *,
        log_to_mlflow: bool = True,
        max_overhead: float = 0.01,
        stop_on_stall: bool = False,
        live: bool = True,
        write_timeout: float = 10.0,
    ) -> None:
        super().__init__()
        if not max_overhead >= 0.0:
            raise UsageError(
                f"max_overhead is a share of the training's time, 0 or more; got {max_overhead!r}"
            )
        if not write_timeout >= 0.0:
            raise UsageError(f"write_timeout is in seconds, 0 or more; got {write_timeout!r}")
        if run_id is not None and not log_to_mlflow:
            raise UsageError("run_id names a run to log to, and log_to_mlflow=False asks for none: drop one")
        if stop_on_stall and not live:
            raise UsageError("stop_on_stall=True needs live=True: a stall is found by looking")
        self.diagnosis: Diagnosis | None = None
        self._stop_on_stall, self._live, self._write_timeout = stop_on_stall, live, write_timeout
        self._guard = Guard()
        self._budget = Budget(max_overhead)
        self._measuring = Measuring(self._guard)
        self._run = RunLog(run_id, is_on=log_to_mlflow)
        self._watch = Watch()
        self._series, self._logs = Series(), Series()
        self._step, self._offset = -1, 0
        self._epochs = self._looked = 0
        self._is_measured = True
        self._has_spoken = self._is_training = self._is_tested = False

    @property
    def facts(self) -> dict[str, Any]:
        """What is known: the tag's words, and the last value of each measurement under its MLflow name."""
        return {**self._measuring.words, **self._series.latest()}

    @property
    def history(self) -> list[tuple[int, dict[str, float]]]:
        """(step, measurements) of up to 1,000 epochs; of longer trainings every second, fourth, ... one."""
        return list(self._series)

    @property
    def not_measured(self) -> dict[str, str]:
        """What could not be measured, and why."""
        return dict(self._guard.broken)

    def record(self) -> RunRecord:
        """Return what a store would hold of the training so far, as ``pipeline.diagnose`` takes it."""
        said = self._measuring.words
        return live.record_of(
            self._run.run_id,
            live.params_of(self.params or {}),
            words.as_tag(said) if said else "",
            {**self._logs.histories(), **self._series.histories()},
        )

    # --- Keras' hooks: nothing but guards ---------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin to look at the batches."""
        del logs
        self._guard.run("the beginning of the training", self._begin)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Decide whether this epoch is measured."""
        del logs
        self._guard.run("the beginning of an epoch", lambda: self._begin_epoch(epoch))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Measure, send, look."""
        self._guard.run("the end of an epoch", lambda: self._end_epoch(epoch, logs or {}))

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the rows of a validation within the training."""
        del logs
        if self._is_training and self._is_measured:
            self._guard.run("the beginning of a validation", self._begin_validation)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Look at them no more."""
        del logs
        if self._is_training:
            self._guard.run("the end of a validation", self._end_validation)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Put the model back; measure, look and send a last time."""
        del logs
        self._guard.run("putting the model back", self._measuring.restore)
        self._guard.run("the end of the training", self._end)
        self._guard.run(_WRITING, self._finish)

    # --- the course of a training -----------------------------------------------------------

    def _begin(self) -> None:
        self._budget.start()
        self._offset = self._step + 1
        self._is_measured = self._is_training = True
        self._is_tested = False
        with self._budget.spending(_SETTINGS, chosen=False):
            self._measuring.begin(self.model)

    def _begin_epoch(self, epoch: int) -> None:
        total = (self.params or {}).get("epochs")
        is_last = isinstance(total, int) and epoch + 1 >= total
        self._is_measured = not self._measuring.is_begun or is_last or self._budget.affords(_MEASURING)
        if self._is_measured:
            with self._budget.spending(_SETTINGS):
                self._measuring.begin_epoch(self.model)

    def _begin_validation(self) -> None:
        with self._budget.spending(_SETTINGS):
            self._measuring.begin_validation(self.model)

    def _end_validation(self) -> None:
        with self._budget.spending(_SETTINGS):
            self._measuring.end_validation()

    def _end_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        if epoch >= self._offset:
            self._offset = 0  # ``initial_epoch`` goes on where the last training ended
        self._step = epoch + self._offset
        self._epochs += 1
        self._logs.add(self._step, now_in_milliseconds(), _numbers(logs))
        self._budget.charge(self._run.take_seconds(), chosen=False)
        self._budget.charge(self._measuring.take_seconds(), chosen=self._is_measured)
        with self._budget.spending(_SETTINGS, chosen=False):
            found = self._measuring.settings_now(self.model)
        if self._is_measured:
            found.metrics |= self._measured().metrics
        found.note({"overhead": self._budget.used()})
        self._add(found)
        if self._live:
            self._guard.run(_LOOKING, self._look_if_due)

    def _measured(self) -> Measurement:
        """Measure the model as it is."""
        with self._budget.spending(_MEASURING):
            return self._measuring.measure_now(self.model, self._step)

    def _add(self, found: Measurement) -> None:
        """Keep and send measurements of the epoch."""
        self._series.add(self._step, now_in_milliseconds(), found.metrics)
        with self._budget.spending(_SETTINGS, chosen=False):
            self._guard.run(
                _WRITING,
                lambda: self._run.send_epoch(self._step, found.metrics, self._measuring.words, self._series),
            )

    def _end(self) -> None:
        self._is_training = False
        if self._epochs and not self._is_measured:
            # Early stopping has ended it, and perhaps put better weights back: what is left is measured.
            self._is_measured = True
            self._add(self._measured())
        if self._live and self._looked < self._epochs and self._epochs >= live.HELD_FOR:
            self._guard.run(_LOOKING, self._look)
        self._test_signal_once()
        if self._epochs >= live.FEWEST_EPOCHS and self.diagnosis and live.is_wrong(self.diagnosis):
            self._guard.run(_LOOKING, self._speak_once)
        self._budget.stop()
        self._measuring.forget()

    def _finish(self) -> None:
        said = self._measuring.words
        if said and self._guard.broken:
            said["not_measured"] = dict(self._guard.broken)
        missing = self._run.finish(said, self._measuring.layers, self._write_timeout)
        if missing:
            log.warning("%s The training is not affected.", missing)

    # --- looking ----------------------------------------------------------------------------

    def _look_if_due(self) -> None:
        if self._epochs < live.HELD_FOR:
            return
        overdue = self._stop_on_stall and self._epochs - self._looked >= live.HELD_FOR
        if not (overdue or self._budget.affords(_LOOKING)):
            return
        if self._look():
            self._test_signal_once()
            self._speak_once()
            if self._stop_on_stall and self.diagnosis and live.is_stuck(self.diagnosis):
                self.model.stop_training = True

    def _look(self) -> bool:
        """Diagnose the training so far; return whether something wrong is established."""
        with self._budget.spending(_LOOKING):
            self._looked = self._epochs
            established = self._watch.look(self.record(), self._epochs)
            self.diagnosis = self._watch.diagnosis
        return established

    def _test_signal_once(self) -> None:
        """Ask once whether there is anything to learn, of a training that is not known to have learned."""
        is_fine = self.diagnosis is not None and self.diagnosis.verdict not in _IN_DOUBT
        if self._is_tested or is_fine or not self._epochs:
            return
        self._is_tested = True
        with self._budget.spending(_SIGNAL):
            found = self._measuring.test_signal()
        if found.metrics:
            self._add(found)
            if self.diagnosis is not None:
                self._guard.run(_LOOKING, self._look_again)

    def _look_again(self) -> None:
        """Diagnose what is known now; it counts as no further look."""
        with self._budget.spending(_LOOKING):
            self.diagnosis = self._watch.look_again(self.record())

    def _speak_once(self) -> None:
        if self._has_spoken or self.diagnosis is None:
            return
        self._has_spoken = True
        lines = live.sentences(self.diagnosis)
        print("\n" + "\n".join(f"bce-monitor: {line}" for line in lines), flush=True)  # noqa: T201 - it is for this


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the logs of an epoch that are numbers; Keras has made floats of them."""
    return {name: float(value) for name, value in logs.items() if isinstance(value, (int, float))}
