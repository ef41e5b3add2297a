"""The whole training as one compiled function of its start: as ``fit`` does it, in a tenth of the time.

The networks and the optimizers are Keras' own, called through its stateless interface; what ``fit`` does
around them (batches, class weights, penalties, schedules, early stopping) is written out here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import jax
import jax.numpy as jnp
import keras
import numpy as np

from benchmarks.remedies.heads import row_losses
from benchmarks.zoo.plan import OptimiserPlan, TrainingPlan
from benchmarks.zoo.rows import Features

Array = Any  # JAX arrays and tracers
State = dict[str, Any]

WARMUP_FACTOR: Final = 1e-3
"""The rate during a warm-up, relative to the rate it reaches: as in ``benchmarks.zoo.training``."""

PLATEAU_FACTOR: Final = 0.5
PLATEAU_PATIENCE: Final = 5
PLATEAU_DELTA: Final = 1e-4
"""``ReduceLROnPlateau`` as the zoo uses it; the last is Keras' default."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a training is given.

    Attributes
    ----------
    features, labels, weights
        Rows trained on, their labels as coded, and their class weights.
    held_back, held_back_labels
        Rows that early stopping watches.
    asked
        Rows whose scores are wanted at the end.
    """

    features: Features
    labels: Any
    weights: Any
    held_back: Features
    held_back_labels: Any
    asked: Features


def batches(n_rows: int, plan: OptimiserPlan, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return positions of rows and whether each counts, both of shape (epochs, steps, batch).

    The last batch of an epoch is filled up with rows that do not count in its loss.
    """
    size = min(plan.batch_size, n_rows)
    steps = math.ceil(n_rows / size)
    orders = np.stack([rng.permutation(n_rows) for _ in range(plan.epochs)])
    filled = np.concatenate([orders, orders[:, : steps * size - n_rows]], axis=1)
    counted = np.concatenate([np.ones(n_rows), np.zeros(steps * size - n_rows)]).astype(np.float32)
    shape = (plan.epochs, steps, size)
    return filled.reshape(shape).astype(np.int32), np.broadcast_to(counted, filled.shape).reshape(shape)


def rates(plan: OptimiserPlan) -> Any:
    """Return the rate of every epoch, shape (epochs,), before anything reduces it."""
    name, _, share = plan.schedule.partition(":")
    factors = np.ones(plan.epochs)
    if name == "warmup":
        factors[: round(float(share) * plan.epochs)] = WARMUP_FACTOR
    elif name == "decay":
        factors = 0.5 * (1 + np.cos(np.pi * np.arange(plan.epochs) / plan.epochs))
    return (plan.learning_rate * factors).astype(np.float32)


class Course:
    """One compiled training: called with starts, rates and orders of rows, it gives the scores at the end."""

    def __init__(
        self,
        plan: TrainingPlan,
        model: keras.Model,
        optimiser: keras.optimizers.Optimizer,
        patience: int | None,
        *,
        restores_best: bool,
    ) -> None:
        self._plan = plan
        self._model = model
        self._optimiser = optimiser
        self._patience = patience
        self._restores_best = restores_best
        places = [variable is optimiser._learning_rate for variable in optimiser.variables]  # noqa: SLF001
        self._rate_place = places.index(True)
        self._compiled = jax.jit(self._run)

    def scores(self, start: State, material: Material, rate: float, rng: np.random.Generator) -> Any:
        """Train from the start at a rate and return the scores of the rows asked, shape (n_rows, units)."""
        orders, counted = batches(len(material.features), self._plan.optimiser, rng)
        rows = {name: jnp.asarray(value) for name, value in vars(material).items()}
        return np.asarray(
            self._compiled(
                start, rows, orders, counted, rates(replace(self._plan.optimiser, learning_rate=rate))
            )
        )

    def _run(self, start: State, rows: State, orders: Array, counted: Array, rates: Array) -> Array:
        first = {**start, "factor": jnp.float32(1.0), "least": jnp.inf, "waited": 0}
        first |= {"best": jnp.inf, "since": 0, "stopped": False, "kept": (start["trained"], start["other"])}

        def epoch(state: State, given: tuple[Array, Array, Array]) -> tuple[State, None]:
            after = self._epoch(state, rows, *given)
            return jax.tree.map(lambda old, new: jnp.where(state["stopped"], old, new), state, after), None

        last, _ = jax.lax.scan(epoch, first, (orders, counted, rates))
        trained, other = last["kept"] if self._restores_best else (last["trained"], last["other"])
        return self._model.stateless_call(trained, other, rows["asked"], training=False)[0]

    def _epoch(self, state: State, rows: State, orders: Array, counted: Array, rate: Array) -> State:
        of_optimiser = list(state["of_optimiser"])
        of_optimiser[self._rate_place] = rate * state["factor"]
        carry = (state["trained"], state["other"], of_optimiser)
        carry, losses = jax.lax.scan(
            lambda one, given: self._step(one, rows, *given), carry, (orders, counted)
        )
        state = dict(state, trained=carry[0], other=carry[1], of_optimiser=carry[2])
        if self._plan.optimiser.schedule == "reduce_on_plateau":
            state = _reduced(state, losses.mean())
        return state if self._patience is None else self._watched(state, rows, self._patience)

    def _step(self, carry: Any, rows: State, order: Array, counted: Array) -> tuple[Any, Array]:
        trained, other, of_optimiser = carry
        weights = rows["weights"][order] * counted

        def loss(trained: Array) -> tuple[Array, Array]:
            scores, other_after, penalties = self._model.stateless_call(
                trained, other, rows["features"][order], training=True, return_losses=True
            )
            network = self._plan.network
            losses = row_losses(network.head, network.loss, scores, rows["labels"][order])
            return (weights * losses).sum() / counted.sum() + sum(penalties), other_after

        (value, other_after), gradients = jax.value_and_grad(loss, has_aux=True)(trained)
        trained, of_optimiser = self._optimiser.stateless_apply(of_optimiser, gradients, trained)
        return (trained, other_after, of_optimiser), value

    def _watched(self, state: State, rows: State, patience: int) -> State:
        """Keep the best weights by the held-back rows, and stop after so many epochs without better ones."""
        network = self._plan.network
        scores, _ = self._model.stateless_call(
            state["trained"], state["other"], rows["held_back"], training=False
        )
        loss = row_losses(network.head, network.loss, scores, rows["held_back_labels"]).mean()
        better = loss < state["best"]
        since = jnp.where(better, 0, state["since"] + 1)
        kept = jax.tree.map(
            lambda old, new: jnp.where(better, new, old), state["kept"], (state["trained"], state["other"])
        )
        best = jnp.where(better, loss, state["best"])
        return dict(state, best=best, since=since, kept=kept, stopped=since >= patience)


def _reduced(state: State, loss: Array) -> State:
    better = loss < state["least"] - PLATEAU_DELTA
    waited = jnp.where(better, 0, state["waited"] + 1)
    is_due = waited >= PLATEAU_PATIENCE
    factor = jnp.where(is_due, PLATEAU_FACTOR * state["factor"], state["factor"])
    least = jnp.where(better, loss, state["least"])
    return dict(state, least=least, waited=jnp.where(is_due, 0, waited), factor=factor)
