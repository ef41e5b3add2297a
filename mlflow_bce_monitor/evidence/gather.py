"""curves + findings + settings -> evidence. Raw numbers only; rules compare, the report rounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.chance.level import entropy, share_with_entropy
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.evidence.rows import rows_from_accuracy
from mlflow_bce_monitor.findings.blocks import into_blocks
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.findings.plateaus import without_spikes
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Setting, Settings

USUAL_RATES: Final[dict[str, float]] = {
    "adam": 1e-3,
    "adamw": 1e-3,
    "nadam": 1e-3,
    "adamax": 1e-3,
    "rmsprop": 1e-3,
    "lion": 1e-4,
    "adagrad": 1e-2,
    "adadelta": 1.0,
    "ftrl": 1e-2,
    "sgd": 1e-2,
    "momentum": 1e-2,
}
"""Default learning rates of Keras 3 (``keras.optimizers``); Adadelta's is that of its paper.
PyTorch's defaults are the same but for Adagrad (1e-2) and Adadelta (1.0), which are taken here."""

_USUAL_RATE_OF_ANY: Final = 1e-3
"""For an optimizer that is not named: Adam is what most people use."""

AUC_OF_TIES: Final = 1e-6
"""Distance from 0.5 within which an area is that of one prediction for everything; float32 rounding."""

_SATURATING: Final = ("sigmoid", "tanh")
_CONSTANT_INITIALIZERS: Final = ("zero", "ones", "constant")

_USUAL_RATE_OF_BOOSTING: Final = 0.1
"""Default of lightgbm and scikit-learn; xgboost's is 0.3. Shrinkage of trees is no gradient step, and
Adam's rate would call every one of them far too high."""

_BOOSTING_PARAMS: Final = frozenset(
    {"num_boost_round", "boosting_type", "booster", "num_leaves", "n_estimators"}
)

_OPTIMIZER_STRIDE: Final = 10
"""Steps between two points from which the axis counts the optimizer's steps: trainers log every 10, 50
or 500 of them, while epochs are logged one by one or, with rare validation, every 2 or 5."""

_PREFERENCE_ROLES: Final = (Role.REWARD_MARGIN, Role.REWARD_ACCURACY)


@dataclass(frozen=True, eq=False)
class LossView:
    """One loss with its chance level and its findings, as the stages before have left it."""

    curve: Curve
    chance: ChanceEstimate
    findings: CurveFindings


def gather(
    curves: CurveSet, train: LossView, validation: LossView | None, settings: Settings, limits: Limits
) -> Evidence:
    """Collect every fact the run offers.

    Parameters
    ----------
    curves
        The recognised curves.
    train, validation
        The judged loss and its twin on held-back data.
    settings
        What the params say.
    """
    facts = [
        *_shape(train, curves, limits),
        *(_twin(validation, limits) if validation is not None else ()),
        *_gains(train, validation, curves, settings),
        *_movement(validation or train),
        *_penalty(train, curves),
        *_predictions(train, curves, settings, limits),
        *_constant_output(curves, limits),
        *_held_back_labels(validation, curves),
        *_log_probabilities(curves, train.curve.split),
        *_training(train, curves, settings),
        *_context(curves, train),
    ]
    return Evidence(tuple(facts))


