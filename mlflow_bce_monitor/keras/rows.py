"""Rows of the training data as they reached the training step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

Leaf = npt.NDArray[Any]

WANTED_ROWS: Final = 256
"""Rows kept of an epoch: the standard error of an AUC is then 0.036, a unit dead on all of them is dead."""

KEPT_ROWS: Final = 2_048
"""Rows kept of a first epoch and of the held-back data, for the reference learner: see ``reference``."""

MOST_BYTES: Final = 32 * 2**20
"""Of the captured rows: fewer are kept of large images."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs, targets and weights of some rows, each nested as the model takes them.

    Attributes
    ----------
    x
        Arrays of shape (n, ...), nested as given to ``fit``.
    y, weights
        The same for targets and sample weights; None without them. ``class_weight`` is in the weights:
        Keras makes sample weights of it before the step.
    n
        Number of rows.
    """

    x: Any
    y: Any
    weights: Any
    n: int

    def first(self, most: int = WANTED_ROWS) -> Rows:
        """Return the first of the rows."""
        if self.n <= most:
            return self
        x, y, weights = keras.tree.map_structure(
            lambda leaf: None if leaf is None else leaf[:most], (self.x, self.y, self.weights)
        )
        return Rows(x, y, weights, most)


def split_batch(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and sample weights of what a training step gets."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
    return x, y, weights


def rows_within(row_bytes: int, wanted: int = WANTED_ROWS) -> int:
    """Return how many rows of a size may be kept, at least one."""
    return max(1, min(wanted, MOST_BYTES // max(row_bytes, 1)))


class RowBuffer:
    """Collects rows over several batches until there are enough."""

    def __init__(self) -> None:
        self._structure: Any = None
        self._batches: list[list[Leaf | None]] = []
        self._n = 0
        self._most = self._wanted = WANTED_ROWS

    def clear(self, wanted: int = WANTED_ROWS) -> None:
        """Forget all rows, and collect so many anew."""
        self._batches, self._n, self._structure = [], 0, None
        self._most = self._wanted = wanted

    @property
    def full(self) -> bool:
        """Whether there are enough rows."""
        return self._n >= self._most

    def add(self, structure: Any, leaves: Sequence[Leaf | None]) -> None:
        """Add a batch.

        Parameters
        ----------
        structure
            A (x, y, weights) of the nesting of the batch, whatever its leaves.
        leaves
            In the order of ``keras.tree.flatten``; None where there is none.
        """
        arrays = [leaf for leaf in leaves if leaf is not None]
        if not arrays or len({len(leaf) for leaf in arrays}) != 1:
            return
        if self._batches and not _fit(self._batches[0], leaves):
            return  # sequences of another length: the rows of the first batches have to do
        count = len(arrays[0])
        if not count:
            return
        self._structure = structure
        self._most = rows_within(sum(leaf.nbytes for leaf in arrays) // count, self._wanted)
        taken = min(count, self._most - self._n)
        self._batches.append([None if leaf is None else np.array(leaf[:taken]) for leaf in leaves])
        self._n += taken

    def rows(self) -> Rows | None:
        """Return the rows collected so far, None without any."""
        if not self._batches:
            return None
        leaves = [
            None if parts[0] is None else np.concatenate(parts) for parts in zip(*self._batches, strict=True)
        ]
        x, y, weights = keras.tree.pack_sequence_as(self._structure, leaves)
        return Rows(x, y, weights, self._n)


def _fit(before: Sequence[Leaf | None], now: Sequence[Leaf | None]) -> bool:
    return len(before) == len(now) and all(
        (one is None) == (other is None)
        and (one is None or other is None or one.shape[1:] == other.shape[1:])
        for one, other in zip(before, now, strict=True)
    )
