"""Kernels: how alike two rows are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.reference.features import FloatArray

Kernel = npt.NDArray[np.float32]  # half the time, and the ridge keeps it well conditioned

WIDTHS: Final = (1.0, 0.5)
"""Of the Gaussian kernels, in median distances (Gretton et al. 2012, JMLR 13, section 8)."""


def of_table(table: FloatArray) -> Iterator[Kernel]:
    """Yield kernels of shape (n, n): linear, products of two columns, and Gaussian ones.

    Parameters
    ----------
    table
        Columns of mean 0 and standard deviation 1, shape (n, columns).
    """
    gram = _gram(table)
    yield _of_mean_one(gram)
    yield _of_mean_one((gram / np.float32(table.shape[1]) + np.float32(1.0)) ** 2)
    yield from _gaussians(gram, WIDTHS)


def of_windows(table: FloatArray) -> Iterator[Kernel]:
    """Yield the kernels for what filters saw, of shape (n, n): linear, and a Gaussian one."""
    gram = _gram(table)
    yield _of_mean_one(gram)
    yield from _gaussians(gram, WIDTHS[:1])


def _gram(table: FloatArray) -> Kernel:
    narrow = table.astype(np.float32)
    return np.asarray(narrow @ narrow.T)


def _of_mean_one(kernel: Kernel) -> Kernel:
    """Return the kernel with a diagonal of 1 on average: the ridge is measured by it."""
    return np.asarray(kernel / np.float32(max(float(np.diag(kernel).mean()), 1e-12)))


def _gaussians(gram: Kernel, widths: tuple[float, ...]) -> Iterator[Kernel]:
    squares = np.asarray(np.diag(gram))
    distances = np.maximum(squares[:, None] + squares[None, :] - np.float32(2.0) * gram, np.float32(0.0))
    middle = float(np.median(distances[np.triu_indices(len(gram), 1)])) or 1.0
    for width in widths:
        yield np.exp(distances * np.float32(-0.5 / (middle * width**2)))
