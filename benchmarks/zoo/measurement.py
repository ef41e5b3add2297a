"""What really happened in a training, measured from predictions, activations and gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import mannwhitneyu

from benchmarks.zoo.architectures import HEADS
from benchmarks.zoo.building import SMOOTHING
from benchmarks.zoo.datasets import Prepared
from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import NetworkPlan, TrainingPlan
from benchmarks.zoo.rows import Features, Labels, Rows

FloatArray = npt.NDArray[np.float64]

CLIP: Final = 1e-7
"""Keras' epsilon: probabilities are kept this far from 0 and 1 before the logarithm."""

CHECKPOINTS: Final = 25
"""Predictions are measured after at most this many epochs, evenly spread: enough to date a plateau to 4 %."""

PROBED_ROWS: Final = 512
"""Training rows used for activations and gradients at the end."""

FOCAL_GAMMA: Final = 2.0
"""Keras' default focusing exponent."""


def cross_entropy(labels: Labels, probabilities: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the mean cross-entropy, nats; like Keras, over the number of rows and not over the weights."""
    clipped = np.clip(probabilities, CLIP, 1 - CLIP)
    losses = -np.where(labels == 1, np.log(clipped), np.log1p(-clipped))
    return float(np.mean(losses if weights is None else losses * weights))


def best_constant(labels: Labels, class_weight: tuple[float, float] | None) -> float:
    """Return the constant probability with the smallest (weighted) cross-entropy on these labels."""
    negative_weight, positive_weight = class_weight or (1.0, 1.0)
    share = float(np.mean(labels))
    return share * positive_weight / (share * positive_weight + (1 - share) * negative_weight)


def auc_above_half(labels: Labels, scores: FloatArray) -> tuple[float, float]:
    """Return the area under the ROC curve and the Mann-Whitney p-value of "it is not above one half"."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    if len(positive) == 0 or len(negative) == 0 or not np.isfinite(scores).all():
        return 0.5, 1.0
    if np.ptp(scores) == 0:
        return 0.5, 1.0
    statistic, p_value = mannwhitneyu(positive, negative, alternative="greater")
    return float(statistic / (len(positive) * len(negative))), float(p_value)


def logged_chance_level(plan: NetworkPlan, labels: Labels, class_weight: tuple[float, float] | None) -> float:
    """Return the smallest value of the *logged* training loss for a constant output, without penalties."""
    share = float(np.mean(labels))
    negative_weight, positive_weight = class_weight or (1.0, 1.0)
    target_high, target_low = (1 - SMOOTHING / 2, SMOOTHING / 2) if plan.loss == "smoothed" else (1.0, 0.0)

    def loss(constant: float) -> float:
        high, low = np.log(constant), np.log1p(-constant)
        if plan.loss == "focal":
            high, low = (1 - constant) ** FOCAL_GAMMA * high, constant**FOCAL_GAMMA * low
        of_positive = -(target_high * high + target_low * low)
        of_negative = -(target_low * high + target_high * low)
        return float(share * positive_weight * of_positive + (1 - share) * negative_weight * of_negative)

    return float(minimize_scalar(loss, bounds=(CLIP, 1 - CLIP), method="bounded").fun)


def row_weights(labels: Labels, class_weight: tuple[float, float] | None) -> FloatArray | None:
    """Return the weight of each row, None without class weights."""
    return None if class_weight is None else np.where(labels == 1, class_weight[1], class_weight[0])


def probabilities_of(head: str, outputs: npt.NDArray[np.float32]) -> FloatArray:
    """Return the probabilities that a user would read from these outputs, shape (n_rows,)."""
    values = np.asarray(outputs, dtype=np.float64)
    if HEADS[head].is_two_class:
        return np.asarray(values[:, 1])
    flat = values.reshape(-1)
    if head == "logits":
        return np.asarray(expit(flat), dtype=np.float64)
    return np.clip(flat, 0.0, 1.0)


class PredictionTrace(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Measures predictions after some epochs; logs nothing, so that the run's log stays a stock user's."""

    def __init__(self, plan: TrainingPlan, rows: Prepared) -> None:
        super().__init__()
        self._plan = plan
        self._rows = rows
        last = plan.optimiser.epochs
        self._epochs = set(np.unique(np.linspace(1, last, min(last, CHECKPOINTS)).round().astype(int)))
        self.measured: list[tuple[int, float, float, float]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Measure the untrained network as epoch 0."""
        del logs
        self._measure(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure after the epochs chosen; Keras counts from 0, the trace from 1."""
        del logs
        if epoch + 1 in self._epochs:
            self._measure(epoch + 1)

    def trace(self) -> Trace:
        """Return what was measured."""
        epochs, train, judged, auc = zip(*self.measured, strict=True)
        return Trace(epochs=epochs, train_skill=train, judged_skill=judged, judged_auc=auc)

    def _measure(self, epoch: int) -> None:
        plan, rows = self._plan, self._rows
        skills = skills_of(plan, rows, lambda x: np.asarray(self.model.predict_on_batch(x)))
        auc, _ = auc_above_half(rows.judged.labels, skills.judged_probabilities)
        self.measured.append((epoch, skills.train, skills.judged, auc))


@dataclass(frozen=True, eq=False)
class Skills:
    """Skill = 1 - cross-entropy / that of the constant trained for the training labels.

    Attributes
    ----------
    train, judged
        On the rows trained on (weighted as trained), on the rows that judge (unweighted).
    train_chance, judged_chance
        The denominators, in nats.
    train_probabilities, judged_probabilities
        Shapes (n_train,) and (n_judged,).
    """

    train: float
    judged: float
    train_chance: float
    judged_chance: float
    train_probabilities: FloatArray
    judged_probabilities: FloatArray


def skills_of(
    plan: TrainingPlan, rows: Prepared, predict: Callable[[Features], npt.NDArray[np.float32]]
) -> Skills:
    """Measure the skill of the current model on both parts of the data."""
    weight = plan.optimiser.class_weight
    constant = best_constant(rows.train.labels, weight)

    def measure(part: Rows, class_weight: tuple[float, float] | None) -> tuple[float, float, FloatArray]:
        probabilities = probabilities_of(plan.network.head, predict(part.features))
        weights = row_weights(part.labels, class_weight)
        chance = cross_entropy(part.labels, np.full(len(part), constant), weights)
        return 1 - cross_entropy(part.labels, probabilities, weights) / chance, chance, probabilities

    train, train_chance, train_probabilities = measure(rows.train, weight)
    judged, judged_chance, judged_probabilities = measure(rows.judged, None)
    return Skills(train, judged, train_chance, judged_chance, train_probabilities, judged_probabilities)


def measure_outcome(plan: TrainingPlan, rows: Prepared, model: keras.Model, trace: Trace) -> Outcome:
    """Measure the finished model."""
    skills = skills_of(plan, rows, lambda x: np.asarray(model.predict_on_batch(x)))
    train_auc, _ = auc_above_half(rows.train.labels, skills.train_probabilities)
    judged_auc, p_value = auc_above_half(rows.judged.labels, skills.judged_probabilities)
    probed = rows.train.take(slice(0, PROBED_ROWS))
    dead, saturated = _idle_unit_shares(model, probed.features)
    gradient, first_gradient = _gradient_norms(plan, model, probed)
    weight = plan.optimiser.class_weight
    return Outcome(
        train_positive_share=float(np.mean(rows.train.labels)),
        judged_positive_share=float(np.mean(rows.judged.labels)),
        n_train=len(rows.train),
        n_judged=len(rows.judged),
        train_chance=skills.train_chance,
        judged_chance=skills.judged_chance,
        logged_chance=logged_chance_level(plan.network, rows.train.labels, weight),
        penalty=float(sum(float(penalty) for penalty in model.losses)),
        train_skill=skills.train,
        judged_skill=skills.judged,
        train_auc=train_auc,
        judged_auc=judged_auc,
        judged_auc_p_value=p_value,
        prediction_spread=float(np.std(skills.judged_probabilities)),
        dead_unit_share=dead,
        saturated_unit_share=saturated,
        gradient_norm=gradient,
        first_layer_gradient_norm=first_gradient,
        trainable_parameters=int(sum(np.prod(weights.shape) for weights in model.trainable_variables)),
        trace=trace,
    )


def _idle_unit_shares(model: keras.Model, features: Features) -> tuple[float | None, float | None]:
    """Return the largest share of units, over the layers, that are always 0 (relu) or always at a bound.

    A sigmoid or tanh unit is at a bound when it is nearer than 0.01 on every row. None when
    the network has no layer of that kind.
    """
    near = 0.01
    hidden = [layer for layer in model.layers[:-1] if _activation_name(layer) in {"relu", "tanh", "sigmoid"}]
    if not hidden:
        return None, None
    probe = keras.Model(model.inputs, [layer.output for layer in hidden])
    outputs = probe(features, training=False)
    dead: list[float] = []
    saturated: list[float] = []
    for layer, output in zip(hidden, outputs if isinstance(outputs, list) else [outputs], strict=True):
        units = np.asarray(output).reshape(-1, output.shape[-1])
        name = _activation_name(layer)
        if name == "relu":
            dead.append(float(np.mean((units == 0).all(axis=0))))
        else:
            low = 0.0 if name == "sigmoid" else -1.0
            at_bound = (units < low + near) | (units > 1 - near)
            saturated.append(float(np.mean(at_bound.all(axis=0))))
    return max(dead, default=None), max(saturated, default=None)


def _activation_name(layer: keras.layers.Layer) -> str:
    if isinstance(layer, keras.layers.GRU | keras.layers.LSTM):
        return ""  # their activation acts on the state inside, not on the output
    return getattr(getattr(layer, "activation", None), "__name__", "")


def _gradient_norms(plan: TrainingPlan, model: keras.Model, rows: Rows) -> tuple[float, float]:
    """Return the norm of the gradient of the trained loss: of all trainable weights, of the first kernel."""
    variables = [variable.value for variable in model.trainable_variables]
    if not variables:
        return 0.0, 0.0
    low, high = plan.data.label_coding
    labels = np.where(rows.labels == 1, high, low)
    weights = row_weights(rows.labels, plan.optimiser.class_weight)
    with tf.GradientTape() as tape:
        outputs = model(rows.features, training=False)
        targets = labels if HEADS[plan.network.head].is_two_class else labels[:, None].astype(np.float32)
        loss = model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights)
    gradients = [tf.convert_to_tensor(part) for part in tape.gradient(loss, variables) if part is not None]
    if not gradients:
        return 0.0, 0.0
    return float(tf.linalg.global_norm(gradients)), float(tf.norm(gradients[0]))
