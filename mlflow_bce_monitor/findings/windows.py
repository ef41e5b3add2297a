"""The longest stretches of curves whose values keep within a range, for many curves at once."""

from __future__ import annotations

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, IntArray, running_max


def maximal_windows(rows: FloatArray, widths: FloatArray, shortest: int) -> IntArray:
    """Return every window whose range is at most a width and that no neighbour would leave so.

    Only those of at least ``shortest`` values.

    Parameters
    ----------
    rows
        Shape (n_curves, n), finite.
    widths
        Shape (n_curves,): the largest range of a window of each curve.
    shortest
        From 1 to n.

    Returns
    -------
    IntArray
        Shape (n_windows, 3): the curve, the start and the end of each, curve by curve and in order.
    """
    highest, lowest = running_max(rows, shortest), running_max(-rows, shortest)
    # Every part of a window is as narrow, so one begins only where the shortest window is narrow enough ...
    begins = highest + lowest <= widths[:, None]
    # ... and not after a value between the extremes of that: a window is as narrow with it as without it.
    before = rows[:, : begins.shape[1] - 1]
    begins[:, 1:] &= (before > highest[:, 1:]) | (-before > lowest[:, 1:])
    at = np.flatnonzero(begins)
    row, start = np.divmod(at, begins.shape[1])
    if at.size == 0:
        return np.empty((0, 3), dtype=np.int64)
    end = _ends(rows, widths[row], row, start + shortest, highest.take(at), lowest.take(at))
    # A window that ends where the one before it ends is a part of that one.
    kept = np.ones(row.size, dtype=bool)
    kept[1:] = (row[1:] != row[:-1]) | (end[1:] != end[:-1])
    return np.stack((row, start, end), axis=1)[kept]


def _ends(
    rows: FloatArray, widths: FloatArray, row: IntArray, end: IntArray, top: FloatArray, bottom: FloatArray
) -> IntArray:
    """Return how far windows reach before they are too wide.

    A window is made longer by the largest power of two that leaves it narrow enough, then by the
    next smaller one, and so on: the range only grows with the length.

    Parameters
    ----------
    rows
        Shape (n_curves, n).
    widths, row, end
        Shape (n_windows,): the largest range, the curve, and the end so far of each window.
    top, bottom
        Of the same shape: the largest value of each window so far, and that of the negated values.
    """
    n = rows.shape[1]
    for reach, highest, lowest in reversed(_tables(rows, n - int(end.min()))):
        columns = highest.shape[1]
        at = np.minimum(end, columns - 1) + row * columns
        new_top, new_bottom = np.maximum(top, highest.take(at)), np.maximum(bottom, lowest.take(at))
        longer = (new_top + new_bottom <= widths) & (end < columns)
        end = np.where(longer, end + reach, end)
        top, bottom = np.where(longer, new_top, top), np.where(longer, new_bottom, bottom)
    return end


def _tables(rows: FloatArray, longest: int) -> list[tuple[int, FloatArray, FloatArray]]:
    """Return (length, largest values, largest negated values) of windows of 1, 2, 4, ... points."""
    tables, reach = [], 1
    highest, lowest = rows, -rows
    while reach <= longest:
        tables.append((reach, highest, lowest))
        highest = np.maximum(highest[:, :-reach], highest[:, reach:])
        lowest = np.maximum(lowest[:, :-reach], lowest[:, reach:])
        reach *= 2
    return tables
