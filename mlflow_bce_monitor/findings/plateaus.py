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

from mlflow_bce_monitor.arrays import BoolArray, FloatArray, IntArray, last_true, row_medians
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
    flat = change_by_no_more(smooth, windows, tolerances[windows[:, 0]])
    taken: list[list[Stretch]] = [[] for _ in smooth]
    # A curve none of whose windows is flat is flat nowhere: others are asked for only where one is taken.
    searches = [
        _Search(row, windows[of_row, 1:], flat[of_row], shortest, taken[row])
        for row in np.unique(windows[flat, 0]).tolist()
        for of_row in [windows[:, 0] == row]
    ]
    # Whether a stretch is taken decides what is left of the others of its curve, and of no other curve: all
    # curves are looked at together.
    while searches := [one for one in searches if one.asked]:
        asked = np.array([(one.row, *stretch) for one in searches for stretch in one.asked])
        answers = iter(change_by_no_more(smooth, asked, tolerances[asked[:, 0]]).tolist())
        for one in searches:
            one.learn(list(islice(answers, len(one.asked))))
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
    """The search for the flat stretches of one curve, given which of its windows are flat.

    What a stretch that was taken cuts short is asked for again, all of it at once, as if none were flat.

    Attributes
    ----------
    row
        The curve.
    asked
        The stretches [start, end) of which has to be known whether they are flat; [] when all are taken.
    """

    def __init__(
        self, row: int, windows: IntArray, flat: BoolArray, shortest: int, taken: list[Stretch]
    ) -> None:
        self.row = row
        self.asked: list[tuple[int, int]] = [(start, end) for start, end in windows.tolist()]
        self._shortest = shortest
        self._taken = taken
        # The longest last, and of those that are as long the first.
        self._left = sorted(self.asked, key=lambda window: (window[1] - window[0], -window[0]))
        self._is_flat: dict[tuple[int, int], bool] = {}
        self.learn(flat.tolist())

    def learn(self, flat: list[bool]) -> None:
        """Take, given the answers to what was asked, all that is flat for sure."""
        self._is_flat.update(zip(self.asked, flat, strict=True))
        self.asked = []
        while self._left and not self.asked:
            stretch = self._cut(self._left[-1])
            if stretch in self._is_flat or self._is_short(stretch):
                self._left.pop()
                if self._is_flat.get(stretch, False):
                    insort(self._taken, Stretch(*stretch))
            else:
                rest = dict.fromkeys(map(self._cut, self._left))
                self.asked = [one for one in rest if one not in self._is_flat and not self._is_short(one)]

    def _is_short(self, stretch: tuple[int, int]) -> bool:
        return stretch[1] - stretch[0] < self._shortest

    def _cut(self, window: tuple[int, int]) -> tuple[int, int]:
        return _outside(*window, self._taken)


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
