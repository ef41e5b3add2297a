"""A small policy to train on preferences, with its optimiser, its schedule and its log.

The policy is a table of logits that gives every next token a probability, from the prompt and
the token before; gradients are exact. What is logged, and when, follows Hugging Face's
trainer: every few steps, the loss as the mean since the last time and rounded to 4 digits,
the rest as the mean over the window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import mlflow
import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax

from benchmarks.zoo.blocks import DEVELOPMENT, TEST, VALIDATION
from benchmarks.zoo.plan import TrainingPlan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TOKENS: Final = 12
"""Size of the vocabulary."""
JUDGED_PAIRS: Final = 600
"""Pairs of answers that judge a trained policy and that it has not seen."""
LOSS_DIGITS: Final = 4
"""Digits to which Hugging Face's trainer rounds the logged loss."""
SETTINGS_OF: Final[dict[str, tuple[int, int, str, str]]] = {
    DEVELOPMENT: (8, 10, "bigram_policy", "reward_linear"),
    VALIDATION: (12, 6, "unigram_policy", "reward_features"),
    TEST: (10, 8, "position_policy", "reward_positions"),
}
"""Block to its number of prompts, length of answers, policy and reward model: the blocks share none."""
ADAM: Final = (0.9, 0.999, 1e-8)
"""beta_1, beta_2 and epsilon of AdamW in transformers."""


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

    A unigram policy has one row for all tokens before; one by position has a row for every place in the
    answer instead.
    """

    logits: FloatArray
    by_position: bool = False

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

    def moved(self, logits: FloatArray) -> Policy:
        """Return the policy with other logits."""
        return replace(self, logits=logits)

    def _before(self, answers: IntArray) -> IntArray:
        if self.by_position:
            return np.broadcast_to(np.arange(answers.shape[1]), answers.shape)
        if self.logits.shape[1] == 1:
            return np.zeros_like(answers)
        return np.concatenate([np.zeros_like(answers[:, :1]), answers[:, :-1]], axis=1)

    def sample(self, prompts: IntArray, length: int, rng: np.random.Generator) -> IntArray:
        """Draw one answer a prompt, shape (n_prompts, length)."""
        answers = np.zeros((len(prompts), length), dtype=np.int64)
        for place in range(length):
            row = self._before(answers)[:, place]
            noise = rng.gumbel(size=(len(prompts), self.logits.shape[-1]))
            answers[:, place] = np.argmax(self.logits[prompts, row] + noise, axis=1)
        return answers


def first_policy(plan: TrainingPlan, rng: np.random.Generator) -> Policy:
    """Draw the policy that a training starts from."""
    length, prompts = int(plan.settings["length"]), int(plan.settings["prompts"])
    rows = {"bigram_policy": TOKENS, "unigram_policy": 1, "position_policy": length}
    architecture = plan.network.architecture
    logits = rng.normal(size=(prompts, rows[architecture], TOKENS))
    return Policy(logits, by_position=architecture == "position_policy")


def draw_pairs(plan: TrainingPlan, policy: Policy, count: int, rng: np.random.Generator) -> Pairs:
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


def rate_at(plan: TrainingPlan, step: int) -> float:
    """Return the rate of a step (from 1), with linear warm-up and decay, as transformers schedules it."""
    last = int(plan.settings["max_steps"])
    warmup = round(float(plan.settings["warmup_ratio"]) * last)
    if step <= warmup:
        return plan.optimiser.learning_rate * step / warmup
    share = (step - 1 - warmup) / max(last - warmup, 1)
    decay = 0.5 * (1 + np.cos(np.pi * share)) if plan.settings["lr_scheduler_type"] == "cosine" else 1 - share
    return float(plan.optimiser.learning_rate * decay)


def last_step(plan: TrainingPlan) -> int:
    """Return the step after which somebody looks at the run: for most runs the last one."""
    return int(plan.settings.get("stop_after", plan.settings["max_steps"]))


class Log:
    """Collects what every step measures and logs its mean every few steps, as the trainer does."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._every = int(plan.settings["logging_steps"])
        self._steps_an_epoch = plan.data.rows / plan.optimiser.batch_size
        self._window: list[dict[str, float]] = []

    def add(self, step: int, rate: float, gradient_norm: float, measured: dict[str, float]) -> None:
        """Add one step; log when it is time. A metric that is NaN at a step was not measured there."""
        self._window.append(measured)
        if step % self._every:
            return
        columns = {name: np.array([point[name] for point in self._window]) for name in measured}
        known = {name: values[~np.isnan(values)] for name, values in columns.items()}
        logged = {name: float(np.mean(values)) for name, values in known.items() if values.size}
        logged["loss"] = round(logged["loss"], LOSS_DIGITS)
        self._window.clear()
        own = {
            "grad_norm": gradient_norm,
            "learning_rate": rate,
            "epoch": round(step / self._steps_an_epoch, 2),
        }
        mlflow.log_metrics(logged | own, step=step)


def trainer_params(plan: TrainingPlan) -> dict[str, str | int | float]:
    """Return the part of TRL's arguments that has a meaning here; the trainer logs all of them as params."""
    settings = plan.settings
    return {
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
