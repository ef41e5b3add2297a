"""From rows of points to histories, without a Python object a point.

Rows of one curve that lie together are a stretch of it. A curve may come in several stretches, in any
order: from several files, partitions or batches. Put together they are sorted as MLflow's client sorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.records import FloatArray, IntArray, MetricHistory


class Stretch(NamedTuple):
    """Some points of one curve, shape (n_points,) each."""

    timestamps: IntArray
    steps: IntArray
    values: FloatArray


class Cut(NamedTuple):
    """A batch of rows cut where the run or the metric changes.

    Attributes
    ----------
    points
        The rows' numbers, shape (n_rows,) each.
    bounds
        Shape (n_curves + 1,): curve n holds the rows ``bounds[n]`` to ``bounds[n + 1]``.
    run_ids, names
        Of each curve.
    """

    points: Stretch
    bounds: IntArray
    run_ids: Sequence[str]
    names: Sequence[str]

    def curves(self) -> Iterator[tuple[str, str, Stretch]]:
        """Yield run id, metric name and points of each curve."""
        timestamps, steps, values = self.points
        ends = self.bounds.tolist()
        for run_id, name, start, end in zip(self.run_ids, self.names, ends, ends[1:], strict=False):
            yield run_id, name, Stretch(timestamps[start:end], steps[start:end], values[start:end])


def cut(batch: pa.RecordBatch, *, together: bool) -> Cut:
    """Cut rows of points into curves.

    Parameters
    ----------
    batch
        With the columns of :data:`~mlflow_bce_monitor.columnar.layout.POINTS`; ids and names may be
        dictionaries.
    together
        Whether rows of one curve that lie apart are brought together first.
    """
    runs, run_ids = _codes(batch.column("run_id"))
    keys, names = _codes(batch.column("key"))
    timestamps, steps, values = (
        batch.column(name).to_numpy(zero_copy_only=False) for name in ("timestamp", "step", "value")
    )
    if together:
        order = np.lexsort((keys, runs))
        runs, keys = runs[order], keys[order]
        timestamps, steps, values = timestamps[order], steps[order], values[order]
    changes = np.flatnonzero((runs[1:] != runs[:-1]) | (keys[1:] != keys[:-1])) + 1
    bounds = np.concatenate(([0], changes, [runs.size])) if runs.size else np.zeros(1, dtype=np.int64)
    starts = bounds[:-1]
    return Cut(
        Stretch(timestamps, steps, values),
        bounds,
        [run_ids[code] for code in runs[starts].tolist()],
        [names[code] for code in keys[starts].tolist()],
    )


def history_of(name: str, stretches: Sequence[Stretch]) -> MetricHistory:
    """Return all points of one curve in the order of MLflow's client: by time, step, stored value."""
    if len(stretches) == 1:
        timestamps, steps, values = stretches[0]
    else:
        timestamps, steps, values = (np.concatenate(part) for part in zip(*stretches, strict=True))
    if not _in_order(timestamps, steps, values):
        order = np.lexsort((_stored(values), steps, timestamps))
        timestamps, steps, values = timestamps[order], steps[order], values[order]
    return MetricHistory(name, steps, timestamps, values)


def latest_of(points: Stretch) -> int:
    """Return the position of the point that MLflow shows: the highest (step, timestamp, stored value)."""
    timestamps, steps, values = points
    last = steps.size - 1
    # Nearly every curve ends with it, strictly above all others.
    if last == 0 or steps[last] > steps[:last].max():
        return last
    return int(np.lexsort((_stored(values), timestamps, steps))[-1])


def runs_of(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, dict[str, MetricHistory]]]:
    """Yield the histories of one run after the other from rows that lie run by run.

    Parameters
    ----------
    batches
        Rows of points; those of a run without a gap, over any number of batches.

    Yields
    ------
    tuple
        The run's id, and its histories by name, the evaluator's own left out.
    """
    current: str | None = None
    curves: dict[str, list[Stretch]] = {}
    for batch in batches:
        for run_id, name, stretch in cut(batch, together=False).curves():
            if run_id != current:
                if current is not None:
                    yield current, histories_of(curves)
                current, curves = run_id, {}
            if name not in OWN_METRICS:
                curves.setdefault(name, []).append(stretch)
    if current is not None:
        yield current, histories_of(curves)


def histories_of(curves: dict[str, list[Stretch]]) -> dict[str, MetricHistory]:
    """Return the histories of one run, sorted by name."""
    return {name: history_of(name, curves[name]) for name in sorted(curves)}


def _codes(column: pa.Array) -> tuple[npt.NDArray[Any], list[str]]:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()


def _stored(values: FloatArray) -> FloatArray:
    """Return values as MLflow's stores compare them: they keep 0 for NaN."""
    return np.where(np.isnan(values), 0.0, values)


def _in_order(timestamps: IntArray, steps: IntArray, values: FloatArray) -> bool:
    """Return whether no point should have come before the one in front of it."""
    if bool((timestamps[1:] > timestamps[:-1]).all()):
        return True
    stored = _stored(values)
    # Compared, not subtracted: differences of huge numbers overflow.
    same_time, same_step = timestamps[1:] == timestamps[:-1], steps[1:] == steps[:-1]
    wrong_step = (steps[1:] < steps[:-1]) | (same_step & (stored[1:] < stored[:-1]))
    wrong = (timestamps[1:] < timestamps[:-1]) | (same_time & wrong_step)
    return not bool(wrong.any())
