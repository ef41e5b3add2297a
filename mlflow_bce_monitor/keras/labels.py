"""Label values of an epoch: how many there were of each, and with which weights.

A tap adds up one table an output while the batches go by:

    row 0: number of labels, row 1: sum of their weights, row 2: sum of the squared weights
    columns: labels equal to -1, 0, 1, 2, 3, those between 0 and 1, and all others

That is all the memory it takes, and it answers what the labels are, how many are positive,
and whether the weights of a class are all the same, as Keras' ``class_weight`` makes them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LEVELS: Final = (-1.0, 0.0, 1.0, 2.0, 3.0)
COLUMNS: Final = len(LEVELS) + 2
FRACTION: Final = "fraction"
OTHER: Final = "other"
"""Words for the labels of the last two columns: soft labels are sound ones, others are none."""

ROWS: Final = 3

MOST_LABELS: Final = 65_536
"""Labels of a batch that are counted: a batch of segmentation masks has millions, and its first rows do."""

_SAME_WEIGHT: Final = 1e-5
"""Relative spread of weights up to which they are one weight; they are float32."""

_TWO: Final = 2


def empty_table() -> FloatArray:
    """Return a table without labels, shape (3, 7)."""
    return np.zeros((ROWS, COLUMNS))


def table_of(labels: npt.NDArray[np.generic], weights: npt.NDArray[np.generic] | None) -> FloatArray:
    """Return the table of one batch, shape (3, 7).

    Parameters
    ----------
    labels
        Any shape, numbers; NaN counts among the others.
    weights
        One for each row or one for each label; None for 1. Weights of any other shape are left out.
    """
    values = np.asarray(labels, np.float64)
    spread = spread_weights(weights, values.shape)
    flat = values.reshape(-1)[:MOST_LABELS]
    w = np.ones(flat.size) if spread is None else spread.reshape(-1)[:MOST_LABELS]
    is_level = flat[:, None] == np.array(LEVELS)
    is_fraction = ((flat > 0.0) & (flat < 1.0))[:, None]
    is_other = ~(is_level.any(axis=1, keepdims=True) | is_fraction)
    columns = np.concatenate([is_level, is_fraction, is_other], axis=1).astype(np.float64)
    return np.stack([np.ones_like(w), w, w * w]) @ columns


def spread_weights(weights: npt.NDArray[np.generic] | None, shape: tuple[int, ...]) -> FloatArray | None:
    """Return one weight for each label of a given shape, None where there are none or they do not fit."""
    if weights is None or not shape:
        return None
    w = np.asarray(weights, np.float64)
    if w.shape == shape:
        return w
    if w.size == shape[0]:
        return np.broadcast_to(w.reshape(shape[0], *(1 for _ in shape[1:])), shape)
    return None


def values_seen(table: FloatArray) -> list[float | str]:
    """Return the label values that occurred, "fraction" for those between 0 and 1, "other" for the rest."""
    words: tuple[float | str, ...] = (*LEVELS, FRACTION, OTHER)
    return [word for word, count in zip(words, table[0], strict=True) if count]


def positive_above(table: FloatArray) -> float:
    """Return the value above which a label is the positive one: half way between two values, else 0.5.

    Labels -1/1 and 1/2 have two values as well; 0..3 do not, and what is not 0 counts as positive.
    """
    present = [level for level, count in zip(LEVELS, table[0], strict=False) if count]
    if len(present) == _TWO and not _has_others(table):
        return (present[0] + present[1]) / 2.0
    return 0.5


def positive_share(table: FloatArray) -> float | None:
    """Return the share of labels above :func:`positive_above`; None without labels or with others."""
    total = table[0].sum()
    if not total or _has_others(table):
        return None
    above = [level > positive_above(table) for level in LEVELS]
    return float(table[0, : len(LEVELS)][above].sum() / total)


def class_weights(table: FloatArray) -> tuple[float, float] | None:
    """Return (w0, w1) where every label of a class has the same weight; None where they differ."""
    if not table[0].sum() or _has_others(table):
        return None
    above = np.array([level > positive_above(table) for level in LEVELS])
    found: list[float] = []
    for of_class in (~above, above):
        count, total, squares = (float(row[: len(LEVELS)][of_class].sum()) for row in table)
        if not count:
            return None
        mean = total / count
        variance = squares / count - mean * mean
        if variance > (_SAME_WEIGHT * max(abs(mean), 1.0)) ** _TWO * 10:
            return None
        found.append(mean)
    return found[0], found[1]


def _has_others(table: FloatArray) -> bool:
    """Whether some label is none of the whole numbers that are counted."""
    return bool(table[0, len(LEVELS) :].any())


def is_weighted(table: FloatArray) -> bool:
    """Whether any label has a weight other than 1."""
    return bool(np.abs(table[1:] - table[0]).max() > _SAME_WEIGHT * max(float(table[0].sum()), 1.0))
