"""Small preference trainings: a policy under DPO, and a reward model, logged with TRL's names.

The policy is a table of logits that gives every next token a probability, from the prompt and
the token before. It is trained with NumPy on pairs of answers; gradients are exact. What is logged,
and when, follows Hugging Face's trainer: every few steps, the loss as the mean since the last
time and rounded to 4 digits, the rest as the mean over the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import mlflow
import numpy as np
import numpy.typing as npt
from mlflow import MlflowClient
from scipy.special import expit, log_softmax

from benchmarks.zoo.measurement import auc_above_half
from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.split import DEVELOPMENT
from benchmarks.zoo.store import read_record
from mlflow_bce_monitor.records import RunRecord

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TOKENS: Final = 12
"""Size of the vocabulary."""
LN_2: Final = float(np.log(2))
LOSS_DIGITS: Final = 4
"""Digits to which Hugging Face's trainer rounds the logged loss."""
JUDGED_PAIRS: Final = 600
ADAM: Final = (0.9, 0.999, 1e-8)
"""beta_1, beta_2 and epsilon of AdamW in transformers."""
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
    """Yield the preference trainings of one block; the blocks share neither prompts nor policies."""
    prompts, length = (8, 10) if block == DEVELOPMENT else (12, 6)
    for place, course in enumerate(COURSES):
        for number in range(course.runs):
            plan_id = f"{block}-{course.family}-{place:02d}-{number}"
            rate = {"preference": 0.02, "reward": 0.01}[course.family]
            factor = float(course.settings.get("rate_factor", 1))
            policy = "bigram_policy" if block == DEVELOPMENT else "unigram_policy"
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
                network=NetworkPlan(
                    policy
                    if course.family == "preference"
                    else f"reward_{'linear' if block == DEVELOPMENT else 'features'}",
                    width=TOKENS,
                ),
                optimiser=OptimiserPlan(
                    "adam",
                    float(f"{rate * rng.choice([0.5, 1, 2]) * factor:.2g}"),
                    batch_size=int(rng.choice([16, 32])),
                    epochs=1,
                ),
                logging=LoggingPlan(metrics=(), validation="none"),
                settings={**settings, **course.settings, **first_steps},
            )


class Adam:
    """Adam on one array."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._mean = np.zeros(shape)
        self._square = np.zeros(shape)
        self._steps = 0

    def step(self, weights: FloatArray, gradient: FloatArray, rate: float) -> FloatArray:
        """Return the weights after one step."""
        beta_1, beta_2, epsilon = ADAM
        self._steps += 1
        self._mean = beta_1 * self._mean + (1 - beta_1) * gradient
        self._square = beta_2 * self._square + (1 - beta_2) * gradient**2
        mean = self._mean / (1 - beta_1**self._steps)
        square = self._square / (1 - beta_2**self._steps)
        return np.asarray(weights - rate * mean / (np.sqrt(square) + epsilon))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of answers.

    Attributes
    ----------
    prompts
        Shape (n_pairs,).
    chosen, rejected
        Shape (n_pairs, length), token numbers.
    counted
        Shape (n_pairs,): 0.0 where the labels of both answers are masked, else 1.0.
    """

    prompts: IntArray
    chosen: IntArray
    rejected: IntArray
    counted: FloatArray

    def take(self, positions: IntArray) -> Pairs:
        """Return the pairs at these positions."""
        return Pairs(
            self.prompts[positions], self.chosen[positions], self.rejected[positions], self.counted[positions]
        )


@dataclass(frozen=True, eq=False)
class Policy:
    """A table of logits, shape (n_prompts, tokens before, tokens): the last axis is the next token.

    A unigram policy has one row for all tokens before.
    """

    logits: FloatArray

    def log_probability(self, prompts: IntArray, answers: IntArray) -> FloatArray:
        """Return the log-probability of each answer, shape (n_pairs,), nats."""
        rows = log_softmax(self.logits, axis=-1)[prompts[:, None], self._before(answers)]
        return np.asarray(np.take_along_axis(rows, answers[:, :, None], axis=2)[:, :, 0].sum(axis=1))

    def gradient(self, prompts: IntArray, answers: IntArray, weights: FloatArray) -> FloatArray:
        """Return the gradient of the weighted sum of log-probabilities, of the shape of the table."""
        before = self._before(answers)
        probabilities = np.exp(log_softmax(self.logits, axis=-1))[prompts[:, None], before]
        towards = np.eye(self.logits.shape[-1])[answers] - probabilities
        total = np.zeros_like(self.logits)
        np.add.at(total, (prompts[:, None], before), weights[:, None, None] * towards)
        return total

    def _before(self, answers: IntArray) -> IntArray:
        if self.logits.shape[1] == 1:
            return np.zeros_like(answers)
        return np.concatenate([np.zeros_like(answers[:, :1]), answers[:, :-1]], axis=1)

    def sample(self, prompts: IntArray, length: int, rng: np.random.Generator) -> IntArray:
        """Draw one answer a prompt, shape (n_prompts, length)."""
        answers = np.zeros((len(prompts), length), dtype=np.int64)
        before = np.zeros(len(prompts), dtype=np.int64)
        for place in range(length):
            row = before if self.logits.shape[1] > 1 else np.zeros_like(before)
            noise = rng.gumbel(size=(len(prompts), self.logits.shape[-1]))
            before = np.argmax(self.logits[prompts, row] + noise, axis=1)
            answers[:, place] = before
        return answers


