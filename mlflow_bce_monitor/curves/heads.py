"""Sub-losses of a multi-task model: which metrics belong to which head, and what ``loss`` is then.

Keras names the metrics of a model with several outputs after them: ``click_loss``,
``click_accuracy``, ``val_click_loss``, and calls their weighted sum ``loss``. Hand-written
loops do the same with other separators: ``train/click_loss``, ``loss_click``. The sum is
no binary cross-entropy, and a head that learns hides one that does not; so each head is
read as a run of its own, its name taken out of the names of its metrics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves import names
from mlflow_bce_monitor.curves.candidates import CLASSIFIER_ROLES, Candidate
from mlflow_bce_monitor.curves.curve import Curve, Role, Split
from mlflow_bce_monitor.curves.names import LossKind, NameReading
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import MetricHistory

_OF_THE_RUN: Final = frozenset({Role.LEARNING_RATE, Role.GRADIENT_NORM})
"""Roles that a whole run has, whatever its heads."""

_MEASURED: Final = "bce/"
"""Beginning of the metrics that this package's callback logs."""

_LARGEST_SUMMED: Final = 1e30
"""Losses beyond this are no evidence of anything, and least squares would square them."""

_SUM_TOLERANCE: Final = 1e-3
"""Of the sum: float32 means over the same batches agree to a hundredth of this."""


_NAMES_KEPT: Final = 256
"""Sets of names of metrics whose heads are kept: the runs of an experiment share theirs."""


@dataclass(frozen=True)
class Head:
    """One output of a model.

    Attributes
    ----------
    name
        The words that its metrics have in common and that mean nothing here: "click".
    losses
        Names of its losses as logged.
    """

    name: str
    losses: tuple[str, ...]


def heads_of(metrics: Iterable[str]) -> tuple[Head, ...]:
    """Return the heads that have a loss of their own, by name; () unless there are two or a loss beside one.

    A name such as ``aux_loss`` makes a head as well: whether a head is a binary one is not
    said by its name but by the metrics that stand beside its loss.
    """
    return _heads_of(tuple(metrics))


@lru_cache(maxsize=_NAMES_KEPT)
def _heads_of(metrics: tuple[str, ...]) -> tuple[Head, ...]:
    found = _sub_losses(metrics)
    readings = (names.read_name(metric) for metric in metrics)
    whole = any(reading is not None and reading.loss_kind is LossKind.GENERIC for reading in readings)
    if len(found) + whole < 2:  # noqa: PLR2004 - a part and a whole, or two parts
        return ()
    return tuple(Head(head, tuple(sorted(losses))) for head, losses in sorted(found.items()))


def lone_loss(metrics: Iterable[str]) -> Head | None:
    """Return the only loss of a run under a name of its own, as ``model_loss``; None when there are more."""
    found = [Head(name, tuple(sorted(losses))) for name, losses in _sub_losses(tuple(metrics)).items()]
    return found[0] if len(found) == 1 else None


def read_beside(lone: Head, name: str) -> NameReading | None:
    """Return what a metric's name means where one loss is all there is: the rest stands beside it."""
    return read_for(lone, name) or names.read_name(name)


