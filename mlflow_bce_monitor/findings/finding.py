"""Facts about the shape of one loss curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Plateau:
    """A stretch of the curve whose level does not change by more than its noise.

    ``start`` and ``end`` are positions in the curve, half open: [start, end).
    ``start_step`` and ``end_step`` are the logged steps of the first and the last
    point inside.

    Attributes
    ----------
    level
        Median of the points inside, in the unit of the loss (nats unless said).
    at_chance
        Whether the level is the chance level, within its uncertainty.
    """

    start: int
    end: int
    start_step: int
    end_step: int
    level: float
    at_chance: bool

    @property
    def length(self) -> int:
        """Number of points inside."""
        return self.end - self.start


@dataclass(frozen=True)
class Spike:
    """A point far above both sides of the curve.

    Attributes
    ----------
    position, step
        Where: index in the curve, logged step.
    value
        The loss there.
    """

    position: int
    step: int
    value: float


@dataclass(frozen=True)
class CurveFindings:
    """What one loss curve shows.

    Attributes
    ----------
    n_points, n_finite
        Number of points, and of those that are numbers.
    first, last, best
        First, last and smallest finite value; None without a finite value.
    final_loss
        The loss at the end: the median of the last twentieth of the finite points
        (for up to 20 points that is the last point). None without a finite value.
    end_level
        The level of the end used for judging: the median of the last fifth or, where the
        curve has just left that level, of the last twentieth; at least three points. None
        without a finite value.
    noise
        Standard deviation of one point about the local trend, in the unit of the loss.
    end_slope_per_run
        Change of the loss over the last half of the curve, at least five points, as a robust line
        (Theil-Sen) predicts it, negative when falling, in the unit of the loss.
    end_slope_significant
        Whether that change is more than chance (Mann-Kendall) allows.
    plateaus
        All plateaus in order of position, not overlapping.
    spikes
        All spikes in order of position.
    non_finite_from
        Step of the first NaN or infinity, None when there is none.
    ends_non_finite
        Whether the curve's last point is NaN or infinite.
    constant_to_digit
        Whether the last half of the curve repeats one value exactly.
    stand
        The stretch near chance from which the loss departed for good, None when there is none. It may creep,
        where a plateau is flat.
    """

    n_points: int
    n_finite: int
    first: float | None
    last: float | None
    best: float | None
    final_loss: float | None
    end_level: float | None
    noise: float
    end_slope_per_run: float
    end_slope_significant: bool
    plateaus: tuple[Plateau, ...]
    spikes: tuple[Spike, ...]
    non_finite_from: int | None
    ends_non_finite: bool
    constant_to_digit: bool
    stand: Plateau | None = None


class CurveNumbers(NamedTuple):
    """Numbers about a curve that are no findings by themselves, in the unit of the loss.

    Attributes
    ----------
    highest, highest_later
        The largest finite value, and the largest after the first one (that one, if it is alone).
    lowest_smooth
        The smallest value of the blocks, single spikes left out.
    end_spread
        Standard deviation of the last half of the blocks about their running median.
    end_noise
        Standard deviation of one point of the last half about the local trend.
    """

    highest: float
    highest_later: float
    lowest_smooth: float
    end_spread: float
    end_noise: float

    @classmethod
    def of_nothing(cls) -> CurveNumbers:
        """Return the numbers of a curve without a finite value: none of them means anything."""
        return cls(math.nan, math.nan, math.nan, math.nan, math.nan)


class Examined(NamedTuple):
    """All that was measured on one curve."""

    findings: CurveFindings
    numbers: CurveNumbers
