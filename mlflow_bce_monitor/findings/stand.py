"""Find the stand at chance from which a loss departed: what makes a run that learned an escaped one."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, first_true, last_true
from mlflow_bce_monitor.findings.plateaus import Stretch

_SHORTEST: Final = 3
"""Blocks: two are near chance by accident."""

_MOST_OF_FALL: Final = 0.8
"""Share of the fall after the stand over which its speed is taken; the rest is a tail."""

_SLOWER: Final = 1.0 / 3.0
"""A stand falls at most a third as fast as the loss does afterwards; else the curve only passes through."""

_INSIDE: Final = 0.8
"""Share of the points between first and last that have to lie in the band."""


def stands_at_chance(smooth: FloatArray, levels: FloatArray, band: float) -> dict[int, Stretch]:
    """Return the stretch near chance of each curve before the loss left it for good, where there is one.

    A loss that creeps downwards within the band is no plateau, flat to a percent, and yet
    has not left chance: what tells it from a curve passing by is that it falls much faster later.

    Parameters
    ----------
    smooth
        Shape (n_curves, n_blocks), finite, without single spikes.
    levels
        Shape (n_curves,): the chance level of each, in the unit of the values.
    band
        Distance from it that still counts as chance, as a share of the level.

    Returns
    -------
    dict
        Row to stretch.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        skills = 1.0 - smooth / levels[:, None]
    # A loss of next to nothing from its start leaves no level to stand at, and losses near the end of the
    # floating-point range are no stand.
    usable = (levels > 0.0) & np.isfinite(skills).all(axis=1)
    last = last_true(skills < band)
    # It was near chance at some time, and is so no longer.
    left = usable & (last >= 0) & (last < smooth.shape[1] - 1)
    rows = left.nonzero()[0]
    if rows.size == 0:
        return {}
    skills, last = skills[rows], last[rows]
    near = np.abs(skills) < band
    starts = first_true(near)
    inside = np.count_nonzero(near & (np.arange(smooth.shape[1]) <= last[:, None]), axis=1)
    return {
        row: Stretch(start, end + 1)
        for row, start, end, n_near, one in zip(
            rows.tolist(), starts.tolist(), last.tolist(), inside.tolist(), skills, strict=True
        )
        if end + 1 - start >= _SHORTEST
        and n_near >= _INSIDE * (end + 1 - start)
        and _falls_faster_later(one, start, end)
    }


def _falls_faster_later(skills: FloatArray, start: int, last: int) -> bool:
    goal = skills[last] + _MOST_OF_FALL * (skills[-1] - skills[last])
    reached = last + 1 + int(np.argmax(skills[last + 1 :] >= goal))
    inside = (skills[last] - skills[start]) / max(last - start, 1)
    after = (skills[reached] - skills[last]) / (reached - last)
    return bool(inside <= _SLOWER * after)
