"""curves + settings -> chance levels: what each loss would be if nothing had been learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance import other_levels
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import (
    LN_2,
    chance_level,
    constant_prediction,
    loss_of_constant,
)
from mlflow_bce_monitor.chance.loss_form import LossForms
from mlflow_bce_monitor.chance.positive_share import PositiveShares
from mlflow_bce_monitor.chance.preference import preference_chance
from mlflow_bce_monitor.chance.weighting import logged_weights, training_weights
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import ClassWeights, Settings

_CLIPPED_PREDICTION: Final = 1e-7
"""Keras keeps predicted probabilities this far from 0 and 1 (``keras.config.epsilon``), so no constant
prediction costs more than 16.1 nats."""
_TWO_CLASSES: Final = 2
_SHARES_TRIED: Final = 21
"""Shares within their bounds whose levels bound the level: the weighted level is highest somewhere inside."""


def chances_of(
    curves: CurveSet, settings: Settings, base_rate: float | None, limits: Limits
) -> tuple[tuple[Curve, ChanceEstimate], ...]:
    """Return the judged loss of a run and, where there is one, its twin on held-back data, with their levels.

    A validation loss is compared with the constant that training would have settled on:
    a model trained with class weights or on resampled data predicts the share of
    positives of *that* data, and its validation loss at chance is the cross-entropy of
    that constant, not the entropy of the validation labels.

    Parameters
    ----------
    curves, settings
        Of the run.
    base_rate
        The share of positives the caller states, None to find it.
    """
    forms, shares = LossForms(curves, settings, limits), PositiveShares(curves, settings, base_rate, limits)

    def chance(loss: Curve) -> ChanceEstimate:
        other = _of_no_label(loss, curves, settings)
        if other is not None:
            return other
        return _of_labels(loss, curves, settings, base_rate, forms, shares, limits)

    return tuple((loss, chance(loss)) for loss in (curves.loss, curves.validation_loss) if loss is not None)


def _of_labels(
    loss: Curve,
    curves: CurveSet,
    settings: Settings,
    base_rate: float | None,
    forms: LossForms,
    shares: PositiveShares,
    limits: Limits,
) -> ChanceEstimate:
    form = forms.of(loss)
    share = shares.of(loss.split, form)
    if curves.n_labels > 1:
        return _scaled(other_levels.of_many_labels(base_rate, curves.n_labels), form)
    if form.gamma:
        return other_levels.focal(share, form)
    if settings.sample_weights is not None:
        return _scaled(other_levels.of_weighted_examples(share, _smoothing(settings)), form)
    trained = share if loss.split is Split.TRAIN else shares.of(Split.TRAIN, form)
    return _scaled(_weighted(loss.split, share, trained, settings, limits), form)


def _of_no_label(curve: Curve, curves: CurveSet, settings: Settings) -> ChanceEstimate | None:
    """Return the level of a loss that is not over the labels of a yes-or-no question."""
    reading = read_name(curve.name)
    if reading is not None and reading.loss_kind is LossKind.DISCRIMINATOR:
        return other_levels.of_discriminator(curve, curves.companion(Role.GENERATOR_LOSS, curve.split))
    if curves.preference is not None:
        return preference_chance(curve, curves.preference, settings)
    return other_levels.of_softmax(curves.n_classes) if curves.n_classes > _TWO_CLASSES else None


def _smoothing(settings: Settings) -> float:
    return settings.label_smoothing.value if settings.label_smoothing else 0.0


def _weighted(
    split: Split, share: ShareEstimate, trained: ShareEstimate, settings: Settings, limits: Limits
) -> ChanceEstimate:
    weights, applied = training_weights(settings), logged_weights(split, settings)
    smoothing = _smoothing(settings)
    fitted = split is Split.TRAIN and weights.in_training
    if weights.balanced and fitted:
        # Weights n / (2 n_c) give both classes half of the total weight, whatever their shares.
        return ChanceEstimate(
            LN_2, LN_2, LN_2, share, known=True, formula="ln 2, the weights balance the classes"
        )
    if share.value is None:
        return other_levels.unknown_share(share, smoothing)

    def level(positive_share: float) -> float:
        if fitted or trained.value is None:
            return chance_level(positive_share, *applied, label_smoothing=smoothing)
        q = _constant_after_training(trained.value, weights) * (1.0 - smoothing) + smoothing / 2.0
        smoothed = positive_share * (1.0 - smoothing) + smoothing / 2.0
        return loss_of_constant(q, smoothed, *applied)

    value = level(share.value)
    levels = [value]
    if share.low < share.high:
        levels += [level(float(tried)) for tried in np.linspace(share.low, share.high, _SHARES_TRIED)]
    return ChanceEstimate(
        value,
        min(levels),
        max(levels),
        share,
        known=True,
        formula=_formula(share.value, None if fitted else trained.value, weights, applied, smoothing),
        untrained=loss_of_constant(0.5, share.value, *applied),
        plain=applied == (1.0, 1.0) and smoothing == 0.0,
        if_rarer=None if share.is_own else level(_rarer(share.value, limits.share_between_splits)),
    )


def _rarer(share: float, by: float) -> float:
    """Return the share of positives where the rarer class is rarer by so much, if there is so much of it."""
    return max(share - by, 0.0) if share <= 0.5 else min(share + by, 1.0)  # noqa: PLR2004 - half of all


def _constant_after_training(trained_share: float, weights: ClassWeights) -> float:
    """Return the constant prediction that training settles on."""
    if weights.balanced:
        return 0.5
    q = constant_prediction(trained_share, weights.negative, weights.positive)
    return min(max(q, _CLIPPED_PREDICTION), 1.0 - _CLIPPED_PREDICTION)


def _scaled(estimate: ChanceEstimate, form: LossForm) -> ChanceEstimate:
    if form.scale == 1.0:
        return estimate
    return replace(
        estimate,
        value=estimate.value * form.scale,
        low=estimate.low * form.scale,
        high=estimate.high * form.scale,
        untrained=estimate.untrained * form.scale,
        if_rarer=None if estimate.if_rarer is None else estimate.if_rarer * form.scale,
        formula=f"{form.scale:.4g} times {estimate.formula} ({form.reason})",
        plain=False,
    )


def _formula(
    share: float,
    trained: float | None,
    weights: ClassWeights,
    applied: tuple[float, float],
    smoothing: float,
) -> str:
    """Say how a level was computed; ``trained`` is None where it is the smallest loss of a constant."""
    smooth = f", label smoothing {smoothing:g}" if smoothing else ""
    if trained is None:
        w0, w1 = applied
        if w0 != w1:
            return f"weighted, w0={w0:g}, w1={w1:g}, share {share:.3f}{smooth}"
        return other_levels.name_of(share) + smooth
    q = _constant_after_training(trained, weights)
    if abs(q - share) < 0.005:  # noqa: PLR2004 - equal in the digits shown
        return f"H({share:.3f}){smooth}"
    return f"always predicting {q:.3f} where the share is {share:.3f}{smooth}"
