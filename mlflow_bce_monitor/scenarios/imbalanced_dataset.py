"""Nine negatives for each positive.

The loss falls to the entropy of the labels, H(0.1) = 0.325, and stays: the network has
learned how rare positives are and nothing else. It never shows 0.693. Weights and
resampling take that easy gain away; on labels that depend on the features something else
is then learned, on labels that do not, the network merely predicts 0.5 for everything.

Why the learnable rows stall: Adam divides each step by the root mean square of the
gradients so far. In the first steps all examples pull the output down together, so this
mean is large, and whatever follows moves slowly. Positives lie in the middle of two
factors, where no single feature tells them apart: such a signal grows slowly from nothing,
and ten epochs end before it shows in the loss. Weighted or resampled, there is no common
pull at the start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.scenarios.preparation import OVERSAMPLING, UNDERSAMPLING
from mlflow_bce_monitor.scenarios.rows import (
    Rows,
    label_highest,
    noisy_measurements,
    uniform_features,
    uniform_ranks,
)
from mlflow_bce_monitor.scenarios.scenario import (
    BASELINE,
    ClassWeight,
    DataSource,
    Optimizer,
    OptimizerName,
    Recipe,
    Scenario,
    SourceName,
    Variant,
)

N_ROWS: Final = 1000
N_FEATURES: Final = 10
N_FACTORS: Final = 2
POSITIVE_SHARE: Final = 0.1
MEASUREMENT_NOISE: Final = 0.1
"""Standard deviations of a factor, in each single feature."""

_PUBLISHED: Final = Recipe(hidden_units=(64,), optimizer=Optimizer(OptimizerName.ADAM, 1e-3))
_LEARNABLE: Final = replace(_PUBLISHED, hidden_units=(56,))
_WIDTH_DEVIATION: Final = "56 hidden units instead of 64: a wider layer begins to learn within ten epochs"
_UNDERSAMPLED_EPOCHS: Final = 50
_EPOCHS_DEVIATION: Final = (
    f"{_UNDERSAMPLED_EPOCHS} epochs instead of 10: an undersampled epoch has a fifth of the steps"
)


def draw_published(seed: int) -> Rows:
    """Draw features that say nothing about the labels."""
    rng = np.random.default_rng(seed)
    features = uniform_features(rng, N_ROWS, N_FEATURES)
    return Rows(features, label_highest(rng.random(N_ROWS), POSITIVE_SHARE))


def draw_learnable(seed: int) -> Rows:
    """Draw rows of the same shape, in which five features each measure one of two factors.

    Positive is the tenth of the rows in which both factors are nearest to their middle.
    """
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((N_ROWS, N_FACTORS))
    repeated = np.repeat(factors, N_FEATURES // N_FACTORS, axis=1)
    features = uniform_ranks(noisy_measurements(rng, repeated, MEASUREMENT_NOISE))
    return Rows(features, label_highest(-np.abs(factors).sum(axis=1), POSITIVE_SHARE))


def _variants(baseline: Recipe, deviation: str = "") -> tuple[Variant, ...]:
    return (
        Variant(
            BASELINE,
            "90 % of the labels are negative",
            "the loss sticks at 0.693",
            baseline,
            deviation,
        ),
        Variant(
            "class_weight",
            "class_weight={0: 1, 1: 9}",
            "fixes it",
            replace(baseline, class_weight=ClassWeight(1.0, 9.0)),
            deviation,
        ),
        Variant(
            "oversampling",
            "positives repeated until the classes are of one size",
            "fixes it",
            replace(baseline, preparation=OVERSAMPLING),
            deviation,
        ),
        Variant(
            "undersampling",
            "negatives left out until the classes are of one size",
            "fixes it",
            replace(
                baseline,
                preparation=UNDERSAMPLING,
                epochs=_UNDERSAMPLED_EPOCHS if deviation else baseline.epochs,
            ),
            f"{deviation}; {_EPOCHS_DEVIATION}" if deviation else "",
        ),
    )


SCENARIO: Final = Scenario(
    name="imbalanced_dataset",
    title="Nine negatives for each positive",
    expected_cause="class_imbalance",
    sources=(
        DataSource(
            SourceName.PUBLISHED,
            "1000 x 10 uniform features, a tenth of the labels positive at random",
            draw_published,
            _variants(_PUBLISHED),
        ),
        DataSource(
            SourceName.LEARNABLE,
            "1000 x 10 uniform features, five each measuring one of two factors; positive is the tenth "
            "of the rows in which both factors are nearest to their middle",
            draw_learnable,
            _variants(_LEARNABLE, _WIDTH_DEVIATION),
        ),
    ),
)
