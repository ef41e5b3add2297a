"""DPO, KTO and reward models, trained small and logged under TRL's names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves import PreferenceLoss, Role, Split

pytestmark = pytest.mark.training

START = {"dpo": math.log(2.0), "kto": 0.5}
KINDS = {"dpo": PreferenceLoss.LOG_SIGMOID, "kto": PreferenceLoss.KTO}


@pytest.mark.parametrize("training", START)
@pytest.mark.parametrize(
    ("variant", "verdict"),
    [
        ("learning", Verdict.LEARNING),
        ("first steps", Verdict.BENIGN),
        ("one object", Verdict.STALLED),
        ("masked", Verdict.STALLED),
        ("tiny rate", Verdict.STALLED),
    ],
)
def test_a_policy_is_compared_with_its_reference(
    shelf: Shelf, training: str, variant: str, verdict: Verdict
) -> None:
    """DPO starts at ln 2 and KTO at 0.5: normal at first, stalled when it lasts, learned below."""
    diagnosis = shelf.diagnosis(training, variant)
    assert diagnosis.verdict is verdict
    assert diagnosis.curves.preference is KINDS[training]
    assert diagnosis.metric == "loss"
    assert diagnosis.chance is not None
    assert (diagnosis.chance.value, diagnosis.chance.known) == (pytest.approx(START[training]), True)


@pytest.mark.parametrize("training", START)
@pytest.mark.parametrize(
    ("variant", "cause"), [("one object", "policy_equals_reference"), ("masked", "masked_labels")]
)
def test_the_cause_of_a_margin_of_zero_is_named(
    shelf: Shelf, training: str, variant: str, cause: str
) -> None:
    """Log probabilities of exactly 0 are masked labels; margins of 0 beside others are one model twice."""
    assert shelf.diagnosis(training, variant).causes[0].cause == cause


@pytest.mark.parametrize("training", START)
def test_a_policy_that_creeps_is_not_its_reference(shelf: Shelf, training: str) -> None:
    """At a rate of 2e-8 the margin is tiny and grows: not one object, and the rate is not ruled out."""
    diagnosis = shelf.diagnosis(training, "tiny rate")
    margin = diagnosis.curves.companion(Role.REWARD_MARGIN, Split.TRAIN)
    assert margin is not None
    assert 0.0 < margin.finite[-1] < 1e-6
    half = margin.finite.size // 2
    assert np.median(margin.finite[half:]) > np.median(margin.finite[:half])
    causes = [cause.cause for cause in diagnosis.causes]
    assert causes[0] != "policy_equals_reference"
    assert "learning_rate_too_low" in causes


def test_ties_are_no_accuracy_of_one_half(shelf: Shelf) -> None:
    """TRL counts a tie as wrong, so rewards/accuracies stand at 0.0 where both models agree."""
    diagnosis = shelf.diagnosis("dpo", "one object")
    accuracies = diagnosis.curves.companion(Role.REWARD_ACCURACY, Split.TRAIN)
    assert accuracies is not None
    assert set(accuracies.finite.tolist()) == {0.0}
    assert diagnosis.verdict is Verdict.STALLED


@pytest.mark.parametrize(
    ("variant", "verdict"), [("learning", Verdict.LEARNING), ("one object", Verdict.STALLED)]
)
def test_weights_of_kto_move_its_start(shelf: Shelf, variant: str, verdict: Verdict) -> None:
    """Weights of 1 and 1.33 on equally many answers start at their mean halved, read off the first points."""
    diagnosis = shelf.diagnosis("kto, weighted", variant)
    assert diagnosis.verdict is verdict
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx((1.0 + 1.33) / 4.0, rel=0.03)


@pytest.mark.parametrize(
    ("variant", "verdict"), [("learning", Verdict.LEARNING), ("padding read", Verdict.STALLED)]
)
def test_a_reward_model_has_ln_2(shelf: Shelf, variant: str, verdict: Verdict) -> None:
    """A margin of zero between two rewards costs ln 2, and an accuracy of 0.0 is ties, not a share."""
    diagnosis = shelf.diagnosis("reward model", variant)
    assert diagnosis.verdict is verdict
    assert diagnosis.curves.preference is PreferenceLoss.REWARD_MODEL
    assert diagnosis.chance is not None
    assert (diagnosis.chance.value, diagnosis.chance.known) == (pytest.approx(math.log(2.0)), True)
