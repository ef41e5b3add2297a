"""What the zoo measures, and the truth it derives from that."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.zoo.catalogue import all_plans
from benchmarks.zoo.measurement import auc_above_half, best_constant, cross_entropy, logged_chance_level
from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import NetworkPlan, TrainingPlan
from benchmarks.zoo.preference import Adam, Pairs, Policy, _preference_step
from benchmarks.zoo.truth import causes_of, verdicts_of
from mlflow_bce_monitor.contract import Verdict

pytestmark = pytest.mark.training

LN_2 = math.log(2)


def labels_with(share: float, rows: int = 1000) -> np.ndarray:
    """Return labels of which this share is positive."""
    return (np.arange(rows) < share * rows).astype(np.int64)


@pytest.mark.parametrize(
    ("share", "weights", "expected"),
    [
        (0.5, None, LN_2),
        (0.1, None, 0.3251),
        (0.1, (1.0, 9.0), 1.8 * LN_2),
    ],
)
def test_chance_level_is_that_of_the_best_constant(
    share: float, weights: tuple[float, float] | None, expected: float
) -> None:
    """The numeric minimum agrees with the formula of the weighted base rate."""
    labels = labels_with(share)
    assert logged_chance_level(NetworkPlan("mlp1", 4), labels, weights) == pytest.approx(expected, abs=1e-4)
    constant = best_constant(labels, weights)
    row_weights = None if weights is None else np.where(labels == 1, weights[1], weights[0])
    assert cross_entropy(labels, np.full(1000, constant), row_weights) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("loss", ["smoothed", "focal"])
def test_other_losses_have_their_own_chance_level(loss: str) -> None:
    """Balanced labels: ln 2 with label smoothing, a quarter of it with the focal loss."""
    expected = {"smoothed": LN_2, "focal": LN_2 / 4}[loss]
    level = logged_chance_level(NetworkPlan("mlp1", 4, loss=loss), labels_with(0.5), None)
    assert level == pytest.approx(expected, abs=1e-4)


def test_auc_of_constant_scores_is_one_half_without_significance() -> None:
    """A constant output ranks nothing."""
    assert auc_above_half(labels_with(0.3), np.zeros(1000)) == (0.5, 1.0)


def test_auc_of_perfect_scores_is_one() -> None:
    """Scores that order the classes give AUC 1 and a small p-value."""
    auc, p_value = auc_above_half(labels_with(0.3), np.linspace(1, 0, 1000))
    assert auc == 1.0
    assert p_value < 1e-6


def test_preference_gradient_is_that_of_the_loss() -> None:
    """The exact gradient of the DPO loss agrees with finite differences."""
    rng = np.random.default_rng(0)
    reference, policy = (Policy(rng.normal(size=(2, 4, 4))) for _ in range(2))
    answers = [rng.integers(4, size=(6, 3)) for _ in range(2)]
    pairs = Pairs(rng.integers(2, size=6), answers[0], answers[1], np.array([1.0, 1, 1, 1, 1, 0]))
    _, gradient = _preference_step(policy, reference, pairs, beta=0.5)
    for place in [(0, 0, 0), (1, 2, 3), (0, 3, 1)]:
        nudge = np.zeros((2, 4, 4))
        nudge[place] = 1e-5
        up, _ = _preference_step(Policy(policy.logits + nudge), reference, pairs, beta=0.5)
        down, _ = _preference_step(Policy(policy.logits - nudge), reference, pairs, beta=0.5)
        assert gradient[place] == pytest.approx((up["loss"] - down["loss"]) / 2e-5, abs=1e-6)


def test_a_policy_that_is_its_reference_stands_at_exactly_ln_2() -> None:
    """Without a difference to the reference margins are 0, and ties count as wrong, as in TRL."""
    policy = Policy(np.random.default_rng(0).normal(size=(1, 4, 4)))
    answers = np.array([[0, 1], [2, 3]])
    pairs = Pairs(np.array([0, 0]), answers, answers[::-1], np.ones(2))
    measured, _ = _preference_step(policy, policy, pairs, beta=0.1)
    assert measured["loss"] == LN_2
    assert measured["rewards/margins"] == measured["rewards/accuracies"] == 0.0


def test_adam_first_steps_by_the_rate() -> None:
    """The first step of Adam has the size of the rate whatever the gradient."""
    weights = Adam((2,)).step(np.zeros(2), np.array([1e-3, -50.0]), 0.1)
    np.testing.assert_allclose(weights, [-0.1, 0.1], rtol=1e-4)


def base_plan() -> TrainingPlan:
    """Return some plan that should learn, with validation."""
    plan = next(plan for plan in all_plans() if plan.kind == "healthy" and plan.family == "labels")
    return replace(plan, logging=replace(plan.logging, validation="data"))


def outcome(train: float, judged: float, path: tuple[float, ...] = (), **changes: object) -> Outcome:
    """Return an outcome with these skills; ``path`` is the training skill from before the first epoch."""
    path = path or tuple(np.linspace(-0.05, train, 21))
    trace = Trace(tuple(range(len(path))), path, path, (0.5,) * len(path))
    whole = Outcome(
        train_positive_share=0.5,
        judged_positive_share=0.5,
        n_train=700,
        n_judged=1800,
        train_chance=LN_2,
        judged_chance=LN_2,
        logged_chance=LN_2,
        penalty=0.0,
        train_skill=train,
        judged_skill=judged,
        train_auc=0.5,
        judged_auc=0.5,
        judged_auc_p_value=0.5,
        prediction_spread=0.0,
        dead_unit_share=0.0,
        saturated_unit_share=None,
        gradient_norm=0.1,
        first_layer_gradient_norm=0.05,
        trainable_parameters=100,
        trace=trace,
    )
    return replace(whole, **changes)


FLAT = (0.0,) * 21
LATE = (0.0,) * 10 + tuple(np.linspace(0.0, 0.5, 11))


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (outcome(0.5, 0.4), Verdict.LEARNING),
        (outcome(0.12, 0.08), Verdict.LEARNING),
        (outcome(0.5, 0.4, LATE), Verdict.ESCAPED),
        (outcome(0.5, -0.2), Verdict.OVERFITTING),
        (outcome(0.0, 0.0, FLAT), Verdict.STALLED),
        (outcome(0.01, 0.0, tuple(np.linspace(-0.09, 0.005, 21))), Verdict.SLOW),
        (outcome(-3.0, -3.0, (-3.0,) * 21), Verdict.DIVERGED),
        (outcome(float("nan"), float("nan")), Verdict.DIVERGED),
        (outcome(0.05, 0.05, (0.05,) * 21), Verdict.STALLED),
    ],
)
def test_verdict_follows_from_the_predictions(measured: Outcome, expected: Verdict) -> None:
    """The rule in the module's docstring, case by case, on a loss that agrees with the predictions."""
    losses = LN_2 * (1 - np.array(measured.trace.train_skill[1:]))
    verdict, acceptable = verdicts_of(base_plan(), losses, measured)
    assert verdict is expected
    assert verdict in acceptable


