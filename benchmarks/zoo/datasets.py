"""The data sets of the zoo, and how the rows of one training are made from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks.zoo.data_sets_dealt import DEALT_DATA_SETS
from benchmarks.zoo.data_sets_of_exercise import EXERCISE_DATA_SETS
from benchmarks.zoo.data_sets_of_practice import PRACTICE_DATA_SETS
from benchmarks.zoo.data_sets_of_proof import PROOF_DATA_SETS
from benchmarks.zoo.data_sets_of_rehearsal import REHEARSAL_DATA_SETS
from benchmarks.zoo.data_sets_of_test import TEST_DATA_SETS
from benchmarks.zoo.plan import DataPlan
from benchmarks.zoo.rows import Features, Kind, Rows

HELD_BACK_SHARE: Final = 0.3
"""Share of the drawn rows that no network is trained on: the usual 70/30."""

JUDGED_ROWS: Final = 1500
"""Further rows of a data set that judge a model: an AUC near 0.5 has a standard error of 0.015."""

DATA_SETS: Final = (
    DEALT_DATA_SETS
    | TEST_DATA_SETS
    | PRACTICE_DATA_SETS
    | REHEARSAL_DATA_SETS
    | EXERCISE_DATA_SETS
    | PROOF_DATA_SETS
)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a training is given, and what judges it.

    Attributes
    ----------
    train
        Rows the network is fitted to.
    held_back
        Rows the user validates on.
    judged
        Rows that decide the truth: those held back, and fresh ones too where the data set has them.
    """

    train: Rows
    held_back: Rows
    judged: Rows


def _zeros(features: Features, _rng: np.random.Generator) -> Features:
    return np.zeros_like(features)


def _one_row(features: Features, _rng: np.random.Generator) -> Features:
    # A loader that reads the first row again and again.
    return np.repeat(features[:1], len(features), axis=0)


def _shrunk(features: Features, _rng: np.random.Generator) -> Features:
    # Scaled down twice over, as when images already in [0, 1] are divided by 255 and again.
    return np.asarray(features * 1e-6, dtype=np.float32)


def _half_constant(features: Features, _rng: np.random.Generator) -> Features:
    damaged: Features = features.copy()
    damaged[:, : features.shape[1] // 2] = 0
    return damaged


def _times(factor: float) -> Callable[[Features, np.random.Generator], Features]:
    def scale(features: Features, _rng: np.random.Generator) -> Features:
        return np.asarray(features * factor, dtype=np.float32)

    return scale


def _column_scales(features: Features, rng: np.random.Generator) -> Features:
    # Columns in different units: from a thousandth to a hundred thousand.
    scales = 10.0 ** rng.uniform(-3, 5, size=features.shape[1:])
    return np.asarray(features * scales, dtype=np.float32)


def _offset(features: Features, _rng: np.random.Generator) -> Features:
    # Not centred: years, serial numbers, temperatures in kelvin.
    return np.asarray(features + 1000, dtype=np.float32)


def _unscaled(features: Features, _rng: np.random.Generator) -> Features:
    return features


INPUT_DAMAGE: Final[dict[str, Callable[[Features, np.random.Generator], Features]]] = {
    "zeros": _zeros,
    "one_row": _one_row,
    "shrunk": _shrunk,
    "half_constant": _half_constant,
    "times_100": _times(1e2),
    "times_1e4": _times(1e4),
    "times_1e6": _times(1e6),
    "column_scales": _column_scales,
    "offset": _offset,
    "as_recorded": _unscaled,
}
"""Damage done to inputs after scaling; "as_recorded" leaves the scaling out instead."""

TOKEN_DAMAGE: Final = frozenset({"zeros", "one_row", "half_constant"})
"""What can happen to token numbers, too."""


def prepare(plan: DataPlan) -> Prepared:
    """Draw, damage the labels of, thin out, split, scale and damage the rows of one training.

    Raises
    ------
    ValueError
        When the plan asks for damage that cannot be done to this kind of data.
    """
    data_set = DATA_SETS[plan.name]
    if data_set.kind is Kind.SEQUENCE and plan.inputs not in TOKEN_DAMAGE | {""}:
        raise ValueError(
            f"the plan asks for inputs={plan.inputs!r} on {plan.name!r}; "
            f"token numbers take one of {sorted(TOKEN_DAMAGE)}, or ''"
        )
    rng = np.random.default_rng([plan.seed, sum(map(ord, plan.name))])
    total = round(plan.rows / (1 - HELD_BACK_SHARE))
    wanted = total + (0 if data_set.is_short else JUDGED_ROWS)
    drawn = data_set.draw(_rows_to_draw(wanted, plan.positive_share), rng)
    rows = _thin_out(_damage_labels(drawn, plan, rng), plan.positive_share, wanted, rng)
    total = min(total, len(rows))
    n_train = math.floor(total * (1 - HELD_BACK_SHARE))  # as Keras computes it for validation_split
    features = _scale(rows.features, n_train, data_set.kind, plan.inputs)
    if plan.inputs:
        features = INPUT_DAMAGE[plan.inputs](features, rng)
    rows = Rows(features, rows.labels)
    return Prepared(
        train=rows.take(slice(0, n_train)),
        held_back=rows.take(slice(n_train, total)),
        judged=rows.take(slice(n_train, None)),
    )


def _rows_to_draw(wanted: int, positive_share: float | None) -> int:
    """Return how many rows to draw so that enough of either class are left after thinning out."""
    if positive_share is None:
        return wanted
    return round(2.4 * wanted)  # classes are near balance: 20 % margin


def _thin_out(rows: Rows, share: float | None, wanted: int, rng: np.random.Generator) -> Rows:
    """Leave out rows of one class until the share of positives is reached; at most ``wanted`` rows."""
    if share is None:
        return rows.take(slice(0, wanted))
    positive, negative = np.flatnonzero(rows.labels == 1), np.flatnonzero(rows.labels == 0)
    total = min(wanted, int(len(negative) / (1 - share)), int(len(positive) / share))
    n_positive = max(round(total * share), 2)
    chosen = np.concatenate([positive[:n_positive], negative[: total - n_positive]])
    return rows.take(rng.permutation(chosen))


def _damage_labels(rows: Rows, plan: DataPlan, rng: np.random.Generator) -> Rows:
    labels = rows.labels.copy()
    if plan.labels_shuffled:
        labels = rng.permutation(labels)
    turned = rng.random(len(labels)) < plan.flipped_share
    labels[turned] = 1 - labels[turned]
    return Rows(rows.features, labels)


def _scale(features: Features, n_train: int, kind: Kind, inputs: str) -> Features:
    """Standardise the columns of a table by its training rows; images and tokens are fine as they are."""
    if kind is not Kind.TABLE or inputs == "as_recorded":
        return features
    scaler = StandardScaler().fit(features[:n_train])
    return np.asarray(scaler.transform(features), dtype=np.float32)
