"""curve + chance level -> findings. Measures only; judging is for ``verdicts``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.findings.blocks import Blocks, blocks_of, every_point
from mlflow_bce_monitor.findings.finding import CurveFindings, Plateau, Spike
from mlflow_bce_monitor.findings.noise import point_noise
from mlflow_bce_monitor.findings.plateaus import Stretch, flat_stretches, level_stretch
from mlflow_bce_monitor.findings.spikes import without_spikes
from mlflow_bce_monitor.findings.stand import stand_at_chance
from mlflow_bce_monitor.findings.trend import trend_of
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import FloatArray, IntArray

_END_MIN_POINTS: Final = 3
"""The median of three is the smallest that one bad point cannot move."""

_START_POINTS: Final = 3
"""Points before which a plateau begins at the start: the bias learns the share of positives in few epochs."""

_EMPTY: Final = np.empty(0, dtype=np.float64)


def examine(curve: Curve, chance: ChanceEstimate, limits: Limits) -> CurveFindings:
    """Measure the shape of one loss curve.

    Parameters
    ----------
    curve
        Any length, the empty one included; NaN and infinities are counted and then left out.
    chance
        Its chance level; gives the scale of "flat" and marks plateaus that lie at chance.
    """
    values = curve.finite
    if values.size == len(curve):
        positions, steps = every_point(values.size), curve.steps
        non_finite_from, ends_non_finite = None, False
    else:
        finite = np.isfinite(curve.values)
        positions = finite.nonzero()[0]
        steps = curve.steps[positions]
        non_finite_from, ends_non_finite = int(curve.steps[finite.argmin()]), not bool(finite[-1])
    if values.size == 0:
        return _nothing_finite(len(curve), non_finite_from, ends_non_finite=ends_non_finite)

    noise = point_noise(values)
    blocks = blocks_of(curve, limits.max_blocks)
    # Blocks are medians of many points, so their own noise is what flatness is judged by.
    block_noise = noise if len(blocks) == values.size else point_noise(blocks.values)
    half = values[-max(_END_MIN_POINTS, round(values.size * limits.trend_fraction)) :]
    # Fewer than five points in falling order are too likely by chance for any trend to show.
    trend = trend_of(values[-max(limits.min_points, half.size) :])
    plateaus = _plateaus(steps, positions, values, blocks, block_noise, chance, limits)
    return CurveFindings(
        n_points=len(curve),
        n_finite=int(values.size),
        first=float(values[0]),
        last=float(values[-1]),
        best=float(values.min()),
        final_loss=_end_median(values, limits.final_fraction, 1),
        end_level=_end_level(values, noise, chance, limits),
        noise=noise,
        end_slope_per_run=trend.change,
        end_slope_significant=trend.p_falling <= limits.trend_significance,
        plateaus=plateaus,
        spikes=_spikes(steps, positions, values, _smooth(values, blocks), noise, chance, limits),
        non_finite_from=non_finite_from,
        ends_non_finite=ends_non_finite,
        constant_to_digit=half.size >= limits.min_repeats and bool((half == half[0]).all()),
        stand=_stand(steps, positions, values, blocks, _level_of_stand(plateaus, chance), limits),
    )


def _level_of_stand(plateaus: Sequence[Plateau], chance: ChanceEstimate) -> float:
    """Return the level to look for a stand at: of an unknown share, that of a plateau at the very start."""
    if chance.known or not plateaus or plateaus[0].start > _START_POINTS:
        return chance.value
    return min(plateaus[0].level, chance.value)


def _stand(
    steps: IntArray,
    positions: IntArray,
    values: FloatArray,
    blocks: Blocks,
    level: float,
    limits: Limits,
) -> Plateau | None:
    found = stand_at_chance(blocks.smooth, level, limits.chance_band)
    if found is None:
        return None
    start, end = int(blocks.edges[found.start]), int(blocks.edges[found.end])
    return Plateau(
        start=int(positions[start]),
        end=int(positions[end - 1]) + 1,
        start_step=int(steps[start]),
        end_step=int(steps[end - 1]),
        level=median(values[start:end]),
        at_chance=True,
    )


def _nothing_finite(n_points: int, non_finite_from: int | None, *, ends_non_finite: bool) -> CurveFindings:
    return CurveFindings(
        n_points=n_points,
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
        non_finite_from=non_finite_from,
        ends_non_finite=ends_non_finite,
        constant_to_digit=False,
    )


def _end_median(values: FloatArray, fraction: float, at_least: int) -> float:
    count = max(at_least, int(np.ceil(values.size * fraction)))
    return median(values[-count:])


def _end_level(values: FloatArray, noise: float, chance: ChanceEstimate, limits: Limits) -> float:
    """Return the level of the last fifth, or of what follows where the curve has just left that."""
    long = _end_median(values, limits.end_fraction, _END_MIN_POINTS)
    short = _end_median(values, limits.final_fraction, _END_MIN_POINTS)
    points = max(_END_MIN_POINTS, int(np.ceil(values.size * limits.final_fraction)))
    margin = limits.flat_tolerance * chance.value + limits.flat_sigmas * noise / np.sqrt(points)
    level = short if abs(short - long) > margin else long
    if np.ceil(values.size * limits.final_fraction) > 1:
        return level
    # With a point an epoch, one last point below is where the model is; one above may be a spike.
    last = float(values[-1])
    plunge = max(limits.flat_tolerance * chance.value, limits.spike_sigmas * noise)
    return last if last < level - plunge else level


def chance_tolerance(level_noise: float, chance: ChanceEstimate, limits: Limits) -> float:
    """Return how far from its chance level a level may lie and still be at chance, in the loss's unit."""
    return max(limits.chance_band * chance.value, limits.flat_sigmas * level_noise)


