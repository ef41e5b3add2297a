"""The inputs of a network as a table of numbers, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Leaf = npt.NDArray[np.generic]

MOST_COLUMNS: Final = 1_024
"""Columns, beyond which random projections stand for them (Johnson and Lindenstrauss 1984)."""

MOST_CATEGORIES: Final = 256
"""Different whole numbers in a table of them that are counted as tokens."""

FARTHEST: Final = 6.0
"""Standard deviations at which values of a column are clipped: one outlier must not rule the distances."""

CONSTANT: Final = 1e-9
"""Standard deviation of a column, beside its largest value, up to which it is constant."""


def are_numbers(leaf: Leaf) -> bool:
    """Whether the values can be reckoned with; text cannot."""
    return leaf.dtype.kind in "biuf"


def tokens_in(leaf: Leaf) -> Leaf | None:
    """Return the different values of whole numbers that are few and so stand for something, else None."""
    if leaf.dtype.kind not in "iu":
        return None
    values = np.unique(leaf)
    return values if values.size <= MOST_CATEGORIES else None


def table_of(leaves: Sequence[Leaf], random: np.random.Generator) -> FloatArray:
    """Return the leaves side by side, shape (n, columns); what is no number counts as 0.

    Parameters
    ----------
    leaves
        Arrays of shape (n, ...). Text is left out.
    """
    parts = [part for leaf in leaves if are_numbers(leaf) for part in _columns(leaf, random)]
    if not parts:
        return np.zeros((len(leaves[0]) if leaves else 0, 0))
    table = np.concatenate(parts, axis=1)
    table[~np.isfinite(table)] = 0.0
    return table


def _columns(leaf: Leaf, random: np.random.Generator) -> list[FloatArray]:
    flat = np.asarray(leaf).reshape(len(leaf), -1)
    if flat.shape[1] > MOST_COLUMNS:
        wide = np.nan_to_num(flat.astype(np.float32), posinf=0.0, neginf=0.0)
        directions = random.standard_normal((wide.shape[1], MOST_COLUMNS // 4), np.float32)
        return [np.asarray(standardised(wide.astype(np.float64)).astype(np.float32) @ directions, np.float64)]
    values = tokens_in(flat)
    if values is None:
        return [np.asarray(flat, np.float64)]
    # How often each token comes, and where.
    columns = [np.stack([(flat == value).sum(axis=1) for value in values], axis=1).astype(np.float64)]
    if values.size * flat.shape[1] <= 2 * MOST_COLUMNS:
        columns += [(flat == value).astype(np.float64) for value in values]
    return columns


def without_copies(table: FloatArray, positive: BoolArray) -> npt.NDArray[np.int64]:
    """Return the places of rows of which each is there once: oversampled rows would be in several folds."""
    keyed = np.concatenate([table, positive[:, None].astype(np.float64)], axis=1)
    _, first = np.unique(keyed, axis=0, return_index=True)
    return np.sort(first)


def standardised(table: FloatArray) -> FloatArray:
    """Return columns of mean 0 and standard deviation 1 without the constant ones, clipped."""
    centred = table - table.mean(axis=0)
    spread = centred.std(axis=0)
    kept = spread > CONSTANT * (1.0 + np.abs(table).max(axis=0))
    return np.asarray(np.clip(centred[:, kept] / spread[kept], -FARTHEST, FARTHEST), np.float64)
