"""Rows that are not trained on, as ``fit`` evaluates on them: ``validation_data`` or ``validation_split``.

A callback is not shown them either. ``fit`` tells its callbacks when an evaluation begins, right after it has
made the testing function and before it calls that: then the function is replaced by one that looks at what
passes through, as the training's is (``tap.py``). It looks at one evaluation of a training; after that its
gates stay closed, and at the end the model's own function is put back.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor.keras import forward, heads, labels
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.measure import Measurement
from mlflow_bce_monitor.keras.randomness import untouched_randomness
from mlflow_bce_monitor.keras.rows import KEPT_ROWS, Rows
from mlflow_bce_monitor.keras.tap import HELD_BACK, Failed, Tap, tap_of

MEASURED_ROWS: Final = 512
"""Rows that predictions are measured on: the standard error of a balanced AUC is then 0.026."""

_SCORES: Final = {"roc_auc": "validation_roc_auc", "recomputed": "validation_recomputed"}
"""Score of predictions to the name of the measurement."""


class HeldBack:
    """Captures held-back rows of one training, and measures predictions on them.

    Attributes
    ----------
    rows
        None before the first evaluation.
    """

    def __init__(self) -> None:
        self.rows: Rows | None = None
        self._tables: list[FloatArray] = []
        self._counted: list[FloatArray] = []
        self._tap: Tap | None = None
        self._model: weakref.ref[Any] | None = None
        self._is_looking = self._has_looked = False

    def begin(self) -> None:
        """Forget the rows of an earlier training."""
        self.rows, self._tables = None, []
        self._is_looking = self._has_looked = False

    def look(self, model: Any, failed: Failed) -> None:
        """Take the rows of the evaluation that begins, the first one of a training."""
        if self._has_looked:
            return
        self._has_looked = True
        tap = self._attached(model, failed)
        self._counted = tap.tables()
        tap.look(KEPT_ROWS)
        self._is_looking = True

    def rest(self) -> None:
        """End looking, with the evaluation."""
        if self._tap is None or not self._is_looking:
            return
        self._is_looking = False
        self._tap.rest()
        before = self._counted
        self._tables = [
            table - before[at] if at < len(before) else table for at, table in enumerate(self._tap.tables())
        ]
        self.rows = self._tap.rows()

    def restore(self) -> None:
        """Put the model's testing function back."""
        if self._tap is not None:
            self._tap.detach()

    def take_seconds(self) -> float:
        """Return the seconds that taking rows has cost since this was last asked."""
        if self._tap is None:
            return 0.0
        seconds, self._tap.seconds = self._tap.seconds, 0.0
        return seconds

    def measure(self, model: Any, now: Measurement) -> None:
        """Add what the predictions of the held-back rows are worth.

        Parameters
        ----------
        now
            The measurement of the training rows, which knows the outputs.
        """
        if self.rows is None:
            return
        rows = self.rows.first(MEASURED_ROWS)
        now.note({"validation_rows": rows.n})
        outputs = _outputs(model, rows)
        arrays = [np.asarray(keras.ops.convert_to_numpy(leaf)) for leaf in keras.tree.flatten(outputs)]
        targets, weights = heads.aligned(rows.y, outputs), heads.aligned(rows.weights, outputs)
        for at, head in enumerate(now.heads):
            table = self._table(at, len(arrays))
            scored = heads.head_scores(head, now.activations[at], arrays[at], targets[at], weights[at], table)
            now.note({_SCORES[name]: scored[name] for name in _SCORES if name in scored}, head.name)
            share = labels.positive_share(table) if table is not None and head.is_binary else None
            if share is not None:
                now.note({"validation_positive_share": share}, head.name)

    def _table(self, at: int, count: int) -> FloatArray | None:
        return self._tables[at] if len(self._tables) == count else None

    def _attached(self, model: Any, failed: Failed) -> Tap:
        known = self._model() if self._model is not None else None
        if self._tap is None or known is not model:
            second_column = heads.has_one_hot_pairs(model)
            tap = tap_of(model, failed, second_column=second_column, loop=HELD_BACK)
            tap.attach()
            self._tap, self._model = tap, weakref.ref(model)
            # As for the training's: an interrupted training has no last hook.
            weakref.finalize(self, _detach, weakref.ref(tap))
        else:
            self._tap.attach()
        return self._tap


def _outputs(model: Any, rows: Rows) -> Any:
    with untouched_randomness(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with keras.StatelessScope(state_mapping=forward.as_mapping(model.variables)):
            return forward.outputs_of(model, forward.to_tensors(rows.x))


def _detach(tap: Callable[[], Tap | None]) -> None:
    found = tap()
    if found is not None:
        found.detach()


def together(parts: Sequence[Rows | None]) -> tuple[list[Any], Any] | None:
    """Return the inputs' arrays and the labels' of several sets of rows, one below the other.

    None without rows, for models of several targets, and where the parts have not the same shapes.
    """
    there = [part for part in parts if part is not None and part.y is not None]
    if not there:
        return None
    inputs = [[leaf for leaf in keras.tree.flatten(part.x) if leaf is not None] for part in there]
    targets = [[leaf for leaf in keras.tree.flatten(part.y) if leaf is not None] for part in there]
    if any(len(leaves) != 1 for leaves in targets) or len({len(leaves) for leaves in inputs}) != 1:
        return None
    columns = [*zip(*inputs, strict=True), [leaves[0] for leaves in targets]]
    if any(len({leaf.shape[1:] for leaf in column}) != 1 for column in columns):
        return None
    joined = [np.concatenate(column) for column in columns]
    return joined[:-1], joined[-1]
