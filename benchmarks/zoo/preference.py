"""Small preference trainings: a policy under DPO, and a reward model, logged with TRL's names.

Trained with NumPy on pairs of answers; the policy and its log are in ``policies.py``, KTO's trainings
on single answers in ``kto.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import mlflow
import numpy as np
from mlflow import MlflowClient
from scipy.special import expit

from benchmarks.zoo import kto
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
    Pairs,
    Policy,
    draw_pairs,
    first_policy,
    last_step,
    rate_at,
    trainer_params,
)
from benchmarks.zoo.store import read_record
from mlflow_bce_monitor.records import RunRecord

LN_2: Final = float(np.log(2))
FEATURES: Final = 128
"""Hidden units of the reward model that has some."""


@dataclass(frozen=True)
class Course:
    """How a preference training is set up: what it is called, how often per block, its settings."""

    family: str
    fault: str
    kind: str
    severity: str
    runs: int
    settings: dict[str, float | int | str]


COURSES: Final[tuple[Course, ...]] = (
    Course("preference", "none", "healthy", "", 7, {}),
    Course("preference", "none", "benign", "the first steps", 6, {"max_steps": 1000, "stop_after": 12}),
    Course(
        "preference",
        "policy_equals_reference",
        "policy_equals_reference",
        "one object",
        5,
        {"reference": "shared"},
    ),
    Course("preference", "masked_labels", "masked_labels", "all tokens masked", 5, {"masked_share": 1.0}),
    Course(
        "preference", "masked_labels", "masked_labels", "half of the pairs masked", 2, {"masked_share": 0.5}
    ),
    Course("preference", "frozen_parameters", "frozen_parameters", "no trainable adapter", 2, {"frozen": 1}),
    Course(
        "preference",
        "learning_rate_too_low",
        "learning_rate_too_low",
        "a 100,000th",
        3,
        {"rate_factor": 1e-5},
    ),
    Course("preference", "no_signal", "no_signal", "choices at random", 3, {"random_choice": 1}),
    Course("reward", "none", "healthy", "", 4, {}),
    Course("reward", "no_signal", "no_signal", "choices at random", 2, {"random_choice": 1}),
    Course("reward", "constant_inputs", "constant_inputs", "the padding token is read", 2, {"padding": 1}),
    Course(
        "reward", "learning_rate_too_low", "learning_rate_too_low", "a 100,000th", 2, {"rate_factor": 1e-5}
    ),
)


def preference_plans(block: str, rng: np.random.Generator) -> Iterator[TrainingPlan]:
    """Yield a block's preference trainings, none without a policy; no prompts or policies are shared."""
    if block not in SETTINGS_OF:
        return
    prompts, length, policy, reward_model = SETTINGS_OF[block]
    for place, course in enumerate(COURSES):
        for number in range(course.runs):
            plan_id = f"{block}-{course.family}-{place:02d}-{number}"
            rate = {"preference": 0.02, "reward": 0.01}[course.family]
            factor = float(course.settings.get("rate_factor", 1))
            settings: dict[str, float | int | str] = {
                "prompts": prompts,
                "length": length,
                "beta": float(rng.choice([0.05, 0.1, 0.3])),
                "max_steps": int(rng.choice([100, 200, 300])),
                "logging_steps": int(rng.choice([1, 5, 10])),
                "warmup_ratio": float(rng.choice([0.0, 0.1])),
                "lr_scheduler_type": str(rng.choice(["linear", "cosine"])),
                "evaluated": int(rng.random() < 0.5),
            }
            # Nobody logs every tenth step of the first twelve; warm-up is the reason they stand still.
            first_steps = {"logging_steps": 1, "warmup_ratio": 0.1, "evaluated": 0}
            yield TrainingPlan(
                plan_id=plan_id,
                family=course.family,
                fault=course.fault,
                kind=course.kind,
                severity=course.severity,
                block=block,
                experiment=f"{block}-{course.family}-{course.fault}-{number // 2}",
                seed=int(rng.integers(2**31)),
                data=DataPlan(
                    f"answers_{length}", seed=int(rng.integers(2**31)), rows=int(rng.choice([512, 1024]))
                ),
                network=NetworkPlan(policy if course.family == "preference" else reward_model, width=TOKENS),
                optimiser=OptimiserPlan(
                    "adam",
                    float(f"{rate * rng.choice([0.5, 1, 2]) * factor:.2g}"),
                    batch_size=int(rng.choice([16, 32])),
                    epochs=1,
                ),
                logging=LoggingPlan(metrics=(), validation="none"),
                settings={**settings, **course.settings, **first_steps},
            )


