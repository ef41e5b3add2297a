"""Judge a long curve on the medians of equal blocks, so that five points and a million cost alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        return Blocks(values, np.arange(n + 1, dtype=np.int64))
    edges = np.linspace(0, n, max_blocks + 1).round().astype(np.int64)
    width = int(np.diff(edges).min())
    # The blocks differ in width by at most one point; the median of the common width serves them all
    # and lets one vectorised call do the work.
    rows = edges[:-1, None] + np.arange(width)[None, :]
    return Blocks(np.median(values[rows], axis=1), edges)
