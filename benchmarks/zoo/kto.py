"""Trainings of a policy under KTO, which learns from single answers that are good or bad.

Ethayarajh et al. 2024, "KTO: Model Alignment as Prospect Theoretic Optimization",
arXiv:2402.01306, eq. 7 and 8, as TRL's ``KTOTrainer`` computes and logs it: the reward of an answer is
beta times its log ratio to the reference, the KL divergence is the mean log ratio of answers put
to the wrong prompts of the batch, at least 0 and no part of the gradient, and

    loss = weight * (1 - sigmoid(reward - beta * KL))   for a desirable answer,
           weight * (1 - sigmoid(beta * KL - reward))   for an undesirable one.

It starts at half of the weight, and stays there as long as the policy is its reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import mlflow
import numpy as np
from scipy.special import expit

from benchmarks.zoo.blocks import BLOCKS
from benchmarks.zoo.measurement import auc_above_half
from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.policies import (
    JUDGED_PAIRS,
    SETTINGS_OF,
    TOKENS,
    Adam,
    FloatArray,
    IntArray,
    Log,
    Policy,
    draw_pairs,
    first_policy,
    last_step,
    rate_at,
)

KTO_SEED: Final = 2402
LOSS_TYPE: Final = "kto"
USUAL_RATE: Final = 0.02


@dataclass(frozen=True)
class KtoCourse:
    """How a training is set up: what it is called, how often per block, its settings."""

    fault: str
    kind: str
    severity: str
    runs: int
    settings: dict[str, float | int | str]


KTO_COURSES: Final[tuple[KtoCourse, ...]] = (
    KtoCourse("none", "healthy", "", 4, {}),
    KtoCourse("none", "healthy", "unequal weights", 2, {"undesirable_weight": 1.33}),
    KtoCourse(
        "none",
        "benign",
        "the first steps",
        4,
        {"max_steps": 1000, "stop_after": 12, "logging_steps": 1, "warmup_ratio": 0.1, "evaluated": 0},
    ),
    KtoCourse("policy_equals_reference", "policy_equals_reference", "one object", 4, {"reference": "shared"}),
    KtoCourse("masked_labels", "masked_labels", "all tokens masked", 3, {"masked_share": 1.0}),
    KtoCourse("frozen_parameters", "frozen_parameters", "no trainable adapter", 1, {"frozen": 1}),
    KtoCourse("learning_rate_too_low", "learning_rate_too_low", "a 100,000th", 2, {"rate_factor": 1e-5}),
    KtoCourse("no_signal", "no_signal", "labels at random", 2, {"random_choice": 1}),
)


def is_kto(plan: TrainingPlan) -> bool:
    """Return whether a preference plan is one of KTO."""
    return plan.settings.get("loss_type") == LOSS_TYPE


def kto_plans(block: str) -> Iterator[TrainingPlan]:
    """Yield a block's KTO trainings, none where it has no policy; the blocks share no prompts or policies."""
    if block not in SETTINGS_OF:
        return
    rng = np.random.default_rng([KTO_SEED, BLOCKS.index(block)])
    prompts, length, policy, _ = SETTINGS_OF[block]
    for place, course in enumerate(KTO_COURSES):
        for number in range(course.runs):
            factor = float(course.settings.get("rate_factor", 1))
            settings: dict[str, float | int | str] = {
                "loss_type": LOSS_TYPE,
                "prompts": prompts,
                "length": length,
                "beta": float(rng.choice([0.05, 0.1, 0.3])),
                "desirable_weight": 1.0,
                "undesirable_weight": 1.0,
                "max_steps": int(rng.choice([100, 200, 300])),
                "logging_steps": int(rng.choice([1, 5, 10])),
                "warmup_ratio": float(rng.choice([0.0, 0.1])),
                "lr_scheduler_type": str(rng.choice(["linear", "cosine"])),
                "evaluated": int(rng.random() < 0.5),
            }
            yield TrainingPlan(
                plan_id=f"{block}-kto-{place:02d}-{number}",
                family="preference",
                fault=course.fault,
                kind=course.kind,
                severity=course.severity,
                block=block,
                experiment=f"{block}-kto-{course.fault}-{number // 2}",
                seed=int(rng.integers(2**31)),
                data=DataPlan(
                    f"answers_{length}", seed=int(rng.integers(2**31)), rows=int(rng.choice([512, 1024]))
                ),
                network=NetworkPlan(policy, width=TOKENS),
                optimiser=OptimiserPlan(
                    "adam",
                    float(f"{USUAL_RATE * rng.choice([0.5, 1, 2]) * factor:.2g}"),
                    batch_size=int(rng.choice([16, 32])),
                    epochs=1,
                ),
                logging=LoggingPlan(metrics=(), validation="none"),
                settings={**settings, **course.settings},
            )


