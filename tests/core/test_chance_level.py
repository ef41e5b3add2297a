"""The chance level against minimisation by brute force, and the laws it must obey."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_runs import LN_2, entropy_of
from scipy.optimize import minimize_scalar

from mlflow_bce_monitor.chance import level as level_module
from mlflow_bce_monitor.chance.level import (
    chance_level,
    constant_prediction,
    entropy,
    focal_chance_level,
    loss_of_constant,
    share_with_entropy,
)

SHARES = st.floats(1e-4, 1.0 - 1e-4)
WEIGHTS = st.floats(0.01, 100.0)
SMOOTHING = st.floats(0.0, 0.9)


def expected_loss(q: float, share: float, w0: float, w1: float, smoothing: float) -> float:
    """Return the mean weighted loss of the prediction q, label by label."""
    positive, negative = 1.0 - smoothing / 2.0, smoothing / 2.0
    of_positives = -(positive * math.log(q) + (1.0 - positive) * math.log(1.0 - q))
    of_negatives = -(negative * math.log(q) + (1.0 - negative) * math.log(1.0 - q))
    return share * w1 * of_positives + (1.0 - share) * w0 * of_negatives


@pytest.mark.parametrize(
    ("share", "w0", "w1", "smoothing", "expected"),
    [
        (0.5, 1.0, 1.0, 0.0, LN_2),
        (0.1, 1.0, 1.0, 0.0, 0.3250829733914482),
        (0.9, 1.0, 1.0, 0.0, 0.3250829733914482),
        (0.1, 1.0, 9.0, 0.0, 1.8 * LN_2),
        (0.01, 1.0, 99.0, 0.0, 1.98 * LN_2),
        (0.5, 2.0, 2.0, 0.0, 2.0 * LN_2),
        (0.5, 1.0, 1.0, 0.2, LN_2),
        (0.1, 1.0, 1.0, 0.1, entropy_of(0.1 * 0.9 + 0.05)),
        (0.0, 1.0, 1.0, 0.0, 0.0),
        (1.0, 1.0, 1.0, 0.0, 0.0),
    ],
)
def test_known_levels(share: float, w0: float, w1: float, smoothing: float, expected: float) -> None:
    """The levels of the literature: ln 2, H(0.1) = 0.3251, 1.8 ln 2 = 1.2477 for weights {1, 9} at 10 %."""
    assert chance_level(share, w0, w1, smoothing) == pytest.approx(expected, abs=1e-12)


@given(SHARES, WEIGHTS, WEIGHTS, SMOOTHING)
@example(0.1, 1.0, 9.0, 0.0)
@example(0.0001, 0.01, 100.0, 0.1)
def test_level_is_the_minimum_over_all_constants(
    share: float, w0: float, w1: float, smoothing: float
) -> None:
    """No constant prediction has a smaller expected loss, found by numerical minimisation."""
    found = minimize_scalar(
        lambda logit: expected_loss(1.0 / (1.0 + math.exp(-logit)), share, w0, w1, smoothing),
        bounds=(-25.0, 25.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert chance_level(share, w0, w1, smoothing) == pytest.approx(found.fun, rel=1e-7, abs=1e-9)


@given(SHARES, WEIGHTS, WEIGHTS)
def test_level_is_reached_at_the_constant_prediction(share: float, w0: float, w1: float) -> None:
    """The closed form of the best constant has the chance level as its loss."""
    q = constant_prediction(share, w0, w1)
    assert loss_of_constant(q, share, w0, w1) == pytest.approx(chance_level(share, w0, w1), rel=1e-9)
    assert loss_of_constant(q, share, w0, w1) == pytest.approx(expected_loss(q, share, w0, w1, 0.0), rel=1e-9)


@given(SHARES, st.floats(1e-6, 1.0 - 1e-6), WEIGHTS, WEIGHTS)
def test_no_constant_beats_chance(share: float, q: float, w0: float, w1: float) -> None:
    """Every other constant prediction costs at least as much."""
    assert loss_of_constant(q, share, w0, w1) >= chance_level(share, w0, w1) * (1.0 - 1e-12)


@given(SHARES)
def test_entropy_is_symmetric_and_at_most_ln_2(share: float) -> None:
    """Which class is called positive does not matter, and ln 2 is the highest unweighted level."""
    assert entropy(share) == pytest.approx(entropy(1.0 - share), rel=1e-9)
    assert entropy(share) <= LN_2 + 1e-12
    assert entropy(share) == pytest.approx(entropy_of(share), rel=1e-12)


@given(SHARES, WEIGHTS, WEIGHTS, st.floats(0.1, 10.0))
def test_scaling_both_weights_scales_the_level(share: float, w0: float, w1: float, factor: float) -> None:
    """Multiplying the loss by a factor multiplies its chance level and moves no prediction."""
    assert chance_level(share, factor * w0, factor * w1) == pytest.approx(
        factor * chance_level(share, w0, w1)
    )
    assert constant_prediction(share, factor * w0, factor * w1) == pytest.approx(
        constant_prediction(share, w0, w1)
    )


ROUND_SHARES = st.integers(1, 511).map(lambda k: entropy(k / 1024))


@settings(max_examples=500)
@given(st.floats(1e-9, LN_2) | st.floats(0.69, LN_2) | ROUND_SHARES)
def test_the_share_is_the_one_that_bisection_finds(level: float) -> None:
    """To the last bit, though most of its steps are left out."""
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = (low + high) / 2.0
        if -middle * math.log(middle) + -(1.0 - middle) * math.log(1.0 - middle) < level:
            low = middle
        else:
            high = middle
    assert share_with_entropy(level) == (low + high) / 2.0


@given(SHARES)
def test_balancing_weights_predict_one_half(share: float) -> None:
    """Weights inverse to the shares of mean 1 bring the constant to 0.5 and the level to ln 2."""
    w0, w1 = 0.5 / (1.0 - share), 0.5 / share
    assert constant_prediction(share, w0, w1) == pytest.approx(0.5)
    assert chance_level(share, w0, w1) == pytest.approx(LN_2)


@given(SHARES, st.floats(0.0, 5.0))
@example(0.5, 2.0)
@example(0.1, 2.0)
def test_focal_level_is_the_minimum_over_all_constants(share: float, gamma: float) -> None:
    """The focal level is found by brute force over a fine grid of constants as well."""
    q = 1.0 / (1.0 + np.exp(-np.linspace(-15.0, 15.0, 30_001)))
    losses = share * (1.0 - q) ** gamma * -np.log(q) + (1.0 - share) * q**gamma * -np.log(1.0 - q)
    brute = float(losses.min())
    assert focal_chance_level(share, gamma) <= brute + 1e-12
    assert focal_chance_level(share, gamma) == pytest.approx(brute, rel=1e-4)


def test_focal_loss_without_focus_is_the_cross_entropy() -> None:
    """At gamma 0 the focal level is the entropy; alpha weighs the classes."""
    assert focal_chance_level(0.1, 0.0) == pytest.approx(entropy_of(0.1), rel=1e-9)
    assert focal_chance_level(0.1, 0.0, alpha=0.9) == pytest.approx(chance_level(0.1, 0.1, 0.9), rel=1e-9)


@given(st.floats(1e-6, 0.5))
def test_share_with_entropy_inverts_the_entropy(share: float) -> None:
    """The share that is found has the entropy that was given."""
    found = share_with_entropy(entropy(share))
    assert found is not None
    assert entropy(found) == pytest.approx(entropy(share), abs=1e-12)


@pytest.mark.parametrize("level", [0.0, -1.0, 0.7, math.inf, math.nan])
def test_no_share_has_an_entropy_outside_of_its_range(level: float) -> None:
    """A level above ln 2 or not above 0 belongs to no share of positives."""
    assert share_with_entropy(level) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy(1.5), "share of positives"),
        (lambda: chance_level(-0.1), "share of positives"),
        (lambda: chance_level(math.nan), "share of positives"),
        (lambda: chance_level(0.5, 0.0, 1.0), "class weights"),
        (lambda: chance_level(0.5, 1.0, math.nan), "class weights"),
        (lambda: chance_level(0.5, label_smoothing=1.0), "label smoothing"),
        (lambda: focal_chance_level(0.5, -1.0), "gamma"),
        (lambda: loss_of_constant(0.5, 2.0), "share of positives"),
    ],
)
def test_impossible_values_are_refused(call: object, message: str) -> None:
    """What cannot be a share, a weight, a smoothing or a gamma raises and says what it is."""
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()


def test_a_certain_wrong_prediction_costs_infinity() -> None:
    """Predicting 0 for everything has an infinite loss as soon as one label is positive."""
    assert loss_of_constant(0.0, 0.1) == math.inf
    assert loss_of_constant(0.0, 0.0) == 0.0


def test_the_example_in_the_documentation_holds() -> None:
    """The docstring's numbers are what the functions return."""
    outcome = doctest.testmod(level_module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
