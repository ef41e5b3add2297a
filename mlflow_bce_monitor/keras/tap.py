"""Where the batches of a training are seen, which Keras does not show to callbacks.

Nothing is iterated a second time and no argument of ``fit`` is touched: that would move the
state of generators and shuffled data sets. The model's own training function is replaced for
the time of the training by one that looks at what passes through, and put back afterwards.
See ``docs/decisions/0015-measuring-inside.md``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import keras

from mlflow_bce_monitor.keras.labels import FloatArray, empty_table
from mlflow_bce_monitor.keras.rows import WANTED_ROWS, RowBuffer, Rows

Failed = Callable[[str, Exception], None]


@dataclass(frozen=True)
class Loop:
    """Which of a model's loops is looked at: names of its step, its function, and the method that makes that.

    Attributes
    ----------
    step, function, make
        As Keras calls them.
    part
        What its rows are, as the guard reports them.
    """

    step: str
    function: str
    make: str
    part: str


TRAINING: Final = Loop("train_step", "train_function", "make_train_function", "the training data")
HELD_BACK: Final = Loop("test_step", "test_function", "make_test_function", "the validation data")


class Tap(ABC):
    """Looks at the batches of one model's training.

    Attributes
    ----------
    seconds
        Time that counting labels and capturing rows has taken since it was last set to 0.
    batch_rows
        Rows of the largest batch that was captured.
    """

    def __init__(self, model: Any, failed: Failed, loop: Loop = TRAINING) -> None:
        self._loop = loop
        self._model = model
        self._failed = failed
        self._buffer = RowBuffer()
        self._capturing = self._counting = False
        self._original: Any = None
        self._tapped: Any = None
        self.seconds = 0.0
        self.batch_rows = 0

    @abstractmethod
    def attach(self) -> None:
        """Replace the loop's function of the model."""

    @property
    def _function(self) -> Any:
        return getattr(self._model, self._loop.function)

    @_function.setter
    def _function(self, function: Any) -> None:
        setattr(self._model, self._loop.function, function)

    def detach(self) -> None:
        """Put the function back, unless somebody else has replaced it since."""
        if self._tapped is not None and self._function is self._tapped:
            self._function = self._original

    def look(self, wanted: int = WANTED_ROWS) -> None:
        """Begin to collect so many rows anew and to count labels, from the next batch on."""
        self._buffer.clear(wanted)
        self._capturing = self._counting = True

    def stop_capturing(self) -> None:
        """Collect no more rows; labels are counted until :meth:`rest`."""
        self._capturing = False

    def rest(self) -> None:
        """Look at no more batches: an epoch that is not measured shall not cost anything."""
        self.stop_capturing()
        self._counting = False

    def rows(self) -> Rows | None:
        """Return the rows collected since :meth:`look`."""
        return self._buffer.rows()

    @abstractmethod
    def tables(self) -> list[FloatArray]:
        """Return the label tables of all batches looked at, one for each target, each of shape (3, 7)."""

    def _collect(self, take: Callable[[], None]) -> None:
        """Take rows from a batch; what goes wrong ends the capturing and nothing else."""
        began = time.perf_counter()
        try:
            take()
        except Exception as error:  # noqa: BLE001 - called in the middle of the user's training step
            self._failed(f"rows of {self._loop.part}", error)
            self.stop_capturing()
        finally:
            if self._buffer.full:
                self.stop_capturing()
            self.seconds += time.perf_counter() - began


def tap_of(model: Any, failed: Failed, *, second_column: bool, loop: Loop = TRAINING) -> Tap:
    """Return the tap for Keras' backend.

    Parameters
    ----------
    model
        A compiled model.
    failed
        Told (part, error) when a part of it fails in the middle of the training.
    second_column
        Whether targets of two columns are one-hot: their labels are then the second column.
    loop
        The training itself, or the validation within it.

    Raises
    ------
    NotImplementedError
        When the training runs on several devices at once, or on a backend nobody has looked at.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        from mlflow_bce_monitor.keras.tap_tensorflow import TensorFlowTap  # noqa: PLC0415 - loads TensorFlow

        return TensorFlowTap(model, failed, second_column=second_column, loop=loop)
    if backend in ("jax", "torch"):
        from mlflow_bce_monitor.keras.tap_python import PythonTap  # noqa: PLC0415 - beside the other

        is_argument = backend == "torch"
        return PythonTap(model, failed, second_column=second_column, batch_is_argument=is_argument, loop=loop)
    raise NotImplementedError(f"Keras' backend {backend!r}; batches are seen on tensorflow, jax and torch")


def add_table(tables: list[FloatArray], at: int, table: FloatArray) -> None:
    """Add one batch's table to the sum at a place, in place; the list grows as needed."""
    while len(tables) <= at:
        tables.append(empty_table())
    tables[at] = tables[at] + table
