"""Find the stretches of curves that are flat to within their noise.

A plateau is a stretch [start, end) of blocks whose range stays within twice a tolerance
and whose drift from one end to the other stays within one. The second condition keeps a
curve that merely passes through a level from being called flat: crossing a range of
twice the tolerance is a drift of twice the tolerance, however slow.
"""

from __future__ import annotations

import math
from bisect import insort
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, last_true, row_medians
from mlflow_bce_monitor.findings.trend import change_by_no_more
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
    # Whether a stretch is taken decides what is left of the others of its curve, and of no other curve: all
    # curves are looked at together.
    while asked := [(one.row, *stretch) for one in searches for stretch in one.next()]:
        most = tolerances[[row for row, _, _ in asked]]
        flat = iter(change_by_no_more(smooth, asked, most))
        for one in searches:
            one.answer(list(islice(flat, len(one.asked))))
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
        self.asked: list[tuple[int, int]] = []
        # The longest first, and of those that are as long the first.
        self._left = sorted([(start - end, start) for start, end in windows])
        self._taken = taken
        self._shortest = shortest
        self._done: list[int] = []
        self._at = 0
        self._at_once = 1

    def next(self) -> list[tuple[int, int]]:
        """Return the next stretches [start, end) that may be flat, () when none is left."""
        left, taken, at = self._left, self._taken, self._at
        asked: list[tuple[int, int]] = []
        done: list[int] = []
        while at < len(left) and len(asked) < self._at_once:
            less, start = left[at]
            stretch = _outside(start, start - less, taken) if taken else (start, start - less)
            at += 1
            if stretch[1] - stretch[0] >= self._shortest:
                asked.append(stretch)
                done.append(at)
        self.asked, self._done = asked, done
        return asked

    def answer(self, flat: list[bool]) -> None:
        """Take the first of the stretches asked for that is flat."""
        if True in flat:
            first = flat.index(True)
            self._at = self._done[first]
            insort(self._taken, Stretch(*self.asked[first]))
        elif flat:
            self._at, self._at_once = self._done[-1], 2 * self._at_once


def _outside(start: int, end: int, taken: list[Stretch]) -> tuple[int, int]:
    """Return the part of a stretch that no longer one covers: before or after all it meets."""
    for first, last in taken:
        if last <= start or end <= first:
            continue
        if first <= start:
            start = min(last, end)
        else:
            end = max(first, start)
    return start, end