@dataclass(frozen=True, eq=False)
class Answers:
    """Single answers.

    Attributes
    ----------
    prompts
        Shape (n_answers,).
    tokens
        Shape (n_answers, length), token numbers.
    desirable
        Shape (n_answers,): whether the answer is a good one.
    counted
        Shape (n_answers,): 0.0 where the labels are masked, else 1.0.
    """

    prompts: IntArray
    tokens: IntArray
    desirable: np.ndarray
    counted: FloatArray

    def take(self, positions: IntArray) -> Answers:
        """Return the answers at these positions."""
        return Answers(
            self.prompts[positions],
            self.tokens[positions],
            self.desirable[positions],
            self.counted[positions],
        )


def draw_answers(plan: TrainingPlan, policy: Policy, count: int, rng: np.random.Generator) -> Answers:
    """Draw pairs and take them apart, as TRL does with paired data: the chosen are desirable."""
    pairs = draw_pairs(plan, policy, count // 2, rng)
    whole = Answers(
        np.concatenate([pairs.prompts, pairs.prompts]),
        np.concatenate([pairs.chosen, pairs.rejected]),
        np.repeat([True, False], len(pairs.prompts)),
        np.concatenate([pairs.counted, pairs.counted]),
    )
    return whole.take(rng.permutation(len(whole.prompts)))


def loss_params(plan: TrainingPlan) -> dict[str, str | int | float]:
    """Return the arguments of TRL's ``KTOConfig`` that the trainer's own do not hold."""
    return {
        "beta": float(plan.settings["beta"]),
        "loss_type": LOSS_TYPE,
        "desirable_weight": float(plan.settings["desirable_weight"]),
        "undesirable_weight": float(plan.settings["undesirable_weight"]),
    }


@dataclass(frozen=True, eq=False)
class Loss:
    """The KTO loss of some answers.

    Attributes
    ----------
    weights
        Shape (n_answers,): of desirable or undesirable answers.
    margins
        Shape (n_answers,): reward less that of the KL divergence, turned round for undesirable answers.
    rewards
        Shape (n_answers,), nats.
    kl
        The estimate of the KL divergence, nats.
    """

    weights: FloatArray
    margins: FloatArray
    rewards: FloatArray
    kl: float

    @property
    def value(self) -> float:
        """The mean loss."""
        return float(np.mean(self.weights * expit(-self.margins)))

    @property
    def start(self) -> float:
        """The mean loss of a policy that equals its reference."""
        return float(np.mean(self.weights)) / 2


def loss_of(plan: TrainingPlan, policy: Policy, reference: Policy, answers: Answers) -> Loss:
    """Return the loss of these answers; answers of their neighbours stand in for mismatched ones."""
    beta = float(plan.settings["beta"])

    def log_ratio(tokens: IntArray, counted: FloatArray) -> FloatArray:
        ours = policy.log_probability(answers.prompts, tokens)
        return counted * (ours - reference.log_probability(answers.prompts, tokens))

    mismatched = log_ratio(np.roll(answers.tokens, 1, axis=0), np.roll(answers.counted, 1))
    kl = max(0.0, float(np.mean(mismatched)))
    rewards = beta * log_ratio(answers.tokens, answers.counted)
    weights = np.where(
        answers.desirable,
        float(plan.settings["desirable_weight"]),
        float(plan.settings["undesirable_weight"]),
    )
    margins = np.where(answers.desirable, 1.0, -1.0) * (rewards - beta * kl)
    return Loss(weights, margins, rewards, kl)


def kto_step(
    plan: TrainingPlan, policy: Policy, reference: Policy, answers: Answers
) -> tuple[dict[str, float], FloatArray]:
    """Return TRL's metrics of one batch and the gradient of its loss; NaN for a kind that is not in it."""
    loss = loss_of(plan, policy, reference, answers)
    slope = loss.weights * expit(loss.margins) * expit(-loss.margins)
    towards = np.where(answers.desirable, -1.0, 1.0) * float(plan.settings["beta"]) * answers.counted
    gradient = policy.gradient(answers.prompts, answers.tokens, towards * slope / len(slope))
    log_probability = answers.counted * policy.log_probability(answers.prompts, answers.tokens)

    def mean(values: FloatArray, *, desirable: bool) -> float:
        of_kind = values[answers.desirable == desirable]
        return float(np.mean(of_kind)) if of_kind.size else float("nan")

    chosen, rejected = mean(loss.rewards, desirable=True), mean(loss.rewards, desirable=False)
    measured = {
        "loss": loss.value,
        "rewards/chosen": chosen,
        "rewards/rejected": rejected,
        "rewards/margins": chosen - rejected,
        "logps/chosen": mean(log_probability, desirable=True),
        "logps/rejected": mean(log_probability, desirable=False),
        "kl": loss.kl,
    }
    return measured, gradient


def train_policy(plan: TrainingPlan) -> Outcome:
    """Train one policy inside the active run."""
    rng = np.random.default_rng(plan.seed)
    reference = first_policy(plan, rng)
    answers, judged = (
        draw_answers(plan, reference, count, rng) for count in (plan.data.rows, 2 * JUDGED_PAIRS)
    )
    is_shared = plan.settings.get("reference") == "shared"
    policy, optimiser, log = reference, Adam(reference.logits.shape), Log(plan)
    for step in range(1, last_step(plan) + 1):
        batch = answers.take(rng.integers(len(answers.prompts), size=plan.optimiser.batch_size))
        measured, gradient = kto_step(plan, policy, policy if is_shared else reference, batch)
        if plan.settings.get("frozen"):
            gradient = np.zeros_like(gradient)
        rate = rate_at(plan, step)
        policy = policy.moved(optimiser.step(policy.logits, gradient, rate))
        log.add(step, rate, float(np.linalg.norm(gradient)), measured)
    against = policy if is_shared else reference
    if plan.settings["evaluated"]:
        final, _ = kto_step(plan, policy, against, judged)
        mlflow.log_metrics({f"eval_{name}": value for name, value in final.items()}, step=step)
    return _judge(plan, policy, against, answers, judged, gradient)


def _judge(
    plan: TrainingPlan,
    policy: Policy,
    against: Policy,
    answers: Answers,
    judged: Answers,
    gradient: FloatArray,
) -> Outcome:
    """Measure by the loss itself: it is bounded, and 1 - loss / start is 0 at the reference and 1 at best."""
    train, fresh = (loss_of(plan, policy, against, part) for part in (answers, judged))
    auc, p_value = auc_above_half(judged.desirable.astype(np.int64), fresh.rewards)
    norm = float(np.linalg.norm(gradient))
    return Outcome(
        train_positive_share=float(np.mean(answers.desirable)),
        judged_positive_share=float(np.mean(judged.desirable)),
        n_train=len(answers.prompts),
        n_judged=len(judged.prompts),
        train_chance=train.start,
        judged_chance=fresh.start,
        logged_chance=train.start,
        penalty=0.0,
        train_skill=1 - train.value / train.start,
        judged_skill=1 - fresh.value / fresh.start,
        train_auc=auc_above_half(answers.desirable.astype(np.int64), train.rewards)[0],
        judged_auc=auc,
        judged_auc_p_value=p_value,
        prediction_spread=float(np.std(expit(fresh.rewards))),
        dead_unit_share=None,
        saturated_unit_share=None,
        gradient_norm=norm,
        first_layer_gradient_norm=norm,
        trainable_parameters=policy.logits.size,
        trace=Trace(),
        extra=(("largest_margin", float(np.max(np.abs(fresh.rewards)))),),
    )
