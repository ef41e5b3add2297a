"""Labelled rows: their shapes, and what a data set says about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[Any]  # float32 tables and images, int32 tokens
Labels = npt.NDArray[np.int64]

VOCABULARY: Final = 60
"""Number of different tokens; 0 is padding."""


class Kind(str, Enum):
    """The shape of one row."""

    TABLE = "table"  # (n_features,)
    IMAGE = "image"  # (side, side, 1), values in [0, 1]
    SEQUENCE = "sequence"  # (n_tokens,) token numbers below VOCABULARY


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows: features of shape (n_rows, ...), labels of shape (n_rows,) in {0, 1}."""

    features: Features
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: npt.NDArray[np.int64] | slice) -> Rows:
        """Return the rows at these positions."""
        return Rows(self.features[positions], self.labels[positions])


Draw = Callable[[int, np.random.Generator], Rows]


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    kind
        The shape of one row.
    stratum
        Data sets of one stratum resemble each other; every block has some of each.
    draw
        (n_rows, generator) -> rows in random order; bundled data sets give what they have at most.
    is_short
        Whether it has too few rows to judge a network by others than the user's own, or to thin out.
    is_linear
        Whether a linear model can learn it.
    """

    kind: Kind
    stratum: str
    draw: Draw
    is_short: bool = False
    is_linear: bool = False


def seed_of(rng: np.random.Generator) -> int:
    """Return a seed for scikit-learn's makers, which take no Generator."""
    return int(rng.integers(2**31))


def above_median(target: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return where a target lies above its median."""
    return target > np.median(target)
