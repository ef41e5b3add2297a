"""Find the stretches of a curve that are flat to within its noise.

A plateau is a stretch [start, end) of blocks whose range stays within twice a tolerance
and whose drift from one end to the other stays within one. The second condition keeps a
curve that merely passes through a level from being called flat: crossing a range of
twice the tolerance is a drift of twice the tolerance, however slow.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.findings.trend import trend_of
from mlflow_bce_monitor.records import FloatArray

_MIN_BLOCKS: Final = 3
"""Two points are flat by accident."""

_SPIKE_WINDOW: Final = 5
"""Points of the running median that hides single spikes, so that one does not cut a plateau in two."""


@dataclass(frozen=True)
class Stretch:
    """A flat stretch [start, end) of blocks."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of blocks."""
        return self.end - self.start


def flat_stretches(values: FloatArray, tolerance: float, min_fraction: float) -> list[Stretch]:
    """Return the flat stretches in order of position, not overlapping, longest taken first.

    Parameters
    ----------
    values
        Shape (n_blocks,), finite.
    tolerance
        Half the range of a plateau, in the unit of the values.
    min_fraction
        Smallest share of the blocks that a plateau covers.
    """
    n = values.size
    shortest = max(_MIN_BLOCKS, int(np.ceil(min_fraction * n)))
    if n < shortest:
        return []
    smooth = without_spikes(values)
    found: list[Stretch] = []
    for stretch in sorted(_maximal_windows(smooth, 2.0 * tolerance), key=lambda s: (-s.length, s.start)):
        trimmed = _outside(stretch, found)
        if trimmed.length < shortest:
            continue
        if abs(trend_of(smooth[trimmed.start : trimmed.end]).change) <= tolerance:
            found.append(trimmed)
    return sorted(found, key=lambda s: s.start)


def level_stretch(values: FloatArray, tolerance: float) -> Stretch:
    """Return the longest stretch that reaches the end and stays within a tolerance of the level there.

    Parameters
    ----------
    values
        Shape (n_blocks,), finite, at least one.
    tolerance
        Distance from the median of the last three, in the unit of the values.
    """
    smooth = without_spikes(values)
    outside = np.flatnonzero(np.abs(smooth - np.median(smooth[-_MIN_BLOCKS:])) > tolerance)
    start = int(outside[-1]) + 1 if outside.size else 0
    return Stretch(start, int(values.size))


def without_spikes(values: FloatArray) -> FloatArray:
    """Return the running median over five points; the two points at either end keep their value.

    The ends are kept because a first point far above the rest is a finding, not a spike.
    """
    if values.size < _SPIKE_WINDOW:
        return values
    smooth: FloatArray = values.copy()
    windows = np.lib.stride_tricks.sliding_window_view(values, _SPIKE_WINDOW)
    half = _SPIKE_WINDOW // 2
    smooth[half:-half] = np.median(windows, axis=1)
    return smooth


def _maximal_windows(values: FloatArray, width: float) -> list[Stretch]:
    """Return every window whose range is at most ``width`` and that no neighbour would leave so."""
    windows: list[Stretch] = []
    highest: deque[int] = deque()
    lowest: deque[int] = deque()
    listed = values.tolist()
    start = 0
    for end, value in enumerate(listed):
        while highest and listed[highest[-1]] <= value:
            highest.pop()
        highest.append(end)
        while lowest and listed[lowest[-1]] >= value:
            lowest.pop()
        lowest.append(end)
        if listed[highest[0]] - listed[lowest[0]] <= width:
            continue
        windows.append(Stretch(start, end))
        while listed[highest[0]] - listed[lowest[0]] > width:
            start += 1
            if highest[0] < start:
                highest.popleft()
            if lowest[0] < start:
                lowest.popleft()
    windows.append(Stretch(start, len(listed)))
    return windows


def _outside(stretch: Stretch, taken: list[Stretch]) -> Stretch:
    """Return the part of a stretch that no longer one covers: before or after all it meets."""
    start, end = stretch.start, stretch.end
    for other in taken:
        if other.end <= start or end <= other.start:
            continue
        if other.start <= start:
            start = min(other.end, end)
        else:
            end = max(other.start, start)
    return Stretch(start, end)
