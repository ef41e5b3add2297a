"""Plans without an injected fault that look like trouble, or end in a trouble of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.base_plans import base_plan, logging_plan, unhurried
from benchmarks.zoo.datasets import DATA_SETS
from benchmarks.zoo.faults import change
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.suitability import is_curved, is_deep, is_deep_enough, is_plentiful, is_wide


@dataclass(frozen=True)
class Recipe:
    """Plans without an injected fault that are worth having.

    Attributes
    ----------
    kind
        Their word in ``TrainingPlan.kind``.
    runs
        Number per block.
    suits
        (architecture, data set) -> whether the pair serves.
    adapt
        Changes a base plan into one of these.
    """

    kind: str
    runs: int
    suits: Callable[[str, str], bool]
    adapt: Callable[[TrainingPlan, np.random.Generator], TrainingPlan]


def from_recipe(block: str, recipe: Recipe, place: int, rng: np.random.Generator) -> TrainingPlan:
    """Return one plan of a recipe."""
    plan = recipe.adapt(base_plan(block, place, rng, recipe.suits), rng)
    number = (RECIPES + SUPPLEMENT).index(recipe)
    plan_id = f"{block}-{recipe.kind}-{number}-{place:02d}"
    logging = logging_plan(plan.network.head, plan.optimiser.epochs, rng)
    return replace(plan, plan_id=plan_id, experiment=plan_id, kind=recipe.kind, logging=logging)


def _hard(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Flip so many labels that the best possible skill lies between 0.05 and 0.2."""
    flipped = float(rng.choice([0.25, 0.28, 0.31, 0.34]))  # 1 - H(flipped) / ln 2: 0.19, 0.14, 0.11, 0.08
    plan = change(plan, "data", rows=2100, positive_share=None, flipped_share=flipped)
    plan = change(plan, "network", width=min(plan.network.width, 12), dropout=0.0, loss="crossentropy")
    epochs = int(rng.choice([8, 10, 15, 20, 30]))
    return change(plan, "optimiser", epochs=epochs, class_weight=None, patience=None)


def _imbalanced(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    share = float(rng.choice([0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4]))
    plan = change(plan, "data", rows=2800, positive_share=share)
    weighted = rng.random() < 0.4
    weight = (1.0, round((1 - share) / share, 2)) if weighted else None
    epochs = int(rng.choice([10, 15, 20, 30, 50]))
    return change(plan, "optimiser", epochs=epochs, class_weight=weight, patience=None)


def _overfitting(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Few rows with many wrong labels, a wide network and many epochs."""
    flipped, rows = float(rng.choice([0.25, 0.35, 0.42])), int(rng.choice([84, 140, 210]))
    plan = change(plan, "data", rows=rows, positive_share=None, flipped_share=flipped)
    plan = change(
        plan, "network", width=2 * ARCHITECTURES[plan.network.architecture].width[1], dropout=0.0, l2=0.0
    )
    epochs = int(rng.choice([50, 80, 120, 200]))
    return change(plan, "optimiser", epochs=epochs, batch_size=16, class_weight=None, patience=None)


def _saddle(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Train on a label that no single column says anything about: the loss stands, then falls."""
    plan = change(plan, "network", dropout=0.0, activation="relu", loss="crossentropy", l2=0.0)
    slow = {"hidden_xor": 0.5}.get(plan.data.name, 1.0)
    rate, epochs = slow * float(rng.choice([0.012, 0.02, 0.03])), int(rng.choice([40, 60, 80]))
    return unhurried(plan, name="sgd", learning_rate=rate, epochs=epochs, batch_size=32)


def _small_weights(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Start so near to zero that all units must first grow out of it."""
    scale, rate = float(rng.choice([0.01, 0.03, 0.06])), float(rng.choice([0.01, 0.02, 0.04]))
    plan = change(plan, "data", positive_share=None)
    plan = change(
        plan, "network", kernel_initializer=f"normal:{scale}", dropout=0.0, activation="tanh", l2=0.0
    )
    return unhurried(
        plan, name="sgd", learning_rate=rate, epochs=int(rng.choice([20, 30, 50])), batch_size=32
    )


def _warmup(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Take a rate a thousandth as large at first, and first outputs near one half."""
    share, epochs = float(rng.choice([0.3, 0.45, 0.6])), int(rng.choice([20, 30, 50]))
    plan = change(plan, "data", positive_share=None)
    plan = change(plan, "network", kernel_initializer="normal:0.1", loss="crossentropy")
    return unhurried(plan, name="adam", schedule=f"warmup:{share}", learning_rate=5e-3, epochs=epochs)


def _deep_sigmoid(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Let gradients vanish at first, and overcome that with many steps of Adam."""
    plan = change(plan, "network", activation="sigmoid", kernel_initializer="glorot_uniform", dropout=0.0)
    rate, epochs = float(rng.choice([0.002, 0.004, 0.008])), int(rng.choice([40, 60, 100]))
    return unhurried(plan, name="adam", learning_rate=rate, epochs=epochs, batch_size=32)


RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe(
        "hard",
        14,
        lambda architecture, data: is_plentiful(data) and ARCHITECTURES[architecture].depth < 8,
        _hard,
    ),
    Recipe("imbalanced", 18, lambda _architecture, data: is_plentiful(data), _imbalanced),
    Recipe("overfitting", 16, is_wide, _overfitting),
    Recipe("escaped", 9, lambda _architecture, data: DATA_SETS[data].stratum == "saddle", _saddle),
    Recipe("escaped", 7, is_deep_enough, _small_weights),
    Recipe("escaped", 6, lambda _architecture, data: is_plentiful(data), _warmup),
    Recipe("escaped", 10, is_deep, _deep_sigmoid),
)
"""All recipes; plan ids hold their position."""


def _slow_sigmoid(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Take as many epochs as a deep sigmoid network needs to get going, and a few more."""
    plan = change(plan, "network", activation="sigmoid", kernel_initializer="glorot_uniform", dropout=0.0)
    plan = change(plan, "data", rows=1050)
    deeper = ARCHITECTURES[plan.network.architecture].depth >= 8
    rates, lengths = ([0.003, 0.005], [60, 100]) if deeper else ([0.001, 0.0015, 0.002], [20, 30, 40])
    return unhurried(
        plan,
        name="adam",
        learning_rate=float(rng.choice(rates)),
        epochs=int(rng.choice(lengths)),
        batch_size=32,
    )


def _narrow_saddle(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
    """Have too few units to find a way out at once, but enough to find one."""
    plan = change(plan, "data", positive_share=None, rows=1400)
    plan = change(plan, "network", width=int(rng.choice([2, 3, 4])), activation="tanh", dropout=0.0, l2=0.0)
    epochs = int(rng.choice([20, 30, 40]))
    return unhurried(
        plan, name="adam", learning_rate=float(rng.choice([1e-3, 2e-3])), epochs=epochs, batch_size=32
    )


SUPPLEMENT: Final[tuple[Recipe, ...]] = (
    Recipe("escaped", 8, is_deep, _slow_sigmoid),
    Recipe("escaped", 8, is_curved, _narrow_saddle),
)
"""Recipes added after the pilot."""
