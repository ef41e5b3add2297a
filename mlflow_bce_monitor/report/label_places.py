"""Where the label of a horizontal line can stand so that no curve runs through it: geometry in per cent.

Places are measured from the upper left corner of a plot, to the right and down, in per cent of its box.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

Point = tuple[float, float]

# Per cent of the width that a letter of a label takes: on a telephone, and on a page of full width.
_LETTER: Final = (2.7, 1.25)
_HEIGHTS: Final = (
    2.0,
    9.0,
)  # per cent of the height: from the line to the near and the far edge of its label
_EDGE: Final = 1.0  # per cent of the width between a label and the edge of the plot
_PER_CENT: Final = 100.0
_ENDS: Final = (("end", 1.0), ("start", 0.0), ("middle", 0.5))  # best first; share of the width at the left


class Room(NamedTuple):
    """A rectangle."""

    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: Room) -> bool:
        """Whether two of them overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.top < other.bottom and other.top < self.bottom


class LabelPlace(NamedTuple):
    """Where a label stands: at the "end", "start" or "middle" of its line, above or below it."""

    anchor: str
    above: bool
    room: Room


def free_place(
    label: str, y: float, *, above_first: bool, curves: Sequence[Sequence[Point]], taken: Iterable[Room]
) -> LabelPlace | None:
    """Return the best place that nothing crosses, on a narrow page or at least on a wide one; None without.

    Parameters
    ----------
    label
        Its text.
    y
        The height of its line.
    above_first
        Which side is tried first.
    curves
        Lines through points from left to right; a band is an upright line for each of its columns.
    taken
        What else must not be covered.
    """
    rooms = tuple(taken)
    for letter in _LETTER:
        width = min(letter * len(label), _PER_CENT - 2 * _EDGE)
        for anchor, share in _ENDS:
            left = _EDGE + share * (_PER_CENT - 2 * _EDGE - width)
            for above in (above_first, not above_first):
                near, far = sorted(y - height if above else y + height for height in _HEIGHTS)
                room = Room(left, left + width, near, far)
                inside = near >= 0.0 and far <= _PER_CENT
                if inside and not any(map(room.meets, rooms)) and not any(_cross(c, room) for c in curves):
                    return LabelPlace(anchor, above, room)
    return None


def _cross(curve: Sequence[Point], room: Room) -> bool:
    """Whether a line through points runs through a room."""
    if len(curve) == 1:
        (x, y) = curve[0]
        return room.left <= x <= room.right and room.top <= y <= room.bottom
    return any(_crosses(one, other, room) for one, other in itertools.pairwise(curve))


def _crosses(one: Point, other: Point, room: Room) -> bool:
    (x1, y1), (x2, y2) = one, other
    left, right = max(x1, room.left), min(x2, room.right)
    if left > right:
        return False
    ends = [y1, y2] if x2 <= x1 else [y1 + (y2 - y1) * (x - x1) / (x2 - x1) for x in (left, right)]
    return min(ends) <= room.bottom and max(ends) >= room.top
