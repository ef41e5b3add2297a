"""The chance level: the loss of a model that has learned nothing but the share of positives.

A constant prediction q has the expected binary cross-entropy

    L(q) = -[pi * w1 * ln q + (1 - pi) * w0 * ln(1 - q)],

smallest at q* = pi * w1 / (pi * w1 + (1 - pi) * w0). L(q*) is the chance level.
Balanced and unweighted it is ln 2 = 0.6931, the highest of all unweighted levels;
unweighted it is the entropy H(pi). All functions are in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

LN_2: Final = math.log(2.0)


def entropy(positive_share: float) -> float:
    """Return H(pi) in nats: the chance level of an unweighted binary cross-entropy.

    Raises
    ------
    ValueError
        When ``positive_share`` is not in [0, 1].
    """
    if not 0.0 <= positive_share <= 1.0:
        raise ValueError(f"a share of positives lies in [0, 1], got {positive_share!r}")
    return _cross_entropy(positive_share, positive_share)


def constant_prediction(positive_share: float, w0: float = 1.0, w1: float = 1.0) -> float:
    """Return q*, the constant prediction with the smallest weighted loss, in [0, 1].

    Raises
    ------
    ValueError
        When the share is not in [0, 1] or a weight is not positive.
    """
    _check(positive_share, w0, w1)
    positive, negative = positive_share * w1, (1.0 - positive_share) * w0
    return positive / (positive + negative)


def loss_of_constant(prediction: float, positive_share: float, w0: float = 1.0, w1: float = 1.0) -> float:
    """Return the expected weighted loss of one constant prediction, in nats.

    Parameters
    ----------
    prediction
        The predicted probability q in [0, 1].
    positive_share
        Share of positives pi of the labels the loss is measured on.
    w0, w1
        Weights of the negative and the positive class in that loss.

    Returns
    -------
    float
        L(q); infinity when a certain prediction is wrong for some label.
    """
    _check(positive_share, w0, w1)
    return _term(positive_share * w1, prediction) + _term((1.0 - positive_share) * w0, 1.0 - prediction)


def chance_level(
    positive_share: float, w0: float = 1.0, w1: float = 1.0, label_smoothing: float = 0.0
) -> float:
    """Return the chance level L(q*) in nats.

    Parameters
    ----------
    positive_share
        pi in [0, 1].
    w0, w1
        Class weights as Keras applies them: each example's loss is multiplied, the mean
        is taken over examples, not over weights.
    label_smoothing
        epsilon in [0, 1): the label y becomes y * (1 - epsilon) + epsilon / 2, as in
        ``keras.losses.BinaryCrossentropy``.

    Examples
    --------
    >>> round(chance_level(0.5), 4), round(chance_level(0.1), 4), round(chance_level(0.1, 1, 9), 4)
    (0.6931, 0.3251, 1.2477)
    """
    _check(positive_share, w0, w1)
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label smoothing lies in [0, 1), got {label_smoothing!r}")
    # Smoothing moves each label, after the weights were assigned by the label's class.
    high, low = 1.0 - label_smoothing / 2.0, label_smoothing / 2.0
    positive = positive_share * w1 * high + (1.0 - positive_share) * w0 * low
    negative = positive_share * w1 * low + (1.0 - positive_share) * w0 * high
    q = positive / (positive + negative)
    return _term(positive, q) + _term(negative, 1.0 - q)


_LEVELS_KEPT: Final = 1024
"""Focal levels: the same shares are tried for every run whose own is not known."""


@lru_cache(maxsize=_LEVELS_KEPT)
def focal_chance_level(positive_share: float, gamma: float, alpha: float | None = None) -> float:
    """Return the smallest mean focal loss of a constant prediction, in nats.

    The loss of Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 5:
    -alpha_t * (1 - p_t)**gamma * ln p_t. There is no closed form of the best q; it is
    found by golden-section search, the loss being unimodal in q.
    """
    _check(positive_share, 1.0, 1.0)
    if gamma < 0.0:
        raise ValueError(f"focal gamma is not negative, got {gamma!r}")
    w1, w0 = (1.0, 1.0) if alpha is None else (alpha, 1.0 - alpha)

    def loss(q: float) -> float:
        positive = positive_share * w1 * math.pow(1.0 - q, gamma) * -math.log(q)
        return positive + (1.0 - positive_share) * w0 * math.pow(q, gamma) * -math.log(1.0 - q)

    return loss(_golden_section(loss, 1e-9, 1.0 - 1e-9))


def share_with_entropy(level: float) -> float | None:
    """Return the share pi in (0, 0.5] with H(pi) = level, None when there is none.

    Found by bisection; H rises on (0, 0.5] from 0 to ln 2.
    """
    if not 0.0 < level <= LN_2:
        return None
    low, high, steps = _bracket(level)
    log = math.log
    for _ in range(steps):
        middle = (low + high) / 2.0
        rest = 1.0 - middle
        # entropy(), written out: this is asked once a run, and the calls took most of its time.
        if -middle * log(middle) + -rest * log(rest) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


_STEPS: Final = 60
"""Each step halves the interval: so many exhaust a double."""

_CELLS: Final = 2**38
"""Parts of (0, 0.5) that Newton's method finds the right one of; as wide as what its last step may be off by
a thousand times."""

_FLAT_FROM: Final = 0.693
"""Nats. H is so flat at its top that Newton's method is not exact enough there."""

