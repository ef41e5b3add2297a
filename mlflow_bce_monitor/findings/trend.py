"""Whether a stretch of a curve is still moving, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import BoolArray, FloatArray, IntArray, medians_of_first, row_medians
from mlflow_bce_monitor.findings.blocks import cut, into_blocks

MAX_TREND_BLOCKS: Final = 40
"""Blocks for the pairwise statistics: 780 pairs, enough for any level of significance used."""

_EXACT_UP_TO: Final = 12
"""Points up to which the exact distribution is used; beyond, the normal one is right to a tenth."""

_MIN_POINTS: Final = 4
"""Three points in falling order happen by chance in one of six cases: no test can be passed."""

_MANY: Final = 32
"""Stretches from which on it takes less time to count than to sort."""

_LARGE: Final = 1e300
"""Twice a number below this is finite."""


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


def robust_changes(rows: FloatArray, stretches: IntArray) -> FloatArray:
    """Return the change of :func:`trends_of` alone, of stretches of any lengths.

    Parameters
    ----------
    rows
        Shape (n_rows, n), finite, in order.
    stretches
        Shape (n_stretches, 3): row, start and end of each; at least one point.

    Returns
    -------
    FloatArray
        Shape (n_stretches,).
    """
    changes = np.empty(len(stretches))
    for chosen, blocks, n_blocks in _in_blocks(rows, stretches):
        changes[chosen] = _changes(blocks, n_blocks)
    return changes


def change_by_no_more(rows: FloatArray, stretches: IntArray, most: FloatArray) -> BoolArray:
    """Return whether the change of :func:`robust_changes` is at most so large, up or down.

    Parameters
    ----------
    rows, stretches
        As there.
    most
        Shape (n_stretches,), in the unit of the values.

    Returns
    -------
    BoolArray
        Shape (n_stretches,).
    """
    if len(stretches) < _MANY or not _are_small(rows, most):
        return np.asarray(np.abs(robust_changes(rows, stretches)) <= most)
    longest = int((stretches[:, 2] - stretches[:, 1]).max())
    blocks = np.full((len(stretches), min(longest, MAX_TREND_BLOCKS)), np.nan)
    n_blocks = np.empty(len(stretches), dtype=np.int64)
    for chosen, some, n_some in _in_blocks(rows, stretches):
        blocks[chosen, : some.shape[1]] = some
        n_blocks[chosen] = n_some
    return _keep_within(blocks, n_blocks, most)


def _keep_within(blocks: FloatArray, n_blocks: IntArray, most: FloatArray) -> BoolArray:
    """Return whether no more than half of the pairs are farther apart than so large a change leaves them.

    A median is above a number when more than half of what it is taken of is: counting takes a tenth of the
    time of the sorting that would say by how much.
    """
    columns = np.ascontiguousarray(blocks.T)
    # Counted is first where the ends say that the blocks go: those that rise are turned upside down.
    rises = columns[n_blocks - 1, np.arange(n_blocks.size)] > columns[0]
    columns *= np.where(rises, -1.0, 1.0)
    tilt = most / np.maximum(n_blocks - 1, 1) * np.arange(len(columns))[:, None]
    far, pairs = _falling_pairs(columns + tilt), n_blocks * (n_blocks - 1) // 2
    (rest,) = (2 * far <= pairs).nonzero()
    if rest.size:
        far[rest] = np.maximum(far[rest], _falling_pairs(tilt[:, rest] - columns[:, rest]))
    within: BoolArray = 2 * far < pairs
    # The median of an even number lies between two; and few blocks have no pairs to count.
    (open_,) = ((2 * far == pairs) | (n_blocks < _MIN_POINTS)).nonzero()
    if open_.size:
        within[open_] = np.abs(_changes(blocks[open_], n_blocks[open_])) <= most[open_]
    return within


def _falling_pairs(columns: FloatArray) -> IntArray:
    """Return how many pairs of each column fall from the first to the second of them.

    Parameters
    ----------
    columns
        Shape (n, n_columns), n at most 256; NaN falls from nothing and nothing falls to it.
    """
    # Of how many blocks before it each block is below: bytes, because adding these costs next to nothing.
    below = np.zeros(columns.shape, dtype=np.uint8)
    for apart in range(1, len(columns)):
        below[apart:] += (columns[apart:] < columns[:-apart]).view(np.uint8)
    falling: IntArray = below.sum(axis=0, dtype=np.int64)
    return falling


def _are_small(rows: FloatArray, most: FloatArray) -> bool:
    """Whether sums and differences of the numbers cannot overflow."""
    return bool(max(rows.max(), -rows.min(), most.max()) < _LARGE)


def _in_blocks(rows: FloatArray, stretches: IntArray) -> Iterator[tuple[IntArray, FloatArray, IntArray]]:
    """Yield stretches whose blocks have one width: which, their blocks, and how many blocks each has.

    Shapes (n_chosen,), (n_chosen, most blocks) with NaN beyond the blocks of a row, and (n_chosen,).
    """
    if not len(stretches):
        return
    row, start, end = stretches.T
    lengths, starts = end - start, row * rows.shape[1] + start
    firsts, widths = _first_points(1 << int(lengths.max()).bit_length())
    values, width_of = rows.ravel(), widths[lengths]
    for width in np.unique(width_of).tolist():
        chosen: IntArray = (width_of == width).nonzero()[0]
        n_blocks = np.minimum(lengths[chosen], MAX_TREND_BLOCKS)
        most = int(n_blocks.max())
        points = firsts[lengths[chosen], :most] + starts[chosen, None]
        blocks = row_medians(values[points[:, :, None] + np.arange(width)]) if width > 1 else values[points]
        if int(n_blocks.min()) < most:
            blocks[np.arange(most) >= n_blocks[:, None]] = np.nan
        yield chosen, blocks, n_blocks


def _changes(blocks: FloatArray, n_blocks: IntArray) -> FloatArray:
    """Return the changes of stretches in blocks."""
    if int(n_blocks.min()) == blocks.shape[1]:
        return _of_blocks(blocks)
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


@cache
def _first_points(n: int) -> tuple[IntArray, IntArray]:
    """Return the first point of each block of stretches of 0 to n - 1 points, and how wide their blocks are.

    Shapes (n, MAX_TREND_BLOCKS), the last point again where there are fewer blocks, and (n,).
    """
    few = np.arange(min(n, MAX_TREND_BLOCKS + 1))[:, None]
    firsts = [np.minimum(np.arange(MAX_TREND_BLOCKS), np.maximum(few - 1, 0))]
    widths = [np.ones(len(few), dtype=np.int64)]
    if n > len(few):
        cuts = [cut(length, MAX_TREND_BLOCKS) for length in range(len(few), n)]
        firsts.append(np.array([edges[:-1] for edges, _ in cuts]))
        widths.append(np.array([points.shape[1] for _, points in cuts]))
    return np.concatenate(firsts), np.concatenate(widths)


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
