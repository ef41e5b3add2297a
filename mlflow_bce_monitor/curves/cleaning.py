"""Put the points of one metric in clean order, and take the known logging traps out.

Conventions of the result: steps strictly increase, one value a step, NaN and +-inf
are kept because they are findings.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import are_finite
from mlflow_bce_monitor.records import FloatArray, IntArray, MetricHistory

AS_GOOD_AS_INFINITE: Final = 1e100
"""SQL stores hold infinity as the largest double, 1.7976931348623157e308, of either sign. Everything
from here on counts as infinite: float32 ends at 3.4e38, and sums and squares stay within a double."""

BATCHES_LOGGED_PER_STEP: Final = 3.0
"""Points per step from which repeats are read as batches of one epoch and averaged.
Below it, repeats come from a resumed run, where the later value replaces the earlier."""

_SHORT: Final = 2_000
"""Points up to which steps are kept, 16 kB."""
_STEPS_KEPT: Final = 64

Points = tuple[IntArray, FloatArray, tuple[str, ...]]


def clean(history: MetricHistory) -> Points:
    """Return (steps, values, removed) of a history in clean order.

    Parameters
    ----------
    history
        Any order, any repeats, possibly empty.

    Returns
    -------
    steps
        Shape (n,), strictly increasing. Where all points share one step, the order of
        logging 0, 1, 2, ...
    values
        Shape (n,), with +-1.797e308, and everything else as good as infinite, turned into +-inf.
    removed
        What was merged or reordered, in words.
    """
    steps, timestamps, values = history.steps, history.timestamps, restore_infinity(history.values)
    in_order = _in_order(steps)
    if in_order is not None:
        return in_order, values, ()  # as nearly all curves are: nothing to put in order, nothing twice
    order = np.lexsort((timestamps, steps))
    steps, timestamps, values = steps[order], timestamps[order], values[order]
    removed: list[str] = []

    fresh = ~_repeats_previous(steps, timestamps, values)
    if not fresh.all():
        removed.append(f"{int((~fresh).sum())} identical repeated points")
        steps, timestamps, values = steps[fresh], timestamps[fresh], values[fresh]

    if values.size > 1 and steps[0] == steps[-1]:
        removed.append(f"all {values.size} points were logged at step {int(steps[0])}: ordered by time")
        return np.arange(values.size, dtype=np.int64), values, tuple(removed)

    merged_steps, starts, counts = np.unique(steps, return_index=True, return_counts=True)
    if merged_steps.size == steps.size:
        return steps, values, tuple(removed)
    if counts.mean() >= BATCHES_LOGGED_PER_STEP:
        removed.append(f"{steps.size} points at {merged_steps.size} steps: averaged for each step")
        # errstate: inf - inf within one step is NaN, which is what such a step means.
        with np.errstate(invalid="ignore", over="ignore"):
            return merged_steps, np.add.reduceat(values, starts) / counts, tuple(removed)
    removed.append(f"{steps.size - merged_steps.size} points replaced by a later one at the same step")
    return merged_steps, values[starts + counts - 1], tuple(removed)


def restore_infinity(values: FloatArray) -> FloatArray:
    """Turn the +-1.797e308 of SQL stores, and other overflow, back into +-inf; NaN stays NaN."""
    if are_finite(values):
        return values
    huge = np.abs(values) >= AS_GOOD_AS_INFINITE
    if not huge.any():
        return values
    return np.where(huge, np.copysign(np.inf, values), values)


def drop_early_stopping_tail(points: Points, best_iteration: float | None) -> Points:
    """Take out the extra last point that MLflow's xgboost and lightgbm autologging adds.

    After early stopping both log the metrics of the best iteration once more, one step
    after the last. The tail is recognised by its value: exactly that of the best
    iteration, which xgboost counts from 0, as the steps do, and lightgbm from 1.
    """
    steps, values, removed = points
    if best_iteration is None or values.size < 2:  # noqa: PLR2004 - a tail needs a body
        return points
    best = int(best_iteration)
    if not (values[:-1][np.isin(steps[:-1], (best, best - 1))] == values[-1]).any():
        return points
    note = f"the repeat of iteration {best} that early stopping logs at the end"
    return steps[:-1], values[:-1], (*removed, note)


def _in_order(steps: IntArray) -> IntArray | None:
    """Return steps that are strictly increasing, None for others.

    Short ones come as one array wherever they are equal, so that nobody compares them again: the curves of a
    run mostly share their steps, and so do the runs of an experiment.
    """
    if steps.size > _SHORT:
        return steps if _increase(steps) else None
    return _kept_in_order(steps.tobytes(), steps.dtype.char)


@lru_cache(maxsize=_STEPS_KEPT)
def _kept_in_order(steps_as_bytes: bytes, type_code: str) -> IntArray | None:
    steps: IntArray = np.frombuffer(steps_as_bytes, dtype=type_code)
    return steps if _increase(steps) else None


def _increase(steps: IntArray) -> bool:
    return bool((steps[1:] > steps[:-1]).all())


def _repeats_previous(steps: IntArray, timestamps: IntArray, values: FloatArray) -> np.ndarray:
    """Shape (n,), True where a sorted point equals the one before it in everything."""
    same = np.zeros(values.size, dtype=bool)
    equal_values = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    same[1:] = (steps[1:] == steps[:-1]) & (timestamps[1:] == timestamps[:-1]) & equal_values
    return same
