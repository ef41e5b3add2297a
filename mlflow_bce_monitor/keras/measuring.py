"""The measuring of one training: what is kept of the start, of an epoch's beginning, and of its rows."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Final

import keras

from mlflow_bce_monitor.keras import forward, labels, measure, signal, weights, words
from mlflow_bce_monitor.keras.guard import Guard
from mlflow_bce_monitor.keras.heads import has_one_hot_pairs
from mlflow_bce_monitor.keras.held_back import HeldBack
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.layers_report import LayersReport
from mlflow_bce_monitor.keras.measure import Measurement
from mlflow_bce_monitor.keras.rows import KEPT_ROWS, WANTED_ROWS, Rows
from mlflow_bce_monitor.keras.tap import Tap, tap_of

BATCHES: Final = "batches of the training"
START: Final = "weights at the start"
UPDATES: Final = "changes of the weights"
SETTINGS: Final = "settings"
LABELS: Final = "label counts"
SIZES: Final = "sizes"
WORDS: Final = "words"
VALIDATION: Final = "validation data"
SIGNAL: Final = "reference learner"
"""Names of the parts, as the guard reports them."""


class Measuring:
    """Measures one model, over any number of trainings.

    Attributes
    ----------
    words
        The tag's object; {} before the first measurement.
    layers
        What was measured layer by layer.
    is_begun
        Whether this training was measured at least once.
    """

    def __init__(self, guard: Guard) -> None:
        self.words: dict[str, Any] = {}
        self.layers = LayersReport()
        self.is_begun = self._is_looking = False
        self._guard = guard
        self._tap: Tap | None = None
        self._tapped_model: weakref.ref[Any] | None = None
        self._rows: Rows | None = None
        self._first_rows: Rows | None = None
        self._held_back = HeldBack()
        self._at_start: list[Any] | None = None
        self._before: list[Any] | None = None
        self._origin: list[Any] | None = None
        self._counted: list[FloatArray] = []
        self._tables: list[FloatArray] = []

    def begin(self, model: Any) -> None:
        """Look at the batches of a training that begins, and keep its first weights."""
        self.is_begun = False
        self._at_start = self._before = self._origin = self._first_rows = None
        self._held_back.begin()
        self._guard.run(BATCHES, lambda: self._attach(model))
        if model.built:
            self._at_start = self._guard.run(START, lambda: weights.copies_of(model.variables))
            self._origin = self._guard.run(START, lambda: _origin(model, self._at_start))

    def begin_epoch(self, model: Any) -> None:
        """Take rows of this epoch, and keep the weights that it begins with."""
        if self._tap is not None:
            self._is_looking = True
            tap, wanted = self._tap, WANTED_ROWS if self.is_begun else KEPT_ROWS
            self._guard.run(BATCHES, lambda: tap.look(wanted))
        if model.built:
            self._before = self._guard.run(UPDATES, lambda: weights.copies_of(model.trainable_variables))

    def begin_validation(self, model: Any) -> None:
        """Take held-back rows from an evaluation that begins within the training."""
        self._guard.run(VALIDATION, lambda: self._held_back.look(model, self._guard.failed))

    def end_validation(self) -> None:
        """Take no more of them."""
        self._guard.run(VALIDATION, self._held_back.rest)

    def take_seconds(self) -> float:
        """Return the seconds that taking rows has cost since this was last asked."""
        held_back = self._held_back.take_seconds()
        if self._tap is None:
            return held_back
        seconds, self._tap.seconds = self._tap.seconds, 0.0
        return seconds + held_back

    def settings_now(self, model: Any) -> Measurement:
        """Return what every epoch has: the learning rate."""
        found = Measurement()
        self._guard.run(SETTINGS, lambda: self._note_settings(model, found))
        return found

    def measure_now(self, model: Any, step: int) -> Measurement:
        """Measure the model on the rows of this epoch, or on those taken last."""
        guard, found = self._guard, Measurement()
        guard.run(UPDATES, lambda: self._note_updates(model, found))
        if self._tap is not None:
            tap = self._tap
            tap.rest()
            if self._is_looking:  # else nothing was counted since, and the last counts stand
                guard.run(LABELS, lambda: self._note_labels(tap))
                self._is_looking = False
            self._take_rows(tap)
        if self._rows is None:
            self.is_begun = True
            return found
        rows, tables = self._rows, self._tables
        now = measure.measure(model, rows, tables, guard)
        now.metrics |= found.metrics
        guard.run(LABELS, lambda: _note_shares(now, tables))
        guard.run(VALIDATION, lambda: self._held_back.measure(model, now))
        self.layers.add(step, now.layers)
        if not self.is_begun:
            self.is_begun = True
            self._measure_first(model, rows, now)
        return now

    def test_signal(self) -> Measurement:
        """Return whether a reference learner finds that the labels depend on the inputs."""
        found = Measurement()
        trained, held_back = self._first_rows, self._held_back.rows
        self._guard.run(SIGNAL, lambda: found.note(signal.signal_facts(trained, held_back)))
        return found

    def restore(self) -> None:
        """Put the model's training and testing function back."""
        self._guard.run(VALIDATION, self._held_back.restore)
        if self._tap is not None:
            self._tap.rest()
            self._tap.detach()

    def forget(self) -> None:
        """Let go of rows and weights."""
        self._rows = self._first_rows = self._at_start = self._before = self._origin = None
        self._held_back.begin()

    def _take_rows(self, tap: Tap) -> None:
        taken = self._guard.run(BATCHES, tap.rows)
        if taken is None:
            return
        if self._first_rows is None:
            self._first_rows = taken  # of the first epoch, each once
        self._rows = taken.first()

    def _attach(self, model: Any) -> None:
        known = self._tapped_model() if self._tapped_model is not None else None
        if self._tap is None or known is not model:
            self._tap = None
            tap = tap_of(model, self._guard.failed, second_column=has_one_hot_pairs(model))
            tap.attach()
            self._tap, self._tapped_model = tap, weakref.ref(model)
            # A training that is interrupted has no last hook: the model is put back with the callback.
            weakref.finalize(self, _detach, weakref.ref(tap))
        else:
            self._tap.attach()
        self._counted = self._tap.tables()

    def _note_settings(self, model: Any, found: Measurement) -> None:
        rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            value = keras.ops.stop_gradient(keras.ops.convert_to_tensor(rate))
            found.note({"learning_rate": float(keras.ops.convert_to_numpy(value))})

    def _note_labels(self, tap: Tap) -> None:
        before, self._counted = self._counted, tap.tables()
        self._tables = [
            table - before[at] if at < len(before) else table for at, table in enumerate(self._counted)
        ]

    def _note_updates(self, model: Any, found: Measurement) -> None:
        before, self._before = self._before, None
        trainable = model.trainable_variables
        if before is None or len(before) != len(trainable):
            return
        ratios = weights.update_ratios(before, trainable)
        if ratios:
            found.note({"update_ratio": weights.middle(ratios)})
            self.layers.note({path: {"update_ratio": ratio} for path, ratio in ratios.items()})
        if self._origin is not None and len(self._origin) == len(trainable):
            moved = weights.update_ratios(self._origin, trainable)
            found.note({"moved": weights.middle(moved)} if moved else {})

    def _measure_first(self, model: Any, rows: Rows, now: Measurement) -> None:
        """Add what is measured once: inputs, sizes, the words, and the state before the first step."""
        guard, start = self._guard, self._at_start
        self._at_start = None
        guard.run(measure.INPUTS, lambda: now.metrics.update(measure.measure_inputs(rows).metrics))
        guard.run(SIZES, lambda: now.note(_sizes(model, self._tap, self._tables)))
        if start is not None and len(start) == len(model.variables):  # else layers were built on the way
            guard.run(START, lambda: self._measure_start(model, rows, start, now))
        self.words = guard.run(WORDS, lambda: words.words_of(model, now, self._tables, guard.broken)) or {}

    def _measure_start(self, model: Any, rows: Rows, start: list[Any], now: Measurement) -> None:
        initial = measure.measure_initial(model, rows, self._tables, self._guard, start)
        now.metrics |= initial.metrics
        self.layers.start(initial.layers)
        trained = {id(variable) for variable in model.trainable_variables}
        pairs = [pair for pair in zip(start, model.variables, strict=True) if id(pair[1]) in trained]
        values, variables = [value for value, _ in pairs], [variable for _, variable in pairs]
        now.note(weights.initial_facts(values, variables))


