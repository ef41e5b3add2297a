"""Do labels depend on inputs? Kernel ridge regression on a few hundred rows, with a permutation test.

The predictions of a ridge regression are linear in the labels, s = K (K' + lambda)^-1 y, so that what the
same learner makes of a hundred permutations of the labels costs two more matrix products. That is what makes
it cheap enough for the end of a training, where the probes' learners, which are fitted anew for every
permutation, are not (``probes/signal.py``).

Kernels are linear, and Gaussian with the median distance and half of it as width (Gretton et al. 2012, JMLR
13, section 8). Each row is scored by regressions on the other two thirds of the rows. The statistic is the
largest of the kernels' areas under the ROC curve, for the labels as for each permutation of them; its
distance from those in their standard deviations says whether there is signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Kernel = npt.NDArray[np.float32]  # half the time, and the ridge keeps it well conditioned
BoolArray = npt.NDArray[np.bool_]

MOST_ROWS: Final = 768
"""Rows: an AUC of 0.56 is then three standard deviations from 0.5, and it takes a tenth of a second."""

FEWEST_OF_A_CLASS: Final = 12
"""Rows of the rarer class below which no area would tell anything."""

MOST_COLUMNS: Final = 1_024
"""Columns, beyond which random projections stand for them (Johnson and Lindenstrauss 1984)."""

PERMUTATIONS: Final = 99
FOLDS: Final = 3
RIDGE: Final = 1.0
"""Of kernels that are 1 on their diagonal, on average: labels are noisy."""

WIDTHS: Final = (1.0, 0.5)
"""Of the Gaussian kernels, in median distances."""

FARTHEST: Final = 6.0
"""Standard deviations at which values of a column are clipped: one outlier must not rule the distances."""

CONSTANT: Final = 1e-9
"""Standard deviation of a column, beside its largest value, up to which it is constant."""

SIGMAS: Final = 3.0
"""Standard deviations above chance from which an area could not be one of permuted labels."""

MOST_CATEGORIES: Final = 256
"""Different whole numbers in a table of them that are counted as tokens."""


class Reference(NamedTuple):
    """What the reference learner found.

    Attributes
    ----------
    auc
        Area under the ROC curve on rows that it was not fitted on.
    distance
        Of that area above those with permuted labels, in their standard deviations.
    detectable
        The least area that would not have been taken for chance.
    rows
        Number of rows.
    """

    auc: float
    distance: float
    detectable: float
    rows: int


def reference(leaves: Sequence[npt.NDArray[np.generic]], positive: BoolArray) -> Reference | None:
    """Return what the reference learner finds; None where the rows do not allow of an answer.

    Parameters
    ----------
    leaves
        The inputs, each of shape (n, ...). Whole numbers of few values count as tokens; text is left out.
    positive
        Shape (n,).
    """
    random = np.random.default_rng(0)
    table = _table([leaf[:MOST_ROWS] for leaf in leaves], random)
    chosen = _without_copies(table, positive[:MOST_ROWS])
    table, y = table[chosen], positive[:MOST_ROWS][chosen]
    table = _standardised(table)
    if min(int(y.sum()), int((~y).sum())) < FEWEST_OF_A_CLASS or not table.shape[1]:
        return None
    labels = np.stack([y, *(random.permutation(y) for _ in range(PERMUTATIONS))], axis=1)
    order = random.permutation(len(y)) % FOLDS
    areas = np.max([_areas(_scores(kernel, labels, order), labels) for kernel in _kernels(table)], axis=0)
    mean, spread = float(areas[1:].mean()), float(areas[1:].std(ddof=1))
    return Reference(
        float(areas[0]), (float(areas[0]) - mean) / max(spread, 1e-9), mean + SIGMAS * spread, len(y)
    )


def _table(leaves: Sequence[npt.NDArray[np.generic]], random: np.random.Generator) -> FloatArray:
    parts = [part for leaf in leaves if leaf.dtype.kind in "biuf" for part in _columns(leaf, random)]
    if not parts:
        return np.zeros((len(leaves[0]) if leaves else 0, 0))
    table = np.concatenate(parts, axis=1)
    table[~np.isfinite(table)] = 0.0
    return table


def _columns(leaf: npt.NDArray[np.generic], random: np.random.Generator) -> list[FloatArray]:
    flat = np.asarray(leaf).reshape(len(leaf), -1)
    if flat.shape[1] > MOST_COLUMNS:
        wide = np.nan_to_num(flat.astype(np.float32), posinf=0.0, neginf=0.0)
        directions = random.standard_normal((wide.shape[1], MOST_COLUMNS // 4), np.float32)
        return [
            np.asarray(_standardised(wide.astype(np.float64)).astype(np.float32) @ directions, np.float64)
        ]
    columns = [np.asarray(flat, np.float64)]
    if flat.dtype.kind in "iu":
        values = np.unique(flat)
        if values.size <= MOST_CATEGORIES:  # tokens: how often each comes, and where
            columns = [np.stack([(flat == value).sum(axis=1) for value in values], axis=1).astype(np.float64)]
            if values.size * flat.shape[1] <= 2 * MOST_COLUMNS:
                columns += [(flat == value).astype(np.float64) for value in values]
    return columns


def _without_copies(table: FloatArray, positive: BoolArray) -> npt.NDArray[np.int64]:
    """Return the places of rows of which each is there once: oversampled rows would be in several folds."""
    keyed = np.concatenate([table, positive[:, None].astype(np.float64)], axis=1)
    _, first = np.unique(keyed, axis=0, return_index=True)
    return np.sort(first)


def _standardised(table: FloatArray) -> FloatArray:
    """Return columns of mean 0 and standard deviation 1 without the constant ones, clipped."""
    centred = table - table.mean(axis=0)
    spread = centred.std(axis=0)
    kept = spread > CONSTANT * (1.0 + np.abs(table).max(axis=0))
    return np.asarray(np.clip(centred[:, kept] / spread[kept], -FARTHEST, FARTHEST), np.float64)


def _kernels(table: FloatArray) -> list[Kernel]:
    narrow = table.astype(np.float32)
    gram = narrow @ narrow.T
    squares = np.asarray(np.diag(gram))
    distances = np.maximum(squares[:, None] + squares[None, :] - np.float32(2.0) * gram, np.float32(0.0))
    middle = float(np.median(distances[np.triu_indices(len(table), 1)])) or 1.0
    linear = gram / np.float32(max(float(squares.mean()), 1e-12))
    return [linear, *(np.exp(distances * np.float32(-0.5 / (middle * width**2))) for width in WIDTHS)]


def _scores(kernel: Kernel, labels: BoolArray, order: npt.NDArray[np.int64]) -> Kernel:
    """Return a score for each row and each labelling, shape (n, n_labellings), from the other folds."""
    centred = (labels - labels.mean(axis=0)).astype(np.float32)
    found = np.zeros(labels.shape, np.float32)
    for fold in range(FOLDS):
        held, rest = order == fold, order != fold
        inner = kernel[np.ix_(rest, rest)] + np.float32(RIDGE) * np.eye(int(rest.sum()), dtype=np.float32)
        found[held] = kernel[np.ix_(held, rest)] @ np.linalg.solve(inner, centred[rest])
    return found


def _areas(scores: Kernel, labels: BoolArray) -> FloatArray:
    """Return the area under the ROC curve of each column; ties, of which there are few, as they come."""
    ranks = np.argsort(np.argsort(scores, axis=0), axis=0) + 1
    positives = labels.sum(axis=0)
    above = (ranks * labels).sum(axis=0) - positives * (positives + 1) / 2.0
    return np.asarray(above / (positives * (len(labels) - positives)), np.float64)
