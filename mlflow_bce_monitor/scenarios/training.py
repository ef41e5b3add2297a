"""One training of the plan, and what is logged so that it can be repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlflow_bce_monitor.scenarios.fitting import PreparedRows
from mlflow_bce_monitor.scenarios.scenario import DataSource, Optimizer, Recipe, Scenario, Variant


@dataclass(frozen=True)
class Training:
    """One variant of a scenario on one data source with one seed.

    Attributes
    ----------
    scenario, source, variant
        From the catalogue.
    seed
        Of rows, weights, batches and resampling.
    recipe
        The variant's, or a changed one.
    overrides
        By which params of the entry point it was changed.
    """

    scenario: Scenario
    source: DataSource
    variant: Variant
    seed: int
    recipe: Recipe
    overrides: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The run's name, such as ``imbalanced_dataset/learnable/class_weight``."""
        return f"{self.scenario.name}/{self.source.name}/{self.variant.name}"


def plan(
    scenarios: Sequence[Scenario],
    seeds: Sequence[int],
) -> tuple[Training, ...]:
    """Return every variant of the scenarios on both data sources, seed after seed."""
    return tuple(
        Training(scenario, source, variant, seed, variant.recipe)
        for seed in seeds
        for scenario in scenarios
        for source in scenario.sources
        for variant in source.variants
    )


def made_alone_by(training: Training) -> str:
    """Return the entry point and the params that make this one training, as JSON for ``bce.rerun``."""
    parameters: dict[str, str | int | float] = {
        "name": training.scenario.name,
        "data_source": str(training.source.name),
        "variant": training.variant.name,
        "seed": training.seed,
        **training.overrides,
    }
    return json.dumps({"entry_point": "scenario", "parameters": parameters})


def params(training: Training, rows: PreparedRows) -> dict[str, str | int | float]:
    """Return everything needed to repeat a training, under the names people use.

    Nothing here names the fault: the evaluator must find it out.
    """
    recipe = training.recipe
    return {
        "scenario": training.scenario.name,
        "data_source": str(training.source.name),
        "variant": training.variant.name,
        "seed": training.seed,
        **_optimizer_params(recipe.optimizer),
        "loss": "binary_crossentropy",
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "validation_split": recipe.validation_split,
        "hidden_units": ", ".join(map(str, recipe.hidden_units)),
        "activation": "relu",
        "kernel_initializer": "glorot_uniform",
        "dropout": recipe.dropout,
        "l2": recipe.l2,
        "class_weight": _class_weight(recipe),
        "preparation": "none" if recipe.preparation is None else recipe.preparation.name,
        "features": rows.train.n_features,
        "n_train": len(rows.train),
        "n_validation": len(rows.validation),
        "train_positive_share": rows.train.positive_share,
        "validation_positive_share": rows.validation.positive_share,
    }


def _optimizer_params(optimizer: Optimizer) -> dict[str, str | int | float]:
    schedule = optimizer.schedule
    return {
        "optimizer": str(optimizer.name),
        "learning_rate": optimizer.learning_rate,
        "momentum": optimizer.momentum,
        "schedule": "constant"
        if schedule is None
        else f"exponential decay by {schedule.factor} every {schedule.steps} steps",
    }


def _class_weight(recipe: Recipe) -> str:
    """Return the weights as Keras autologging prints them."""
    weight = recipe.class_weight
    return "None" if weight is None else str({0: weight.negative, 1: weight.positive})
