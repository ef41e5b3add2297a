"""Labelled rows, and the pieces the scenarios' data sources are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlflow_bce_monitor.records import FloatArray


@dataclass(frozen=True, eq=False)
class Rows:
    """Features with their labels.

    Attributes
    ----------
    features
        Shape (n_rows, n_features).
    labels
        Shape (n_rows,), each 0.0 or 1.0.
    """

    features: FloatArray
    labels: FloatArray

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.labels.shape != self.features.shape[:1]:  # noqa: PLR2004 - rows and columns
            raise ValueError(
                f"features of shape (n_rows, n_features) and labels of shape (n_rows,) are needed, "
                f"got {self.features.shape} and {self.labels.shape}"
            )

    def __len__(self) -> int:
        return int(self.labels.size)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return int(self.features.shape[1])

    @property
    def positive_share(self) -> float:
        """Share of the labels that are 1, in [0, 1]."""
        return float(self.labels.mean())

    def split_off_end(self, share: float) -> tuple[Rows, Rows]:
        """Return (the first rows, the last ``share`` of the rows), as Keras' ``validation_split`` does."""
        first = len(self) - round(len(self) * share)
        return (
            Rows(self.features[:first], self.labels[:first]),
            Rows(self.features[first:], self.labels[first:]),
        )


def uniform_features(rng: np.random.Generator, n_rows: int, n_features: int) -> FloatArray:
    """Return independent features, uniform on [0, 1), shape (n_rows, n_features)."""
    return rng.random((n_rows, n_features))


def uniform_ranks(values: FloatArray) -> FloatArray:
    """Return each column replaced by its ranks, spread evenly over (0, 1); shape as given.

    The result has the marginal distribution of :func:`uniform_features` and keeps the
    dependence between the columns.
    """
    ranks = values.argsort(axis=0).argsort(axis=0)
    uniform: FloatArray = (ranks + 0.5) / values.shape[0]
    return uniform


def noisy_measurements(rng: np.random.Generator, factors: FloatArray, noise: float) -> FloatArray:
    """Return ``factors`` with normal noise of standard deviation ``noise`` added; shape as given."""
    measured: FloatArray = factors + noise * rng.standard_normal(factors.shape)
    return measured


def label_highest(scores: FloatArray, positive_share: float) -> FloatArray:
    """Return 1.0 for the rows with the highest scores and 0.0 for the others.

    Parameters
    ----------
    scores
        Shape (n_rows,).
    positive_share
        Share of the rows to label 1; exact to one row.
    """
    labels = np.zeros(scores.size)
    labels[np.argsort(scores)[scores.size - round(scores.size * positive_share) :]] = 1.0
    return labels
