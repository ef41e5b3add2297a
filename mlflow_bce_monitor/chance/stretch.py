"""The longest stretch over which an accuracy repeats one value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.limits import Limits

EXACT: Final = 1e-6
"""Metrics are float32 in most frameworks: equal to within this is equal."""


@dataclass(frozen=True)
class Stretch:
    """The longest run of equal neighbours in a curve: its value, the share of the points in it, its steps."""

    value: float
    fraction: float
    first_step: int
    last_step: int

    @property
    def rarer(self) -> float:
        """The share of the rarer class, if the value is that of one of two classes."""
        return min(self.value, 1.0 - self.value)

    def lasts_through(self, other: Stretch) -> bool:
        """Whether it covers at least half of the other's steps."""
        common = min(self.last_step, other.last_step) - max(self.first_step, other.first_step)
        return 2 * common >= other.last_step - other.first_step

    def is_share(self, limits: Limits) -> bool:
        """Whether it can be the share of one of two classes."""
        return limits.share_min_error < self.value < 1.0 - EXACT


def longest_stretch(accuracy: Curve | None, limits: Limits) -> Stretch | None:
    """Return the longest stretch of one accuracy, None where repeating it may be chance.

    Accuracies are n-ths, so a few neighbours are often equal: it has to last, or to be how
    the training began.
    """
    if accuracy is None or accuracy.finite.size < limits.min_repeats:
        return None
    return _longest_stretch(accuracy, limits.min_repeats, limits.end_fraction)


def swapped_accuracy(accuracy: Curve | None, limits: Limits) -> float | None:
    """Return the last of two accuracies that add up to 1, where a curve has these two and hardly another.

    A model that gives one class to everything has the accuracy p or 1 - p, by which class it is. One that
    tells rows apart seldom hits the one number of which it had the complement before.
    """
    if accuracy is None or accuracy.finite.size < limits.min_repeats:
        return None
    finite = accuracy.finite
    last = float(finite[-1])
    here, there = np.abs(finite - last) <= EXACT, np.abs(finite - (1.0 - last)) <= EXACT
    if abs(2.0 * last - 1.0) <= EXACT or not there.any():  # the complement of a half is a half
        return None
    return last if (here | there).mean() >= limits.mostly_swapped else None


_ACCURACIES_KEPT: Final = 8
"""Accuracies whose stretch is kept: several questions about one run start from it."""


@lru_cache(maxsize=_ACCURACIES_KEPT)
def _longest_stretch(accuracy: Curve, min_repeats: int, end_fraction: float) -> Stretch | None:
    finite = accuracy.finite
    breaks = (np.abs(finite[1:] - finite[:-1]) > EXACT).nonzero()[0] + 1
    bounds = np.concatenate(([0], breaks, [finite.size]))
    lengths = bounds[1:] - bounds[:-1]
    longest = int(lengths.argmax())
    start, length = int(bounds[longest]), int(lengths[longest])
    lasts = length >= end_fraction * finite.size or start < min_repeats
    if length < min_repeats or not lasts:
        return None
    steps = accuracy.steps[np.isfinite(accuracy.values)]
    first_step, last_step = int(steps[start]), int(steps[start + length - 1])
    return Stretch(float(finite[start]), length / finite.size, first_step, last_step)