def _params(plan: TrainingPlan) -> dict[str, str | int | float]:
    params = trainer_params(plan)
    if kto.is_kto(plan):
        params |= kto.loss_params(plan)
    elif plan.family == "preference":
        params |= {"beta": float(plan.settings["beta"]), "loss_type": "sigmoid", "label_smoothing": 0.0}
    return params


def train(plan: TrainingPlan, client: MlflowClient) -> tuple[RunRecord, Outcome]:
    """Train one plan in the active experiment and return its log and its measured outcome."""
    course = _train_reward if plan.family == "reward" else _train_policy
    if kto.is_kto(plan):
        course = kto.train_policy
    with mlflow.start_run() as run:
        mlflow.log_params(_params(plan))
        outcome = course(plan)
        if plan.kind == "benign":
            # The first steps of a long training: it is still going on when somebody looks.
            record = read_record(client, run.info.run_id)
            return record, outcome
    return read_record(client, run.info.run_id), outcome


def _train_policy(plan: TrainingPlan) -> Outcome:
    rng = np.random.default_rng(plan.seed)
    reference = first_policy(plan, rng)
    pairs, judged = (draw_pairs(plan, reference, count, rng) for count in (plan.data.rows, JUDGED_PAIRS))
    is_shared = plan.settings.get("reference") == "shared"
    beta, policy, optimiser, log = (
        float(plan.settings["beta"]),
        reference,
        Adam(reference.logits.shape),
        Log(plan),
    )
    for step in range(1, last_step(plan) + 1):
        batch = pairs.take(rng.integers(len(pairs.prompts), size=plan.optimiser.batch_size))
        measured, gradient = _preference_step(policy, policy if is_shared else reference, batch, beta)
        if plan.settings.get("frozen"):
            gradient = np.zeros_like(gradient)
        rate = rate_at(plan, step)
        policy = policy.moved(optimiser.step(policy.logits, gradient, rate))
        log.add(step, rate, float(np.linalg.norm(gradient)), measured)
    against = policy if is_shared else reference
    if plan.settings["evaluated"]:
        final, _ = _preference_step(policy, against, judged, beta)
        mlflow.log_metrics({f"eval_{name}": value for name, value in final.items()}, step=step)
    return _judge(
        _margins(policy, against, pairs, beta),
        _margins(policy, against, judged, beta),
        gradient,
        policy.logits.size,
    )


def _margins(policy: Policy, reference: Policy, pairs: Pairs, beta: float) -> FloatArray:
    """Return the margin of each pair between chosen and rejected reward, shape (n_pairs,)."""
    chosen, rejected = _rewards(policy, reference, pairs, beta)
    return chosen - rejected


def _rewards(policy: Policy, reference: Policy, pairs: Pairs, beta: float) -> tuple[FloatArray, FloatArray]:
    def reward(answers: IntArray) -> FloatArray:
        ratio = policy.log_probability(pairs.prompts, answers) - reference.log_probability(
            pairs.prompts, answers
        )
        return beta * pairs.counted * ratio

    return reward(pairs.chosen), reward(pairs.rejected)


def _preference_step(
    policy: Policy, reference: Policy, pairs: Pairs, beta: float
) -> tuple[dict[str, float], FloatArray]:
    """Return TRL's metrics of one batch and the gradient of the DPO loss (Rafailov et al. 2023, eq. 7)."""
    chosen, rejected = _rewards(policy, reference, pairs, beta)
    margins = chosen - rejected
    pull = -beta * pairs.counted * expit(-margins) / len(margins)
    gradient = policy.gradient(pairs.prompts, pairs.chosen, pull)
    gradient -= policy.gradient(pairs.prompts, pairs.rejected, pull)
    log_chosen = pairs.counted * policy.log_probability(pairs.prompts, pairs.chosen)
    log_rejected = pairs.counted * policy.log_probability(pairs.prompts, pairs.rejected)
    measured = {
        "loss": float(np.mean(np.logaddexp(0, -margins))),
        "rewards/chosen": float(np.mean(chosen)),
        "rewards/rejected": float(np.mean(rejected)),
        "rewards/accuracies": float(np.mean(chosen > rejected)),
        "rewards/margins": float(np.mean(margins)),
        "logps/chosen": float(np.mean(log_chosen)),
        "logps/rejected": float(np.mean(log_rejected)),
    }
    return measured, gradient


