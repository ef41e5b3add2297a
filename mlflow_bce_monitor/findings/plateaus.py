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

from mlflow_bce_monitor.arrays import median, running_max
from mlflow_bce_monitor.findings.trend import robust_change
from mlflow_bce_monitor.records import FloatArray

_MIN_BLOCKS: Final = 3
"""Two points are flat by accident."""


@dataclass(frozen=True)
class Stretch:
    """A flat stretch [start, end) of blocks."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of blocks."""
        return self.end - self.start


def flat_stretches(smooth: FloatArray, tolerance: float, min_fraction: float) -> list[Stretch]:
    """Return the flat stretches in order of position, not overlapping, longest taken first.

    Parameters
    ----------
    smooth
        Shape (n_blocks,), finite, without single spikes (``spikes.py``).
    tolerance
        Half the range of a plateau, in the unit of the values.
    min_fraction
        Smallest share of the blocks that a plateau covers.
    """
    n = smooth.size
    shortest = max(_MIN_BLOCKS, int(np.ceil(min_fraction * n)))
    if n < shortest:
        return []
    found: list[Stretch] = []
    windows = _maximal_windows(smooth, 2.0 * tolerance, shortest)
    for stretch in sorted(windows, key=lambda s: (-s.length, s.start)):
        trimmed = _outside(stretch, found)
        if trimmed.length < shortest:
            continue
        if abs(robust_change(smooth[trimmed.start : trimmed.end])) <= tolerance:
            found.append(trimmed)
    return sorted(found, key=lambda s: s.start)


def level_stretch(smooth: FloatArray, tolerance: float) -> Stretch:
    """Return the longest stretch that reaches the end and stays within a tolerance of the level there.

    Parameters
    ----------
    smooth
        Shape (n_blocks,), finite, at least one, without single spikes.
    tolerance
        Distance from the median of the last three, in the unit of the values.
    """
    outside = (np.abs(smooth - median(smooth[-_MIN_BLOCKS:])) > tolerance).nonzero()[0]
    start = int(outside[-1]) + 1 if outside.size else 0
    return Stretch(start, int(smooth.size))


def _maximal_windows(values: FloatArray, width: float, shortest: int) -> list[Stretch]:
    """Return every window whose range is at most ``width`` and that no neighbour would leave so.

    Only those of at least ``shortest`` values.

    Every part of such a window is as narrow. So it lies where windows of the shortest length, one
    after the other, are narrow enough: they are found at once, and few points are left to walk through.
    """
    if float(values.max() - values.min()) <= width:
        return [Stretch(0, values.size)]
    ranges = running_max(values, shortest) + running_max(-values, shortest)
    narrow = (ranges <= width).nonzero()[0]
    if narrow.size == 0:
        return []
    breaks = (np.diff(narrow) > 1).nonzero()[0]
    first, last = narrow[np.append(0, breaks + 1)], narrow[np.append(breaks, -1)]
    return [
        Stretch(start + window.start, start + window.end)
        for start, stop in zip(first.tolist(), (last + shortest).tolist(), strict=True)
        for window in _walk(values[start:stop], width)
        if window.length >= shortest
    ]


def _walk(values: FloatArray, width: float) -> list[Stretch]:
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
