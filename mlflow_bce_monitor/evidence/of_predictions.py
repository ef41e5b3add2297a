"""Facts about the predictions, read off the metrics beside the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.level import entropy, share_with_entropy
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.rows import rows_from_accuracy
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.scores import auc_error
from mlflow_bce_monitor.settings import Setting, Settings

ABOVE_CHANCE: Final = "above chance"
AT_CHANCE: Final = "at chance"
UNCLEAR: Final = "unclear"
"""What an AUC says about the ranking of held-back rows."""

_SAME_ACCURACY: Final = 1e-6
"""Accuracies are float32: equal to within this is equal."""

AUC_OF_TIES: Final = 1e-6
"""Distance from 0.5 within which an area is that of one prediction for everything; float32 rounding."""


_ACCURACIES_KEPT: Final = 8
"""Accuracies whose rows are kept: several facts about one run rest on them."""


def training_gain(train: LossView, curves: CurveSet, settings: Settings) -> Iterator[Fact]:
    """Yield what the skill is worth over all training rows: a small skill on few rows is no skill.

    A gain of G nats says that the labels are exp(G) times as likely under the model's
    predictions as under the constant: a likelihood ratio, comparable over sizes and shares.
    """
    known = train_rows(train, curves, settings)
    if known is not None:
        yield Fact("n_train", known.value, known.source, Tier.RUN if settings.n_train else Tier.CURVE)
        if train.findings.end_level is not None:
            gain = (train.chance.value - train.findings.end_level) * known.value
            yield Fact("training_gain", gain, f"metric {train.curve.name!r} and {known.source}", Tier.CURVE)


def held_back_gain(validation: LossView | None, curves: CurveSet) -> Iterator[Fact]:
    """Yield the same of the held-back rows."""
    if validation is None or validation.findings.end_level is None:
        return
    held_back = _rows(validation, curves)
    if held_back is not None:
        source = f"digits of the accuracy beside {validation.curve.name!r}"
        yield Fact("n_validation", held_back, source, Tier.CURVE)
        gain = (validation.chance.value - validation.findings.end_level) * held_back
        yield Fact("validation_gain", gain, f"metric {validation.curve.name!r} and {source}", Tier.CURVE)


def train_rows(train: LossView, curves: CurveSet, settings: Settings) -> Setting[int] | None:
    """Return the number of training rows, stated or read off the digits of the accuracy."""
    if settings.n_train is not None:
        return settings.n_train
    rows = _rows(train, curves)
    return None if rows is None else Setting(rows, f"digits of the accuracy beside {train.curve.name!r}")


def held_back_labels(validation: LossView | None, curves: CurveSet) -> Iterator[Fact]:
    """Yield what the labels of the held-back data alone decide: the error of an AUC, and the headroom.

    The error is that of the Mann-Whitney statistic without signal, sqrt((n + 1) / (12 n1 n0)).
    Headroom is there when training was weighted or resampled: its constant prediction is
    not the one that suits the held-back labels, and a shift towards that looks like skill.
    """
    if validation is None or validation.chance.share.value is None:
        return
    share, source = validation.chance.share.value, validation.chance.share.source
    headroom = 1.0 - entropy(share) / validation.chance.value
    yield Fact("base_rate_headroom", headroom, source, _share_tier(source))
    error = _auc_error(validation, curves)
    if error is not None:
        yield Fact("validation_auc_error", error, f"{source} and the digits of the accuracy", Tier.CURVE)


def _auc_error(validation: LossView | None, curves: CurveSet) -> float | None:
    """Return the standard error of the held-back AUC of predictions without information."""
    share = validation.chance.share.value if validation is not None else None
    rows = _rows(validation, curves) if validation is not None else None
    if rows is None or share is None or not 0.0 < share < 1.0:
        return None
    return auc_error(rows, share)


def shares(view: LossView, settings: Settings) -> Iterator[Fact]:
    """Yield the class shares, as they are and as the classes weigh."""
    share = view.chance.share
    if share.value is not None:
        yield Fact("positive_share", share.value, share.source, _share_tier(share.source))
        yield Fact(
            "minority_share", min(share.value, 1.0 - share.value), share.source, _share_tier(share.source)
        )
        effective = _effective_minority(share.value, settings)
        yield Fact("effective_minority_share", effective, share.source, _share_tier(share.source))


def accuracy_constant(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield whether the last half of the accuracy repeats one value."""
    accuracy = _accuracy(view, curves)
    if accuracy is not None:
        half = accuracy.finite[
            -max(limits.min_repeats, round(accuracy.finite.size * limits.trend_fraction)) :
        ]
        # The ends differ in most runs, and a look at two numbers takes no time.
        constant = half.size >= limits.min_repeats and bool(half[-1] == half[0] and (half == half[0]).all())
        yield Fact("accuracy_constant", constant, f"metric {accuracy.name!r}", Tier.CURVE)


