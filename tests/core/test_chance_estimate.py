"""The chance level of a whole run: which weights, which share, which split, and what is not known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LIMITS, LN_2, curve, curve_set, entropy_of, settings_of

from mlflow_bce_monitor.chance import ChanceEstimate, chances_of
from mlflow_bce_monitor.chance.level import chance_level, focal_chance_level
from mlflow_bce_monitor.curves import Curve, CurveSet, PreferenceLoss, Role, Split
from mlflow_bce_monitor.settings import Settings


def chance_of(
    loss: Curve, curves: CurveSet, settings: Settings, base_rate: float | None = None
) -> ChanceEstimate:
    """Return the chance level of one of the losses of a run."""
    levels = chances_of(curves, settings, base_rate, LIMITS)
    return next(level for one, level in levels if one is loss)


def chance(
    split: Split = Split.TRAIN, base_rate: float | None = None, name: str = "loss", **params: str
) -> ChanceEstimate:
    """Return the chance level of a loss of a run with these params."""
    loss = curve([0.7] * 5, split=split, name=name)
    return chance_of(loss, curve_set(loss), settings_of(**params), base_rate)


@pytest.mark.parametrize(
    ("params", "base_rate", "level"),
    [
        ({}, 0.5, LN_2),
        ({}, 0.1, entropy_of(0.1)),
        ({"class_weight": "{0: 1, 1: 9}"}, 0.1, 1.8 * LN_2),
        ({"class_weight": "[1, 9]"}, 0.1, 1.8 * LN_2),
        ({"class_weight": '{"0": 1.0, "1": 9.0}'}, 0.1, 1.8 * LN_2),
        ({"class_weight_0": "1", "class_weight_1": "9"}, 0.1, 1.8 * LN_2),
        ({"class_weight": "balanced"}, 0.1, LN_2),
        ({"pos_weight": "9.0"}, 0.1, 1.8 * LN_2),
        # xgboost predicts what the weight makes of the share, and logs the unweighted loss of that.
        ({"scale_pos_weight": "9.0", "objective": "binary:logistic"}, 0.1, LN_2),
        ({"scale_pos_weight": "9.0", "objective": "binary"}, 0.1, entropy_of(0.1)),  # lightgbm
        ({"class_weight": "None"}, 0.1, entropy_of(0.1)),
        ({"label_smoothing": "0.2"}, 0.1, chance_level(0.1, label_smoothing=0.2)),
        ({"label_smoothing": "1.0"}, 0.1, entropy_of(0.1)),  # not a smoothing that leaves labels
        ({"loss": "BinaryFocalCrossentropy", "gamma": "2"}, 0.1, focal_chance_level(0.1, 2.0)),
        ({"focal_gamma": "2"}, 0.5, focal_chance_level(0.5, 2.0)),
        ({"loss": "binary_crossentropy", "gamma": "2"}, 0.5, LN_2),  # some other gamma
    ],
)
def test_training_levels(params: dict[str, str], base_rate: float, level: float) -> None:
    """Weights, smoothing and focus that the params state move the training level as they should."""
    found = chance(base_rate=base_rate, **params)
    assert found.value == pytest.approx(level, rel=1e-9)
    assert found.known
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("params", "q"),
    [
        ({}, 0.1),
        ({"class_weight": "{0: 1, 1: 9}"}, 0.5),  # the constant that weighted training settles on
        ({"class_weight": "{0: 1, 1: 3}"}, 0.25),
        ({"class_weight": "balanced"}, 0.5),
        ({"train_positive_share": "0.5", "val_positive_share": "0.1"}, 0.5),  # trained on oversampled rows
    ],
)
def test_validation_levels_are_those_of_the_trained_constant(params: dict[str, str], q: float) -> None:
    """Held-back data cost what the constant of training costs there, which no weight of training changes."""
    share = {} if "val_positive_share" in params else {"positive_share": "0.1"}
    found = chance(Split.VALIDATION, **{**params, **share})
    expected = -(0.1 * math.log(q) + 0.9 * math.log(1.0 - q))
    assert found.value == pytest.approx(expected, rel=1e-9)


def test_pos_weight_of_a_criterion_weighs_the_validation_loss_too() -> None:
    """A PyTorch criterion with ``pos_weight`` is usually the validation loss as well."""
    found = chance(Split.VALIDATION, pos_weight="9", positive_share="0.1")
    assert found.value == pytest.approx(1.8 * LN_2)


def test_the_formula_names_what_was_computed() -> None:
    """A reader sees which formula gave the level."""
    assert chance(base_rate=0.5).formula == "ln 2"
    assert chance(base_rate=0.1).formula == "H(0.100)"
    assert chance(base_rate=0.1, class_weight="{0: 1, 1: 9}").formula == "weighted, w0=1, w1=9, share 0.100"
    weighted = chance(Split.VALIDATION, class_weight="{0: 1, 1: 9}", positive_share="0.1")
    assert weighted.formula == "always predicting 0.500 where the share is 0.100"
    assert "not known" in chance().formula


def test_an_unknown_share_gives_an_upper_bound() -> None:
    """Without a share the level is at most ln 2, and says so."""
    found = chance()
    assert (found.value, found.low, found.high, found.known) == (LN_2, 0.0, LN_2, False)
    assert found.share.value is None


@given(st.floats(0.05, 20.0), st.floats(0.05, 20.0), st.floats(0.0, 1.0))
def test_the_bounds_hold_for_every_share_inside(w0: float, w1: float, where: float) -> None:
    """Weights alone only suggest a share; each share in the suggested range has a level within the bounds."""
    found = chance(class_weight=f"{{0: {w0!r}, 1: {w1!r}}}")
    share = found.share.low + where * (found.share.high - found.share.low)
    # The bounds come from a grid, so the top of the curve may be missed by a thousandth.
    assert found.low * (1.0 - 1e-3) <= chance_level(share, w0, w1) <= found.high * (1.0 + 1e-3)


@pytest.mark.parametrize(("end", "level"), [(LN_2, LN_2), (2 * LN_2, 2 * LN_2), (0.1, LN_2), (1.3, 2 * LN_2)])
def test_a_discriminator_sums_or_averages_its_two_terms(end: float, level: float) -> None:
    """Chance is ln 2 for the mean of the two terms, 2 ln 2 for their sum: the nearer one to where it ends."""
    loss = curve([0.7] * 4 + [end] * 6, name="d_loss")
    found = chance_of(loss, curve_set(loss), settings_of())
    assert found.value == pytest.approx(level)
    assert found.known


@pytest.mark.parametrize(
    ("loss", "generator", "level"),
    [
        (0.9, 1.1, 2 * LN_2),  # no mean of two terms is that high beside such a generator
        (1.3, 0.75, 2 * LN_2),
        (0.45, 1.1, LN_2),
        (0.72, 0.7, LN_2),
        (0.9, 0.7, 2 * LN_2),
        (0.9, -0.4, LN_2),  # a generator's loss of another kind: where it ends tells
        (0.9, float("nan"), LN_2),
    ],
)
def test_the_generators_loss_tells_a_sum_from_a_mean(loss: float, generator: float, level: float) -> None:
    """A discriminator of any use finds real examples no less real than made ones, which bounds a mean."""
    judged = curve([loss] * 6, name="d_loss")
    curves = curve_set(judged, curve([generator] * 6, Role.GENERATOR_LOSS))
    assert chance_of(judged, curves, settings_of()).value == pytest.approx(level)


@pytest.mark.parametrize(
    ("kind", "params", "level"),
    [
        (PreferenceLoss.LOG_SIGMOID, {"positive_share": "0.1"}, LN_2),  # whatever any class share
        (PreferenceLoss.REWARD_MODEL, {}, LN_2),
        (PreferenceLoss.TWO_LOG_SIGMOIDS, {}, 2 * LN_2),
        (PreferenceLoss.KTO, {}, 0.5),
        (PreferenceLoss.KTO, {"desirable_weight": "1.5", "undesirable_weight": "1.5"}, 0.75),
        (
            PreferenceLoss.KTO,
            {"desirable_weight": "1.0", "undesirable_weight": "1.5"},
            0.69,
        ),  # the first loss
        (
            PreferenceLoss.KTO,
            {"desirable_weight": "1.0", "undesirable_weight": "1.2"},
            0.6,
        ),  # at most half of it
        (PreferenceLoss.KTO, {"desirable_weight": "0.0"}, 0.5),  # of no use
    ],
)
def test_a_preference_loss_has_the_level_of_no_preference(
    kind: PreferenceLoss, params: dict[str, str], level: float
) -> None:
    """A margin of zero costs ln 2 for each logarithm of a sigmoid, and half of its weight under KTO."""
    loss = curve([0.69] * 5)
    curves = replace(curve_set(loss, curve([0.0] * 5, Role.REWARD_MARGIN)), preference=kind)
    found = chance_of(loss, curves, settings_of(**params))
    assert (found.value, found.known) == (pytest.approx(level), True)
    assert found.untrained == found.value


@given(
    st.floats(1e-12, 1.0 - 1e-9, exclude_max=True),
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1e6),
    st.floats(0.0, 0.999),
    st.sampled_from(list(Split)),
)
def test_every_level_is_a_positive_number(
    share: float, w0: float, w1: float, smoothing: float, split: Split
) -> None:
    """No share, weight or smoothing that passes the reader gives a level that cannot be divided by."""
    params = {"class_weight": f"{{0: {w0!r}, 1: {w1!r}}}", "label_smoothing": repr(smoothing)}
    found = chance(split, base_rate=share, **params)
    assert 0.0 < found.value < math.inf
    assert 0.0 <= found.low <= found.value <= found.high < math.inf
