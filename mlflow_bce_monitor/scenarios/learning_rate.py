"""Adam with a learning rate of 1.0, a thousand times its default.

The first steps throw the weights so far that the loss jumps to several nats and, as a
rule, every ReLU unit of a layer ends up negative for all inputs. From then on no gradient
passes it: the output is one constant, which the last bias moves about the share of
positives in steps of up to 1.0, so that the loss wanders at and above ln 2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.scenarios.rows import Rows, label_highest, uniform_features
from mlflow_bce_monitor.scenarios.scenario import (
    BASELINE,
    DataSource,
    ExponentialDecay,
    Optimizer,
    OptimizerName,
    Recipe,
    Scenario,
    SourceName,
    Variant,
)

N_ROWS: Final = 1000
N_FEATURES: Final = 10
N_INFORMATIVE: Final = 3
_STEPS_PER_EPOCH: Final = 25  # 800 training rows in batches of 32

_BASELINE: Final = Recipe(hidden_units=(64, 32), optimizer=Optimizer(OptimizerName.ADAM, 1.0))


def draw_published(seed: int) -> Rows:
    """Draw features that say nothing about the labels, which are fair coins."""
    rng = np.random.default_rng(seed)
    features = uniform_features(rng, N_ROWS, N_FEATURES)
    return Rows(features, rng.integers(0, 2, N_ROWS).astype(np.float64))


def draw_learnable(seed: int) -> Rows:
    """Draw rows of the same shape; positive is the half in which three features have the higher sum."""
    features = uniform_features(np.random.default_rng(seed), N_ROWS, N_FEATURES)
    return Rows(features, label_highest(features[:, :N_INFORMATIVE].sum(axis=1), 0.5))


def _with(optimizer: Optimizer) -> Recipe:
    return replace(_BASELINE, optimizer=optimizer)


_VARIANTS: Final = (
    Variant(BASELINE, "Adam with a learning rate of 1.0", "the loss sticks at 0.693", _BASELINE),
    Variant(
        "lower_rate",
        "Adam with a learning rate of 0.001",
        "fixes it",
        _with(Optimizer(OptimizerName.ADAM, 1e-3)),
    ),
    Variant(
        "schedule",
        "Adam with a learning rate that starts at 0.01 and loses a tenth every epoch",
        "fixes it",
        _with(
            Optimizer(OptimizerName.ADAM, 1e-2, schedule=ExponentialDecay(factor=0.9, steps=_STEPS_PER_EPOCH))
        ),
    ),
    Variant(
        "sgd",
        "SGD with a learning rate of 0.01 and momentum 0.9",
        "fixes it",
        _with(Optimizer(OptimizerName.SGD, 1e-2, momentum=0.9)),
    ),
    Variant(
        "rmsprop",
        "RMSprop with a learning rate of 0.001",
        "fixes it",
        _with(Optimizer(OptimizerName.RMSPROP, 1e-3)),
    ),
)

SCENARIO: Final = Scenario(
    name="learning_rate",
    title="A learning rate of 1.0 with Adam",
    expected_cause="learning_rate_too_high",
    sources=(
        DataSource(
            SourceName.PUBLISHED,
            "1000 x 10 uniform features, labels positive or negative at random",
            draw_published,
            _VARIANTS,
        ),
        DataSource(
            SourceName.LEARNABLE,
            "1000 x 10 uniform features; positive is the half of the rows in which the first three "
            "add up to more",
            draw_learnable,
            _VARIANTS,
        ),
    ),
)
