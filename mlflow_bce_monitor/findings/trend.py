"""Whether a stretch of a curve is still moving, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, IntArray, medians_of_first, row_medians
from mlflow_bce_monitor.findings.blocks import cut, into_blocks

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
    """Return the trend of a single stretch, shape (n,); as :func:`trends_of`."""
    return trends_of(values[None])[0]


def trends_of(rows: FloatArray) -> list[Trend]:
    """Return the trend of each of some stretches.

    Kendall 1975, "Rank Correlation Methods"; Sen 1968, doi:10.1080/01621459.1968.10480934.

    Parameters
    ----------
    rows
        Shape (n_stretches, n), finite, in order.
    """
    blocks = into_blocks(rows, MAX_TREND_BLOCKS).values
    n = blocks.shape[1]
    if n < _MIN_POINTS:
        changes = blocks[:, -1] - blocks[:, 0] if n else np.zeros(rows.shape[0])
        return [Trend(change, 1.0) for change in changes.tolist()]
    first, second, apart = _pairs(n)
    rise = blocks.take(second, axis=1) - blocks.take(first, axis=1)
    rising = np.count_nonzero(rise > 0, axis=1).tolist()
    falling = np.count_nonzero(rise < 0, axis=1).tolist()
    changes = row_medians(rise / apart) * (n - 1)
    return [
        Trend(change, _p_falling(values, up, down))
        for change, values, up, down in zip(changes.tolist(), blocks, rising, falling, strict=True)
    ]


def robust_changes(rows: FloatArray, stretches: Sequence[tuple[int, int, int]]) -> FloatArray:
    """Return the change of :func:`trends_of` alone, of stretches of any lengths.

    Parameters
    ----------
    rows
        Shape (n_rows, n), finite, in order.
    stretches
        (row, start, end) of each; at least one point.

    Returns
    -------
    FloatArray
        Shape (n_stretches,).
    """
    changes = np.empty(len(stretches))
    values, n = rows.ravel(), rows.shape[1]
    by_width: dict[int, list[int]] = {}
    for at, (_, start, end) in enumerate(stretches):
        by_width.setdefault(max(1, _width(end - start)), []).append(at)
    for width, chosen in by_width.items():
        points = np.array([row * n + start for row, start, _ in (stretches[at] for at in chosen)])
        lengths = [stretches[at][2] - stretches[at][1] for at in chosen]
        changes[chosen] = _changes(values, points, lengths, width)
    return changes


def _changes(values: FloatArray, starts: IntArray, lengths: Sequence[int], width: int) -> FloatArray:
    """Return the changes of stretches whose blocks have one width."""
    n_blocks = np.array([min(length, MAX_TREND_BLOCKS) for length in lengths])
    most = int(n_blocks.max())
    points = starts[:, None] + np.array([_first_points(length, most) for length in lengths])
    blocks = row_medians(values[points[:, :, None] + np.arange(width)])
    if int(n_blocks.min()) == most:
        return _of_blocks(blocks)
    blocks[np.arange(most) >= n_blocks[:, None]] = np.nan
    return np.where(n_blocks < _MIN_POINTS, _end_to_end(blocks, n_blocks), _of_some_blocks(blocks, n_blocks))


def _of_blocks(blocks: FloatArray) -> FloatArray:
    n = blocks.shape[1]
    if n < _MIN_POINTS:
        return np.asarray(blocks[:, -1] - blocks[:, 0])
    return np.asarray(row_medians(_slopes(blocks)) * (n - 1))


def _of_some_blocks(blocks: FloatArray, n_blocks: IntArray) -> FloatArray:
    """Return the same where NaN fills up the rows of fewer blocks."""
    n_pairs = np.maximum(n_blocks * (n_blocks - 1) // 2, 1)
    return np.asarray(medians_of_first(_slopes(blocks), n_pairs) * (n_blocks - 1))


def _end_to_end(blocks: FloatArray, n_blocks: IntArray) -> FloatArray:
    return np.asarray(blocks[np.arange(n_blocks.size), n_blocks - 1] - blocks[:, 0])


def _slopes(blocks: FloatArray) -> FloatArray:
    """Return the slope from each block to each later one, shape (n_rows, n_pairs)."""
    first, second, apart = _pairs(blocks.shape[1])
    slopes: FloatArray = blocks.take(second, axis=1)
    slopes -= blocks.take(first, axis=1)
    slopes /= apart
    return slopes


def _width(length: int) -> int:
    """Return the points of a block of a stretch, 0 where each block is a point."""
    return 0 if length <= MAX_TREND_BLOCKS else int(cut(length, MAX_TREND_BLOCKS)[1].shape[1])


def _first_points(length: int, most: int) -> IntArray:
    """Return the first point of each block of a stretch, the last one again up to so many."""
    if length > MAX_TREND_BLOCKS:
        return cut(length, MAX_TREND_BLOCKS)[0][:-1]
    return _kept_first_points(length, most)


@cache
def _kept_first_points(length: int, most: int) -> IntArray:
    return np.minimum(np.arange(most), length - 1)


@cache
def _pairs(n: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the first and the second of all pairs of n places, and their distance."""
    first, second = np.triu_indices(n, k=1)
    return first, second, second - first


def _p_falling(values: FloatArray, rising: int, falling: int) -> float:
    n = values.size
    score, distinct = float(rising - falling), rising + falling == n * (n - 1) // 2
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
