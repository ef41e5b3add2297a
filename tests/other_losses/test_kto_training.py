"""The KTO training itself: its gradient, its start, and what it logs."""

from __future__ import annotations

from dataclasses import replace

import mlflow
import numpy as np
import pytest
from scipy.special import expit
from shelf import Shelf

from benchmarks.zoo.blocks import DEVELOPMENT, EXERCISE, PRACTICE, PROOF, REHEARSAL
from benchmarks.zoo.kto import Answers, kto_plans, kto_step, loss_of
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.policies import SETTINGS_OF, Policy

pytestmark = pytest.mark.training

TOKENS, PROMPTS, LENGTH = 4, 3, 5


@pytest.fixture
def plan() -> TrainingPlan:
    """Return a plan with weights that differ."""
    some = next(iter(kto_plans(DEVELOPMENT)))
    return replace(some, settings={**some.settings, "undesirable_weight": 1.5, "beta": 0.4})


@pytest.fixture
def answers() -> Answers:
    """Return answers of either kind, one of them masked."""
    random = np.random.default_rng(0)
    return Answers(
        random.integers(PROMPTS, size=8),
        random.integers(TOKENS, size=(8, LENGTH)),
        np.array([True, False] * 4),
        np.array([1.0] * 7 + [0.0]),
    )


def policy(seed: int) -> Policy:
    """Return a policy drawn from a seed."""
    return Policy(np.random.default_rng(seed).normal(size=(PROMPTS, TOKENS, TOKENS)))


def test_the_gradient_is_that_of_the_loss(plan: TrainingPlan, answers: Answers) -> None:
    """A step along each logit changes the loss as the gradient says, the KL divergence held fixed."""
    ours, reference, step = policy(1), policy(2), 1e-6
    kl = loss_of(plan, ours, reference, answers).kl
    assert kl > 0.0

    def value(logits: np.ndarray) -> float:
        moved = loss_of(plan, Policy(logits), reference, answers)
        sides = np.where(answers.desirable, 1.0, -1.0)
        return float(np.mean(moved.weights * expit(-sides * (moved.rewards - 0.4 * kl))))

    _, gradient = kto_step(plan, ours, reference, answers)
    for place in [(0, 0, 0), (1, 2, 3), (2, 1, 0), (2, 3, 3)]:
        up, down = ours.logits.copy(), ours.logits.copy()
        up[place] += step
        down[place] -= step
        assert gradient[place] == pytest.approx((value(up) - value(down)) / (2 * step), abs=1e-8)


def test_it_starts_at_half_of_the_mean_weight(plan: TrainingPlan, answers: Answers) -> None:
    """A policy that is its reference has rewards and a KL divergence of exactly zero."""
    measured, gradient = kto_step(plan, policy(1), policy(1), answers)
    assert measured["loss"] == (1.0 + 1.5) / 4.0
    assert (measured["rewards/margins"], measured["kl"]) == (0.0, 0.0)
    assert np.abs(gradient).max() > 0.0


def test_masked_answers_leave_nothing_to_learn(plan: TrainingPlan, answers: Answers) -> None:
    """Without a counted token every log probability is 0, whatever the policy, and so is the gradient."""
    masked = replace(answers, counted=np.zeros(8))
    measured, gradient = kto_step(plan, policy(1), policy(2), masked)
    assert (measured["loss"], measured["logps/chosen"], measured["kl"]) == (0.625, 0.0, 0.0)
    assert np.abs(gradient).max() == 0.0


def test_a_batch_of_one_kind_has_no_metrics_of_the_other(plan: TrainingPlan, answers: Answers) -> None:
    """TRL leaves out what it did not see; NaN stands for that here."""
    measured, _ = kto_step(plan, policy(1), policy(2), answers.take(np.arange(0, 8, 2)))
    assert np.isfinite(measured["rewards/chosen"])
    assert np.isnan(measured["rewards/rejected"])


def test_what_is_logged_is_what_trl_logs(shelf: Shelf) -> None:
    """KTO's trainer logs a KL divergence and no accuracies, with its own params beside the trainer's."""
    run_id = shelf.run_id("kto", "learning")
    run = mlflow.MlflowClient(shelf.uri).get_run(run_id)
    logged = {name for name in run.data.metrics if not name.startswith("eval_")}
    assert logged == {
        *("loss", "grad_norm", "learning_rate", "epoch", "kl"),
        *("rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected"),
    }
    expected = {"loss_type": "kto", "beta": "0.1", "desirable_weight": "1.0", "undesirable_weight": "1.0"}
    assert expected.items() <= run.data.params.items()


def test_the_blocks_share_neither_prompts_nor_policies() -> None:
    """Plans have ids of their own and are the same every time; every block with a policy has its own."""
    plans = [plan for block in SETTINGS_OF for plan in kto_plans(block)]
    assert plans == [plan for block in SETTINGS_OF for plan in kto_plans(block)]
    assert not [plan for block in (PRACTICE, REHEARSAL, EXERCISE, PROOF) for plan in kto_plans(block)]
    assert len({plan.plan_id for plan in plans}) == len(plans)
    used = [
        {(plan.data.name, plan.network.architecture) for plan in plans if plan.block == block}
        for block in SETTINGS_OF
    ]
    assert not used[0] & used[1]
    assert {plan.kind for plan in plans} >= {"healthy", "benign", "policy_equals_reference", "masked_labels"}
