"""Whether a stretch of a curve is still moving, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.findings.blocks import into_blocks
from mlflow_bce_monitor.records import FloatArray, IntArray

MAX_TREND_BLOCKS: Final = 40
"""Blocks for the pairwise statistics: 780 pairs, enough for any level of significance used."""

_EXACT_UP_TO: Final = 12
"""Points up to which the exact distribution is used; beyond, the normal one is right to a tenth."""

_MIN_POINTS: Final = 4
"""Three points in falling order happen by chance in one of six cases: no test can be passed."""


@dataclass(frozen=True)
class Trend:
    """A robust line through a stretch of a curve.

    Attributes
    ----------
    change
        Theil-Sen slope times the length of the stretch: the change it predicts from the
        first to the last point, in the unit of the values; negative when falling.
    p_falling
        One-sided p-value of the Mann-Kendall test against "no trend", small when falling.
    """

    change: float
    p_falling: float


def trend_of(values: FloatArray) -> Trend:
    """Return the trend of a stretch.

    Kendall 1975, "Rank Correlation Methods"; Sen 1968, doi:10.1080/01621459.1968.10480934.

    Parameters
    ----------
    values
        Shape (n,), finite, in order.
    """
    blocks = into_blocks(values, MAX_TREND_BLOCKS).values
    n = blocks.size
    if n < _MIN_POINTS:
        change = float(blocks[-1] - blocks[0]) if n > 1 else 0.0
        return Trend(change, 1.0)
    rise, apart = _rises(blocks)
    return Trend(median(rise / apart) * (n - 1), _p_falling(blocks, rise))


def robust_change(values: FloatArray) -> float:
    """Return the change of :func:`trend_of` alone, which costs less."""
    blocks = into_blocks(values, MAX_TREND_BLOCKS).values
    if blocks.size < _MIN_POINTS:
        return trend_of(values).change
    rise, apart = _rises(blocks)
    return median(rise / apart) * (blocks.size - 1)


def _rises(blocks: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the rise from each block to each later one, and how many blocks they are apart."""
    first, second, apart = _pairs(blocks.size)
    rise: FloatArray = blocks[second] - blocks[first]
    return rise, apart


@cache
def _pairs(n: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the first and the second of all pairs of n places, and their distance."""
    first, second = np.triu_indices(n, k=1)
    return first, second, second - first


def _p_falling(values: FloatArray, rise: FloatArray) -> float:
    n = values.size
    rising, falling = int(np.count_nonzero(rise > 0)), int(np.count_nonzero(rise < 0))
    score, distinct = float(rising - falling), rising + falling == rise.size
    if n <= _EXACT_UP_TO and distinct:
        return _exact_p_falling(n, rising)
    variance = (n * (n - 1) * (2 * n + 5) - (0.0 if distinct else _of_ties(values))) / 18.0
    if variance <= 0.0:
        return 1.0
    # One count is taken off as the continuity correction of a discrete score.
    z = (score + 1.0) / math.sqrt(variance) if score < 0 else 0.0
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _of_ties(values: FloatArray) -> float:
    _, ties = np.unique(values, return_counts=True)
    return float((ties * (ties - 1) * (2 * ties + 5)).sum())


@cache
def _exact_p_falling(n: int, n_rising: int) -> float:
    """Return the chance that n points in random order have at most so many rising pairs.

    The normal approximation calls five points that fall every time p = 0.014; it is
    1 / 5! = 0.008. Orders by their number of rising pairs (Mahonian numbers): the k-th
    point, put among the k - 1 before it, makes 0 to k - 1 rising pairs.
    """
    orders = np.ones(1)
    for k in range(2, n + 1):
        orders = np.convolve(orders, np.ones(k))
    return float(orders[: n_rising + 1].sum() / orders.sum())
