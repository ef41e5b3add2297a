"""A share of some runs, with the interval that so few runs leave, and which end of it is good."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

T = TypeVar("T")

NORMAL_QUANTILE: Final = 1.959963984540054
"""0.975 quantile of the normal distribution: intervals hold 95 %."""


class Better(Enum):
    """Which values of a number are good."""

    HIGH = "at least"
    LOW = "at most"


@dataclass(frozen=True)
class Share:
    """``count`` of ``n``.

    Raises
    ------
    ValueError
        When ``count`` is not within 0 and ``n``.
    """

    count: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.n:
            raise ValueError(f"a share is a count of n with 0 <= count <= n, got {self.count} of {self.n}")

    @property
    def value(self) -> float:
        """The share in [0, 1], NaN of nothing."""
        return self.count / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval in [0, 1]; (0, 1) of nothing.

        It keeps its coverage near 0 and 1, where most shares here lie (Wilson 1927, JASA 22;
        Brown, Cai and DasGupta 2001, Statistical Science 16).
        """
        if not self.n:
            return 0.0, 1.0
        z = NORMAL_QUANTILE
        scale = 1.0 + z**2 / self.n
        centre = (self.value + z**2 / (2 * self.n)) / scale
        half = z / scale * math.sqrt(self.value * (1 - self.value) / self.n + z**2 / (4 * self.n**2))
        return max(0.0, centre - half), min(1.0, centre + half)


def share(members: Iterable[T], holds: Callable[[T], bool]) -> Share:
    """Return how many members the statement holds for."""
    answers = [holds(member) for member in members]
    return Share(sum(answers), len(answers))
