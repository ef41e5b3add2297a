"""The frame of a picture: what it holds, where it is cut off, and its ticks."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.picture.shapes import Axis, ChanceLine, Scale, Series

_BODY_QUANTILE: Final = (
    0.9  # of the points: what a reader came to see; a diverging start or a spike lies above
)
_CLIP_FACTOR: Final = (
    4.0  # the frame may be this much higher than the body before the body gets too flat to read
)
_HEADROOM: Final = 1.12  # of the highest thing shown
_CLIPPED_HEADROOM: Final = 1.5  # of the body, when taller points are cut off: room for their marks
_LOG_SPREAD: Final = 50.0  # body over chance level: on a linear axis the chance level would lie on the x axis
_LOG_MARGIN: Final = 2.0  # factor above and below everything on a logarithmic axis
_SIDE_MARGIN: Final = 0.02  # of the x range
_FEWEST_FOR_CLOSE_UP: Final = 3  # points: two have no shape
_NEARLY_FLAT: Final = 0.12  # of the frame's height: below, the shape of the curve cannot be seen
_PRINTED_DIGITS: Final = 0.001  # of the frame's height: below, a close-up would show how the loss was rounded
_FEW_OUTSIDE: Final = 3.0  # times the reach of most points: up to there a close-up shows all of them
_CLOSE_UP_MARGIN: Final = 0.25  # of the curve's range, above and below
_SKILL_TICKS: Final = (0.0, 1.0, 0.5)  # shares of the labels explained, those worth a label most first
_LABEL_HEIGHT: Final = 0.08  # of the frame's height: labels closer than this touch
_TICKS: Final = 5  # about that many intervals on an axis


def y_axis(curves: tuple[Curve, ...], chances: tuple[ChanceLine, ...]) -> tuple[Scale, Axis, bool]:
    """Return (scale, axis, whether points above it are cut off)."""
    finite = [curve.finite for curve in curves if curve.finite.size]
    references = [chance.high if chance.banded else chance.level for chance in chances]
    if not finite:
        return Scale.LINEAR, _linear_axis(0.0, max(references, default=1.0) * _HEADROOM), False
    values = np.concatenate(finite)
    lowest, highest = float(values.min()), float(values.max())
    body = max(float(np.quantile(values, _BODY_QUANTILE, method="lower")), *references, 0.0)
    if references and min(lowest, *references) > 0 and body > _LOG_SPREAD * max(references):
        low, high = min(lowest, *references) / _LOG_MARGIN, highest * _LOG_MARGIN
        return Scale.LOG, Axis(low, high, _log_ticks(low, high)), False
    bottom = min(0.0, lowest * _HEADROOM)
    if highest <= _CLIP_FACTOR * body or body <= 0:
        return Scale.LINEAR, _linear_axis(bottom, max(highest, body, *references) * _HEADROOM or 1.0), False
    return Scale.LINEAR, _linear_axis(bottom, body * _CLIPPED_HEADROOM), True


def close_up(series: tuple[Series, ...], chances: tuple[ChanceLine, ...], whole: Axis) -> Axis | None:
    """Return an axis that the first line fills from edge to edge, None when it fills enough of ``whole``.

    A few points far from the others, as at a start, are left outside: with them the rest would be flat again.
    """
    line = (
        [value for value in series[0].values if value is not None and value <= whole.high] if series else []
    )
    if len(line) < _FEWEST_FOR_CLOSE_UP:
        return None
    body = [float(np.quantile(line, quantile)) for quantile in (1 - _BODY_QUANTILE, _BODY_QUANTILE)]
    low, high = _reach(body, chances)
    lowest, highest = _reach(line, chances)
    if highest - lowest <= _FEW_OUTSIDE * (high - low):
        low, high = lowest, highest
    height = (high - low) / (whole.high - whole.low)
    if not _PRINTED_DIGITS < height < _NEARLY_FLAT:
        return None
    margin = (high - low) * _CLOSE_UP_MARGIN
    return _linear_axis(low - margin, high + margin)


def _reach(values: list[float], chances: tuple[ChanceLine, ...]) -> tuple[float, float]:
    """Return the lowest and the highest of values and the chance level."""
    ends = [*values, *(chance.level for chance in chances[:1])]
    return min(ends), max(ends)


def skill_ticks(chances: tuple[ChanceLine, ...], y: Axis) -> tuple[tuple[float, str], ...]:
    """Return (loss, label) of round skills beside the axis; () where the chance level is not sure."""
    if len(chances) != 1 or not chances[0].known or chances[0].level <= 0:
        return ()
    apart = _LABEL_HEIGHT * (y.high - y.low)
    ticks: list[tuple[float, str]] = []
    for share in _SKILL_TICKS:
        loss = chances[0].level * (1 - share)
        if y.low <= loss <= y.high and all(abs(loss - other) >= apart for other, _ in ticks):
            ticks.append((loss, numbers.percent(share)))
    return tuple(ticks)


def _linear_axis(low: float, high: float) -> Axis:
    if not low < high:
        low, high = min(low, 0.0), low + 1.0
    return Axis(low, high, tuple((tick, _tick_label(tick)) for tick in _round_ticks(low, high)))


def _round_ticks(low: float, high: float, *, whole: bool = False) -> tuple[float, ...]:
    """Return multiples of 1, 2 or 5 times a power of ten inside [low, high], about five intervals."""
    step = _round_step((high - low) / _TICKS)
    step = max(step, 1.0) if whole else step
    first, last = math.ceil(low / step), math.floor(high / step)
    return tuple(position * step for position in range(first, last + 1))


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if raw <= step * power * (1 + 1e-9))


def _log_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    exponents = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    every = max(1, len(exponents) // _TICKS)
    return tuple((10.0**exponent, _tick_label(10.0**exponent)) for exponent in exponents[::every])


def _tick_label(value: float) -> str:
    return f"{round(value, 10):.10g}"


def x_axis(curves: tuple[Curve, ...]) -> Axis:
    """Return the axis of the steps, a little wider than the curves."""
    if not curves:
        return Axis(0.0, 1.0, ())
    first = float(min(curve.steps[0] for curve in curves))
    last = float(max(curve.steps[-1] for curve in curves))
    margin = (last - first) * _SIDE_MARGIN or 0.5  # one step alone stands in the middle
    places = _round_ticks(first, last, whole=True) if last > first else (first,)
    labels = [numbers.short_count(place) for place in places]
    if len(set(labels)) < len(labels):  # steps that are time stamps differ only in their last digits
        labels = [numbers.count(place) for place in places]
    return Axis(first - margin, last + margin, tuple(zip(places, labels, strict=True)))
