"""Small generative adversarial networks, whose discriminator settles at ln 2 when all is well.

Written and logged as in the Keras examples: a model with its own ``train_step`` that reports
``d_loss`` and ``g_loss``, under autolog.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from mlflow import MlflowClient
from scipy.stats import wasserstein_distance

from benchmarks.zoo.blocks import DEVELOPMENT, TEST, VALIDATION
from benchmarks.zoo.measurement import auc_above_half, cross_entropy
from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.store import read_record
from benchmarks.zoo.training import last_run_id
from mlflow_bce_monitor.records import RunRecord

Points = npt.NDArray[np.float32]

LATENT_WIDTH: Final = 4
JUDGED_POINTS: Final = 2000
"""Fresh real and as many generated points that judge both networks."""
DIRECTIONS: Final = 16
"""Random projections of the sliced Wasserstein distance."""


@dataclass(frozen=True)
class Contest:
    """How a game is set up: what it is called, how often per block, and its settings."""

    fault: str
    kind: str
    severity: str
    runs: int
    settings: dict[str, float | int | str]


CONTESTS: Final[tuple[Contest, ...]] = (
    Contest(
        "adversarial_equilibrium",
        "benign",
        "equal rates",
        5,
        {"generator_rate": 2e-3, "discriminator_rate": 2e-3},
    ),
    Contest(
        "none",
        "healthy",
        "the generator stands still",
        1,
        {"generator_rate": 0.0, "discriminator_rate": 2e-3},
    ),
    Contest(
        "learning_rate_too_low",
        "learning_rate_too_low",
        "rates of 1e-7",
        1,
        {"generator_rate": 1e-7, "discriminator_rate": 1e-7},
    ),
    Contest(
        "zero_initialization",
        "zero_initialization",
        "a discriminator of zeros",
        1,
        {"generator_rate": 2e-3, "discriminator_rate": 2e-3, "initializer": "zeros"},
    ),
)


GAMES: Final[dict[str, tuple[str, str]]] = {
    DEVELOPMENT: ("ring", "gan2"),
    VALIDATION: ("four_spots", "gan3"),
    TEST: ("crossed_lines", "gan4"),
}
"""Block to its data set and its architecture."""

DEPTHS: Final = {"gan2": 2, "gan3": 3, "gan4": 4}
"""Architecture to the number of hidden layers of either network."""


def adversarial_plans(block: str, rng: np.random.Generator) -> Iterator[TrainingPlan]:
    """Yield the games of one block, none where it has no game; the blocks share neither data nor networks."""
    if block not in GAMES:
        return
    data_set, architecture = GAMES[block]
    number = 0
    for contest in CONTESTS:
        for _ in range(contest.runs):
            plan_id = f"{block}-adversarial-{number:02d}"
            number += 1
            yield TrainingPlan(
                plan_id=plan_id,
                family="adversarial",
                fault=contest.fault,
                kind=contest.kind,
                severity=contest.severity,
                block=block,
                experiment=f"{block}-adversarial-{contest.fault}",
                seed=int(rng.integers(2**31)),
                data=DataPlan(data_set, seed=int(rng.integers(2**31)), rows=1024),
                network=NetworkPlan(architecture, width=int(rng.choice([24, 32])), head="logits"),
                optimiser=OptimiserPlan(
                    "adam",
                    float(contest.settings["discriminator_rate"]),
                    128,
                    int(rng.choice([60, 100, 150])),
                ),
                logging=LoggingPlan(metrics=(), validation="none", input_pipeline="tf_data"),
                settings=dict(contest.settings),
            )


def real_points(data_set: str, count: int, rng: np.random.Generator) -> Points:
    """Draw real points, shape (count, 2)."""
    if data_set == "ring":
        angle = rng.uniform(0, 2 * np.pi, count)
        centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif data_set == "four_spots":
        centres = rng.choice([-1.0, 1.0], size=(count, 2))
    else:
        # Wide enough that an untrained generator, which sits in the middle, is far from them.
        along, axis = rng.uniform(-2, 2, count), rng.integers(2, size=count)
        centres = np.stack([along, np.where(axis == 1, along, -along)], axis=1)
    return (centres + 0.15 * rng.normal(size=(count, 2))).astype(np.float32)


class AdversarialPair(keras.Model):  # type: ignore[misc]  # Keras is untyped
    """A generator and a discriminator, trained in turn on every batch."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.d_loss_metric = keras.metrics.Mean(name="d_loss")
        self.g_loss_metric = keras.metrics.Mean(name="g_loss")

    def compile(self, generator_rate: float, discriminator_rate: float) -> None:
        """Set both optimisers; Keras' own stays at its default, and that is what autolog sees."""
        super().compile()
        self.generator_optimizer = keras.optimizers.Adam(generator_rate, beta_1=0.5)
        self.discriminator_optimizer = keras.optimizers.Adam(discriminator_rate, beta_1=0.5)
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The two losses."""
        return [self.d_loss_metric, self.g_loss_metric]

    def train_step(self, real: tf.Tensor) -> dict[str, Any]:
        """Train the discriminator on one batch of either kind, then the generator."""
        count = tf.shape(real)[0]
        generated = self.generator(tf.random.normal((count, LATENT_WIDTH)))
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        with tf.GradientTape() as tape:
            logits = self.discriminator(tf.concat([real, generated], axis=0))
            d_loss = self.loss_fn(labels, logits)
        _apply(self.discriminator_optimizer, tape, d_loss, self.discriminator)
        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(tf.random.normal((count, LATENT_WIDTH))))
            g_loss = self.loss_fn(tf.ones((count, 1)), logits)
        _apply(self.generator_optimizer, tape, g_loss, self.generator)
        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}


def _apply(
    optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, model: keras.Model
) -> None:
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, [v.value for v in variables]), variables, strict=True))


def _network(plan: TrainingPlan, inputs: int, outputs: int, initializer: str) -> keras.Model:
    layers: list[keras.layers.Layer] = [keras.Input((inputs,))]
    for _ in range(DEPTHS[plan.network.architecture]):
        layers.append(keras.layers.Dense(plan.network.width, kernel_initializer=initializer))
        layers.append(keras.layers.LeakyReLU(negative_slope=0.2))
    return keras.Sequential([*layers, keras.layers.Dense(outputs, kernel_initializer=initializer)])


def train(plan: TrainingPlan, client: MlflowClient) -> tuple[RunRecord, Outcome]:
    """Play one game in the active experiment and return its log and its measured outcome."""
    keras.utils.clear_session()
    gc.collect()
    keras.utils.set_random_seed(plan.seed)
    rng = np.random.default_rng(plan.data.seed)
    rows = real_points(plan.data.name, plan.data.rows, rng)
    pair = AdversarialPair(
        generator=_network(plan, LATENT_WIDTH, 2, "glorot_uniform"),
        discriminator=_network(plan, 2, 1, str(plan.settings.get("initializer", "glorot_uniform"))),
    )
    pair.compile(float(plan.settings["generator_rate"]), float(plan.settings["discriminator_rate"]))
    fresh = real_points(plan.data.name, JUDGED_POINTS, rng)
    at_start = _distance(fresh, _generate(pair, rng), rng)
    pipeline = tf.data.Dataset.from_tensor_slices(rows).shuffle(len(rows), seed=plan.seed)
    pair.fit(pipeline.batch(plan.optimiser.batch_size), epochs=plan.optimiser.epochs, verbose=0)
    return read_record(client, last_run_id()), _measure(pair, rows, fresh, at_start, rng)


def _generate(pair: AdversarialPair, rng: np.random.Generator) -> Points:
    noise = rng.normal(size=(JUDGED_POINTS, LATENT_WIDTH)).astype(np.float32)
    return np.asarray(pair.generator(noise))


def _distance(real: Points, generated: Points, rng: np.random.Generator) -> float:
    """Return the sliced Wasserstein distance between two clouds of points."""
    directions = rng.normal(size=(DIRECTIONS, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return float(np.mean([wasserstein_distance(real @ axis, generated @ axis) for axis in directions]))


def _measure(
    pair: AdversarialPair, trained: Points, fresh: Points, at_start: float, rng: np.random.Generator
) -> Outcome:
    """Judge the discriminator on fresh points, and the generator by its distance to the real ones."""
    ln_2 = float(np.log(2))
    generated = _generate(pair, rng)

    def judge(real: Points) -> tuple[float, float, float, float]:
        logits = np.asarray(pair.discriminator(np.concatenate([real, generated])))[:, 0].astype(np.float64)
        labels = np.repeat([1, 0], [len(real), len(generated)])
        balanced = np.where(labels == 1, 0.5 / len(real), 0.5 / len(generated)) * len(labels)
        probabilities = 1 / (1 + np.exp(-logits))
        auc, p_value = auc_above_half(labels, logits)
        return (
            1 - cross_entropy(labels, probabilities, balanced) / ln_2,
            auc,
            p_value,
            float(np.std(probabilities)),
        )

    train_skill, train_auc, _, _ = judge(trained)
    judged_skill, judged_auc, p_value, spread = judge(fresh)
    return Outcome(
        train_positive_share=0.5,
        judged_positive_share=0.5,
        n_train=len(trained),
        n_judged=len(fresh) + len(generated),
        train_chance=ln_2,
        judged_chance=ln_2,
        logged_chance=ln_2,
        penalty=0.0,
        train_skill=train_skill,
        judged_skill=judged_skill,
        train_auc=train_auc,
        judged_auc=judged_auc,
        judged_auc_p_value=p_value,
        prediction_spread=spread,
        dead_unit_share=None,
        saturated_unit_share=None,
        gradient_norm=float("nan"),
        first_layer_gradient_norm=float("nan"),
        trainable_parameters=int(sum(np.prod(part.shape) for part in pair.discriminator.trainable_variables)),
        trace=Trace(),
        extra=(
            ("generator_distance", _distance(fresh, generated, rng)),
            ("generator_distance_at_start", at_start),
        ),
    )
