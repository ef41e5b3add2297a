"""Curves with one number of finite points as the rows of one array, and what is measured on all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import FloatArray, median, medians_of_first, row_medians
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.findings.blocks import Blocks, into_blocks
from mlflow_bce_monitor.findings.finding import CurveNumbers
from mlflow_bce_monitor.findings.noise import row_noise
from mlflow_bce_monitor.findings.spikes import without_spikes
from mlflow_bce_monitor.limits import Limits

MIN_END_POINTS: Final = 3
"""The median of three is the smallest that one bad point cannot move."""

_PADDED: Final = 4_096
"""Points up to which stretches of different lengths are made equally long to be sorted together."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Some curves of one length, what they are compared with, and their blocks.

    Attributes
    ----------
    values
        Shape (n_curves, n_points), finite, at least one point.
    chances
        The chance level of each curve.
    blocks
        Of all curves.
    """

    values: FloatArray
    chances: Sequence[ChanceEstimate]
    blocks: Blocks

    @classmethod
    def of(cls, curves: Sequence[FloatArray], chances: Sequence[ChanceEstimate], limits: Limits) -> Stack:
        """Return curves of one length as a stack."""
        values = curves[0][None] if len(curves) == 1 else np.array(curves)
        return cls(values, chances, into_blocks(values, limits.max_blocks))

    @property
    def n_points(self) -> int:
        """Points of each curve."""
        return int(self.values.shape[1])

    @cached_property
    def levels(self) -> FloatArray:
        """Shape (n_curves,): the best estimate of each chance level."""
        return np.array([chance.value for chance in self.chances])

    @cached_property
    def edges(self) -> list[int]:
        """The first point of each block, and the end of the last one."""
        edges: list[int] = self.blocks.edges.tolist()
        return edges

    @cached_property
    def noise(self) -> FloatArray:
        """Shape (n_curves,): standard deviation of one point."""
        return row_noise(self.values)

    @cached_property
    def block_noise(self) -> FloatArray:
        """Shape (n_curves,): that of one block; blocks are medians of many points, so theirs is their own."""
        return self.noise if len(self.blocks) == self.n_points else row_noise(self.blocks.values)

    @cached_property
    def smooth(self) -> FloatArray:
        """Shape (n_curves, n_points): the points without single spikes."""
        # Those of the blocks where each is one point.
        return self.blocks.smooth if len(self.blocks) == self.n_points else without_spikes(self.values)

    @cached_property
    def lowest(self) -> FloatArray:
        """Shape (n_curves,): the smallest value."""
        lowest: FloatArray = self.values.min(axis=1)
        return lowest

    def medians_of_last(self, fraction: float, at_least: int) -> FloatArray:
        """Return the median of the last points of each curve, shape (n_curves,).

        Parameters
        ----------
        fraction
            Share of the points.
        at_least
            Smallest number of points, where there are so many.
        """
        return row_medians(self.values[:, -max(at_least, math.ceil(self.n_points * fraction)) :])


def end_levels(stack: Stack, limits: Limits) -> FloatArray:
    """Return the level of the last fifth, or of what follows where the curve has just left that."""
    long = stack.medians_of_last(limits.end_fraction, MIN_END_POINTS)
    short = stack.medians_of_last(limits.final_fraction, MIN_END_POINTS)
    n_last = math.ceil(stack.n_points * limits.final_fraction)
    off = limits.flat_tolerance * stack.levels
    margin = off + limits.flat_sigmas * stack.noise / math.sqrt(max(MIN_END_POINTS, n_last))
    levels = np.where(np.abs(short - long) > margin, short, long)
    if n_last > 1:
        return levels
    # With a point an epoch, one last point below is where the model is; one above may be a spike.
    last, plunge = stack.values[:, -1], np.maximum(off, limits.spike_sigmas * stack.noise)
    return np.where(last < levels - plunge, last, levels)


def numbers_of(stack: Stack, limits: Limits) -> Iterator[CurveNumbers]:
    """Yield the numbers of each curve that are no findings by themselves."""
    values, blocks = stack.values, stack.blocks
    half = max(2, round(len(blocks) * limits.trend_fraction))
    later = values[:, 1:] if stack.n_points > 1 else values
    second_half = values[:, stack.n_points // 2 :]
    return map(
        CurveNumbers,
        values.max(axis=1).tolist(),
        later.max(axis=1).tolist(),
        blocks.smooth.min(axis=1).tolist(),
        (blocks.values[:, -half:] - blocks.smooth[:, -half:]).std(axis=1).tolist(),
        row_noise(second_half).tolist(),
    )


def stretch_medians(rows: FloatArray, stretches: Sequence[tuple[int, int, int]]) -> list[float]:
    """Return the median of each (row, start, end), as :func:`median`."""
    longest = max((end - start for _, start, end in stretches), default=0)
    if len(stretches) == 1 or longest > _PADDED:
        return [median(rows[row, start:end]) for row, start, end in stretches]
    if not stretches:
        return []
    at = np.array(stretches)
    row, start, length = at[:, 0], at[:, 1], at[:, 2] - at[:, 1]
    places = np.arange(longest)
    points = np.minimum(start[:, None] + places, rows.shape[1] - 1)
    padded = rows[row[:, None], points]
    padded[places >= length[:, None]] = np.nan
    medians: list[float] = medians_of_first(padded, length).tolist()
    return medians
