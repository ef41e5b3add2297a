"""Seeded makers of curves and runs: a maker of a curve returns the values *and* the truth about them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, Role, Split
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.records import DatasetInput, FloatArray, MetricHistory, RunRecord
from mlflow_bce_monitor.settings import Settings, read_settings

LN_2: Final = math.log(2.0)
START: Final = 1_700_000_000_000  # milliseconds since the epoch, one point a second from here

Values = Sequence[float] | npt.NDArray[np.float64]


def entropy_of(share: float) -> float:
    """Return H(share) in nats, written out here so that no test leans on the package's own formula."""
    return -(share * math.log(share) + (1.0 - share) * math.log(1.0 - share))


def history(
    name: str, values: Values, steps: Sequence[int] | None = None, timestamps: Sequence[int] | None = None
) -> MetricHistory:
    """Return a metric's history, one step and one second a point unless said otherwise."""
    n = len(values)
    return MetricHistory(
        name=name,
        steps=np.asarray(range(n) if steps is None else steps, dtype=np.int64),
        timestamps=np.asarray(
            [START + 1_000 * i for i in range(n)] if timestamps is None else timestamps, dtype=np.int64
        ),
        values=np.asarray(values, dtype=np.float64),
    )


def run(
    metrics: Mapping[str, Values | MetricHistory] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    datasets: tuple[DatasetInput, ...] = (),
    model_summary: str | None = None,
) -> RunRecord:
    """Return a run with these metrics, by name."""
    histories = {
        name: values if isinstance(values, MetricHistory) else history(name, values)
        for name, values in (metrics or {}).items()
    }
    return RunRecord(
        run_id="0123456789abcdef" * 2,
        run_name="made",
        experiment_id="1",
        params=params or {},
        tags=tags or {},
        histories=histories,
        datasets=datasets,
        model_summary=model_summary,
    )


def settings_of(**params: str) -> Settings:
    """Return what these params say."""
    return read_settings(run(params=params))


def curve(
    values: Values, role: Role = Role.LOSS, split: Split = Split.TRAIN, name: str | None = None
) -> Curve:
    """Return a clean curve, one step a point."""
    array = np.asarray(values, dtype=np.float64)
    return Curve(name or f"{split}_{role}", role, split, np.arange(array.size, dtype=np.int64), array)


def curve_set(loss: Curve, *companions: Curve, validation: Curve | None = None) -> CurveSet:
    """Return a set of recognised curves around one loss."""
    return CurveSet(
        loss=loss,
        validation_loss=validation,
        certainty=LossCertainty.IMPLIED,
        companions={(companion.role, companion.split): companion for companion in companions},
    )


@dataclass(frozen=True, eq=False)
class MadeCurve:
    """Values with the truth about them.

    Attributes
    ----------
    values
        Shape (n,).
    flat
        The stretch [start, end) that is flat by construction, None when there is none.
    level
        The level of that stretch, in the unit of the values; NaN when there is none.
    noise
        Standard deviation of one point, by construction.
    """

    values: FloatArray
    flat: tuple[int, int] | None
    level: float
    noise: float


def flat(n: int, level: float = LN_2, noise: float = 0.0, seed: int = 0) -> MadeCurve:
    """Return a curve that is flat all the way."""
    values = level + noise * np.random.default_rng(seed).standard_normal(n)
    return MadeCurve(values, (0, n), level, noise)


def passing(n: int, start: float, end: float, noise: float = 0.0, seed: int = 0) -> MadeCurve:
    """Return a straight curve from one level to another, flat nowhere."""
    values = np.linspace(start, end, n) + noise * np.random.default_rng(seed).standard_normal(n)
    return MadeCurve(values, None, math.nan, noise)


def descent_to(
    n_fall: int, n_flat: int, level: float = LN_2, above: float = 1.0, noise: float = 0.0, seed: int = 0
) -> MadeCurve:
    """Return a curve that falls in a straight line by ``above`` and then stays."""
    values = np.concatenate(
        [np.linspace(level + above, level, n_fall, endpoint=False), np.full(n_flat, level)]
    )
    values = values + noise * np.random.default_rng(seed).standard_normal(values.size)
    return MadeCurve(values, (n_fall, n_fall + n_flat), level, noise)


def escape_from(
    n_flat: int, n_fall: int, level: float = LN_2, end: float = 0.2, noise: float = 0.0, seed: int = 0
) -> MadeCurve:
    """Return a curve that stays and then falls in a straight line."""
    values = np.concatenate([np.full(n_flat, level), np.linspace(level, end, n_fall + 1)[1:]])
    values = values + noise * np.random.default_rng(seed).standard_normal(values.size)
    return MadeCurve(values, (0, n_flat), level, noise)


def jitter(n: int, sd: float, seed: int) -> FloatArray:
    """Return white noise, shape (n,)."""
    return sd * np.random.default_rng(seed).standard_normal(n)


__all__ = [
    "LIMITS",
    "LN_2",
    "START",
    "MadeCurve",
    "curve",
    "curve_set",
    "descent_to",
    "entropy_of",
    "escape_from",
    "flat",
    "history",
    "jitter",
    "passing",
    "run",
    "settings_of",
]
