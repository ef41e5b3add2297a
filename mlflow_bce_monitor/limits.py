"""Every threshold of the detector and the rules: named, with unit, default and reason.

A diagnosis records the limits it was made with. To change one, pass
``dataclasses.replace(LIMITS, name=value)`` to the function that takes limits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Thresholds. The comment beside each says its unit and why it has this value."""

    # points: fewer say nothing about flatness, because three points fit a line with one to spare.
    min_points: int = 5


LIMITS = Limits()
