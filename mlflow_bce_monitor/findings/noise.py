"""How much of a curve is noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, row_medians

_MAD_TO_SD: Final = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""

_GAINS: Final = {2: 6.0**0.5, 3: 20.0**0.5}
"""Order of a difference to the standard deviation it gives white noise of standard deviation 1:
the root of the sum of the squared binomials, 1 + 4 + 1 and 1 + 9 + 9 + 1."""


_SHORT: Final = 10
"""Points below which a bend enters most differences of any order."""

_MEAN_RISE: Final = 0.5642
"""Mean of the positive part of the difference of two points of white noise, 1 / sqrt(pi) of its sigma."""


def point_noise(values: FloatArray) -> float:
    """Return :func:`row_noise` of a single curve, shape (n,)."""
    return float(row_noise(values[None])[0])


def row_noise(rows: FloatArray) -> FloatArray:
    """Return the standard deviation of one point about the local trend, of each of some curves.

    Estimated from differences of second and third order, which a straight line and a
    parabola do not enter, through their median absolute value, which a few spikes do not
    enter. The smaller of the two is taken: a short bent curve without noise has second
    differences of its own. Fewer than ten points are also judged by how much they go
    back and forth, which a bend that only falls does not.

    Parameters
    ----------
    rows
        Shape (n_curves, n_points), finite.

    Returns
    -------
    FloatArray
        Shape (n_curves,), in the unit of the values; 0 for fewer than three points.
    """
    n = rows.shape[1]
    least: FloatArray | None = None
    differences = rows[:, 1:] - rows[:, :-1]
    for order, gain in _GAINS.items():
        if n > order:
            differences = differences[:, 1:] - differences[:, :-1]
            least = _smaller(least, row_medians(np.abs(differences)) * _MAD_TO_SD / gain)
    if 1 < n < _SHORT:
        least = _smaller(least, np.array([_back_and_forth(row) for row in rows]))
    return np.zeros(rows.shape[0]) if least is None else least


def _smaller(least: FloatArray | None, estimate: FloatArray) -> FloatArray:
    return estimate if least is None else np.where(estimate < least, estimate, least)


def _back_and_forth(values: FloatArray) -> float:
    """Return the standard deviation of white noise that would rise, or fall, as much as the values do."""
    moves = np.diff(values)
    against = min(float(moves[moves > 0].sum()), float(-moves[moves < 0].sum()))
    return against / (moves.size * _MEAN_RISE)
