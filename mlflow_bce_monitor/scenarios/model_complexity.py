"""Two hidden units for a hundred features.

On labels that depend on products of factors, two ReLU units cannot express what there is
to learn, and the loss stays at ln 2. More units, more layers, or features in which the
products are easy to find, can.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.scenarios.preparation import principal_components, products_of_block_means
from mlflow_bce_monitor.scenarios.rows import (
    Rows,
    label_highest,
    noisy_measurements,
    uniform_features,
    uniform_ranks,
)
from mlflow_bce_monitor.scenarios.scenario import (
    BASELINE,
    DataSource,
    Optimizer,
    OptimizerName,
    Recipe,
    Scenario,
    SourceName,
    Variant,
)

N_ROWS: Final = 1000
N_FEATURES: Final = 100
N_FACTORS: Final = 10
SENSORS_PER_FACTOR: Final = N_FEATURES // N_FACTORS
MEASUREMENT_NOISE: Final = 0.5
"""Standard deviations of a factor, in each single sensor."""

_BASELINE: Final = Recipe(hidden_units=(2,), optimizer=Optimizer(OptimizerName.ADAM, 1e-3))


def draw_published(seed: int) -> Rows:
    """Draw features that say nothing about the labels, which are fair coins."""
    rng = np.random.default_rng(seed)
    features = uniform_features(rng, N_ROWS, N_FEATURES)
    return Rows(features, rng.integers(0, 2, N_ROWS).astype(np.float64))


def draw_learnable(seed: int) -> Rows:
    """Draw rows of the same shape, in which blocks of features measure one factor each.

    Positive is the half of the rows in which the first two factors and the next two agree
    more, by the sum of their products; the other factors do not matter.
    """
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((N_ROWS, N_FACTORS))
    sensors = noisy_measurements(rng, np.repeat(factors, SENSORS_PER_FACTOR, axis=1), MEASUREMENT_NOISE)
    agreement = factors[:, 0] * factors[:, 1] + factors[:, 2] * factors[:, 3]
    return Rows(uniform_ranks(sensors), label_highest(agreement, 0.5))


_VARIANTS: Final = (
    Variant(BASELINE, "2 hidden units for 100 features", "the loss sticks at 0.693", _BASELINE),
    Variant("wider", "128 hidden units", "fixes it", replace(_BASELINE, hidden_units=(128,))),
    Variant("deeper", "two hidden layers of 64 units", "fixes it", replace(_BASELINE, hidden_units=(64, 64))),
    Variant(
        "wider_regularized",
        "128 hidden units with dropout 0.3 and L2 0.0001",
        "fixes it",
        replace(_BASELINE, hidden_units=(128,), dropout=0.3, l2=1e-4),
    ),
    Variant(
        "pca",
        f"{N_FACTORS} principal components in front of 64 hidden units",
        "fixes it",
        replace(_BASELINE, hidden_units=(64,), preparation=principal_components(N_FACTORS)),
    ),
    Variant(
        "handmade_features",
        "products of the means of the blocks in front of 64 hidden units",
        "fixes it",
        replace(_BASELINE, hidden_units=(64,), preparation=products_of_block_means(N_FACTORS)),
    ),
)

SCENARIO: Final = Scenario(
    name="model_complexity",
    title="Two hidden units for a hundred features",
    expected_cause="insufficient_capacity",
    sources=(
        DataSource(
            SourceName.PUBLISHED,
            "1000 x 100 uniform features, labels positive or negative at random",
            draw_published,
            _VARIANTS,
        ),
        DataSource(
            SourceName.LEARNABLE,
            "1000 x 100 uniform features in ten blocks, each measuring one factor; positive is the half "
            "of the rows in which the products of the first two and of the next two factors add up to more",
            draw_learnable,
            _VARIANTS,
        ),
    ),
)