@lru_cache(maxsize=_NAMES_KEPT)
def _sub_losses(metrics: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for metric in metrics:
        head = _head_in(names.core(metric)[0])
        if head:
            found.setdefault(head, []).append(metric)
    return found


def read_for(head: Head, name: str) -> NameReading | None:
    """Return what a metric's name means for one head, None for the metrics of the others."""
    quantity, split, grain = names.core(name)
    if name.startswith(_MEASURED):
        return _read_measured(head, name)
    rest = _without(quantity, head.name)
    if rest is not None:
        return names.read_quantity(rest, split, grain)
    reading = names.read_name(name)
    return reading if reading is not None and reading.role in _OF_THE_RUN else None


def _read_measured(head: Head, name: str) -> NameReading | None:
    """Return what the callback's ``bce/<output>/positive_share`` means, and that of the held-back labels.

    It logs no other curve.
    """
    output, _, measurement = name.removeprefix(_MEASURED).rpartition("/")
    reading = names.read_name(f"{_MEASURED}{measurement}")
    return reading if names.core(f"{output} loss")[0] == f"{head.name} loss" else None


def reader_for(head: Head) -> partial[NameReading | None]:
    """Return :func:`read_for` of one head, as a reader of candidates."""
    return partial(read_for, head)


def is_binary(candidates: Sequence[Candidate]) -> bool:
    """Whether the metrics of one head are those of a classifier, or name its loss."""
    roles = {candidate.reading.role for candidate in candidates}
    named = any(candidate.reading.loss_kind is LossKind.BINARY for candidate in candidates)
    return Role.LOSS in roles and (named or bool(roles & CLASSIFIER_ROLES))


def share_left(loss: Curve, limits: Limits) -> float:
    """Return the level at the end as a share of the first point: near 1 for a loss that never fell.

    This, and not the level, says which of several heads is most in trouble: the chance
    levels of heads with different shares of positives differ.
    """
    finite = loss.finite
    if finite.size == 0 or finite[0] <= 0.0:
        return 0.0
    count = max(limits.min_repeats, math.ceil(finite.size * limits.end_fraction))
    with np.errstate(over="ignore"):  # a first loss of 1e-300 leaves infinitely much
        return float(np.median(finite[-count:]) / finite[0])


def is_sum_of(total: MetricHistory, parts: Sequence[MetricHistory]) -> bool:
    """Whether a loss is a weighted sum of others, with constant weights that are not negative.

    Least squares over the steps that all have; a penalty on the weights enters as whatever
    is left, so it has to be small.
    """
    if len(parts) < 2:  # noqa: PLR2004 - one part is no sum
        return False
    common = set(total.steps.tolist()).intersection(*(part.steps.tolist() for part in parts))
    if len(common) < len(parts) + 2:
        return False  # so few points are fitted by any parts
    steps = sorted(common)
    matrix = np.stack([_at(part, steps) for part in parts], axis=1)
    target = _at(total, steps)
    largest = max(float(np.abs(matrix).max()), float(np.abs(target).max()))
    if not 0.0 < largest < _LARGEST_SUMMED:
        return False  # NaN, infinite or as good as that, or nothing at all
    weights = np.linalg.lstsq(matrix, target, rcond=None)[0]
    missed = np.abs(matrix @ weights - target).max()
    return bool((weights > -_SUM_TOLERANCE).all() and missed <= _SUM_TOLERANCE * np.abs(target).max())


def _head_in(quantity: str) -> str:
    """Return the head's name in "click loss" or "loss click", "" when it is no sub-loss."""
    words = quantity.split(" ")
    if len(words) < 2 or names.read_quantity(quantity, None, names.Grain.PLAIN) is not None:  # noqa: PLR2004
        return ""
    for rest, head in ((words[-1:], words[:-1]), (words[:1], words[1:])):
        if rest == ["loss"]:
            return " ".join(head)
    return ""


def _without(quantity: str, head: str) -> str | None:
    """Return the words of a quantity without those of the head, None when it is not the head's."""
    for start, end in ((f"{head} ", ""), ("", f" {head}")):
        if quantity.startswith(start) and quantity.endswith(end) and len(quantity) > len(start) + len(end):
            return quantity[len(start) : len(quantity) - len(end)]
    return None


def _at(history: MetricHistory, steps: Sequence[int]) -> np.ndarray:
    by_step: Mapping[int, float] = dict(zip(history.steps.tolist(), history.values.tolist(), strict=True))
    return np.array([by_step[step] for step in steps])


def training_loss(candidates: Sequence[Candidate]) -> Curve | None:
    """Return a head's loss on the training data, on held-back data where there is no other."""
    losses = [candidate.curve for candidate in candidates if candidate.reading.role is Role.LOSS]
    return next((loss for loss in losses if loss.split is Split.TRAIN), losses[0] if losses else None)
