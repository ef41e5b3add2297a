"""Find the stretches of curves that are flat to within their noise.

A plateau is a stretch [start, end) of blocks whose range stays within twice a tolerance
and whose drift from one end to the other stays within one. The second condition keeps a
curve that merely passes through a level from being called flat: crossing a range of
twice the tolerance is a drift of twice the tolerance, however slow.
"""

from __future__ import annotations

import math
from bisect import insort
from typing import Final, NamedTuple

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, last_true, row_medians
from mlflow_bce_monitor.findings.trend import robust_changes
from mlflow_bce_monitor.findings.windows import maximal_windows

_MIN_BLOCKS: Final = 3
"""Two points are flat by accident."""


class Stretch(NamedTuple):
    """A flat stretch [start, end) of blocks."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of blocks."""
        return self.end - self.start


def flat_stretches(smooth: FloatArray, tolerances: FloatArray, min_fraction: float) -> list[list[Stretch]]:
    """Return the flat stretches of each curve in order of position, not overlapping, longest taken first.

    Parameters
    ----------
    smooth
        Shape (n_curves, n_blocks), finite, without single spikes (``spikes.py``).
    tolerances
        Shape (n_curves,): half the range of a plateau, in the unit of the values.
    min_fraction
        Smallest share of the blocks that a plateau covers.
    """
    n = smooth.shape[1]
    shortest = max(_MIN_BLOCKS, math.ceil(min_fraction * n))
    if n < shortest:
        return [[] for _ in smooth]
    windows = maximal_windows(smooth, 2.0 * tolerances, shortest)
    taken: list[list[Stretch]] = [[] for _ in smooth]
    searches = [_Search(row, each, taken[row], shortest) for row, each in enumerate(windows) if each]
    limits = tolerances.tolist()
    # Whether a stretch is taken decides what is left of the others of its curve, and of no other curve: all
    # curves are looked at together.
    while asked := [(one.row, *stretch) for one in searches for stretch in one.next()]:
        changes = iter(np.abs(robust_changes(smooth, asked)).tolist())
        for one in searches:
            one.answer([next(changes) <= limits[one.row] for _ in one.asked])
        searches = [one for one in searches if one.asked]
    return taken


def level_starts(smooth: FloatArray, tolerances: FloatArray) -> list[int]:
    """Return where the longest stretch of each curve starts that ends with it and stays near its level there.

    Parameters
    ----------
    smooth
        Shape (n_curves, n_blocks), finite, at least one block, without single spikes.
    tolerances
        Shape (n_curves,): distance from the median of the last three, in the unit of the values.
    """
    level = row_medians(smooth[:, -_MIN_BLOCKS:])
    starts: list[int] = (last_true(np.abs(smooth - level[:, None]) > tolerances[:, None]) + 1).tolist()
    return starts


class _Search:
    """What is left to look at in one curve.

    Several stretches are asked for at once, as if none of them were flat; what was asked for after one that
    is, is asked for again. A curve that is flat nowhere is known by that soon.
    """

    def __init__(self, row: int, windows: list[tuple[int, int]], taken: list[Stretch], shortest: int) -> None:
        self.row = row
        self.asked: list[Stretch] = []
        self._left = sorted(windows, key=_longest_first)
        self._taken = taken
        self._shortest = shortest
        self._done: list[int] = []
        self._at = 0
        self._at_once = 1

    def next(self) -> list[Stretch]:
        """Return the next stretches that may be flat, () when none is left."""
        self.asked, self._done, at = [], [], self._at
        while at < len(self._left) and len(self.asked) < self._at_once:
            start, end = _outside(*self._left[at], self._taken)
            at += 1
            if end - start >= self._shortest:
                self.asked.append(Stretch(start, end))
                self._done.append(at)
        return self.asked

    def answer(self, flat: list[bool]) -> None:
        """Take the first of the stretches asked for that is flat."""
        if not self.asked:
            return
        first = next((at for at, is_flat in enumerate(flat) if is_flat), None)
        if first is None:
            self._at, self._at_once = self._done[-1], 2 * self._at_once
            return
        self._at = self._done[first]
        insort(self._taken, self.asked[first])


def _longest_first(window: tuple[int, int]) -> tuple[int, int]:
    start, end = window
    return start - end, start


def _outside(start: int, end: int, taken: list[Stretch]) -> Stretch:
    """Return the part of a stretch that no longer one covers: before or after all it meets."""
    for first, last in taken:
        if last <= start or end <= first:
            continue
        if first <= start:
            start = min(last, end)
        else:
            end = max(first, start)
    return Stretch(start, end)
