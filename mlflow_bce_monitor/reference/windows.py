"""What random filters see of neighbouring pixels, steps or tokens, wherever in a row it stands.

An object in any place of an image, or two words that only mean something side by side, are spread over
columns of which none tells anything. The largest and the mean answer of a random filter over all windows
do, without any training (Jarrett et al. 2009, "What is the best multi-stage architecture for object
recognition?", ICCV; Dempster et al. 2020, "ROCKET", doi:10.1007/s10618-020-00701-z).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.reference.features import FloatArray, Leaf, are_numbers, tokens_in

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
    if leaf.ndim == TABLE and leaf.shape[1] > TOKENS and (tokens := tokens_in(leaf)) is not None:
        vectors = random.standard_normal((tokens.size, TOKEN_WIDTH), np.float32)
        return _filtered(_Windows(np.searchsorted(tokens, leaf), (TOKENS,), vectors), random)
    if leaf.ndim not in {SEQUENCE, IMAGE} or min(leaf.shape[1:-1]) < SIDE:
        return None
    values = np.asarray(leaf, np.float32)
    values = np.where(np.isfinite(values), values, np.float32(0.0))
    values = values / np.float32(max(values.std(), 1e-9))
    return _filtered(_Windows(values, (SIDE,) * (leaf.ndim - 2)), random)


class _Windows:
    """The windows of rows, of which no more than fit into the memory that is allowed exist at once.

    Parameters
    ----------
    values
        Of shape (n, *places, channels); with vectors, of shape (n, *places), the places of vectors.
    window
        Size of a window along each axis of places.
    vectors
        Shape (n_vectors, channels).
    """

    def __init__(
        self, values: npt.NDArray[Any], window: tuple[int, ...], vectors: Float32Array | None = None
    ) -> None:
        axes = tuple(range(1, 1 + len(window)))
        self._views = np.lib.stride_tricks.sliding_window_view(values, window, axis=axes)
        self._vectors = vectors
        channels = values.shape[-1] if vectors is None else vectors.shape[1]
        self.size = int(np.prod(window)) * channels
        self._places = int(np.prod(self._views.shape[1 : 1 + len(window)]))
        self._rows = max(1, MOST_BYTES // (4 * self._places * max(self.size, FILTERS)))

    def first(self) -> Float32Array:
        """Return those of an eighth of the rows, or as many as fit."""
        return self._of(slice(min(self._rows, max(1, len(self._views) // 8))))

    def __iter__(self) -> Iterator[Float32Array]:
        """Yield the windows of some rows at a time, shape (rows, places, size)."""
        for at in range(0, len(self._views), self._rows):
            yield self._of(slice(at, at + self._rows))

    def _of(self, rows: slice) -> Float32Array:
        part = self._views[rows]
        if self._vectors is not None:
            part = np.moveaxis(self._vectors[part], -1, 2)
        return part.reshape(-1, self._places, self.size)


def _filtered(windows: _Windows, random: np.random.Generator) -> FloatArray:
    filters = random.standard_normal((windows.size, FILTERS), np.float32) / np.float32(np.sqrt(windows.size))
    filters -= filters.mean(axis=0)
    thresholds = random.standard_normal(FILTERS, np.float32) * (windows.first() @ filters).std(axis=(0, 1))
    means, largest = [], []
    for part in windows:
        answers = np.maximum(part @ filters - thresholds, np.float32(0.0))
        means.append(answers.mean(axis=1))
        largest.append(answers.max(axis=1))
    return np.concatenate([np.concatenate(means), np.concatenate(largest)], axis=1).astype(np.float64)
