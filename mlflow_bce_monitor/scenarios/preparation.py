"""What can be done to rows before a training: resampling, projection, features made by hand.

Whatever is learned from rows is learned from the training rows alone, and resampling
leaves the validation rows as they are: otherwise copies of one row would stand on both
sides of the split, and the validation would measure memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from mlflow_bce_monitor.records import FloatArray
from mlflow_bce_monitor.scenarios.rows import Rows

Prepare = Callable[[Rows, Rows, int], tuple[Rows, Rows]]
"""(training rows, validation rows, seed) -> the same, prepared."""


@dataclass(frozen=True)
class Preparation:
    """A step before training.

    Attributes
    ----------
    name
        As it is logged.
    apply
        (training rows, validation rows, seed) -> the prepared rows of both.
    """

    name: str
    apply: Prepare


def _oversample(train: Rows, validation: Rows, seed: int) -> tuple[Rows, Rows]:
    """Repeat positive training rows at random until both classes are of one size."""
    from imblearn.over_sampling import RandomOverSampler  # noqa: PLC0415 - needed only when training

    features, labels = RandomOverSampler(random_state=seed).fit_resample(train.features, train.labels)
    return Rows(features, labels), validation


def _undersample(train: Rows, validation: Rows, seed: int) -> tuple[Rows, Rows]:
    """Leave out negative training rows at random until both classes are of one size."""
    from imblearn.under_sampling import RandomUnderSampler  # noqa: PLC0415 - needed only when training

    features, labels = RandomUnderSampler(random_state=seed).fit_resample(train.features, train.labels)
    return Rows(features, labels), validation


OVERSAMPLING: Final = Preparation("random oversampling of the positives", _oversample)
UNDERSAMPLING: Final = Preparation("random undersampling of the negatives", _undersample)


def principal_components(n_components: int) -> Preparation:
    """Return the projection on the principal components of the training rows."""

    def apply(train: Rows, validation: Rows, seed: int) -> tuple[Rows, Rows]:
        from sklearn.decomposition import PCA  # noqa: PLC0415 - needed only when training

        projection = PCA(n_components, random_state=seed).fit(train.features)
        return (
            Rows(projection.transform(train.features), train.labels),
            Rows(projection.transform(validation.features), validation.labels),
        )

    return Preparation(f"first {n_components} principal components", apply)


def products_of_block_means(n_blocks: int) -> Preparation:
    """Return features made by hand: the product of the means of every two blocks of neighbouring columns.

    For someone who knows that each block measures one factor, and that what matters is
    whether factors agree. The products are scaled to unit deviation on the training rows.
    """

    def apply(train: Rows, validation: Rows, seed: int) -> tuple[Rows, Rows]:
        del seed  # nothing is random here
        centre = train.features.mean()
        products = _products(train.features - centre, n_blocks)
        scale = products.std(axis=0)
        return (
            Rows(products / scale, train.labels),
            Rows(_products(validation.features - centre, n_blocks) / scale, validation.labels),
        )

    return Preparation(f"products of the means of {n_blocks} blocks of columns", apply)


def _products(features: FloatArray, n_blocks: int) -> FloatArray:
    """Return the products of the block means, shape (n_rows, n_blocks * (n_blocks - 1) / 2)."""
    means = features.reshape(len(features), n_blocks, -1).mean(axis=2)
    products: FloatArray = np.stack(
        [means[:, first] * means[:, second] for first, second in combinations(range(n_blocks), 2)], axis=1
    )
    return products