def _origin(model: Any, at_start: list[Any] | None) -> list[Any] | None:
    """Return those of the first values that training changes, to be kept to its end; None for too many."""
    if at_start is None:
        return None
    values = dict(zip((id(variable) for variable in model.variables), at_start, strict=True))
    trainable = model.trainable_variables
    if sum(weights.size_of(variable) for variable in trainable) > weights.MOST_WEIGHTS_KEPT:
        return None
    return [values[id(variable)] for variable in trainable]


def _detach(tap: Callable[[], Tap | None]) -> None:
    found = tap()
    if found is not None:
        found.detach()


def _note_shares(found: Measurement, tables: list[FloatArray]) -> None:
    if len(tables) != len(found.heads):
        return
    for head, table in zip(found.heads, tables, strict=True):
        share = labels.positive_share(table) if head.is_binary else None
        if share is not None:
            found.note({"positive_share": share}, head.name)


def _sizes(model: Any, tap: Tap | None, tables: list[FloatArray]) -> dict[str, float]:
    found = {
        "parameters": float(sum(weights.size_of(one) for one in model.weights)),
        "trainable_parameters": float(sum(weights.size_of(one) for one in model.trainable_weights)),
    }
    if tables:
        found["epoch_labels"] = max(float(table[0].sum()) for table in tables)
    if tap is not None and tap.batch_rows:
        found["batch_rows"] = float(tap.batch_rows)
        averaged = forward.normalised_values(model, tap.batch_rows)
        if averaged is not None:
            found["normalised_values"] = float(averaged)
    return found
