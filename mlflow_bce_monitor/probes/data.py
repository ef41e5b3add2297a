"""The rows of a probe: checked, with labels as 0 and 1, split and made into a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.errors import UsageError

FloatArray = npt.NDArray[np.float64]

MOST_ROWS: Final = 4096
"""Rows used: the standard error of an AUC is then below 0.01. A sample is drawn from more."""

HELD_BACK: Final = 0.25
"""Share of the rows on which a copy's learning is judged."""

FEWEST_ROWS: Final = 20
COPIES_AGREE: Final = 0.95
"""Share of the repeated inputs whose labels are all the same, from which they are copies."""

ORIGINALS: Final = 0.4
"""Share of different inputs below which rows coincide because there are few possible ones."""

_TWO: Final = 2
_MOST_VALUES: Final = 8
"""Label values named in a message."""


@dataclass(frozen=True, eq=False)
class Data:
    """Rows.

    Attributes
    ----------
    x
        Arrays of shape (n, ...), nested as the model takes them.
    y
        Labels as given, shape (n, ...).
    positive
        Shape (n,), whether a label is the larger of the two values.
    original
        Shape (n,), the same number for rows that are copies of one another, as oversampling makes them.
    """

    x: Any
    y: npt.NDArray[Any]
    positive: npt.NDArray[np.bool_]
    original: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.positive.size)

    @property
    def minority_share(self) -> float:
        """The smaller of the two class shares."""
        share = float(self.positive.mean())
        return min(share, 1.0 - share)

    def rows(self, at: npt.NDArray[np.integer]) -> Data:
        """Return some of the rows."""
        x = keras.tree.map_structure(lambda leaf: leaf[at], self.x)
        return Data(x, self.y[at], self.positive[at], self.original[at])

    def originals(self) -> Data:
        """Return the rows without copies."""
        _, first = np.unique(self.original, return_index=True)
        return self.rows(np.sort(first))

    def table(self) -> FloatArray:
        """Return the numeric inputs as a table, shape (n, n_features); infinite values as NaN."""
        leaves = [leaf for leaf in keras.tree.flatten(self.x) if leaf.dtype.kind in "biuf"]
        parts = [np.asarray(leaf, np.float64).reshape(self.n, -1) for leaf in leaves]
        table = np.concatenate(parts, axis=1) if parts else np.zeros((self.n, 0))
        table[~np.isfinite(table)] = np.nan
        return table


def data_of(x: Any, y: Any, rng: np.random.Generator) -> Data:
    """Return checked rows, a random sample of 4,096 where there are more.

    Raises
    ------
    UsageError
        Fewer than 20 rows, inputs and labels of different length, or other than two label values.
    """
    arrays = keras.tree.map_structure(np.asarray, x)
    labels = np.asarray(y)
    lengths = {len(leaf) for leaf in keras.tree.flatten(arrays)}
    if lengths != {len(labels)}:
        raise UsageError(
            f"x has {', '.join(map(str, sorted(lengths)))} rows and y has {len(labels)}: "
            "give one label for each row."
        )
    if len(labels) < FEWEST_ROWS:
        raise UsageError(f"{len(labels)} rows are too few to probe a model on: give at least {FEWEST_ROWS}.")
    positive = positive_of(labels)
    order = rng.permutation(len(labels))[:MOST_ROWS]
    taken = Data(arrays, labels, positive, np.arange(len(labels))).rows(order)
    return replace(taken, original=_originals(taken))


def _originals(data: Data) -> npt.NDArray[np.int64]:
    """Return the number of each row's original; where rows are no copies, a number for each.

    Rows of few possible inputs coincide by themselves. Copies always share their label, and
    where each class has been brought to one half, at least half of the rows are originals.
    """
    leaves = keras.tree.flatten(data.x)
    keys = [hash(tuple(leaf[row].tobytes() for leaf in leaves)) for row in range(data.n)]
    _, original, counts = np.unique(keys, return_inverse=True, return_counts=True)
    shares = np.bincount(original, data.positive) / counts
    repeated = counts > 1
    agreeing = np.isin(shares[repeated], (0.0, 1.0))
    is_copied = repeated.any() and agreeing.mean() >= COPIES_AGREE and counts.size >= ORIGINALS * data.n
    return original if is_copied else np.arange(data.n)


def positive_of(labels: npt.NDArray[Any], name: str = "y") -> npt.NDArray[np.bool_]:
    """Return which labels are the larger of two values; one-hot pairs count by their second column.

    Raises
    ------
    UsageError
        When there are not exactly two values; it names those that were seen.
    """
    if labels.ndim > 1 and labels.shape[-1] == _TWO:
        labels = labels.reshape(-1, _TWO)[:, 1]
    flat = labels.reshape(-1)
    if len(flat) != len(labels):
        raise UsageError(f"{name} has shape {labels.shape}: give one label for each row.")
    missing = np.array([value is None or value != value for value in flat.tolist()])  # noqa: PLR0124 - NaN
    if missing.any():
        raise UsageError(f"{name} has {int(missing.sum())} missing labels: leave these rows out.")
    values = sorted(set(flat.tolist()), key=lambda value: (str(type(value)), value))
    if len(values) != _TWO:
        shown = ", ".join(repr(value) for value in values[:_MOST_VALUES])
        more = f" and {len(values) - _MOST_VALUES:,} more" if len(values) > _MOST_VALUES else ""
        raise UsageError(
            f"{name} must have two values, such as 0 and 1; it has {len(values)}: {shown}{more}."
        )
    positive: npt.NDArray[np.bool_] = np.asarray(flat == values[1])
    return positive


def split(data: Data, rng: np.random.Generator) -> tuple[Data, Data]:
    """Return (rows to train a copy on, rows held back), each class in the same proportion.

    Copies of one row stand on the same side.
    """
    is_held = np.isin(dealt(data, round(1.0 / HELD_BACK), rng), 0)
    return data.rows(np.flatnonzero(~is_held)), data.rows(np.flatnonzero(is_held))


def dealt(data: Data, n_parts: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the part of each row, shape (n,): each class spread evenly, copies of one row together."""
    originals, first = np.unique(data.original, return_index=True)
    part = np.zeros(int(originals.max()) + 1, np.int64)
    for of_class in (originals[data.positive[first]], originals[~data.positive[first]]):
        part[rng.permutation(of_class)] = np.arange(of_class.size) % n_parts
    return part[data.original]
