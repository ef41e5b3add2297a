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


def rows_from_accuracy(accuracies: FloatArray) -> int | None:
    """Return the number of rows, or a divisor of it; None when the digits do not tell.

    Parameters
    ----------
    accuracies
        Shape (n_points,), finite, shares in [0, 1]. Values of exactly 0 or 1 say nothing.
    """
    values = np.unique(accuracies[(accuracies > 0.0) & (accuracies < 1.0)])
    # Two n-ths lie at least 1 / 20,000 apart; values closer than that are running averages of others.
    apart = np.diff(values, prepend=-1.0) > 0.5 / MOST_ROWS
    values = values[apart][:_DISTINCT_VALUES]
    if values.size < _FEWEST_VALUES:
        return None
    candidates = np.arange(2, MOST_ROWS + 1, dtype=np.float64)
    fits = np.ones(candidates.size, dtype=bool)
    for value in values:
        hits = value * candidates
        fits &= np.abs(hits - np.round(hits)) <= _FLOAT32_ROUNDING * candidates
    found = np.flatnonzero(fits)
    if found.size == 0:
        return None
    rows = int(candidates[found[0]])
    return None if _ROUNDED % rows == 0 and _are_decimals(values) else rows


def _are_decimals(values: FloatArray) -> bool:
    """Whether all values are doubles nearest to decimals of at most four places; float32 values are not."""
    return bool((np.round(values * _ROUNDED) / _ROUNDED == values).all())
