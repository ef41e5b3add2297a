"""What NumPy does for arrays of any kind, done for the short ones of a run: exactly, at less cost.

``np.median`` of a hundred numbers takes ten times as long as sorting them, nearly all of it to find
out what kind of array it was given; a diagnosis asks for dozens. Whatever takes rows takes any number
of them, so that a thousand curves cost hardly more calls than one.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SHORT: Final = 4096
"""Numbers up to which sorting all of them costs no more than selecting some."""

_FEW: Final = 256
"""Numbers up to which sorting costs less than selecting one and searching what is below it."""

_PAIR: Final = 2
_TRIPLE: Final = 3
"""Widths whose median needs no sorting."""


_SQUARES: Final = 1e190
"""A sum of squares below this is one of numbers below 1e95."""


def are_finite(values: FloatArray) -> bool:
    """Whether all numbers are finite and none is larger than 1e95, found in a single pass.

    False says nothing yet: no number of use is that large, but one that is may still be finite.

    Parameters
    ----------
    values
        Shape (n,).
    """
    # The sum is NaN or infinite where a number is.
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.dot(values)) < _SQUARES


def median(values: FloatArray) -> float:
    """Return what ``np.median`` does, to the last bit.

    Parameters
    ----------
    values
        Shape (n,), at least one; NaN among them makes the median NaN.
    """
    n = values.size
    if n > _SHORT:
        return float(np.median(values))
    ordered = values.copy()
    ordered.sort()
    # NaN is sorted to the end.
    if math.isnan(ordered[-1]):
        return math.nan
    half = n // 2
    # A mean adds to 0, so NumPy's median never is -0.0.
    if n % 2:
        return float(ordered[half]) + 0.0
    return (float(ordered[half - 1]) + float(ordered[half])) / 2.0 + 0.0


def row_medians(rows: FloatArray) -> FloatArray:
    """Return the median of each row, to the last bit what ``np.median`` returns.

    Parameters
    ----------
    rows
        Shape (..., width), finite, at least one column.

    Returns
    -------
    FloatArray
        Shape (...,).
    """
    width = rows.shape[-1]
    if width <= _TRIPLE:
        return _median_of_few(rows) + 0.0  # as in median()
    half = width // 2
    if width > _FEW:
        ordered = np.partition(rows, half, axis=-1)
        below: FloatArray = ordered[..., half] if width % 2 else ordered[..., :half].max(axis=-1)
    else:
        ordered = np.sort(rows, axis=-1)
        below = ordered[..., half - 1 + width % 2]
    # Of an odd number both are the same one, and their mean is exact.
    return np.asarray((below + ordered[..., half]) / 2.0) + 0.0


def _median_of_few(rows: FloatArray) -> FloatArray:
    width = rows.shape[-1]
    first: FloatArray = rows[..., 0]
    if width < _PAIR:
        return first
    second = rows[..., 1]
    if width == _PAIR:
        return np.asarray((first + second) / 2.0)
    third = rows[..., 2]
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.maximum(low, np.minimum(high, third))


def medians_of_first(rows: FloatArray, lengths: IntArray) -> FloatArray:
    """Return the median of so many first numbers of each row.

    Parameters
    ----------
    rows
        Shape (n_rows, width). Numbers beyond a row's length are NaN, those before are not.
    lengths
        Shape (n_rows,), each from 1 to the width.

    Returns
    -------
    FloatArray
        Shape (n_rows,).
    """
    ordered = np.sort(rows, axis=1)  # NaN goes to the end
    at, half = np.arange(lengths.size), lengths // 2
    # Of an odd number both are the same one, and their mean is exact.
    middle: FloatArray = (ordered[at, half - 1 + lengths % 2] + ordered[at, half]) / 2.0
    return middle + 0.0


def medians_of_five(values: FloatArray) -> FloatArray:
    """Return the running median over five values.

    Parameters
    ----------
    values
        Shape (..., n), finite, n at least 5.

    Returns
    -------
    FloatArray
        Shape (..., n - 4).
    """
    n = values.shape[-1]
    a, b, c, d, e = (values[..., start : n - 4 + start] for start in range(5))
    # Of four, neither the smallest nor the largest can be the median of five: it is one of three.
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    middle: FloatArray = np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), e))
    return middle + 0.0  # as in median()


def running_max(values: FloatArray, width: int) -> FloatArray:
    """Return the largest value of every window.

    Parameters
    ----------
    values
        Shape (..., n), finite.
    width
        Of a window, from 1 to n.

    Returns
    -------
    FloatArray
        Shape (..., n - width + 1).
    """
    largest, reach = values, 1
    # A window of any width is the union of two overlapping ones of the largest power of two within it.
    while 2 * reach <= width:
        largest = np.maximum(largest[..., :-reach], largest[..., reach:])
        reach *= 2
    rest = width - reach
    return np.maximum(largest[..., :-rest], largest[..., rest:]) if rest else largest


def first_true(rows: BoolArray) -> IntArray:
    """Return where each row is True first, its width where it never is.

    Parameters
    ----------
    rows
        Shape (n_rows, width), at least one column.
    """
    at: IntArray = rows.argmax(axis=1)
    found = rows[np.arange(at.size), at]
    return np.where(found, at, rows.shape[1])


def last_true(rows: BoolArray) -> IntArray:
    """Return where each row is True last, -1 where it never is; as :func:`first_true`."""
    return np.asarray(rows.shape[1] - 1 - first_true(rows[:, ::-1]))
