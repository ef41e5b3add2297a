"""Judge a long curve on the medians of equal blocks, so that five points and a million cost alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import row_medians
from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.findings.spikes import without_spikes
from mlflow_bce_monitor.records import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Blocks:
    """A curve in at most ``max_blocks`` blocks.

    Attributes
    ----------
    values
        Shape (n_blocks,): the median of each block.
    edges
        Shape (n_blocks + 1,): block i holds the points [edges[i], edges[i + 1]).
    """

    values: FloatArray
    edges: IntArray

    def __len__(self) -> int:
        return int(self.values.size)

    @cached_property
    def smooth(self) -> FloatArray:
        """Shape (n_blocks,): the values without single spikes."""
        return without_spikes(self.values)


def into_blocks(values: FloatArray, max_blocks: int) -> Blocks:
    """Return the blocks of a curve; each point is its own block when there are few.

    Parameters
    ----------
    values
        Shape (n,), finite.
    max_blocks
        Largest number of blocks, at least 1.
    """
    n = values.size
    if n <= max_blocks:
        return Blocks(values, every_point(n + 1))
    edges, rows = (_kept_cut if n <= _SHORT else _cut)(n, max_blocks)
    return Blocks(row_medians(values[rows]), edges)


_SHORT: Final = 2_000
"""Points up to which it is kept where the blocks lie: the curves of a store have few lengths."""
_KEPT: Final = 64
"""Lengths, and curves: those of the run in hand are asked for again, and hardly one more."""


@lru_cache(maxsize=_KEPT)
def blocks_of(curve: Curve, max_blocks: int) -> Blocks:
    """Return the blocks of a curve's finite values; asked again for the same curve, they are at hand."""
    return into_blocks(curve.finite, max_blocks)


def every_point(n: int) -> IntArray:
    """Return 0, 1, ... n - 1, shape (n,); not to be written to."""
    return (_kept_points if n <= _SHORT else _points)(n)


def _points(n: int) -> IntArray:
    return _constant(np.arange(n, dtype=np.int64))


_kept_points = lru_cache(maxsize=_KEPT)(_points)


def _cut(n: int, max_blocks: int) -> tuple[IntArray, IntArray]:
    """Return the edges of the blocks, and the points of each as a row."""
    edges = np.linspace(0, n, max_blocks + 1).round().astype(np.int64)
    width = int(np.diff(edges).min())
    # The blocks differ in width by at most one point; the median of the common width serves them all
    # and lets one vectorised call do the work.
    return _constant(edges), _constant(edges[:-1, None] + np.arange(width)[None, :])


_kept_cut = lru_cache(maxsize=_KEPT)(_cut)


def _constant(array: IntArray) -> IntArray:
    array.flags.writeable = False
    return array