def _draw_pairs(plan: TrainingPlan, policy: Policy, count: int, rng: np.random.Generator) -> Pairs:
    """Draw answers from the policy; a hidden taste for tokens prefers one of two (Bradley-Terry)."""
    taste = np.random.default_rng(plan.data.seed).normal(size=(policy.logits.shape[0], TOKENS))
    prompts = rng.integers(policy.logits.shape[0], size=count)
    length = int(plan.settings["length"])
    first, second = policy.sample(prompts, length, rng), policy.sample(prompts, length, rng)
    advantage = _liking(taste, prompts, first) - _liking(taste, prompts, second)
    if plan.settings.get("random_choice"):
        advantage = np.zeros(count)
    first_wins = (rng.random(count) < expit(advantage))[:, None]
    counted = (rng.random(count) >= float(plan.settings.get("masked_share", 0.0))).astype(np.float64)
    return Pairs(prompts, np.where(first_wins, first, second), np.where(first_wins, second, first), counted)


def _liking(taste: FloatArray, prompts: IntArray, answers: IntArray) -> FloatArray:
    return np.asarray(taste[prompts[:, None], answers].sum(axis=1))


def _rate_at(plan: TrainingPlan, step: int) -> float:
    """Return the rate of a step (from 1), with linear warm-up and decay, as transformers schedules it."""
    last = int(plan.settings["max_steps"])
    warmup = round(float(plan.settings["warmup_ratio"]) * last)
    if step <= warmup:
        return plan.optimiser.learning_rate * step / warmup
    share = (step - 1 - warmup) / max(last - warmup, 1)
    decay = 0.5 * (1 + np.cos(np.pi * share)) if plan.settings["lr_scheduler_type"] == "cosine" else 1 - share
    return float(plan.optimiser.learning_rate * decay)


def _last_step(plan: TrainingPlan) -> int:
    """Return the step after which somebody looks at the run: for most runs the last one."""
    return int(plan.settings.get("stop_after", plan.settings["max_steps"]))


class Log:
    """Collects what every step measures and logs its mean every few steps, as the trainer does."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._every = int(plan.settings["logging_steps"])
        self._steps_an_epoch = plan.data.rows / plan.optimiser.batch_size
        self._window: list[dict[str, float]] = []

    def add(self, step: int, rate: float, gradient_norm: float, measured: dict[str, float]) -> None:
        """Add one step; log when it is time."""
        self._window.append(measured)
        if step % self._every:
            return
        logged = {name: float(np.mean([point[name] for point in self._window])) for name in measured}
        logged["loss"] = round(logged["loss"], LOSS_DIGITS)
        self._window.clear()
        own = {
            "grad_norm": gradient_norm,
            "learning_rate": rate,
            "epoch": round(step / self._steps_an_epoch, 2),
        }
        mlflow.log_metrics(logged | own, step=step)


def _params(plan: TrainingPlan) -> dict[str, str | int | float]:
    """Return the part of TRL's arguments that has a meaning here; the trainer logs all of them as params."""
    settings = plan.settings
    params: dict[str, str | int | float] = {
        "learning_rate": plan.optimiser.learning_rate,
        "per_device_train_batch_size": plan.optimiser.batch_size,
        "gradient_accumulation_steps": 1,
        "max_steps": int(settings["max_steps"]),
        "logging_steps": int(settings["logging_steps"]),
        "warmup_ratio": float(settings["warmup_ratio"]),
        "lr_scheduler_type": str(settings["lr_scheduler_type"]),
        "optim": "adamw_torch",
        "weight_decay": 0.0,
        "max_grad_norm": 0.0,
        "seed": plan.seed,
    }
    if plan.family == "preference":
        params |= {"beta": float(settings["beta"]), "loss_type": "sigmoid", "label_smoothing": 0.0}
    return params


def train(plan: TrainingPlan, client: MlflowClient) -> tuple[RunRecord, Outcome]:
    """Train one plan in the active experiment and return its log and its measured outcome."""
    course = _train_reward if plan.family == "reward" else _train_policy
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
    rows_before = TOKENS if plan.network.architecture == "bigram_policy" else 1
    reference = Policy(rng.normal(size=(int(plan.settings["prompts"]), rows_before, TOKENS)))
    pairs, judged = (_draw_pairs(plan, reference, count, rng) for count in (plan.data.rows, JUDGED_PAIRS))
    is_shared = plan.settings.get("reference") == "shared"
    beta, policy, optimiser, log = (
        float(plan.settings["beta"]),
        reference,
        Adam(reference.logits.shape),
        Log(plan),
    )
    for step in range(1, _last_step(plan) + 1):
        batch = pairs.take(rng.integers(len(pairs.prompts), size=plan.optimiser.batch_size))
        measured, gradient = _preference_step(policy, policy if is_shared else reference, batch, beta)
        if plan.settings.get("frozen"):
            gradient = np.zeros_like(gradient)
        rate = _rate_at(plan, step)
        policy = Policy(optimiser.step(policy.logits, gradient, rate))
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
    """Fit rewards of answers to choices: a linear model of token counts, or of random features."""
    rng = np.random.default_rng(plan.seed)
    prompts = int(plan.settings["prompts"])
    speaker = Policy(rng.normal(size=(prompts, 1, TOKENS)))
    projection = rng.normal(size=(prompts * TOKENS, FEATURES)) / np.sqrt(TOKENS)
    pairs, judged = (_draw_pairs(plan, speaker, count, rng) for count in (plan.data.rows, JUDGED_PAIRS))
    differences, judged_differences = (_differences(plan, part, projection) for part in (pairs, judged))
    weights, optimiser, log = np.zeros(differences.shape[1]), Adam((differences.shape[1],)), Log(plan)
    for step in range(1, _last_step(plan) + 1):
        chosen = rng.integers(len(differences), size=plan.optimiser.batch_size)
        measured, gradient = _reward_step(weights, differences[chosen])
        rate = _rate_at(plan, step)
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
        counts = np.zeros((len(answers), projection.shape[0]))
        columns = pairs.prompts[:, None] * TOKENS + answers
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
