"""Judge long curves on the medians of equal blocks, so that five points and a million cost alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, IntArray, row_medians
from mlflow_bce_monitor.findings.spikes import without_spikes


@dataclass(frozen=True, eq=False)
class Blocks:
    """One curve, or several of one length, in at most ``max_blocks`` blocks.

    Attributes
    ----------
    values
        Shape (..., n_blocks): the median of each block.
    edges
        Shape (n_blocks + 1,): block i holds the points [edges[i], edges[i + 1]).
    """

    values: FloatArray
    edges: IntArray

    def __len__(self) -> int:
        return int(self.values.shape[-1])

    @cached_property
    def smooth(self) -> FloatArray:
        """Shape (..., n_blocks): the values without single spikes."""
        return without_spikes(self.values)


def into_blocks(values: FloatArray, max_blocks: int) -> Blocks:
    """Return the blocks of curves; each point is its own block when there are few.

    Parameters
    ----------
    values
        Shape (..., n), finite.
    max_blocks
        Largest number of blocks, at least 1.
    """
    n = values.shape[-1]
    if n <= max_blocks:
        return Blocks(values, every_point(n + 1))
    edges, points = cut(n, max_blocks)
    return Blocks(row_medians(values[..., points]), edges)


_SHORT: Final = 2_000
"""Points up to which it is kept where the blocks lie: the curves of a store have few lengths."""
_KEPT: Final = 512
"""Lengths: those of curves, and of the plateaus that are looked for in them."""


def every_point(n: int) -> IntArray:
    """Return 0, 1, ... n - 1, shape (n,); not to be written to."""
    return (_kept_points if n <= _SHORT else _points)(n)


def _points(n: int) -> IntArray:
    return _constant(np.arange(n, dtype=np.int64))


_kept_points = lru_cache(maxsize=_KEPT)(_points)


def cut(n: int, n_blocks: int) -> tuple[IntArray, IntArray]:
    """Return the edges of so many blocks of n points, and the points of each block as a row.

    Parameters
    ----------
    n
        More than there are blocks.
    """
    return (_kept_cut if n <= _SHORT else _cut)(n, n_blocks)


def _cut(n: int, n_blocks: int) -> tuple[IntArray, IntArray]:
    edges = np.linspace(0, n, n_blocks + 1).round().astype(np.int64)
    width = int(np.diff(edges).min())
    # The blocks differ in width by at most one point; the median of the common width serves them all
    # and lets one vectorised call do the work.
    return _constant(edges), _constant(edges[:-1, None] + np.arange(width)[None, :])


_kept_cut = lru_cache(maxsize=_KEPT)(_cut)


def _constant(array: IntArray) -> IntArray:
    array.flags.writeable = False
    return array