def _plateaus(
    steps: IntArray,
    positions: IntArray,
    values: FloatArray,
    blocks: Blocks,
    block_noise: float,
    chance: ChanceEstimate,
    limits: Limits,
) -> tuple[Plateau, ...]:
    if values.size < limits.min_points:
        return ()
    tolerance = max(limits.flat_tolerance * chance.value, limits.flat_sigmas * block_noise)
    stretches = flat_stretches(blocks.smooth, tolerance, limits.plateau_min_fraction)
    found = [
        _plateau(one, steps, positions, values, blocks, block_noise, chance, limits) for one in stretches
    ]
    if found and stretches[-1].end == len(blocks):
        return tuple(found)
    # A loss that creeps along its chance level is at chance, though not flat to a percent.
    creeping = level_stretch(blocks.smooth, chance_tolerance(block_noise, chance, limits))
    if creeping.length < limits.min_repeats:
        return tuple(found)
    last = _plateau(creeping, steps, positions, values, blocks, block_noise, chance, limits)
    overlaps = bool(found) and found[-1].end > last.start
    return (*found, last) if last.at_chance and not overlaps else tuple(found)


def _plateau(
    stretch: Stretch,
    steps: IntArray,
    positions: IntArray,
    values: FloatArray,
    blocks: Blocks,
    block_noise: float,
    chance: ChanceEstimate,
    limits: Limits,
) -> Plateau:
    start, end = int(blocks.edges[stretch.start]), int(blocks.edges[stretch.end])
    level = median(values[start:end])
    margin = chance_tolerance(float(block_noise / np.sqrt(stretch.length)), chance, limits)
    return Plateau(
        start=int(positions[start]),
        end=int(positions[end - 1]) + 1,
        start_step=int(steps[start]),
        end_step=int(steps[end - 1]),
        level=level,
        at_chance=_known_low(chance) - margin <= level <= chance.high + margin,
    )


def _known_low(chance: ChanceEstimate) -> float:
    """Return the lower bound of a known level; of an unknown one only the top is sure to be chance."""
    return chance.low if chance.known else chance.value


def _smooth(values: FloatArray, blocks: Blocks) -> FloatArray:
    """Return the values without single spikes, which are those of the blocks where each is one point."""
    return blocks.smooth if len(blocks) == values.size else without_spikes(values)


def _spikes(
    steps: IntArray,
    positions: IntArray,
    values: FloatArray,
    smooth: FloatArray,
    noise: float,
    chance: ChanceEstimate,
    limits: Limits,
) -> tuple[Spike, ...]:
    """Find points above both sides; the first two and last two points have only one side."""
    height = values - smooth
    least = max(limits.spike_height * chance.value, limits.spike_sigmas * noise)
    return tuple(
        Spike(position=int(positions[index]), step=int(steps[index]), value=float(values[index]))
        for index in (height > least).nonzero()[0]
    )
