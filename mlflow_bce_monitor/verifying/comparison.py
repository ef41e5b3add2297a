"""Is the remedy better than the baseline? Paired by seed, on held-back rows, with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean, stdev
from typing import Final

CONFIDENCE: Final = 0.95
"""Of the interval of the gain."""

LEAST_GAIN: Final = 0.02
"""Skill. A smaller gain is not worth a change, however sure it is; chance alone is within it (see
``limits.chance_band``)."""

FEWEST_PAIRS: Final = 2
"""With one pair nothing is known about how much the gain varies."""

FUTILE_PAIRS: Final = 3
"""Pairs after which a trial ends early that has shown no gain in any of them."""

# Quantiles of Student's t at 0.975 by degrees of freedom; beyond the table the normal one with Cornish and
# Fisher's first correction is right to three digits (Abramowitz & Stegun 1964, 26.7.5).
_T: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_Z: Final = 1.959964


class Result(str, Enum):
    """What came of a verification."""

    WORKS = "works"
    NO_EFFECT = "no_effect"
    WORSE = "worse"
    IMPOSSIBLE = "impossible"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Comparison:
    """Remedy against baseline.

    Attributes
    ----------
    gains
        Shape (n_pairs,), usable skill with the remedy less that without, seed by seed.
    gain, low, high
        Their mean, and its interval.
    baseline, remedied
        Mean usable skill of either.
    result
        ``works``, ``no_effect`` or ``worse``.
    """

    gains: tuple[float, ...]
    gain: float
    low: float
    high: float
    baseline: float
    remedied: float
    result: Result


def t_quantile(degrees: int) -> float:
    """Return the quantile of Student's t at 0.975.

    Parameters
    ----------
    degrees
        Degrees of freedom, at least 1.
    """
    if degrees <= len(_T):
        return _T[degrees - 1]
    return _Z + (_Z**3 + _Z) / (4.0 * degrees) + (5.0 * _Z**5 + 16.0 * _Z**3 + 3.0 * _Z) / (96.0 * degrees**2)


def compare(baseline: Sequence[float], remedied: Sequence[float]) -> Comparison:
    """Compare pairs by Student's t: with so few pairs a bootstrap's interval is far too narrow.

    Parameters
    ----------
    baseline, remedied
        Shape (n_pairs,), usable skills in [0, 1], the same seeds in the same order.

    Raises
    ------
    ValueError
        Fewer than two pairs.
    """
    gains = tuple(after - before for before, after in zip(baseline, remedied, strict=True))
    if len(gains) < FEWEST_PAIRS:
        raise ValueError(f"{len(gains)} pairs are too few to compare; give at least {FEWEST_PAIRS}")
    gain = fmean(gains)
    half = t_quantile(len(gains) - 1) * stdev(gains) / math.sqrt(len(gains))
    low, high = gain - half, gain + half
    return Comparison(
        gains, gain, low, high, fmean(baseline), fmean(remedied), _result(gain, low=low, high=high)
    )


def _result(gain: float, *, low: float, high: float) -> Result:
    if low > 0.0 and gain >= LEAST_GAIN:
        return Result.WORKS
    if high < 0.0 and gain <= -LEAST_GAIN:
        return Result.WORSE
    return Result.NO_EFFECT


def is_futile(gains: Sequence[float]) -> bool:
    """Whether further pairs are not worth their cost: several were trained, and none shows a gain.

    Ending early for want of any gain cannot make a remedy look better than it is.
    """
    return len(gains) >= FUTILE_PAIRS and max(gains) < LEAST_GAIN
