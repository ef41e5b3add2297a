"""run -> curves, first step: every metric whose name means something, as a clean curve."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves import names
from mlflow_bce_monitor.curves.cleaning import clean, drop_early_stopping_tail
from mlflow_bce_monitor.curves.curve import Curve, Role, Split
from mlflow_bce_monitor.curves.names import Grain, NameReading
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import MetricHistory

CLASSIFIER_ROLES: Final = frozenset(
    {
        Role.ACCURACY,
        Role.BALANCED_ACCURACY,
        Role.PRECISION,
        Role.RECALL,
        Role.F1,
        Role.AUC,
        Role.PR_AUC,
    }
)
"""Roles of metrics that only classifiers have."""

_SHARE_ROLES: Final = CLASSIFIER_ROLES | {Role.REWARD_ACCURACY, Role.POSITIVE_SHARE}
"""Roles whose values lie between 0 and 1."""
_PERCENT: Final = 100.0
_SHARE_CEILING: Final = 1.0 + 1e-4
"""Averages of float32 batches may end a rounding error above 1."""

_NUMBERED_SET: Final = re.compile(r"valid(?:ation)?_(\d+)-")
_EARLY_STOPPING_METRICS: Final = ("best_iteration", "stopped_iteration")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A metric whose name means something here."""

    curve: Curve
    reading: NameReading


Reader = Callable[[str], "NameReading | None"]
"""Says what a metric's name means; None when it means nothing here."""


def candidates_of(histories: Mapping[str, MetricHistory], read: Reader = names.read_name) -> list[Candidate]:
    """Return the metrics that mean something, as clean curves.

    Parameters
    ----------
    histories
        Metric name to history; empty ones are left out.
    read
        What the names mean; the names of a whole model by default.
    """
    return _first_set_is_training([*_candidates(histories, read)])


def curve_of(history: MetricHistory, reading: NameReading, best_iteration: float | None = None) -> Curve:
    """Return one metric as a clean curve, without the repeat that early stopping logs at the end."""
    steps, values, removed = drop_early_stopping_tail(clean(history), best_iteration)
    return Curve(history.name, reading.role, reading.split or Split.TRAIN, steps, values, removed)


def companions_of(candidates: Sequence[Candidate], limits: Limits) -> dict[tuple[Role, Split], Curve]:
    """Return the best curve of every role and split that is no loss."""
    alike: dict[tuple[Role, Split], list[Candidate]] = {}
    for candidate in candidates:
        if candidate.curve.role is not Role.LOSS:
            alike.setdefault((candidate.curve.role, candidate.curve.split), []).append(candidate)
    return {key: _most_useful(alike[key], limits) for key in sorted(alike, key=_in_words)}


@cache
def _in_words(key: tuple[Role, Split]) -> str:
    return str(key)


def best_of(candidates: Sequence[Candidate], split: Split, limits: Limits) -> Curve | None:
    """Return the most useful curve of a split, None when it has none."""
    of_split = [candidate for candidate in candidates if candidate.curve.split is split]
    return _most_useful(of_split, limits) if of_split else None


def _most_useful(alike: Sequence[Candidate], limits: Limits) -> Curve:
    """Return the curve that is long enough and per epoch, of several the longest."""
    if len(alike) == 1:
        return alike[0].curve

    def usefulness(candidate: Candidate) -> tuple[bool, bool, bool, int]:
        curve, grain = candidate.curve, candidate.reading.grain
        return (
            len(curve) >= limits.min_points,
            # Keras autolog repeats the validation metrics of evaluate() as "validation_*", all at step 0.
            not any("all" in note and "logged at step" in note for note in curve.removed),
            grain is Grain.EPOCH,
            len(curve),
        )

    return max(alike, key=usefulness).curve


def _candidates(histories: Mapping[str, MetricHistory], read: Reader) -> Iterable[Candidate]:
    best_iteration = early_stopping_iteration(histories)
    for name, history in histories.items():
        reading = read(name)
        if reading is None or len(history) == 0:
            continue
        curve = curve_of(history, reading, best_iteration)
        if reading.role not in _SHARE_ROLES:
            yield Candidate(curve, reading)
        elif (share := _as_share(curve)) is not None:
            yield Candidate(_complement(share) if reading.complement else share, reading)


def _as_share(curve: Curve) -> Curve | None:
    """Return a metric between 0 and 1 as such where it was logged in percent, None when it is neither."""
    if curve.finite.size == 0:
        return curve
    lowest, highest = curve.finite.min(), curve.finite.max()
    if lowest >= 0.0 and highest <= _SHARE_CEILING:
        return curve
    if lowest < 0.0 or highest > _PERCENT * _SHARE_CEILING:
        return None
    return replace(curve, values=curve.values / _PERCENT, removed=(*curve.removed, "divided by 100"))


def _complement(curve: Curve) -> Curve:
    return replace(curve, values=1.0 - curve.values, removed=(*curve.removed, "taken from 1"))


def _first_set_is_training(candidates: list[Candidate]) -> list[Candidate]:
    """Read the set numbered 0 as training data when a set 1 stands beside it and no other is.

    The scikit-learn interfaces of xgboost and lightgbm name the entries of ``eval_set``
    ``validation_0``, ``validation_1`` and ``valid_0``, ``valid_1``; the usual call is
    ``eval_set=[(X_train, y_train), (X_valid, y_valid)]``.
    """
    if not any("valid" in candidate.curve.name for candidate in candidates):
        return candidates
    numbers = {candidate.curve.name: _NUMBERED_SET.match(candidate.curve.name) for candidate in candidates}
    present = {found.group(1) for found in numbers.values() if found}
    trained_on = [c for c in candidates if c.curve.role is Role.LOSS and c.curve.split is Split.TRAIN]
    if not {"0", "1"} <= present or trained_on:
        return candidates
    first = {name for name, found in numbers.items() if found and found.group(1) == "0"}
    return [
        replace(candidate, curve=replace(candidate.curve, split=Split.TRAIN))
        if candidate.curve.name in first
        else candidate
        for candidate in candidates
    ]


def early_stopping_iteration(histories: Mapping[str, MetricHistory]) -> float | None:
    """Return the iteration that early stopping went back to, None without early stopping."""
    if not all(name in histories and len(histories[name]) for name in _EARLY_STOPPING_METRICS):
        return None
    value = float(histories["best_iteration"].values[-1])
    return value if np.isfinite(value) else None
