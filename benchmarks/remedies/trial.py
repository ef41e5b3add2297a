"""Trains one changed plan from some seeds, and measures what the models can do on rows they have not seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import jax
import keras
import numpy as np
import numpy.typing as npt

from benchmarks.remedies.changed import Changed
from benchmarks.remedies.course import Course, Material
from benchmarks.remedies.heads import outputs_of
from benchmarks.remedies.trials import Measured
from benchmarks.zoo.building import build
from benchmarks.zoo.datasets import DATA_SETS, Prepared, prepare
from benchmarks.zoo.measurement import CLIP, auc_above_half, cross_entropy, probabilities_of
from benchmarks.zoo.plan import OptimiserPlan, TrainingPlan
from benchmarks.zoo.rows import Kind, Labels, Rows

FloatArray = npt.NDArray[np.float64]

SEEDS: Final = 2**31
"""Keras takes seeds below it."""


class Workshop:
    """Trains changed plans; what differs in nothing but its rate, weights or rows is compiled once."""

    def __init__(self) -> None:
        keras.utils.clear_session()
        jax.clear_caches()
        self._courses: dict[str, Course] = {}

    def train(self, changed: Changed, repetitions: Sequence[int]) -> list[Measured]:
        """Train and measure.

        Parameters
        ----------
        changed
            What to train. The rows are those of the plan in every repetition.
        repetitions
            Numbers from 0 on: another start and another order of the rows. None of them is the plan's own.

        Returns
        -------
        list of Measured
            One for each repetition.
        """
        plan, rows = changed.plan, controlled(changed, rows_of(changed))
        weights = _weights(changed, rows.train.labels)
        material = _material(plan, rows, weights)
        measured = []
        for repetition in repetitions:
            before = time.monotonic()
            seed = seed_of(plan, repetition)
            keras.utils.set_random_seed(seed)
            model = _network(plan, rows)
            optimiser = _optimiser(plan.optimiser, changed.clipnorm)
            optimiser.build(model.trainable_variables)
            start = {
                "trained": [variable.value for variable in model.trainable_variables],
                "other": [variable.value for variable in model.non_trainable_variables],
                "of_optimiser": [variable.value for variable in optimiser.variables],
            }
            course = self._course(changed, model, optimiser)
            scores = course.scores(start, material, plan.optimiser.learning_rate, np.random.default_rng(seed))
            measured.append(_measure(plan, rows, scores, weights, round(time.monotonic() - before, 2)))
        return measured

    def _course(self, changed: Changed, model: keras.Model, optimiser: keras.optimizers.Optimizer) -> Course:
        plan, patience = changed.plan, changed.patience
        without_rate = replace(plan.optimiser, learning_rate=0.0, class_weight=None)
        key = repr((plan.network, without_rate, plan.data.label_coding, changed.clipnorm, patience))
        if key not in self._courses:
            watched = plan.optimiser.patience if patience is None else patience
            self._courses[key] = Course(plan, model, optimiser, watched, restores_best=patience is not None)
        return self._courses[key]


def seed_of(plan: TrainingPlan, repetition: int) -> int:
    """Return the seed of a repetition; none of them is the plan's own."""
    return (plan.seed + 1 + repetition) % SEEDS


def skill(labels: Labels, probabilities: FloatArray, share: float) -> float:
    """Return 1 - cross-entropy / that of predicting the training rows' share of positives for all."""
    return 1 - cross_entropy(labels, probabilities) / cross_entropy(labels, np.full(len(labels), share))


def balanced_skill(labels: Labels, probabilities: FloatArray, share: float) -> float:
    """Return the skill where either class counts one half.

    The odds are those of the training rows' share; divided by it they are those of even classes.
    """
    even = without_weights(probabilities, (1 - share, share))
    clipped = np.clip(even, CLIP, 1 - CLIP)
    losses = [-np.log(clipped[labels == 1]).mean(), -np.log1p(-clipped[labels == 0]).mean()]
    return 1 - float(np.mean(losses)) / float(np.log(2))


def without_weights(probabilities: FloatArray, weights: tuple[float, float] | None) -> FloatArray:
    """Return the probabilities without the class weights of the training.

    A model that was trained with weights predicts the odds times w1 / w0 (Elkan 2001, IJCAI). Divided out,
    a weighted and an unweighted model are measured by one chance level.
    """
    if weights is None:
        return probabilities
    negative, positive = weights
    of_positive = probabilities * negative
    return np.asarray(of_positive / (of_positive + (1 - probabilities) * positive), dtype=np.float64)


