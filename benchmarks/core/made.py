"""Seeded runs of three metrics, each with the truth about the plateaus of its losses.

A loss is drawn as straight pieces, flat or falling, with white noise on top; so the points where
a plateau begins and ends are known and not a matter of opinion. The kinds are those that a store
holds: stuck at chance from the first point to the last, left after a while, reached after a fall, in
steps, and falling throughout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.records import FloatArray, MetricHistory, RunRecord

POINTS: Final = 200
"""Points of every metric."""

KINDS: Final = ("stuck", "escaped", "fallen", "two_steps", "jump", "learning")
"""What the losses do, in turns."""

_CHANCE: Final = math.log(2.0)
_START_TIME: Final = 1_700_000_000_000
_NOISE: Final = (0.001, 0.004)
"""Standard deviation of a point, in nats: from a quiet loss per epoch to a small held-back set."""


@dataclass(frozen=True, eq=False)
class MadeRun:
    """One run, and the truth about both of its losses.

    Attributes
    ----------
    kind
        One of :data:`KINDS`.
    record
        The run, with ``loss``, ``val_loss`` and ``accuracy``.
    plateaus
        [start, end) of every flat piece, in points.
    """

    kind: str
    record: RunRecord
    plateaus: tuple[tuple[int, int], ...]

    @property
    def bounds(self) -> tuple[int, ...]:
        """Points where a plateau begins or ends, the first and the last point of the curve left out."""
        return inner_bounds(self.plateaus)


def inner_bounds(plateaus: Sequence[tuple[int, int]], n_points: int = POINTS) -> tuple[int, ...]:
    """Return where plateaus begin or end inside of a curve, each point once, in order."""
    return tuple(sorted({bound for pair in plateaus for bound in pair if 0 < bound < n_points}))


def made_runs(count: int, seed: int = 0) -> list[MadeRun]:
    """Return so many runs, of all kinds in turns."""
    return [
        _made(KINDS[number % len(KINDS)], number, np.random.default_rng((seed, number)))
        for number in range(count)
    ]


def _made(kind: str, number: int, random: np.random.Generator) -> MadeRun:
    corners, plateaus = _corners(kind, random)
    at, levels = zip(*corners, strict=True)
    clean = np.interp(np.arange(POINTS), at, levels)
    noise = random.uniform(*_NOISE)
    loss = clean + random.normal(0.0, noise, POINTS)
    validation = clean + random.uniform(0.0, 0.002) + random.normal(0.0, 1.5 * noise, POINTS)
    # A loss far below chance goes with few errors; at chance the accuracy is that of a coin over 400 rows.
    accuracy = np.round((1.0 - 0.5 * clean / _CHANCE + random.normal(0.0, 0.01, POINTS)) * 400.0) / 400.0
    histories = {"loss": loss, "val_loss": validation, "accuracy": np.clip(accuracy, 0.0, 1.0)}
    return MadeRun(
        kind=kind,
        record=RunRecord(
            run_id=f"{number:032x}",
            run_name=f"{kind} {number}",
            experiment_id="1",
            params=_params(number),
            histories={name: _history(name, values) for name, values in histories.items()},
        ),
        plateaus=plateaus,
    )


def _corners(
    kind: str, random: np.random.Generator
) -> tuple[list[tuple[int, float]], tuple[tuple[int, int], ...]]:
    """Return the corners of a loss, as (point, level), and its plateaus."""
    low = float(random.uniform(0.1, 0.4))
    first, ramp, second = (int(random.integers(*bounds)) for bounds in ((30, 70), (15, 35), (30, 60)))
    after = first + ramp
    last = POINTS - 1
    if kind == "stuck":
        return [(0, _CHANCE), (last, _CHANCE)], ((0, POINTS),)
    if kind == "escaped":
        corners = [(0, _CHANCE), (first - 1, _CHANCE), (after, low), (last, low)]
        return corners, ((0, first), (after, POINTS))
    if kind == "fallen":
        return [(0, 1.3), (ramp, _CHANCE), (last, _CHANCE)], ((ramp, POINTS),)
    if kind == "two_steps":
        middle, again = (_CHANCE + low) / 2.0, after + second
        corners = [(0, _CHANCE), (first - 1, _CHANCE), (after, middle), (again - 1, middle)]
        corners += [(again + ramp, low), (last, low)]
        return corners, ((0, first), (after, again), (again + ramp, POINTS))
    if kind == "jump":
        corners = [(0, _CHANCE), (first - 1, _CHANCE), (first, low), (last, low)]
        return corners, ((0, first), (first, POINTS))
    return [(0, _CHANCE), (last, low)], ()


def _params(number: int) -> dict[str, str]:
    """Return params as autologging and people write them; a third of the runs state the positives' share."""
    stated = {"positive_share": "0.5"} if number % 3 == 0 else {}
    return {
        "optimizer_name": "adam",
        "learning_rate": f"{10.0 ** -(number % 4 + 1):g}",
        "batch_size": str(2 ** (number % 4 + 4)),
        "epochs": str(POINTS),
        "hidden_units": f"[{2 ** (number % 6)}, {2 ** (number % 6)}]",
        "activation": "relu",
        "seed": str(number),
        **stated,
    }


def _history(name: str, values: FloatArray) -> MetricHistory:
    steps = np.arange(POINTS, dtype=np.int64)
    return MetricHistory(name, steps, _START_TIME + 1_000 * steps, values)
