"""What random filters see of neighbouring pixels, steps or tokens, wherever in a row it stands.

An object in any place of an image, or two words that only mean something side by side, are spread over
columns of which none tells anything. The largest and the mean answer of a random filter over all windows
do, without any training (Jarrett et al. 2009, "What is the best multi-stage architecture for object
recognition?", ICCV; Dempster et al. 2020, "ROCKET", doi:10.1007/s10618-020-00701-z).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.reference.features import FloatArray, Leaf, are_numbers, are_tokens

Float32Array = npt.NDArray[np.float32]

FILTERS: Final = 64
SIDE: Final = 3
"""Pixels or steps across which a filter looks."""
TOKENS: Final = 2
"""Tokens that a filter sees together."""
TOKEN_WIDTH: Final = 16
"""Length of the random vector that stands for a token."""
MOST_BYTES: Final = 2**24
"""Of the filters' answers that are held at once."""

TABLE, SEQUENCE, IMAGE = 2, 3, 4
"""Numbers of axes: (rows, columns), (rows, steps, channels), (rows, height, width, channels)."""


def seen_by_filters(leaf: Leaf, random: np.random.Generator) -> FloatArray | None:
    """Return each filter's mean and largest answer, shape (n, 2 FILTERS); None for a table.

    Parameters
    ----------
    leaf
        Images of shape (n, height, width, channels), sequences (n, steps, channels), or tokens (n, steps).
    """
    if not are_numbers(leaf):
        return None
    if leaf.ndim == TABLE and leaf.shape[1] > TOKENS and are_tokens(leaf):
        values, places = np.unique(leaf, return_inverse=True)
        vectors = random.standard_normal((values.size, TOKEN_WIDTH), np.float32)
        return _filtered(vectors[places.reshape(leaf.shape)], (TOKENS,), random)
    if leaf.ndim not in {SEQUENCE, IMAGE} or min(leaf.shape[1:-1]) < SIDE:
        return None
    values = np.asarray(leaf, np.float32)
    values = np.where(np.isfinite(values), values, np.float32(0.0))
    return _filtered(values / np.float32(max(values.std(), 1e-9)), (SIDE,) * (leaf.ndim - 2), random)


def _filtered(values: Float32Array, window: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    size = int(np.prod(window)) * values.shape[-1]
    filters = random.standard_normal((size, FILTERS), np.float32) / np.float32(np.sqrt(size))
    filters -= filters.mean(axis=0)
    first = np.concatenate(list(_windows(values[: max(1, len(values) // 8)], window))) @ filters
    thresholds = random.standard_normal(FILTERS, np.float32) * first.std(axis=(0, 1))
    means, largest = [], []
    for part in _windows(values, window):
        answers = np.maximum(part @ filters - thresholds, np.float32(0.0))
        means.append(answers.mean(axis=1))
        largest.append(answers.max(axis=1))
    return np.concatenate([np.concatenate(means), np.concatenate(largest)], axis=1).astype(np.float64)


def _windows(values: Float32Array, window: tuple[int, ...]) -> Iterator[Float32Array]:
    """Yield the windows of some rows at a time, shape (rows, places, window size)."""
    axes = tuple(range(1, 1 + len(window)))
    views = np.lib.stride_tricks.sliding_window_view(values, window, axis=axes)
    places = int(np.prod(views.shape[1 : 1 + len(window)]))
    size = int(np.prod(window)) * values.shape[-1]
    rows = max(1, MOST_BYTES // (4 * places * max(size, FILTERS)))
    for at in range(0, len(values), rows):
        yield views[at : at + rows].reshape(-1, places, size)