_LOW_UP_TO: Final = 1e-3
"""Nats. Of shares as small as these, bisection alone resolves the digits."""


def _bracket(level: float) -> tuple[float, float, int]:
    """Return the interval that bisection comes to by itself, and how many of its steps are left."""
    whole = 0.0, 0.5, _STEPS
    if not _LOW_UP_TO < level < _FLAT_FROM:
        return whole
    # H(p) is close to (4 p (1 - p)) ** 0.75 ln 2.
    p = 0.5 - 0.5 * math.sqrt(1.0 - (level / LN_2) ** (4.0 / 3.0))
    for _ in range(_NEWTON_STEPS):
        slope = math.log((1.0 - p) / p)
        p -= (-p * math.log(p) - (1.0 - p) * math.log(1.0 - p) - level) / slope
        if not 0.0 < p < 0.5:  # noqa: PLR2004 - the interval looked in
            return whole
    place = 2.0 * _CELLS * p
    cell = math.floor(place)
    # Near the border of two cells rounding decides which of them bisection would take.
    if not _OFF < place - cell < 1.0 - _OFF:
        return whole
    return cell / (2.0 * _CELLS), (cell + 1) / (2.0 * _CELLS), _STEPS - int(math.log2(_CELLS))


_NEWTON_STEPS: Final = 4
"""The start is right to three digits or so, and each step doubles their number."""

_OFF: Final = 0.05
"""Of a cell, 9e-14: what rounding of H moves the share by, where H is not flat, is a tenth of it."""


def _cross_entropy(positive_share: float, q: float) -> float:
    return _term(positive_share, q) + _term(1.0 - positive_share, 1.0 - q)


def _term(weight: float, probability: float) -> float:
    """Return -weight * ln(probability), with 0 * ln 0 = 0."""
    if weight == 0.0:
        return 0.0
    return -weight * math.log(probability) if probability > 0.0 else math.inf


def _check(positive_share: float, w0: float, w1: float) -> None:
    if not 0.0 <= positive_share <= 1.0:
        raise ValueError(f"a share of positives lies in [0, 1], got {positive_share!r}")
    if not (w0 > 0.0 and w1 > 0.0):
        raise ValueError(f"class weights are positive numbers, got w0={w0!r} and w1={w1!r}")


def _golden_section(loss: Callable[[float], float], low: float, high: float) -> float:
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(100):  # 0.618**100 of the interval: below the spacing of doubles
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return (low + high) / 2.0
