"""curves + chance levels -> findings. Measures only; judging is for ``verdicts``.

Curves with the same number of finite points are measured together, as the rows of one array
(``stack.py``); how many there are, and which, changes nothing about any of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import BoolArray, FloatArray, IntArray
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.findings.finding import CurveFindings, CurveNumbers, Examined, Plateau, Spike
from mlflow_bce_monitor.findings.plateaus import Stretch, flat_stretches, level_starts
from mlflow_bce_monitor.findings.stack import MIN_END_POINTS, Stack, end_levels, numbers_of, stretch_medians
from mlflow_bce_monitor.findings.stand import stands_at_chance
from mlflow_bce_monitor.findings.trend import Trend, trends_of
from mlflow_bce_monitor.limits import Limits

_START_POINTS: Final = 3
"""Points before which a plateau begins at the start: the bias learns the share of positives in few epochs."""

_TOGETHER: Final = 65_536
"""Numbers that are measured together: what a processor's cache holds a few copies of."""


def examine(curve: Curve, chance: ChanceEstimate, limits: Limits) -> CurveFindings:
    """Return what a single curve shows; as :func:`examine_all`."""
    return examine_all([(curve, chance)], limits)[0].findings


def examine_all(judged: Sequence[tuple[Curve, ChanceEstimate]], limits: Limits) -> list[Examined]:
    """Measure the shapes of loss curves.

    Parameters
    ----------
    judged
        Curves of any lengths, empty ones included, each with its chance level, which gives the scale of
        "flat" and marks plateaus that lie at chance. NaN and infinities are counted and then left out.
    """
    found: dict[int, Examined] = {}
    by_size: dict[int, list[int]] = {}
    for at, (curve, _) in enumerate(judged):
        by_size.setdefault(curve.finite.size, []).append(at)
    for size, alike in by_size.items():
        step = max(1, _TOGETHER // max(size, 1))
        for first in range(0, len(alike), step):
            some = alike[first : first + step]
            found.update(zip(some, _of_one_size([judged[at] for at in some], limits), strict=True))
    return [found[at] for at in range(len(judged))]


def _of_one_size(judged: Sequence[tuple[Curve, ChanceEstimate]], limits: Limits) -> Iterable[Examined]:
    points = [_Points(curve) for curve, _ in judged]
    if points[0].size == 0:
        return [Examined(_nothing_finite(one), CurveNumbers.of_nothing()) for one in points]
    stack = Stack.of([curve.finite for curve, _ in judged], [chance for _, chance in judged], limits)
    plateaus = _plateaus(stack, points, limits)
    columns = zip(
        points,
        stack.values[:, 0].tolist(),
        stack.values[:, -1].tolist(),
        stack.lowest.tolist(),
        stack.medians_of_last(limits.final_fraction, 1).tolist(),
        end_levels(stack, limits).tolist(),
        stack.noise.tolist(),
        _trends(stack, limits),
        _constant(stack, limits).tolist(),
        plateaus,
        _spikes(stack, points, limits),
        _stands(stack, points, plateaus, limits),
        strict=True,
    )
    return map(
        Examined, starmap(_findings, ((limits, *column) for column in columns)), numbers_of(stack, limits)
    )


def _findings(
    limits: Limits,
    points: _Points,
    first: float,
    last: float,
    best: float,
    final_loss: float,
    end_level: float,
    noise: float,
    trend: Trend,
    constant: bool,  # noqa: FBT001
    plateaus: tuple[Plateau, ...],
    spikes: tuple[Spike, ...],
    stand: Plateau | None,
) -> CurveFindings:
    return CurveFindings(
        n_points=points.n_points,
        n_finite=points.size,
        first=first,
        last=last,
        best=best,
        final_loss=final_loss,
        end_level=end_level,
        noise=noise,
        end_slope_per_run=trend.change,
        end_slope_significant=trend.p_falling <= limits.trend_significance,
        plateaus=plateaus,
        spikes=spikes,
        non_finite_from=points.non_finite_from,
        ends_non_finite=points.ends_non_finite,
        constant_to_digit=constant,
        stand=stand,
    )


class _Points:
    """Where the finite points of a curve lie in it."""

    def __init__(self, curve: Curve) -> None:
        self.n_points = len(curve)
        self.size = curve.finite.size
        self.steps = curve.steps
        self._positions: IntArray | None = None
        self.non_finite_from: int | None = None
        self.ends_non_finite = False
        if self.size < self.n_points:
            finite = np.isfinite(curve.values)
            self._positions = finite.nonzero()[0]
            self.non_finite_from = int(curve.steps[finite.argmin()])
            self.ends_non_finite = not bool(finite[-1])

    def position(self, index: int) -> int:
        """Return the position in the curve of a finite point."""
        return index if self._positions is None else int(self._positions[index])

    def plateau(self, start: int, end: int, level: float, *, at_chance: bool) -> Plateau:
        """Return the plateau over the finite points [start, end)."""
        first, last = self.position(start), self.position(end - 1)
        return Plateau(first, last + 1, int(self.steps[first]), int(self.steps[last]), level, at_chance)

    def spike(self, index: int, value: float) -> Spike:
        """Return the spike at a finite point."""
        position = self.position(index)
        return Spike(position, int(self.steps[position]), value)


def _nothing_finite(points: _Points) -> CurveFindings:
    return CurveFindings(
        n_points=points.n_points,
        n_finite=0,
        first=None,
        last=None,
        best=None,
        final_loss=None,
        end_level=None,
        noise=0.0,
        end_slope_per_run=0.0,
        end_slope_significant=False,
        plateaus=(),
        spikes=(),
        non_finite_from=points.non_finite_from,
        ends_non_finite=points.ends_non_finite,
        constant_to_digit=False,
    )


def _last_half(stack: Stack, limits: Limits) -> int:
    return min(stack.n_points, max(MIN_END_POINTS, round(stack.n_points * limits.trend_fraction)))


def _trends(stack: Stack, limits: Limits) -> list[Trend]:
    # Fewer than five points in falling order are too likely by chance for any trend to show.
    return trends_of(stack.values[:, -max(limits.min_points, _last_half(stack, limits)) :])


def _constant(stack: Stack, limits: Limits) -> BoolArray:
    """Return whether the last half of each curve repeats one value to the digit."""
    half = stack.values[:, -_last_half(stack, limits) :]
    repeats: BoolArray = (half == half[:, :1]).all(axis=1) & (half.shape[1] >= limits.min_repeats)
    return repeats


def chance_tolerance(level_noise: float, chance: ChanceEstimate, limits: Limits) -> float:
    """Return how far from its chance level a level may lie and still be at chance, in the loss's unit."""
    return max(limits.chance_band * chance.value, limits.flat_sigmas * level_noise)


def _plateaus(stack: Stack, points: Sequence[_Points], limits: Limits) -> list[tuple[Plateau, ...]]:
    if stack.n_points < limits.min_points:
        return [()] * len(points)
    noisy = limits.flat_sigmas * stack.block_noise
    tolerances = np.maximum(limits.flat_tolerance * stack.levels, noisy)
    flat = flat_stretches(stack.blocks.smooth, tolerances, limits.plateau_min_fraction)
    # A loss that creeps along its chance level is at chance, though not flat to a percent.
    creeping = level_starts(stack.blocks.smooth, np.maximum(limits.chance_band * stack.levels, noisy))
    n_blocks = len(stack.blocks)
    creeps = [
        n_blocks - start >= limits.min_repeats and not (found and found[-1].end == n_blocks)
        for found, start in zip(flat, creeping, strict=True)
    ]
    asked = [
        (row, stretch)
        for row, found in enumerate(flat)
        for stretch in (*found, *((Stretch(creeping[row], n_blocks),) if creeps[row] else ()))
    ]
    edges, noise = stack.edges, stack.block_noise.tolist()
    bounds = [(row, edges[stretch.start], edges[stretch.end]) for row, stretch in asked]
    found: list[list[Plateau]] = [[] for _ in points]
    for (row, start, end), (_, stretch), level in zip(
        bounds, asked, stretch_medians(stack.values, bounds), strict=True
    ):
        error = noise[row] / math.sqrt(stretch.length)
        at_chance = _is_at_chance(level, error, stack.chances[row], limits)
        is_last_of_creeping = creeps[row] and stretch.end == n_blocks
        if is_last_of_creeping and not at_chance:
            continue
        plateau = points[row].plateau(start, end, level, at_chance=at_chance)
        if not (is_last_of_creeping and _overlaps(found[row], plateau)):
            found[row].append(plateau)
    return [tuple(each) for each in found]


def _overlaps(before: Sequence[Plateau], plateau: Plateau) -> bool:
    return bool(before) and before[-1].end > plateau.start


def _is_at_chance(level: float, error: float, chance: ChanceEstimate, limits: Limits) -> bool:
    margin = chance_tolerance(error, chance, limits)
    return _known_low(chance) - margin <= level <= chance.high + margin


def _known_low(chance: ChanceEstimate) -> float:
    """Return the lower bound of a known level; of an unknown one only the top is sure to be chance."""
    return chance.low if chance.known else chance.value


def _stands(
    stack: Stack, points: Sequence[_Points], plateaus: Sequence[Sequence[Plateau]], limits: Limits
) -> list[Plateau | None]:
    levels = np.array(list(map(_level_of_stand, plateaus, stack.chances)))
    found = stands_at_chance(stack.blocks.smooth, levels, limits.chance_band)
    bounds = [(row, stack.edges[one.start], stack.edges[one.end]) for row, one in found.items()]
    stands: list[Plateau | None] = [None] * len(points)
    for (row, start, end), level in zip(bounds, stretch_medians(stack.values, bounds), strict=True):
        stands[row] = points[row].plateau(start, end, level, at_chance=True)
    return stands


def _level_of_stand(plateaus: Sequence[Plateau], chance: ChanceEstimate) -> float:
    """Return the level to look for a stand at: of an unknown share, that of a plateau at the very start."""
    if chance.known or not plateaus or plateaus[0].start > _START_POINTS:
        return chance.value
    return min(plateaus[0].level, chance.value)


def _spikes(stack: Stack, points: Sequence[_Points], limits: Limits) -> list[tuple[Spike, ...]]:
    """Find points above both sides; the first two and last two points have only one side."""
    least = np.maximum(limits.spike_height * stack.levels, limits.spike_sigmas * stack.noise)
    found: list[tuple[Spike, ...]] = [()] * len(points)
    above: FloatArray = stack.values - stack.smooth
    for row, index in zip(*(at.tolist() for at in (above > least[:, None]).nonzero()), strict=True):
        found[row] = (*found[row], points[row].spike(index, float(stack.values[row, index])))
    return found
