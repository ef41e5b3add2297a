"""The labels of the evaluated rows: two values, of which one counts as positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mlflow_bce_monitor.errors import UsageError

BoolArray = npt.NDArray[np.bool_]

_TWO: Final = 2
_MOST_VALUES: Final = 8
"""Label values named in a message."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels.

    Attributes
    ----------
    positive
        Shape (n,), whether a label is the positive one.
    labels
        The negative and the positive label as given; 0 and 1 for one-hot rows.
    one_hot
        Whether each row held a pair.
    """

    positive: BoolArray
    labels: tuple[Any, Any]
    one_hot: bool = False

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.positive.size)

    @property
    def words(self) -> str:
        """Which label counts as positive, in a clause."""
        if self.one_hot:
            order = ("first", "second") if self.labels[1] == 1 else ("second", "first")
            return (
                f"of the one-hot targets the {order[1]} column counts as positive, the {order[0]} as negative"
            )
        return f"{shown(self.labels[1])} counts as positive, {shown(self.labels[0])} as negative"


def targets_of(given: Any, pos_label: Any = None) -> Targets:
    """Return the targets of an evaluation data set.

    Parameters
    ----------
    given
        Shape (n,), (n, 1), or one-hot (n, 2): numbers, booleans or strings of two values; None without.
    pos_label
        The positive one; None for the larger, in the order of the alphabet for strings.

    Raises
    ------
    UsageError
        Other than two values, missing labels, or a ``pos_label`` that none of them is.
    """
    if given is None:
        raise UsageError("There are no targets: pass targets= with the column or the array of labels.")
    labels, one_hot = _flat(np.asarray(given))
    missing = int(pd.isna(labels).sum())
    if missing:
        raise UsageError(f"{missing:,} of {labels.size:,} targets are missing: leave these rows out.")
    values = _sorted(pd.unique(pd.Series(labels)).tolist())
    if len(values) != _TWO:
        raise UsageError(_other_than_two(values, labels.size))
    negative, positive = _in_order(values, pos_label)
    return Targets(np.asarray(labels == positive, bool), (negative, positive), one_hot)


def shown(value: Any) -> str:
    """Return a label as it is written in a sentence: whole floats without their point."""
    return f"{value:g}" if isinstance(value, float) else repr(value)


def listed(values: Sequence[Any]) -> str:
    """Return labels for a message, the first eight of them."""
    more = f" and {len(values) - _MOST_VALUES:,} more" if len(values) > _MOST_VALUES else ""
    return ", ".join(shown(value) for value in values[:_MOST_VALUES]) + more


def _flat(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], bool]:
    """Return (labels of shape (n,), whether they were one-hot)."""
    if labels.dtype == object and labels.ndim == 1 and labels.size and np.ndim(labels[0]) == 1:
        labels = _stacked(labels)  # a data frame's column of lists
    if labels.ndim == _TWO and labels.shape[1] == _TWO:
        if not _is_one_hot(labels):
            raise UsageError(
                f"The targets have shape {labels.shape}, and not every row is a one and a zero: "
                "give one label for each row, or one-hot pairs."
            )
        return labels.argmax(axis=1), True
    if labels.ndim > 1 and labels.size != len(labels):
        raise UsageError(
            f"The targets have shape {labels.shape}: a binary cross-entropy takes one label of two values "
            "for each row, or one-hot pairs."
        )
    return labels.reshape(-1), False


def _stacked(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    try:
        return np.stack([np.asarray(row) for row in rows])
    except ValueError:
        raise UsageError("The targets are lists of different lengths: give one label for each row.") from None


def _is_one_hot(pairs: npt.NDArray[Any]) -> bool:
    return bool((np.isin(pairs, (0, 1)).all(axis=1) & (pairs.sum(axis=1) == 1)).all())


def _sorted(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def _other_than_two(values: Sequence[Any], n_rows: int) -> str:
    if len(values) == 1:
        return (
            f"All {n_rows:,} targets are {shown(values[0])}: "
            "chance level, skill and AUC need rows of both classes. Evaluate on rows that hold both."
        )
    if not values:
        return "There are no rows: evaluate on rows of both classes."
    return (
        f"The targets have {len(values):,} values: {listed(values)}. A binary cross-entropy takes two; "
        "evaluate one class against the rest."
    )


def _in_order(values: Sequence[Any], pos_label: Any) -> tuple[Any, Any]:
    """Return (the negative, the positive label)."""
    if pos_label is None or pos_label == values[1]:
        return values[0], values[1]
    if pos_label == values[0]:
        return values[1], values[0]
    raise UsageError(f"pos_label={pos_label!r} is none of the targets' labels, which are {listed(values)}.")
