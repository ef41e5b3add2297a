"""How well plateau bounds are found: F1 of points that lie within a tolerance of the true ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

TOLERANCE: Final = 5
"""Points of 200. The noise hides where a ramp begins: a percent of ln 2 is a point or two of it."""


@dataclass(frozen=True)
class Hits:
    """Bounds that were found rightly, found wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there was nothing to find and nothing was found."""
        considered = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / considered if considered else 1.0


def hits(true: Sequence[int], found: Sequence[int], tolerance: int = TOLERANCE) -> Hits:
    """Return how the bounds found in one curve compare with the true ones.

    Each true bound is matched with at most one found, and the other way round, from the left: for
    points on a line that matches as many as can be.

    Parameters
    ----------
    true, found
        Points, sorted.
    tolerance
        Largest distance of a match, in points.
    """
    right, at = 0, 0
    for bound in true:
        while at < len(found) and found[at] < bound - tolerance:
            at += 1
        if at < len(found) and found[at] <= bound + tolerance:
            right += 1
            at += 1
    return Hits(right, len(found) - right, len(true) - right)


def together(many: Iterable[Hits]) -> Hits:
    """Return the hits of many curves as those of one."""
    every = list(many)
    return Hits(
        sum(one.right for one in every), sum(one.wrong for one in every), sum(one.missed for one in every)
    )
