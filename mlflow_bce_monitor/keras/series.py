"""The numbers of a training, epoch by epoch, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from mlflow_bce_monitor.records import MetricHistory

MOST_EPOCHS: Final = 1_000
"""Epochs that are kept; beyond, every second one is dropped, so that the whole course stays visible."""


class Series:
    """Named numbers by step. The last epoch is always there, of those before every ``stride``-th."""

    def __init__(self, most: int = MOST_EPOCHS) -> None:
        self._most = most
        self._stride = 1
        self._added = 0
        self._rows: list[tuple[int, int, int, dict[str, float]]] = []

    def add(self, step: int, timestamp: int, values: Mapping[str, float]) -> None:
        """Add one epoch: its step, milliseconds since 1970, and its numbers.

        What is added for the last step once more joins what is there.
        """
        if self._rows and self._rows[-1][1] == step:
            self._rows[-1][3].update(values)
            return
        if self._rows and self._rows[-1][0] % self._stride:
            self._rows.pop()  # was only there for being the last
        self._rows.append((self._added, step, timestamp, dict(values)))
        self._added += 1
        if len(self._rows) > self._most:
            self._stride *= 2
            self._rows = [row for row in self._rows if row[0] % self._stride == 0 or row is self._rows[-1]]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield (step, numbers) of the epochs that are kept."""
        return ((step, dict(values)) for _, step, _, values in self._rows)

    @property
    def added(self) -> int:
        """How many epochs were added, kept or not."""
        return self._added

    def latest(self) -> dict[str, float]:
        """Return the last value of every number."""
        found: dict[str, float] = {}
        for _, _, _, values in self._rows:
            found |= values
        return found

    def histories(self) -> dict[str, MetricHistory]:
        """Return the numbers as a store would: one history a name."""
        points: dict[str, list[tuple[int, int, float]]] = {}
        for _, step, timestamp, values in self._rows:
            for name, value in values.items():
                points.setdefault(name, []).append((step, timestamp, value))
        return {
            name: MetricHistory(
                name,
                np.array([point[0] for point in listed], np.int64),
                np.array([point[1] for point in listed], np.int64),
                np.array([point[2] for point in listed], np.float64),
            )
            for name, listed in points.items()
        }
