"""The level of a preference loss: what it is as long as no answer is preferred."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.level import LN_2
from mlflow_bce_monitor.curves.curve import Curve, PreferenceLoss
from mlflow_bce_monitor.settings import Setting, Settings

_FIRST_POINTS: Final = 3
"""The median of three is the smallest that one odd batch cannot move; later the policy has left."""

_ZERO_MARGIN: Final = "a preference loss: chance is a margin of zero"


def preference_chance(loss: Curve, kind: PreferenceLoss, settings: Settings) -> ChanceEstimate:
    """Return the level of a loss at which the model prefers nothing.

    Parameters
    ----------
    loss
        The loss, of either split.
    kind
        Which preference loss it is; OTHER has no known level and is not judged.
    settings
        The weights of desirable and undesirable answers are used for KTO.
    """
    if kind is PreferenceLoss.KTO:
        return _kto(loss, settings)
    share = ShareEstimate(0.5, 0.5, 0.5, _ZERO_MARGIN)
    if kind is PreferenceLoss.TWO_LOG_SIGMOIDS:
        level, formula = 2.0 * LN_2, "2 ln 2, two terms at rewards of zero"
    else:
        level, formula = LN_2, "ln 2, the loss of a zero margin"
    return ChanceEstimate(level, level, level, share, known=True, formula=formula, untrained=level)


def _kto(loss: Curve, settings: Settings) -> ChanceEstimate:
    """Return half of the weight: a policy that equals its reference has a reward and a KL of zero.

    With unequal weights the level depends on the share of desirable answers, which is not
    logged. The first losses tell it then, because training starts at the reference.
    """
    share = ShareEstimate(None, 0.0, 1.0, "a KTO loss: there is no share of positives in its level")
    halves = [_weight(settings.desirable_weight) / 2.0, _weight(settings.undesirable_weight) / 2.0]
    low, high = min(halves), max(halves)
    if low == high:
        formula = f"{low:g}, 1 - sigmoid(0) where the policy equals its reference"
        if low != 0.5:  # noqa: PLR2004 - weights of 1
            formula = f"{low:g}, half the weight where the policy equals its reference"
        return ChanceEstimate(low, low, low, share, known=True, formula=formula, untrained=low, plain=False)
    if low == high:
        level = low
        formula = f"{level:.4g}, half of the weight where the policy equals its reference"
    else:
        level = min(max(_start(loss, (low + high) / 2.0), low), high)
        formula = f"{level:.4g}, the first losses, between half of either weight"
    return ChanceEstimate(
        level, level, level, share, known=True, formula=formula, untrained=level, plain=False
    )


def _start(loss: Curve, otherwise: float) -> float:
    """Return the level of the first points: the mix of answers in one batch moves each by some percent."""
    return median(loss.finite[:_FIRST_POINTS]) if loss.finite.size else otherwise


def _weight(setting: Setting[float] | None) -> float:
    """Return a weight, 1 where none or none of use was given: a weight of zero leaves no loss."""
    return setting.value if setting is not None and setting.value > 0.0 else 1.0
