"""The rows of a probe: sampled, split and made into a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.probes.labelled import LabelledRows, labelled

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


@dataclass(frozen=True, eq=False)
class Data(LabelledRows):
    """Rows of which it is known which are copies of one another.

    Attributes
    ----------
    original
        Shape (n,), the same number for rows that are copies of one another, as oversampling makes them.
    """

    original: npt.NDArray[np.int64]

    @property
    def minority_share(self) -> float:
        """The smaller of the two class shares."""
        share = float(self.positive.mean())
        return min(share, 1.0 - share)

    def rows(self, at: npt.NDArray[np.integer]) -> Data:
        """Return some of the rows, in that order."""
        taken = super().rows(at)
        return Data(taken.x, taken.y, taken.positive, self.original[at])

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
    rows = labelled(x, y)
    if rows.n < FEWEST_ROWS:
        raise UsageError(f"{rows.n} rows are too few to probe a model on: give at least {FEWEST_ROWS}.")
    order = rng.permutation(rows.n)[:MOST_ROWS]
    taken = Data(rows.x, rows.y, rows.positive, np.arange(rows.n)).rows(order)
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