def _measure(
    plan: TrainingPlan, rows: Prepared, scores: Any, weights: tuple[float, float] | None, seconds: float
) -> Measured:
    head = plan.network.head
    probabilities = without_weights(probabilities_of(head, outputs_of(head, scores)), weights)
    of_train, of_judged = probabilities[: len(rows.train)], probabilities[len(rows.train) :]
    share = float(np.mean(rows.train.labels))
    return Measured(
        skill=skill(rows.judged.labels, of_judged, share),
        train_skill=skill(rows.train.labels, of_train, share),
        balanced_skill=balanced_skill(rows.judged.labels, of_judged, share),
        auc=auc_above_half(rows.judged.labels, of_judged)[0],
        seconds=seconds,
    )


def _network(plan: TrainingPlan, rows: Prepared) -> keras.Model:
    """Return the network without its last activation."""
    model = build(plan.network, DATA_SETS[plan.data.name].kind, rows.train.features.shape[1:])
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Dense))
    last.activation = keras.activations.linear
    return model


def _optimiser(plan: OptimiserPlan, clipnorm: float | None) -> keras.optimizers.Optimizer:
    rate, optimizers = plan.learning_rate, keras.optimizers
    made = {
        "adam": lambda: optimizers.Adam(rate, clipnorm=clipnorm),
        "sgd": lambda: optimizers.SGD(rate, clipnorm=clipnorm),
        "momentum": lambda: optimizers.SGD(rate, momentum=0.9, clipnorm=clipnorm),
        "rmsprop": lambda: optimizers.RMSprop(rate, clipnorm=clipnorm),
        "adagrad": lambda: optimizers.Adagrad(rate, clipnorm=clipnorm),
    }
    return made[plan.name]()


def _material(plan: TrainingPlan, rows: Prepared, weights: tuple[float, float] | None) -> Material:
    negative, positive = weights or (1.0, 1.0)
    return Material(
        features=rows.train.features,
        labels=_coded(plan, rows.train),
        weights=np.where(rows.train.labels == 1, positive, negative).astype(np.float32),
        held_back=rows.held_back.features,
        held_back_labels=_coded(plan, rows.held_back),
        asked=np.concatenate([rows.train.features, rows.judged.features]),
    )


def _coded(plan: TrainingPlan, rows: Rows) -> Any:
    low, high = plan.data.label_coding
    return np.where(rows.labels == 1, high, low).astype(np.float32)


def rows_of(changed: Changed) -> Prepared:
    """Return the rows of the plan, standardised where that is changed."""
    rows = prepare(changed.plan.data)
    if not changed.scaled or DATA_SETS[changed.plan.data.name].kind is Kind.SEQUENCE:
        return rows
    fitted = np.asarray(rows.train.features, dtype=np.float64)
    mean, deviation = fitted.mean(axis=0), fitted.std(axis=0)
    deviation[deviation == 0] = 1.0  # what Keras' Normalization and scikit-learn's scaler do

    def scale(part: Rows) -> Rows:
        scaled = (np.asarray(part.features, dtype=np.float64) - mean) / deviation
        return Rows(scaled.astype(np.float32), part.labels)

    return Prepared(scale(rows.train), scale(rows.held_back), scale(rows.judged))


def controlled(changed: Changed, rows: Prepared) -> Prepared:
    """Return the rows as a control makes them."""
    rng = np.random.default_rng(changed.plan.seed)
    train, held_back, judged = rows.train, rows.held_back, rows.judged
    if changed.zeroed:
        train, held_back, judged = (
            Rows(np.zeros_like(part.features), part.labels) for part in (train, held_back, judged)
        )
    if changed.permuted:
        train = Rows(train.features, rng.permutation(train.labels))
    if changed.few_rows:
        half = changed.few_rows // 2
        chosen = [rng.permutation(np.flatnonzero(train.labels == label))[:half] for label in (0, 1)]
        train = train.take(np.resize(np.concatenate(chosen), len(train)))
    return Prepared(train, held_back, judged)


def _weights(changed: Changed, labels: Labels) -> tuple[float, float] | None:
    if not changed.balanced:
        return changed.plan.optimiser.class_weight
    share = float(np.mean(labels))
    return 0.5 / (1 - share), 0.5 / share
