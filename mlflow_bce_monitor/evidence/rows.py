"""How many rows a metric was measured on, read off the digits of the accuracy.

An accuracy over n rows is a whole number of n-ths. The smallest n that all logged
accuracies are n-ths of is n itself once a few different values were logged, and perhaps
only a divisor of n before that. Accuracies that were rounded to a few decimals before they
were logged say how they were rounded, and nothing about n.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.records import FloatArray

MOST_ROWS: Final = 20_000
"""Beyond this the n-ths lie closer together than float32 tells apart for several values."""

_FLOAT32_ROUNDING: Final = 1.2e-7
"""Relative rounding of a float32 sum divided by a float32 count: two units in the last place."""

_FEWEST_VALUES: Final = 3
"""The chance that all of k different n-ths share a divisor with n is 1 - 1 / zeta(k): 17 % for three."""

_ROUNDED: Final = 10_000
"""Accuracies are rounded to at most four decimals, if at all."""

_DISTINCT_VALUES: Final = 24
"""Values looked at: each excludes nearly every wrong n by itself."""


_FEW: Final = 100
"""Candidates that are tried with all values at once."""


def _with_tolerances(first: int, last: int) -> tuple[FloatArray, FloatArray]:
    candidates = np.arange(first, last + 1, dtype=np.float64)
    return candidates, _FLOAT32_ROUNDING * candidates


_CANDIDATES: Final = tuple(
    _with_tolerances(first, last) for first, last in ((2, 500), (501, 2_500), (2_501, MOST_ROWS))
)
"""Numbers of rows and their tolerances; most sets are small, so the small numbers are tried first."""


def rows_from_accuracy(accuracies: FloatArray) -> int | None:
    """Return the number of rows, or a divisor of it; None when the digits do not tell.

    Parameters
    ----------
    accuracies
        Shape (n_points,), finite, shares in [0, 1]. Values of exactly 0 or 1 say nothing.
    """
    values = accuracies[(accuracies > 0.0) & (accuracies < 1.0)]
    values.sort()
    # Two n-ths lie at least 1 / 20,000 apart; values closer than that are running averages of others.
    apart = np.empty(values.size, dtype=bool)
    apart[:1], apart[1:] = True, values[1:] - values[:-1] > 0.5 / MOST_ROWS
    values = values[apart][:_DISTINCT_VALUES]
    if values.size < _FEWEST_VALUES:
        return None
    rows = next((found for some in _CANDIDATES if (found := _smallest_fitting(values, *some))), None)
    return None if rows is None or (_ROUNDED % rows == 0 and _are_decimals(values)) else rows


def _smallest_fitting(values: FloatArray, candidates: FloatArray, tolerances: FloatArray) -> int | None:
    """Return the first candidate that all values are n-ths of, None when there is none."""
    # Each value leaves few candidates for the next; once they are few, the rest are asked together.
    for value in values:
        if candidates.size <= _FEW:
            break
        fits = _near_whole(value * candidates) <= tolerances
        candidates, tolerances = candidates[fits], tolerances[fits]
    left = candidates[(_near_whole(values[:, None] * candidates) <= tolerances).all(axis=0)]
    return int(left[0]) if left.size else None


def _near_whole(hits: FloatArray) -> FloatArray:
    """Return how far numbers are from the nearest whole ones."""
    distance: FloatArray = np.abs(hits - np.rint(hits))
    return distance


def _are_decimals(values: FloatArray) -> bool:
    """Whether all values are doubles nearest to decimals of at most four places; float32 values are not."""
    return bool((np.round(values * _ROUNDED) / _ROUNDED == values).all())