def errors(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield the error rate, and the accuracy above that of always predicting the larger class."""
    accuracy, share = _accuracy(view, curves), view.chance.share
    if accuracy is None:
        return
    end, source = _end(accuracy, limits), f"metric {accuracy.name!r}"
    yield Fact("error_rate", 1.0 - end, source, Tier.CURVE)
    if share.value is not None:
        gain = end - max(share.value, 1.0 - share.value)
        yield Fact("accuracy_gain", gain, f"{source} and {share.source}", Tier.CURVE)


def other_metrics(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield where the other metrics of the predictions end."""
    split = view.curve.split
    for name, role, of_split in (
        ("recall", Role.RECALL, split),
        ("auc", Role.AUC, split),
        ("validation_auc", Role.AUC, Split.VALIDATION),
        ("reward_margin", Role.REWARD_MARGIN, split),
        ("reward_accuracy", Role.REWARD_ACCURACY, split),
    ):
        curve = curves.companion(role, of_split)
        if curve is not None and curve.finite.size:
            yield Fact(name, _end(curve, limits), f"metric {curve.name!r}", Tier.CURVE)


def _accuracy(view: LossView, curves: CurveSet) -> Curve | None:
    """Return the accuracy beside a loss, None without a finite value."""
    accuracy = curves.companion(Role.ACCURACY, view.curve.split)
    return accuracy if accuracy is not None and accuracy.finite.size else None


def one_class_gap(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield how badly the accuracy fits the reading that the loss is the entropy of the labels.

    Were the end level L the chance level of imbalanced labels, one class would be
    predicted for everything, and the accuracy would be 1 - pi with H(pi) = L.
    """
    accuracy, level = _accuracy(view, curves), view.findings.end_level
    share = share_with_entropy(level) if level is not None and accuracy is not None else None
    if accuracy is not None and share is not None:
        gap = abs(_end(accuracy, limits) - (1.0 - share))
        source = f"metrics {accuracy.name!r} and {view.curve.name!r}"
        yield Fact("one_class_accuracy_gap", gap, source, Tier.CURVE)


def constant_output(curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield whether every input got the same prediction: only ties give an area of exactly one half.

    Of pairs, a tie counts as wrong: where some are right, the answers got different rewards.
    """
    pairs = curves.companion(Role.REWARD_ACCURACY, Split.TRAIN)
    if pairs is not None and pairs.finite.size >= limits.min_repeats and _end(pairs, limits) > 0.0:
        source = f"metric {pairs.name!r}"
        yield Fact("constant_output", False, source, Tier.CURVE)  # noqa: FBT003 - a fact may be a yes or no
        yield Fact("output_went_constant", False, source, Tier.CURVE)  # noqa: FBT003 - as above
        return
    for split in (Split.VALIDATION, Split.TRAIN):
        # The training AUC of an epoch mixes the predictions of many moments, but ties are ties.
        curve = curves.companion(Role.AUC, split)
        if curve is None or curve.finite.size < limits.min_repeats:
            continue
        halves = np.abs(curve.finite - 0.5) < AUC_OF_TIES
        constant = bool(halves[-limits.min_repeats :].all())
        if split is Split.TRAIN and not constant and _end(curve, limits) < limits.auc_with_signal:
            continue  # over an epoch the one prediction for all moves with the bias, and nothing else may
        source = f"metric {curve.name!r}"
        yield Fact("constant_output", constant, source, Tier.CURVE)
        yield Fact("output_went_constant", constant and not bool(halves[0]), source, Tier.CURVE)
        return
    yield from _constant_by_accuracy(curves, limits)


def _constant_by_accuracy(curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield the same from a held-back accuracy that knows two values only, where classes are about equal.

    One prediction for everything is right for one class or for the other: accuracy c or
    1 - c. Predictions that differ at chance give an accuracy that wanders about one half.
    """
    accuracy = curves.companion(Role.ACCURACY, Split.VALIDATION)
    if accuracy is None or accuracy.finite.size < limits.min_points:
        return
    values = accuracy.finite
    tail = values[-max(limits.min_points, values.size // 2) :]
    rest = float(tail[-1])
    if abs(rest - 0.5) > limits.coin_flip:
        return
    of_one_class = np.minimum(np.abs(values - rest), np.abs(values - (1.0 - rest))) < _SAME_ACCURACY
    constant = bool(of_one_class[-tail.size :].all())
    source = f"metric {accuracy.name!r}"
    yield Fact("constant_output", constant, source, Tier.CURVE)
    yield Fact("output_went_constant", constant and not bool(of_one_class[0]), source, Tier.CURVE)


def chance_distance(train: LossView, validation: LossView | None) -> Iterator[Fact]:
    """Yield how far the ends of the losses lie from chance: exactly there, no prediction differs."""
    # A share that is borrowed from the other split says where chance is to a few percent only.
    views = [
        view
        for view in (train, validation)
        if view is not None and view.findings.end_level is not None and view.chance.low == view.chance.high
    ]
    if not views or not all(view.chance.known for view in views):
        return
    distances = [abs(1.0 - (view.findings.end_level or 0.0) / view.chance.value) for view in views]
    names = " and ".join(repr(view.curve.name) for view in views)
    yield Fact("chance_distance", max(distances), f"metrics {names}", Tier.CURVE)


def fit_gap(train: LossView, validation: LossView | None) -> Iterator[Fact]:
    """Yield how much of the skill on the training rows held-back rows lack, at least.

    No more than there is: of two losses above chance neither fits its rows.
    """
    if validation is None or train.findings.end_level is None or validation.findings.end_level is None:
        return
    # At the highest chance level that the validation rows may have, their skill is highest.
    highest = validation.chance.high if validation.chance.known else train.chance.value
    held_back = 1.0 - validation.findings.end_level / highest
    fitted = 1.0 - train.findings.end_level / train.chance.value
    gap = min(fitted - held_back, max(fitted, 0.0))
    names = f"metrics {train.curve.name!r} and {validation.curve.name!r}"
    yield Fact("fit_gap", gap, names, Tier.CURVE)


def ranking(validation: LossView | None, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield what the AUC says once its error is taken into account, the held-back one if there is one."""
    for split in (Split.VALIDATION, Split.TRAIN):
        curve = curves.companion(Role.AUC, split)
        if curve is None or curve.finite.size == 0:
            continue
        area = _end(curve, limits)
        error = _auc_error(validation, curves) if split is Split.VALIDATION else None
        high = limits.auc_with_signal if error is None else 0.5 + limits.error_sigmas * error
        low = limits.auc_at_chance if error is None else 0.5 + limits.auc_errors * error
        word = ABOVE_CHANCE if area >= high else UNCLEAR if area >= low else AT_CHANCE
        if split is Split.TRAIN and word == ABOVE_CHANCE:
            word = UNCLEAR  # memorised rows are ranked well too
        yield Fact("ranking", word, f"metric {curve.name!r}", Tier.CURVE)
        return


def ranking_rise(curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield by how much the AUC rose over the run, the held-back one's if there is one.

    A network on its way ranks better from epoch to epoch, long before its loss tells.
    """
    for split in (Split.VALIDATION, Split.TRAIN):
        curve = curves.companion(Role.AUC, split)
        if curve is None or curve.finite.size < limits.min_points:
            continue
        third = curve.finite.size // 3 or 1
        rise = median(curve.finite[-third:]) - median(curve.finite[:third])
        yield Fact("ranking_rise", rise, f"metric {curve.name!r}", Tier.CURVE)
        return


def log_probabilities(curves: CurveSet, split: Split) -> Iterator[Fact]:
    """Yield whether the log probabilities of a preference training are exactly 0: no token counts."""
    curve = curves.companion(Role.LOG_PROBABILITY, split)
    if curve is not None and curve.finite.size:
        yield Fact("logps_zero", bool((curve.finite == 0.0).all()), f"metric {curve.name!r}", Tier.CURVE)


def _rows(view: LossView, curves: CurveSet) -> int | None:
    accuracy = curves.companion(Role.ACCURACY, view.curve.split)
    return _rows_of(accuracy) if accuracy is not None else None


@lru_cache(maxsize=_ACCURACIES_KEPT)
def _rows_of(accuracy: Curve) -> int | None:
    return rows_from_accuracy(accuracy.finite)


def _share_tier(source: str) -> Tier:
    if source.startswith("probe"):
        return Tier.MODEL
    return Tier.RUN if source.startswith(("params", "tags", "data set")) else Tier.CURVE


def _effective_minority(share: float, settings: Settings) -> float:
    weights = settings.class_weights
    if weights is None:
        return min(share, 1.0 - share)
    if weights.value.balanced:
        return 0.5
    positive = share * weights.value.positive
    weighted = positive / (positive + (1.0 - share) * weights.value.negative)
    return min(weighted, 1.0 - weighted)


def _end(curve: Curve, limits: Limits) -> float:
    """Median of the last fifth of a metric, at least three points where there are three."""
    count = max(limits.min_repeats, math.ceil(curve.finite.size * limits.end_fraction))
    return median(curve.finite[-count:])