def _shape(view: LossView, curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    findings, chance = view.findings, view.chance.value
    source = f"metric {view.curve.name!r}"

    def fact(name: str, value: float | bool | str) -> Fact:  # noqa: FBT001 - a fact may be a yes or no
        return Fact(name, value, source, Tier.CURVE)

    yield fact("n_points", findings.n_finite)
    yield fact("ends_non_finite", findings.ends_non_finite)
    yield fact("had_non_finite", findings.non_finite_from is not None)
    yield fact("share_known", view.chance.known)
    yield fact("loss_certainty", str(curves.certainty))
    if findings.end_level is None or findings.first is None:
        return
    values = view.curve.finite
    smooth = without_spikes(into_blocks(values, limits.max_blocks).values)
    tail = max(1, int(np.ceil(values.size * limits.end_fraction)))
    yield fact("end_level", findings.end_level)
    yield fact("end_skill", 1.0 - findings.end_level / chance)
    yield fact("end_skill_error", findings.noise / math.sqrt(tail) / chance)
    yield fact("best_skill", 1.0 - float(smooth.min()) / chance)
    # A sound network starts near 0.5 for everything, which costs more than chance where one class is rare.
    start = max(view.chance.untrained, chance)
    yield fact("first_ratio", findings.first / start)
    yield fact("end_ratio", findings.end_level / start)
    yield fact("peak_ratio", float(values.max()) / start)
    yield fact(
        "rise_after_start", (float(values[1:].max()) - findings.first) / chance if values.size > 1 else 0.0
    )
    yield fact("spike_count", len(findings.spikes))
    yield fact("end_spread", _end_spread(values, limits) / chance)
    yield fact("end_fall", -findings.end_slope_per_run / chance)
    yield fact("end_falling", findings.end_slope_significant and findings.end_slope_per_run < 0)
    yield fact("constant_loss", findings.constant_to_digit)
    yield fact("plateau_fraction", plateau_fraction(findings))
    yield fact("end_flat_fraction", _end_flat_fraction(findings))
    yield fact("total_fall", (findings.first - findings.end_level) / chance)


def plateau_fraction(findings: CurveFindings) -> float:
    """Return the share of the points that lie on plateaus at chance, in [0, 1]."""
    if findings.n_points == 0:
        return 0.0
    return sum(plateau.length for plateau in findings.plateaus if plateau.at_chance) / findings.n_points


def _end_flat_fraction(findings: CurveFindings) -> float:
    """Return the share of the points on the plateau that reaches the end, 0 when none does."""
    if not findings.plateaus or findings.n_points == 0:
        return 0.0
    last = findings.plateaus[-1]
    # A plateau found on blocks may stop a block short of the end.
    reaches_end = findings.n_points - last.end <= max(1, findings.n_points // 50)
    return last.length / findings.n_points if reaches_end else 0.0


def _end_spread(values: np.ndarray, limits: Limits) -> float:
    """Return the standard deviation of the last half of the curve, in blocks, about its running median."""
    blocks = into_blocks(values, limits.max_blocks).values
    half = max(2, round(blocks.size * limits.trend_fraction))
    residual = (blocks - without_spikes(blocks))[-half:]
    return float(residual.std())


def _twin(view: LossView, limits: Limits) -> Iterator[Fact]:
    findings, chance = view.findings, view.chance.value
    if findings.end_level is None or findings.n_finite < limits.min_repeats:
        return
    source = f"metric {view.curve.name!r}"
    smooth = without_spikes(into_blocks(view.curve.finite, limits.max_blocks).values)
    falling = findings.end_slope_significant and findings.end_slope_per_run < 0
    yield Fact("validation_skill", 1.0 - findings.end_level / chance, source, Tier.CURVE)
    yield Fact("best_validation_skill", 1.0 - float(smooth.min()) / chance, source, Tier.CURVE)
    yield Fact("validation_fall", -findings.end_slope_per_run / chance, source, Tier.CURVE)
    yield Fact("validation_falling", falling, source, Tier.CURVE)


def _gains(
    train: LossView, validation: LossView | None, curves: CurveSet, settings: Settings
) -> Iterator[Fact]:
    """Yield what the skill is worth over all rows: a small skill on few rows is no skill.

    A gain of G nats says that the labels are exp(G) times as likely under the model's
    predictions as under the constant: a likelihood ratio, comparable over sizes and shares.
    """
    rows = _rows(train, curves)
    known: Setting[int] | None = settings.n_train
    if known is None and rows is not None:
        known = Setting(rows, f"digits of the accuracy beside {train.curve.name!r}")
    if known is not None:
        yield Fact("n_train", known.value, known.source, Tier.RUN if settings.n_train else Tier.CURVE)
        if train.findings.end_level is not None:
            gain = (train.chance.value - train.findings.end_level) * known.value
            yield Fact("training_gain", gain, f"metric {train.curve.name!r} and {known.source}", Tier.CURVE)
    if validation is None or validation.findings.end_level is None:
        return
    held_back = _rows(validation, curves)
    if held_back is not None:
        source = f"digits of the accuracy beside {validation.curve.name!r}"
        yield Fact("n_validation", held_back, source, Tier.CURVE)
        gain = (validation.chance.value - validation.findings.end_level) * held_back
        yield Fact("validation_gain", gain, f"metric {validation.curve.name!r} and {source}", Tier.CURVE)


def _held_back_labels(validation: LossView | None, curves: CurveSet) -> Iterator[Fact]:
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
    rows = _rows(validation, curves)
    if rows is not None and 0.0 < share < 1.0:
        error = math.sqrt((rows + 1) / (12.0 * share * (1.0 - share))) / rows
        yield Fact("validation_auc_error", error, f"{source} and the digits of the accuracy", Tier.CURVE)


def _rows(view: LossView, curves: CurveSet) -> int | None:
    accuracy = curves.companion(Role.ACCURACY, view.curve.split)
    return rows_from_accuracy(accuracy.finite) if accuracy is not None else None


def _movement(view: LossView) -> Iterator[Fact]:
    """Yield how far the loss moved in all, and where it started.

    Held-back data are the better witness: their loss is measured on one model, while a
    training loss is averaged over the batches of an epoch in which the model moved.
    """
    values = view.curve.finite
    if values.size == 0:
        return
    source = f"metric {view.curve.name!r}"
    if view.findings.end_level is not None:
        last = float(values[-1])
        yield Fact("last_leap", (last - view.findings.end_level) / view.chance.value, source, Tier.CURVE)
        yield Fact("last_skill", 1.0 - last / view.chance.value, source, Tier.CURVE)
    if values.size > 1:
        yield Fact("movement", float(values.max() - values.min()) / view.chance.value, source, Tier.CURVE)
    off = abs(float(values[0]) - view.chance.untrained)
    yield Fact("start_off_untrained", off, source, Tier.CURVE)


def _penalty(view: LossView, curves: CurveSet) -> Iterator[Fact]:
    total = curves.penalised
    if total is None or total.finite.size == 0 or view.findings.final_loss is None:
        return
    penalty = (float(total.finite[-1]) - view.findings.final_loss) / view.chance.value
    yield Fact("penalty", penalty, f"metrics {total.name!r} and {view.curve.name!r}", Tier.CURVE)


def _constant_output(curves: CurveSet, limits: Limits) -> Iterator[Fact]:
    """Yield whether every input got the same prediction: only ties give an area of exactly one half."""
    for split in (Split.VALIDATION, Split.TRAIN):
        curve = curves.companion(Role.AUC, split)
        if curve is None or curve.finite.size < limits.min_repeats:
            continue
        halves = np.abs(curve.finite - 0.5) < AUC_OF_TIES
        constant = bool(halves[-limits.min_repeats :].all())
        source = f"metric {curve.name!r}"
        yield Fact("constant_output", constant, source, Tier.CURVE)
        yield Fact("output_went_constant", constant and not bool(halves[0]), source, Tier.CURVE)
        return


def _predictions(view: LossView, curves: CurveSet, settings: Settings, limits: Limits) -> Iterator[Fact]:
    share = view.chance.share
    if share.value is not None:
        yield Fact("positive_share", share.value, share.source, _share_tier(share.source))
        yield Fact(
            "minority_share", min(share.value, 1.0 - share.value), share.source, _share_tier(share.source)
        )
        effective = _effective_minority(share.value, settings)
        yield Fact("effective_minority_share", effective, share.source, _share_tier(share.source))
    split = view.curve.split
    accuracy = curves.companion(Role.ACCURACY, split)
    if accuracy is not None and accuracy.finite.size:
        source = f"metric {accuracy.name!r}"
        half = accuracy.finite[
            -max(limits.min_repeats, round(accuracy.finite.size * limits.trend_fraction)) :
        ]
        constant = half.size >= limits.min_repeats and bool((half == half[0]).all())
        yield Fact("accuracy_constant", constant, source, Tier.CURVE)
        yield from _one_class_gap(view, accuracy, limits)
        if share.value is not None:
            gain = _end(accuracy, limits) - max(share.value, 1.0 - share.value)
            yield Fact("accuracy_gain", gain, f"{source} and {share.source}", Tier.CURVE)
    for name, role, of_split in (
        ("recall", Role.RECALL, split),
        ("auc", Role.AUC, split),
        ("validation_auc", Role.AUC, Split.VALIDATION),
        ("reward_margin", Role.REWARD_MARGIN, split),
    ):
        curve = curves.companion(role, of_split)
        if curve is not None and curve.finite.size:
            yield Fact(name, _end(curve, limits), f"metric {curve.name!r}", Tier.CURVE)


def _one_class_gap(view: LossView, accuracy: Curve, limits: Limits) -> Iterator[Fact]:
    """Yield how badly the accuracy fits the reading that the loss is the entropy of the labels.

    Were the end level L the chance level of imbalanced labels, one class would be
    predicted for everything, and the accuracy would be 1 - pi with H(pi) = L.
    """
    level = view.findings.end_level
    share = share_with_entropy(level) if level is not None else None
    if share is not None:
        gap = abs(_end(accuracy, limits) - (1.0 - share))
        source = f"metrics {accuracy.name!r} and {view.curve.name!r}"
        yield Fact("one_class_accuracy_gap", gap, source, Tier.CURVE)


def _log_probabilities(curves: CurveSet, split: Split) -> Iterator[Fact]:
    curve = curves.companion(Role.LOG_PROBABILITY, split)
    if curve is not None and curve.finite.size:
        yield Fact("logps_zero", bool((curve.finite == 0.0).all()), f"metric {curve.name!r}", Tier.CURVE)


def _share_tier(source: str) -> Tier:
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
    count = max(limits.min_repeats, int(np.ceil(curve.finite.size * limits.end_fraction)))
    return float(np.median(curve.finite[-count:]))


def _training(view: LossView, curves: CurveSet, settings: Settings) -> Iterator[Fact]:
    yield from _learning_rate(curves, settings)
    epochs = _epochs(view, settings)
    if epochs is not None:
        yield Fact("n_epochs", epochs.value, epochs.source, Tier.RUN)
    updates = _updates(view, settings)
    if updates is not None:
        yield Fact("n_updates", updates.value, updates.source, Tier.RUN)
    if settings.hidden_units is not None:
        narrowest = min(settings.hidden_units.value)
        yield Fact("narrowest_layer", narrowest, settings.hidden_units.source, Tier.RUN)
    for name, setting in (
        ("n_features", settings.n_features),
        ("n_parameters", settings.n_parameters),
        ("l2", settings.l2),
        ("dropout", settings.dropout),
        ("depth", settings.depth),
    ):
        if setting is not None:
            yield Fact(name, setting.value, setting.source, Tier.RUN)
    yield from _architecture(settings)
    gradient = curves.companion(Role.GRADIENT_NORM, Split.TRAIN)
    if gradient is not None and gradient.finite.size:
        yield Fact("gradient_norm", float(gradient.finite[-1]), f"metric {gradient.name!r}", Tier.CURVE)


def _architecture(settings: Settings) -> Iterator[Fact]:
    total, trainable = settings.n_parameters, settings.n_trainable_parameters
    if total is not None and trainable is not None and total.value > 0:
        yield Fact("trainable_share", trainable.value / total.value, trainable.source, Tier.RUN)
    if settings.activation is not None:
        saturating = any(word in settings.activation.value.lower() for word in _SATURATING)
        yield Fact("saturating_activation", saturating, settings.activation.source, Tier.RUN)
    if settings.initializer is not None:
        constant = any(word in settings.initializer.value.lower() for word in _CONSTANT_INITIALIZERS)
        yield Fact("zero_initializer", constant, settings.initializer.source, Tier.RUN)


def _learning_rate(curves: CurveSet, settings: Settings) -> Iterator[Fact]:
    """Yield the highest rate in force: a schedule that starts high does its damage early."""
    logged = curves.companion(Role.LEARNING_RATE, Split.TRAIN)
    rate: Setting[float] | None = settings.learning_rate
    tier = Tier.RUN
    if logged is not None and logged.finite.size:
        rate, tier = Setting(float(logged.finite.max()), f"metric {logged.name!r}"), Tier.CURVE
    if rate is None:
        return
    yield Fact("learning_rate", rate.value, rate.source, tier)
    if any(role in _PREFERENCE_ROLES for role, _ in curves.companions):
        return  # 5e-7 for all weights, 1e-4 for an adapter: there is no usual rate to compare with
    usual, source = _USUAL_RATE_OF_ANY, f"{rate.source}, against Adam's usual rate"
    if _BOOSTING_PARAMS & settings.given.keys():
        usual, source = _USUAL_RATE_OF_BOOSTING, f"{rate.source}, against the usual one of boosting"
    if settings.optimizer is not None:
        yield Fact("optimizer", settings.optimizer.value, settings.optimizer.source, Tier.RUN)
        named = usual_rate(settings.optimizer.value)
        if named is not None:
            usual, source = named, f"{rate.source} and {settings.optimizer.source}"
    yield Fact("rate_ratio", rate.value / usual, source, tier)


def usual_rate(optimizer: str) -> float | None:
    """Return the usual learning rate of an optimizer, None for a name that is not known."""
    lowered = optimizer.lower()
    # The longest name first: "adamw" contains "adam".
    for name in sorted(USUAL_RATES, key=len, reverse=True):
        if name in lowered:
            return USUAL_RATES[name]
    return None


def _epochs(view: LossView, settings: Settings) -> Setting[int] | None:
    """Epochs that were run: early stopping makes the param an upper bound, the curve has one point each."""
    if settings.epochs is None:
        return None
    if view.findings.n_points < settings.epochs.value and _per_epoch(view, settings):
        return Setting(view.findings.n_points, f"points of {view.curve.name!r}")
    return settings.epochs


def _per_epoch(view: LossView, settings: Settings) -> bool:
    """Whether the curve has at most one point an epoch."""
    return settings.epochs is not None and view.findings.n_points <= settings.epochs.value


def _updates(view: LossView, settings: Settings) -> Setting[int] | None:
    epochs = _epochs(view, settings)
    if settings.n_train is not None and settings.batch_size is not None and epochs is not None:
        per_epoch = math.ceil(settings.n_train.value / settings.batch_size.value)
        source = f"{settings.n_train.source}, {settings.batch_size.source}, {epochs.source}"
        return Setting(per_epoch * epochs.value, source)
    if len(view.curve) > 1 and not _per_epoch(view, settings):
        steps = view.curve.steps
        stride = int(np.median(np.diff(steps)))
        if stride >= _OPTIMIZER_STRIDE:
            return Setting(int(steps[-1]) - int(steps[0]) + stride, f"steps of {view.curve.name!r}")
    return None


def _context(curves: CurveSet, train: LossView) -> Iterator[Fact]:
    reading = read_name(train.curve.name)
    adversarial = reading is not None and reading.loss_kind is LossKind.DISCRIMINATOR
    preference = any(role in _PREFERENCE_ROLES for role, _ in curves.companions)
    yield Fact("adversarial", adversarial, "names of the metrics", Tier.CURVE)
    yield Fact("preference_loss", preference, "names of the metrics", Tier.CURVE)
