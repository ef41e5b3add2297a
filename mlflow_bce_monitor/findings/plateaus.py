"""Find the stretches of curves that are flat to within their noise.

A plateau is a stretch [start, end) of blocks whose range stays within twice a tolerance
and whose drift from one end to the other stays within one. The second condition keeps a
curve that merely passes through a level from being called flat: crossing a range of
twice the tolerance is a drift of twice the tolerance, however slow.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterator
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
    searches = [_Search(row, each, shortest) for row, each in enumerate(windows)]
    # Whether a stretch is taken decides what is left of the others of its curve, and of no other curve: all
    # curves are looked at together.
    open_ = searches
    while asked := [(one.row, *stretch) for one in open_ for stretch in one.asked]:
        flat = iter(change_by_no_more(smooth, asked, tolerances[[row for row, _, _ in asked]]))
        for one in open_:
            one.learn(flat)
        open_ = [one for one in open_ if one.asked]
    return [one.taken for one in searches]


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
    """The search for the flat stretches of one curve.

    All that is left is asked for at once, as if none of it were flat: a curve that is flat nowhere is known
    by that, and what a stretch that was taken cuts short is asked for again.

    Attributes
    ----------
    row
        The curve.
    asked
        The stretches [start, end) of which has to be known whether they are flat; [] when all are taken.
    taken
        The flat ones, in order of position.
    """

    def __init__(self, row: int, windows: list[tuple[int, int]], shortest: int) -> None:
        self.row = row
        self.asked = windows
        self.taken: list[Stretch] = []
        self._shortest = shortest
        self._left: list[tuple[int, int]] | None = None
        self._known: dict[tuple[int, int], bool] = {}

    def learn(self, flat: Iterator[bool]) -> None:
        """Take, given the answers to what was asked, all that is flat for sure."""
        answers = list(islice(flat, len(self.asked)))
        if not self.taken and True not in answers:
            self.asked = []
            return
        if self._left is None:
            # The longest last, and of those that are as long the first.
            self._left = sorted(self.asked, key=lambda window: (window[1] - window[0], -window[0]))
        self._known.update(zip(self.asked, answers, strict=True))
        self.asked = []
        while self._left and not self.asked:
            stretch = self._cut(self._left[-1])
            if stretch in self._known or self._is_short(stretch):
                self._left.pop()
                if self._known.get(stretch, False):
                    insort(self.taken, Stretch(*stretch))
            else:
                rest = dict.fromkeys(map(self._cut, self._left))
                self.asked = [one for one in rest if one not in self._known and not self._is_short(one)]

    def _is_short(self, stretch: tuple[int, int]) -> bool:
        return stretch[1] - stretch[0] < self._shortest

    def _cut(self, window: tuple[int, int]) -> tuple[int, int]:
        return _outside(*window, self.taken)


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
