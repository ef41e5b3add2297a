"""curves + settings -> chance levels: what each loss would be if nothing had been learned."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.level import (
    LN_2,
    chance_level,
    constant_prediction,
    focal_chance_level,
    loss_of_constant,
)
from mlflow_bce_monitor.chance.loss_form import LossForm, form_of
from mlflow_bce_monitor.chance.positive_share import share_of_positives
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import ClassWeights, Settings

_UNWEIGHTED: Final = ClassWeights(1.0, 1.0)
_CLIPPED_PREDICTION: Final = 1e-7
"""Keras keeps predicted probabilities this far from 0 and 1 (``keras.config.epsilon``), so no constant
prediction costs more than 16.1 nats."""
_SHARES_TRIED: Final = 21
"""Shares within their bounds whose levels bound the level: the weighted level is highest somewhere inside."""


def chance_of(
    curve: Curve, curves: CurveSet, settings: Settings, base_rate: float | None, limits: Limits
) -> ChanceEstimate:
    """Return the chance level of one loss curve.

    A validation loss is compared with the constant that training would have settled on:
    a model trained with class weights or on resampled data predicts the share of
    positives of *that* data, and its validation loss at chance is the cross-entropy of
    that constant, not the entropy of the validation labels.

    Parameters
    ----------
    curve
        The loss, of either split.
    curves, settings
        Of the same run.
    base_rate
        The share of positives the caller states, None to find it.
    """
    reading = read_name(curve.name)
    if reading is not None and reading.loss_kind is LossKind.DISCRIMINATOR:
        return _discriminator(curve)
    if any(role in (Role.REWARD_MARGIN, Role.REWARD_ACCURACY) for role, _ in curves.companions):
        share = ShareEstimate(0.5, 0.5, 0.5, "a preference loss: chance is a margin of zero")
        return ChanceEstimate(LN_2, LN_2, LN_2, share, known=True, formula="ln 2, the loss of a zero margin")
    share = share_of_positives(curve.split, curves, settings, base_rate, limits)
    form = form_of(curves, settings, limits)
    if form.gamma:
        return _focal(share, form)
    trained = share_of_positives(Split.TRAIN, curves, settings, base_rate, limits)
    return _scaled(_weighted(curve.split, share, trained, settings), form)


def _weighted(
    split: Split, share: ShareEstimate, trained: ShareEstimate, settings: Settings
) -> ChanceEstimate:
    weights = settings.class_weights.value if settings.class_weights else _UNWEIGHTED
    applied = weights if split is Split.TRAIN or weights.in_validation else _UNWEIGHTED
    smoothing = settings.label_smoothing.value if settings.label_smoothing else 0.0
    if weights.balanced and split is Split.TRAIN:
        # Weights n / (2 n_c) give both classes half of the total weight, whatever their shares.
        return ChanceEstimate(
            LN_2, LN_2, LN_2, share, known=True, formula="ln 2, the weights balance the classes"
        )
    if share.value is None:
        return _unknown_share(share, smoothing)

    def level(positive_share: float) -> float:
        if split is Split.TRAIN or trained.value is None:
            return chance_level(positive_share, *_pair(applied), label_smoothing=smoothing)
        q = _constant_after_training(trained.value, weights) * (1.0 - smoothing) + smoothing / 2.0
        smoothed = positive_share * (1.0 - smoothing) + smoothing / 2.0
        return loss_of_constant(q, smoothed, *_pair(applied))

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
        formula=_formula(split, share.value, trained, weights, applied, smoothing),
        untrained=loss_of_constant(0.5, share.value, *_pair(applied)),
    )


def _pair(weights: ClassWeights) -> tuple[float, float]:
    """Return (w0, w1) of a loss; "balanced" without numbers is handled before and counts as unweighted."""
    return (1.0, 1.0) if weights.balanced else (weights.negative, weights.positive)


def _constant_after_training(trained_share: float, weights: ClassWeights) -> float:
    """Return the constant prediction that training settles on."""
    if weights.balanced:
        return 0.5
    q = constant_prediction(trained_share, weights.negative, weights.positive)
    return min(max(q, _CLIPPED_PREDICTION), 1.0 - _CLIPPED_PREDICTION)


def _unknown_share(share: ShareEstimate, smoothing: float) -> ChanceEstimate:
    """Bound the level from above: no share of positives gives a higher one.

    Class weights in numbers suggest a share, so the loss is unweighted here.
    """
    highest = chance_level(0.5, label_smoothing=smoothing)
    formula = "at most ln 2: the share of positives is not known"
    return ChanceEstimate(highest, 0.0, highest, share, known=False, formula=formula)


def _scaled(estimate: ChanceEstimate, form: LossForm) -> ChanceEstimate:
    if form.scale == 1.0:
        return estimate
    return replace(
        estimate,
        value=estimate.value * form.scale,
        low=estimate.low * form.scale,
        high=estimate.high * form.scale,
        untrained=estimate.untrained * form.scale,
        formula=f"{form.scale:.4g} times {estimate.formula} ({form.reason})",
    )


def _focal(share: ShareEstimate, form: LossForm) -> ChanceEstimate:
    known = share.value is not None
    level = focal_chance_level(share.value if share.value is not None else 0.5, form.gamma)
    low = level if known else 0.0
    formula = f"focal loss, gamma={form.gamma:g} ({form.reason})"
    untrained = 0.5**form.gamma * LN_2  # -(1 - q)**gamma * ln q at q = 0.5
    return ChanceEstimate(level, low, level, share, known=known, formula=formula, untrained=untrained)


def _discriminator(curve: Curve) -> ChanceEstimate:
    """Chance of a GAN's discriminator: ln 2 for the mean of its two terms, 2 ln 2 for their sum."""
    share = ShareEstimate(0.5, 0.5, 0.5, "a discriminator sees as many real as generated examples")
    end = float(np.median(curve.finite[-max(1, curve.finite.size // 5) :])) if curve.finite.size else LN_2
    summed = abs(end - 2.0 * LN_2) < abs(end - LN_2)
    level = 2.0 * LN_2 if summed else LN_2
    formula = "2 ln 2, two terms summed" if summed else "ln 2"
    return ChanceEstimate(level, level, level, share, known=True, formula=formula, untrained=level)


def _formula(
    split: Split,
    share: float,
    trained: ShareEstimate,
    weights: ClassWeights,
    applied: ClassWeights,
    smoothing: float,
) -> str:
    smooth = f", label smoothing {smoothing:g}" if smoothing else ""
    if split is Split.TRAIN or trained.value is None:
        w0, w1 = _pair(applied)
        if w0 != w1:
            return f"weighted, w0={w0:g}, w1={w1:g}, share {share:.3f}{smooth}"
        return ("ln 2" if math.isclose(share, 0.5) else f"H({share:.3f})") + smooth
    q = _constant_after_training(trained.value, weights)
    if abs(q - share) < 0.005:  # noqa: PLR2004 - equal in the digits shown
        return f"H({share:.3f}){smooth}"
    return f"always predicting {q:.3f} where the share is {share:.3f}{smooth}"
