"""Do labels depend on inputs? Kernel ridge regression on some rows, with a permutation test.

The predictions of a ridge regression are linear in the labels, s = K (K' + lambda)^-1 y, so that what the
same learner makes of a hundred permutations of the labels costs two more matrix products. That is what makes
it cheap enough for the end of a training, where the probes' learners, which are fitted anew for every
permutation, are not (``probes/signal.py``).

Each row is scored by regressions on the other two thirds of the rows. Every kernel's area under the ROC
curve is measured in standard deviations above its areas for permuted labels; the statistic is the largest of
these distances. The same is done with each permutation as with the labels, so that the best of many kernels
is compared with the best of many (Westfall and Young 1993, "Resampling-based multiple testing").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.reference import kernels
from mlflow_bce_monitor.reference.features import (
    BoolArray,
    FloatArray,
    Leaf,
    standardised,
    table_of,
    without_copies,
)
from mlflow_bce_monitor.reference.kernels import Kernel
from mlflow_bce_monitor.reference.windows import seen_by_filters

MOST_ROWS: Final = 2_048
"""Rows: an AUC of 0.54 is then three standard deviations from 0.5, and it takes a second or two."""

FEWEST_OF_A_CLASS: Final = 12
"""Rows of the rarer class below which no area would tell anything."""

PERMUTATIONS: Final = 99
FOLDS: Final = 3
RIDGE: Final = 1.0
"""Of kernels that are 1 on their diagonal, on average: labels are noisy."""

SIGMAS: Final = 3.0
"""Standard deviations above chance from which an area could not be one of permuted labels."""


class Reference(NamedTuple):
    """What the reference learner found.

    Attributes
    ----------
    auc
        Area under the ROC curve on rows that it was not fitted on, with the kernel that stands out most.
    distance
        Of that kernel above chance, in standard deviations of what is found with permuted labels.
    detectable
        The least area with that kernel that would not have been taken for chance.
    rows
        Number of rows.
    """

    auc: float
    distance: float
    detectable: float
    rows: int


def reference(leaves: Sequence[Leaf], positive: BoolArray) -> Reference | None:
    """Return what the reference learner finds; None where the rows do not allow of an answer.

    Parameters
    ----------
    leaves
        The inputs, each of shape (n, ...). Whole numbers of few values count as tokens; text is left out.
    positive
        Shape (n,).
    """
    random = np.random.default_rng(0)
    leaves, y = [leaf[:MOST_ROWS] for leaf in leaves], positive[:MOST_ROWS]
    table = table_of(leaves, random)
    chosen = without_copies(table, y)
    table, y = standardised(table[chosen]), y[chosen]
    if min(int(y.sum()), int((~y).sum())) < FEWEST_OF_A_CLASS or not table.shape[1]:
        return None
    labels = np.stack([y, *(random.permutation(y) for _ in range(PERMUTATIONS))], axis=1)
    order = random.permutation(len(y)) % FOLDS
    compared = _kernels(table, [leaf[chosen] for leaf in leaves], random)
    areas = np.stack([_areas(_scores(kernel, labels, order), labels) for kernel in compared])
    return _found(areas, len(y))


def _found(areas: FloatArray, rows: int) -> Reference:
    """Return the finding from each kernel's areas, of the labels first and of their permutations then."""
    means = areas[:, 1:].mean(axis=1)
    spreads = np.maximum(areas[:, 1:].std(axis=1, ddof=1), 1e-9)
    distances = (areas - means[:, None]) / spreads[:, None]
    largest = distances.max(axis=0)
    mean, spread = float(largest[1:].mean()), max(float(largest[1:].std(ddof=1)), 1e-9)
    best = int(distances[:, 0].argmax())
    told = means[best] + spreads[best] * (mean + SIGMAS * spread)
    return Reference(float(areas[best, 0]), (float(largest[0]) - mean) / spread, float(told), rows)


def _kernels(table: FloatArray, leaves: Sequence[Leaf], random: np.random.Generator) -> Iterator[Kernel]:
    yield from kernels.of_table(table)
    seen = [part for leaf in leaves if (part := seen_by_filters(leaf, random)) is not None]
    if seen:
        filtered = standardised(np.concatenate(seen, axis=1))
        if filtered.shape[1]:
            yield from kernels.of_windows(filtered)


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
