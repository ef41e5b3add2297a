"""Chance levels of losses that are not the mean cross-entropy of one label with a known share.

Each is exact where everything is known, and else the highest level that any share gives.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.arrays import median
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.level import LN_2, chance_level, focal_chance_level
from mlflow_bce_monitor.curves.curve import Curve, together

_ABOVE_A_MEAN: Final = 1.15
"""Of the highest mean: both losses are means over other batches, and the generator steps in between."""

_SHARES_TRIED: Final = np.linspace(0.05, 0.95, 19)
"""Shares among which the highest focal level is found; with equal weights that is the one of 0.5."""


_LEVELS_KEPT: Final = 64
"""Levels of unknown shares: most runs of a store have the same one."""


def of_softmax(n_classes: int) -> ChanceEstimate:
    """Bound the level of a softmax from above: the entropy of equal class shares."""
    share = ShareEstimate(None, 0.0, 1.0, f"{n_classes} classes have more than one share")
    formula = f"at most ln {n_classes}: the shares of the classes are not known"
    return _at_most(math.log(n_classes), share, formula)


def of_many_labels(base_rate: float | None, n_labels: int) -> ChanceEstimate:
    """Bound the level of a mean over labels: it is at most the entropy of the mean share.

    Parameters
    ----------
    base_rate
        The mean share of positives that the caller states, None when nobody does.
    """
    mean = 0.5 if base_rate is None else base_rate
    share = ShareEstimate(None, 0.0, 1.0, f"{n_labels} labels have more than one share")
    formula = f"at most {name_of(mean)}: the mean over {n_labels} labels, whose shares are not known"
    return replace(_at_most(chance_level(mean), share, formula), untrained=LN_2)


def of_weighted_examples(share: ShareEstimate, label_smoothing: float) -> ChanceEstimate:
    """Bound the level where each example has a weight: weights that differ by class move the share."""
    unknown = ShareEstimate(None, 0.0, 1.0, f"{share.source}, before the examples were weighted")
    return replace(unknown_share(unknown, label_smoothing), plain=False)


@lru_cache(maxsize=_LEVELS_KEPT)
def unknown_share(share: ShareEstimate, label_smoothing: float) -> ChanceEstimate:
    """Bound the level from above: no share of positives gives a higher one.

    Class weights in numbers suggest a share, so the loss is unweighted here.
    """
    highest = chance_level(0.5, label_smoothing=label_smoothing)
    formula = "at most ln 2: the share of positives is not known"
    plain = label_smoothing == 0.0
    return _at_most(highest, share, formula, untrained=LN_2, plain=plain)


def focal(share: ShareEstimate, form: LossForm) -> ChanceEstimate:
    """Return the level of a focal loss, the highest over all shares where the share is not known."""
    known = share.value is not None
    tried = [share.value] if share.value is not None else _SHARES_TRIED.tolist()
    level = max(focal_chance_level(one, form.gamma, form.alpha) for one in tried)
    weights = f", alpha={form.alpha:g}" if form.alpha is not None else ""
    formula = f"focal loss, gamma={form.gamma:g}{weights} ({form.reason})"
    untrained = 0.5**form.gamma * LN_2  # -(1 - q)**gamma * ln q at q = 0.5
    if form.alpha is not None:
        positive = share.value if share.value is not None else 0.5
        untrained *= positive * form.alpha + (1.0 - positive) * (1.0 - form.alpha)
    low = level if known else 0.0
    return ChanceEstimate(
        level, low, level, share, known=known, formula=formula, untrained=untrained, plain=False
    )


def of_discriminator(curve: Curve, generator: Curve | None = None) -> ChanceEstimate:
    """Return the level of a GAN's discriminator: ln 2 for the mean of its two terms, 2 ln 2 for their sum.

    Parameters
    ----------
    curve
        The discriminator's loss.
    generator
        The generator's loss, which bounds the discriminator's; None where it was not logged.
    """
    share = ShareEstimate(0.5, 0.5, 0.5, "a discriminator sees as many real as generated examples")
    summed = _is_sum(curve, generator) if generator is not None else None
    if summed is None:
        end = median(curve.finite[-max(1, curve.finite.size // 5) :]) if curve.finite.size else LN_2
        summed = abs(end - 2.0 * LN_2) < abs(end - LN_2)
    level = 2.0 * LN_2 if summed else LN_2
    formula = "2 ln 2, two terms summed" if summed else "ln 2"
    return ChanceEstimate(level, level, level, share, known=True, formula=formula, untrained=level)


def _is_sum(curve: Curve, generator: Curve) -> bool | None:
    """Whether a discriminator's loss exceeds any mean that its generator's allows; None when neither shows.

    The generator's loss is g = -ln D(made). The mean of the discriminator's terms is
    (-ln D(real) - ln(1 - D(made))) / 2, and a discriminator of any use has D(real) >= D(made),
    so that mean is at most (g - ln(1 - exp(-g))) / 2.
    """
    _, losses, made = together(curve, generator)
    usable = np.isfinite(losses) & np.isfinite(made) & (made > 0.0)
    if not usable.any():
        return None
    highest = (made[usable] - np.log(-np.expm1(-made[usable]))) / 2.0
    return bool(2 * int((losses[usable] > _ABOVE_A_MEAN * highest).sum()) > int(usable.sum()))


def name_of(share: float) -> str:
    """Return the entropy of a share in words."""
    return "ln 2" if math.isclose(share, 0.5) else f"H({share:.3f})"


def _at_most(
    level: float,
    share: ShareEstimate,
    formula: str,
    *,
    untrained: float | None = None,
    plain: bool = False,
) -> ChanceEstimate:
    start = level if untrained is None else untrained
    return ChanceEstimate(
        level, 0.0, level, share, known=False, formula=formula, untrained=start, plain=plain
    )
