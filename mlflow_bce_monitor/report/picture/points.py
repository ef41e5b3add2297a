"""Curves thinned to the columns of a picture, and the points worth a mark."""

from __future__ import annotations

import itertools
import math
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.records import IntArray
from mlflow_bce_monitor.report.picture.shapes import Extent, PlateauSpan, Point, Series, Stretch
from mlflow_bce_monitor.report.plain_text import plain

_WHOLE: Final = 2  # points per column that can still be told apart
_MOST_MARKS: Final = 12  # spikes or gaps; more would hide the curve


def thinned(curve: Curve, columns: int) -> Series:
    """Return a curve with at most two points a column; beyond that, medians and extents."""
    name, n_points = plain(curve.name), len(curve)
    if n_points <= _WHOLE * columns:
        steps = tuple(int(step) for step in curve.steps)
        values = tuple(float(value) if math.isfinite(value) else None for value in curve.values)
        return Series(name, curve.split, steps, values, (), n_points)
    kept = [_column(curve, start, end) for start, end in _columns(curve.steps, columns)]
    return Series(
        name,
        curve.split,
        tuple(step for step, _, _ in kept),
        tuple(median for _, median, _ in kept),
        tuple(extent for _, _, extent in kept),
        n_points,
    )


def _columns(steps: IntArray, columns: int) -> list[tuple[int, int]]:
    """Return positions [start, end) of the points in each column of equal width, empty ones left out."""
    edges = np.linspace(float(steps[0]), float(steps[-1]), columns + 1)[1:-1]
    starts = [0, *np.searchsorted(steps, edges).tolist(), int(steps.size)]
    return [(start, end) for start, end in itertools.pairwise(starts) if start < end]


def _column(curve: Curve, start: int, end: int) -> tuple[int, float | None, Extent | None]:
    """Return (the step in the middle, the median, the extent) of one column."""
    step = int(curve.steps[(start + end - 1) // 2])
    inside = curve.values[start:end]
    finite = inside[np.isfinite(inside)]
    if finite.size == 0:
        return step, None, None
    return step, float(np.median(finite)), Extent(float(finite.min()), float(finite.max()))


def not_numbers(curves: tuple[Curve, ...]) -> tuple[tuple[Stretch, ...], int]:
    """Return (the longest stretches of NaN or infinity in order of step, the number of all)."""
    found: set[Stretch] = set()
    number = 0
    for curve in curves:
        broken = np.concatenate(([False], ~np.isfinite(curve.values), [False]))
        bounds = np.flatnonzero(np.diff(broken))
        starts, ends = curve.steps[bounds[::2]], curve.steps[bounds[1::2] - 1]
        longest = np.argsort(starts - ends, kind="stable")[:_MOST_MARKS]
        found |= {Stretch(int(starts[at]), int(ends[at])) for at in longest}
        number += starts.size
    ordered = sorted(found, key=lambda stretch: (stretch.start_step - stretch.end_step, stretch))
    return tuple(sorted(ordered[:_MOST_MARKS])), number


def above(curves: tuple[Curve, ...], top: float) -> tuple[tuple[Point, ...], int]:
    """Return (the highest points above ``top``, highest first, the number of all)."""
    found: list[Point] = []
    number = 0
    for curve in curves:
        positions = np.flatnonzero(np.isfinite(curve.values) & (curve.values > top))
        highest = positions[np.argsort(-curve.values[positions], kind="stable")[:_MOST_MARKS]]
        found += [Point(int(curve.steps[at]), float(curve.values[at])) for at in highest]
        number += positions.size
    return tuple(sorted(found, key=lambda point: (-point.value, point.step))[:_MOST_MARKS]), number


def spikes(findings: CurveFindings | None, top: float) -> tuple[Point, ...]:
    """Return the highest spikes inside the frame, highest first."""
    if findings is None:
        return ()
    inside = [Point(spike.step, spike.value) for spike in findings.spikes if spike.value <= top]
    return tuple(sorted(inside, key=lambda point: (-point.value, point.step))[:_MOST_MARKS])


def plateaus(diagnosis: Diagnosis) -> tuple[PlateauSpan, ...]:
    """Return the plateaus at chance, and the one the verdict is about."""
    judged, findings = diagnosis.plateau, diagnosis.findings
    found = [] if findings is None else [plateau for plateau in findings.plateaus if plateau.at_chance]
    if judged is not None and judged not in found:
        found.append(judged)
    spans = [PlateauSpan(p.start_step, p.end_step, p.level, p == judged) for p in found]
    return tuple(sorted(spans))
