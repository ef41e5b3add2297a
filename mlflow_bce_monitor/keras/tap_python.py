"""The tap where the training loop runs in Python: JAX and Torch.

On JAX ``train_function(state, iterator)`` takes its batch from the iterator; on Torch
``train_function([batch])`` gets it. Both see the batch before the step does, and leave it alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from mlflow_bce_monitor.keras.labels import FloatArray, table_of
from mlflow_bce_monitor.keras.rows import Leaf, split_batch
from mlflow_bce_monitor.keras.tap import TRAINING, Failed, Loop, Tap, add_table


class PythonTap(Tap):
    """Looks at the batches on their way from the iterator to the training step.

    Parameters
    ----------
    batch_is_argument
        Whether the training function gets a list of batches (Torch) or a state and an iterator (JAX).
    """

    def __init__(
        self,
        model: Any,
        failed: Failed,
        *,
        second_column: bool,
        batch_is_argument: bool,
        loop: Loop = TRAINING,
    ) -> None:
        super().__init__(model, failed, loop)
        self._second_column = second_column
        self._batch_is_argument = batch_is_argument
        self._tables: list[FloatArray] = []
        self._can_count = True

    def attach(self) -> None:
        """Wrap the function, which Keras makes before the callbacks' first hook."""
        getattr(self._model, self._loop.make)()
        self._original = original = self._function

        def of_batches(batches: Any) -> Any:
            for batch in batches:
                self._see(batch)
            return original(batches)

        def of_iterator(state: Any, iterator: Any) -> Any:
            return original(state, _Watched(iterator, self))

        self._tapped = of_batches if self._batch_is_argument else of_iterator
        self._function = self._tapped

    def tables(self) -> list[FloatArray]:
        """Return the label tables."""
        return [table.copy() for table in self._tables]

    def _see(self, batch: Any) -> None:
        if self._counting and self._can_count:
            began = time.perf_counter()
            try:
                self._count(batch)
            except Exception as error:  # noqa: BLE001 - called in the middle of the user's training step
                self._can_count = False
                self._failed(f"labels of {self._loop.part}", error)
            finally:
                self.seconds += time.perf_counter() - began
        if self._capturing:
            self._collect(lambda: self._take(batch))

    def _count(self, batch: Any) -> None:
        _, y, weights = split_batch(batch)
        targets = [leaf for leaf in keras.tree.flatten(y) if leaf is not None]
        given = keras.tree.flatten(weights)
        for at, target in enumerate(targets):
            labels = _as_array(target)
            if self._second_column and labels.ndim > 1 and labels.shape[-1] == 2:  # noqa: PLR2004 - one-hot
                labels = labels[..., 1]
            weight = given[at] if at < len(given) else given[0] if len(given) == 1 else None
            add_table(self._tables, at, table_of(labels, None if weight is None else _as_array(weight)))

    def _take(self, batch: Any) -> None:
        structure = split_batch(batch)
        leaves: list[Leaf | None] = [
            None if leaf is None else _as_array(leaf) for leaf in keras.tree.flatten(structure)
        ]
        self.batch_rows = max(self.batch_rows, len(next(leaf for leaf in leaves if leaf is not None)))
        self._buffer.add(keras.tree.map_structure(lambda _: 0, structure), leaves)


def _as_array(leaf: Any) -> Leaf:
    return leaf if isinstance(leaf, np.ndarray) else np.asarray(keras.ops.convert_to_numpy(leaf))


class _Watched:
    """An iterator that shows each batch to a tap before it hands it on."""

    def __init__(self, iterator: Iterator[Any], tap: PythonTap) -> None:
        self._iterator = iterator
        self._tap = tap

    def __iter__(self) -> _Watched:
        return self

    def __next__(self) -> Any:
        batch = next(self._iterator)
        self._tap._see(batch)  # noqa: SLF001 - one class in two parts
        return batch
