"""How many rows a metric was measured on, read off the digits of the accuracy.

An accuracy over n rows is a whole number of n-ths. The smallest n that all logged
accuracies are n-ths of is n itself once a few different values were logged, and a divisor
of n before that: a lower bound either way.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.records import FloatArray

MOST_ROWS: Final = 20_000
"""Beyond this the n-ths lie closer together than float32 tells apart for several values."""

_FLOAT32_ROUNDING: Final = 1.2e-7
"""Relative rounding of a float32 sum divided by a float32 count: two units in the last place."""

_DISTINCT_VALUES: Final = 24
"""Values looked at: each excludes nearly every wrong n by itself."""


def rows_from_accuracy(accuracies: FloatArray) -> int | None:
    """Return the number of rows, or a divisor of it; None when no number up to 20,000 fits.

    Parameters
    ----------
    accuracies
        Shape (n_points,), finite, shares in [0, 1]. Values of exactly 0 or 1 say nothing.
    """
    values = np.unique(accuracies[(accuracies > 0.0) & (accuracies < 1.0)])[:_DISTINCT_VALUES]
    if values.size == 0:
        return None
    candidates = np.arange(2, MOST_ROWS + 1, dtype=np.float64)
    fits = np.ones(candidates.size, dtype=bool)
    for value in values:
        hits = value * candidates
        fits &= np.abs(hits - np.round(hits)) <= _FLOAT32_ROUNDING * candidates
    found = np.flatnonzero(fits)
    return int(candidates[found[0]]) if found.size else None
