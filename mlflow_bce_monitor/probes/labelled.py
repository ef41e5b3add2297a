"""Rows with labels of two values, checked: what a probe looks at, and what is trained in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.errors import UsageError

_TWO: Final = 2
_MOST_VALUES: Final = 8
"""Label values named in a message."""


@dataclass(frozen=True, eq=False)
class LabelledRows:
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

    def rows(self, at: npt.NDArray[np.integer]) -> LabelledRows:
        """Return some of the rows, in that order."""
        x = keras.tree.map_structure(lambda leaf: leaf[at], self.x)
        return LabelledRows(x, self.y[at], self.positive[at])


def labelled(x: Any, y: Any, name: str = "y") -> LabelledRows:
    """Return checked rows.

    Parameters
    ----------
    x, y
        Inputs as the model takes them, and one label for each row.
    name
        What the labels are called in a message.

    Raises
    ------
    UsageError
        Inputs and labels of different length, or other than two label values.
    """
    arrays = keras.tree.map_structure(np.asarray, x)
    labels = np.asarray(y)
    lengths = {len(leaf) for leaf in keras.tree.flatten(arrays)}
    if lengths != {len(labels)}:
        raise UsageError(
            f"x has {', '.join(map(str, sorted(lengths)))} rows and {name} has {len(labels)}: "
            "give one label for each row."
        )
    return LabelledRows(arrays, labels, positive_of(labels, name))


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
