"""Copies of a model to experiment on: with its present weights, or with new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import keras
import numpy as np

from mlflow_bce_monitor import scores
from mlflow_bce_monitor.keras import activations, forward, heads
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.losses import TWO_CLASSES, loss_words
from mlflow_bce_monitor.keras.rows import Rows
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.data import Data
from mlflow_bce_monitor.probes.labelled import LabelledRows
from mlflow_bce_monitor.scores import Skill

BATCH: Final = 32
USUAL_RATES: Final = {"SGD": 1e-2, "Adagrad": 1e-2, "Adadelta": 1.0, "Lion": 1e-4}
USUAL_RATE: Final = 1e-3
_PROBES_AT_ONCE: Final = 1024
_TWO: Final = 2


def usual_rate(optimizer: Any) -> float:
    """Return the rate that usually works with an optimizer's class."""
    return USUAL_RATES.get(type(optimizer).__name__, USUAL_RATE)


def rate_of(model: Any) -> float | None:
    """Return the learning rate that a model was compiled with, a schedule's first one; None without."""
    optimizer = _inner(getattr(model, "optimizer", None))
    if optimizer is None:
        return None
    rate = optimizer._learning_rate  # noqa: SLF001 - the property gives a schedule's value at the last step
    value = rate(0) if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else rate
    return float(keras.ops.convert_to_numpy(value))


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)


def new_copy(model: Any, x: Any) -> Any:
    """Return an uncompiled copy with new weights from the layers' initialisers.

    Raises
    ------
    Exception
        Whatever a custom class raises that cannot be made from its configuration.
    """
    copy = keras.models.clone_model(model)
    if not copy.built:
        copy(forward.to_tensors(keras.tree.map_structure(lambda leaf: leaf[:1], x)), training=False)
    if [tuple(v.shape) for v in copy.weights] != [tuple(v.shape) for v in model.weights]:
        raise ValueError("the copy made from the model's configuration has weights of other shapes")
    return copy


def probabilities(model: Any, data: LabelledRows) -> FloatArray:
    """Return the predicted probability of the positive class, shape (n,); logits go through a sigmoid."""
    parts = []
    with keras.StatelessScope(state_mapping=forward.as_mapping(model.variables)):
        for start in range(0, data.n, _PROBES_AT_ONCE):
            part = data.rows(np.arange(start, min(start + _PROBES_AT_ONCE, data.n)))
            parts.append(
                np.asarray(
                    keras.ops.convert_to_numpy(forward.outputs_of(model, forward.to_tensors(part.x))),
                    np.float64,
                )
            )
    outputs = np.concatenate(parts)
    words, logits = loss_words(getattr(model, "loss", None)), gives_logits(model)
    if outputs.ndim > 1 and outputs.shape[-1] == _TWO and (words.name in TWO_CLASSES or not words.name):
        return scores.second_of_two(outputs.reshape(-1, _TWO), logits=logits)
    flat = outputs.reshape(data.n, -1).mean(axis=1)
    return scores.sigmoid(flat) if logits else flat


def gives_logits(model: Any) -> bool:
    """Whether a model's output is meant to go through a sigmoid or softmax first."""
    kind = heads.output_activations(model, "", {}, 1)[0]
    return kind == activations.LINEAR and loss_words(getattr(model, "loss", None)).from_logits is not False


def skill_of(p: FloatArray, data: Data) -> Skill:
    """Return the skill of predicted probabilities; chance is the rows' own share of positives."""
    return scores.skill(p, data.positive)


def balanced_skill_of(p: FloatArray, data: Data) -> Skill:
    """Return the skill on rows weighted so that either class counts one half."""
    share = float(data.positive.mean())
    weights = np.where(data.positive, 0.5 / share, 0.5 / (1.0 - share))
    return scores.skill(p, data.positive, weights, 0.5)


class State(NamedTuple):
    """Weights of a copy, and the variables of its optimizer."""

    weights: list[Any]
    optimizer: list[Any]


@dataclass
class Trainee:
    """A compiled copy that can be set back and trained again at another rate, without compiling anew."""

    model: Any
    optimizer: Any
    fresh: list[Any]
    _optimizer_start: list[Any]

    def start(self, weights: Sequence[Any], rate: float) -> None:
        """Set weights and rate, and forget the optimizer's state."""
        self.model.set_weights(list(weights))
        for variable, value in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        self.optimizer.learning_rate = rate

    def state(self) -> State:
        """Return what is needed to train on from here."""
        return State(
            self.model.get_weights(),
            [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in self.optimizer.variables],
        )

    def resume(self, state: State) -> None:
        """Put back a state, learning rate included."""
        self.model.set_weights(state.weights)
        for variable, value in zip(self.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)

    def train(
        self, data: Data, steps: int, rng: np.random.Generator, clock: Clock, batch: int = BATCH
    ) -> bool:
        """Make some steps; return whether all were made before the budget ended."""
        order = np.zeros(0, int)
        for _ in range(steps):
            if clock.is_over:
                return False
            if order.size < min(batch, data.n):
                order = rng.permutation(data.n)
            taken, order = order[:batch], order[batch:]
            part = data.rows(taken)
            self.model.train_on_batch(part.x, part.y)
        return True

    def skill(self, data: Data) -> Skill:
        """Return the skill of its predictions."""
        return skill_of(probabilities(self.model, data), data)

    def balanced_skill(self, data: Data) -> Skill:
        """Return the skill of its predictions where either class counts one half."""
        return balanced_skill_of(probabilities(self.model, data), data)


def trainee_of(model: Any, x: Any) -> Trainee:
    """Return a copy of a model, compiled with its loss and its optimizer's class; see :func:`new_copy`."""
    copy = new_copy(model, x)
    given = _inner(getattr(model, "optimizer", None))
    if given is None:
        optimizer = keras.optimizers.Adam(USUAL_RATE)
    else:
        config = {**given.get_config(), "learning_rate": usual_rate(given)}
        optimizer = type(given).from_config(config)
    loss = getattr(model, "loss", None) or "binary_crossentropy"
    # A clone comes with the model's metrics: an AUC costs three times as much as the step it looks at.
    copy.compile(optimizer=optimizer, loss=loss, metrics=[], jit_compile=False)
    optimizer.build(copy.trainable_variables)
    start = [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in optimizer.variables]
    return Trainee(copy, optimizer, copy.get_weights(), start)


def rows_of(data: Data) -> Rows:
    """Return rows as the measuring of the callback takes them."""
    return Rows(data.x, data.y, None, data.n)
