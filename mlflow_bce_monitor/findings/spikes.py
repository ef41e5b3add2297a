"""Curves without their single spikes."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.arrays import FloatArray, medians_of_five

_WINDOW: Final = 5
"""Points of the running median that hides single spikes, so that one does not cut a plateau in two."""


def without_spikes(values: FloatArray) -> FloatArray:
    """Return the running median over five points; the two points at either end keep their value.

    The ends are kept because a first point far above the rest is a finding, not a spike.

    Parameters
    ----------
    values
        Shape (..., n), finite: one curve, or several as rows.
    """
    if values.shape[-1] < _WINDOW:
        return values
    smooth: FloatArray = values.copy()
    half = _WINDOW // 2
    smooth[..., half:-half] = medians_of_five(values)
    return smooth
