"""The rows of a probe: checked, with labels as 0 and 1, split and made into a table."""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    x: Any
    y: npt.NDArray[Any]
    positive: npt.NDArray[np.bool_]

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
        return Data(keras.tree.map_structure(lambda leaf: leaf[at], self.x), self.y[at], self.positive[at])

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
    data = Data(arrays, labels, positive_of(labels))
    order = rng.permutation(data.n)[:MOST_ROWS]
    return data.rows(order)


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
    """Return (rows to train a copy on, rows held back), each class in the same proportion."""
    held: list[int] = []
    for of_class in (np.flatnonzero(data.positive), np.flatnonzero(~data.positive)):
        mixed = rng.permutation(of_class)
        held += mixed[: max(1, round(HELD_BACK * mixed.size))].tolist()
    is_held = np.zeros(data.n, bool)
    is_held[held] = True
    return data.rows(np.flatnonzero(~is_held)), data.rows(np.flatnonzero(is_held))