def test_a_loss_that_claims_what_predictions_do_not_show_is_inconsistent() -> None:
    """A falling loss over a constant output, and a negative loss, contradict the predictions."""
    constant = outcome(-10.0, -10.0, (-10.0,) * 21)
    assert verdicts_of(base_plan(), np.linspace(0.7, 0.2, 20), constant)[0] is Verdict.INCONSISTENT
    assert verdicts_of(base_plan(), np.linspace(0.7, -9, 20), constant)[0] is Verdict.INCONSISTENT


def test_a_loss_that_jumps_is_unstable() -> None:
    """A loss at chance on average that jumps by half its level from point to point says little."""
    losses = LN_2 * (1 + 0.5 * np.random.default_rng(0).standard_normal(40))
    assert verdicts_of(base_plan(), np.abs(losses), outcome(0.0, 0.0, FLAT))[0] is Verdict.UNSTABLE


def test_without_logged_validation_overfitting_cannot_be_asked_for() -> None:
    """Where only the training was logged, calling an overfitted run learning is not wrong."""
    plan = base_plan()
    plan = replace(plan, logging=replace(plan.logging, validation="none"))
    verdict, acceptable = verdicts_of(plan, np.linspace(0.7, 0.3, 20), outcome(0.5, -0.2))
    assert verdict is Verdict.OVERFITTING
    assert Verdict.LEARNING in acceptable


def faulted(fault: str) -> TrainingPlan:
    """Return some plan with this fault."""
    return next(plan for plan in all_plans() if plan.fault == fault and plan.family == "labels")


def test_a_fault_that_did_no_harm_is_no_cause() -> None:
    """The cause of a run that learned is none, whatever was injected."""
    causes = causes_of(faulted("over_regularization"), outcome(0.5, 0.4), Verdict.LEARNING, twin_learned=True)
    assert causes == {"none"}


def test_a_fault_whose_twin_failed_too_is_not_established() -> None:
    """Where the plan fails without the fault as well, nobody knows the cause."""
    plan = faulted("over_regularization")
    assert causes_of(plan, outcome(0, 0, FLAT), Verdict.STALLED, twin_learned=True) == {"over_regularization"}
    assert causes_of(plan, outcome(0, 0, FLAT), Verdict.STALLED, twin_learned=False) == set()


def test_a_rate_that_killed_all_units_has_two_true_causes() -> None:
    """Dead units are as true a cause as the rate that killed them."""
    plan = faulted("learning_rate_too_high")
    plan = replace(plan, network=replace(plan.network, architecture="mlp2"))
    dead = outcome(0, 0, FLAT, dead_unit_share=1.0)
    causes = causes_of(plan, dead, Verdict.STALLED, twin_learned=True)
    assert causes == {"learning_rate_too_high", "dead_relu"}


@pytest.mark.parametrize("twin_learned", [True, False])
def test_units_that_weights_of_zero_keep_dead_have_two_true_causes(twin_learned: bool) -> None:  # noqa: FBT001
    """Both are the state that was measured, whatever else would have kept the training from learning."""
    plan = faulted("zero_initialization")
    plan = replace(plan, network=replace(plan.network, architecture="mlp2"))
    dead = outcome(0, 0, FLAT, dead_unit_share=1.0)
    causes = causes_of(plan, dead, Verdict.STALLED, twin_learned=twin_learned)
    assert causes == {"zero_initialization", "dead_relu"}
