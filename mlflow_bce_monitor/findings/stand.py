"""Find the stand at chance from which a loss departed: what makes a run that learned an escaped one."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.findings.plateaus import Stretch
from mlflow_bce_monitor.records import FloatArray

_SHORTEST: Final = 3
"""Blocks: two are near chance by accident."""

_MOST_OF_FALL: Final = 0.8
"""Share of the fall after the stand over which its speed is taken; the rest is a tail."""

_SLOWER: Final = 1.0 / 3.0
"""A stand falls at most a third as fast as the loss does afterwards; else the curve only passes through."""

_INSIDE: Final = 0.8
"""Share of the points between first and last that have to lie in the band."""


def stand_at_chance(smooth: FloatArray, level: float, band: float) -> Stretch | None:
    """Return the stretch near chance before the loss left it for good, None when there is none.

    A loss that creeps downwards within the band is no plateau, flat to a percent, and yet
    has not left chance: what tells it from a curve passing by is that it falls much faster later.

    Parameters
    ----------
    smooth
        Shape (n_blocks,), finite, without single spikes.
    level
        The chance level, in the unit of the values.
    band
        Distance from it that still counts as chance, as a share of the level.
    """
    if level <= 0.0:
        return None  # a loss of next to nothing from its start: no chance level is left to stand at
    with np.errstate(over="ignore", invalid="ignore"):
        skills = 1.0 - smooth / level
    if not bool(np.isfinite(skills).all()):
        return None  # losses near the end of the floating-point range are no stand
    not_yet = (skills < band).nonzero()[0]
    if not_yet.size == 0 or int(not_yet[-1]) == smooth.size - 1:
        return None  # it never was near chance, or it still is
    near = (np.abs(skills) < band).nonzero()[0]
    if near.size == 0:
        return None
    start, last = int(near[0]), int(not_yet[-1])
    length = last + 1 - start
    if length < _SHORTEST or near[near <= last].size < _INSIDE * length:
        return None
    goal = skills[last] + _MOST_OF_FALL * (skills[-1] - skills[last])
    reached = last + 1 + int(np.argmax(skills[last + 1 :] >= goal))
    inside = (skills[last] - skills[start]) / max(last - start, 1)
    after = (skills[reached] - skills[last]) / (reached - last)
    return Stretch(start, last + 1) if inside <= _SLOWER * after else None