def _train_reward(plan: TrainingPlan) -> Outcome:
    """Fit rewards of answers to choices: linear in counts of tokens or in random features."""
    rng = np.random.default_rng(plan.seed)
    prompts = int(plan.settings["prompts"])
    speaker = Policy(rng.normal(size=(prompts, 1, TOKENS)))
    projection = rng.normal(size=(prompts * TOKENS, FEATURES)) / np.sqrt(TOKENS)
    pairs, judged = (draw_pairs(plan, speaker, count, rng) for count in (plan.data.rows, JUDGED_PAIRS))
    differences, judged_differences = (_differences(plan, part, projection) for part in (pairs, judged))
    weights, optimiser, log = np.zeros(differences.shape[1]), Adam((differences.shape[1],)), Log(plan)
    for step in range(1, last_step(plan) + 1):
        chosen = rng.integers(len(differences), size=plan.optimiser.batch_size)
        measured, gradient = _reward_step(weights, differences[chosen])
        rate = rate_at(plan, step)
        weights = optimiser.step(weights, gradient, rate)
        log.add(step, rate, float(np.linalg.norm(gradient)), measured)
    if plan.settings["evaluated"]:
        final, _ = _reward_step(weights, judged_differences)
        mlflow.log_metrics({f"eval_{name}": value for name, value in final.items()}, step=step)
    return _judge(differences @ weights, judged_differences @ weights, gradient, weights.size)


def _differences(plan: TrainingPlan, pairs: Pairs, projection: FloatArray) -> FloatArray:
    """Return features of the chosen minus those of the rejected answer, shape (n_pairs, n_features)."""

    def features(answers: IntArray) -> FloatArray:
        if plan.settings.get("padding"):
            answers = np.zeros_like(answers)  # the head reads the padding behind both answers
        columns = pairs.prompts[:, None] * TOKENS + answers
        n_columns = projection.shape[0]
        if plan.network.architecture == "reward_positions":
            columns = columns + n_columns * np.arange(answers.shape[1])
            n_columns *= answers.shape[1]
        counts = np.zeros((len(answers), n_columns))
        np.add.at(counts, (np.arange(len(answers))[:, None], columns), 1.0)
        return np.tanh(counts @ projection) if plan.network.architecture == "reward_features" else counts

    return features(pairs.chosen) - features(pairs.rejected)


def _reward_step(weights: FloatArray, differences: FloatArray) -> tuple[dict[str, float], FloatArray]:
    """Return the metrics of TRL's RewardTrainer for one batch and the gradient of its loss."""
    margins = differences @ weights
    gradient = -(expit(-margins)[:, None] * differences).mean(axis=0)
    measured = {
        "loss": float(np.mean(np.logaddexp(0, -margins))),
        "accuracy": float(np.mean(margins > 0)),
        "margin": float(np.mean(margins)),
    }
    return measured, np.asarray(gradient)


def _judge(
    train_margins: FloatArray, judged_margins: FloatArray, gradient: FloatArray, weights: int
) -> Outcome:
    """Measure by margins: a pair is a case with label 1, its mirror image one with label 0."""

    def skill(margins: FloatArray) -> float:
        return 1 - float(np.mean(np.logaddexp(0, -margins))) / LN_2

    def auc(margins: FloatArray) -> tuple[float, float]:
        return auc_above_half(np.repeat([1, 0], len(margins)), np.concatenate([margins, -margins]))

    judged_auc, p_value = auc(judged_margins)
    norm = float(np.linalg.norm(gradient))
    return Outcome(
        train_positive_share=0.5,
        judged_positive_share=0.5,
        n_train=len(train_margins),
        n_judged=len(judged_margins),
        train_chance=LN_2,
        judged_chance=LN_2,
        logged_chance=LN_2,
        penalty=0.0,
        train_skill=skill(train_margins),
        judged_skill=skill(judged_margins),
        train_auc=auc(train_margins)[0],
        judged_auc=judged_auc,
        judged_auc_p_value=p_value,
        prediction_spread=float(np.std(expit(judged_margins))),
        dead_unit_share=None,
        saturated_unit_share=None,
        gradient_norm=norm,
        first_layer_gradient_norm=norm,
        trainable_parameters=weights,
        trace=Trace(),
        extra=(("largest_margin", float(np.max(np.abs(judged_margins)))),),
    )
