"""Fitting one recipe to prepared rows: a pure training, nothing is tracked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlflow_bce_monitor.chance.level import chance_level, constant_prediction, loss_of_constant
from mlflow_bce_monitor.scenarios.network import build
from mlflow_bce_monitor.scenarios.rows import Rows
from mlflow_bce_monitor.scenarios.scenario import DataSource, Recipe

OnEpoch = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number, from 0, and its metrics by name."""


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """What a training is given.

    Attributes
    ----------
    drawn
        All rows as the source drew them.
    train, validation
        The two parts after the recipe's preparation.
    """

    drawn: Rows
    train: Rows
    validation: Rows


@dataclass(frozen=True)
class ChanceLevels:
    """The losses of a network that has learned nothing but the shares of its training labels, in nats.

    Without the penalty of regularisation, which comes on top.
    """

    train: float
    validation: float


def prepare(source: DataSource, recipe: Recipe, seed: int) -> PreparedRows:
    """Draw the rows of a source, split them, and prepare both parts as the recipe says."""
    drawn = source.draw(seed)
    train, validation = drawn.split_off_end(recipe.validation_split)
    if recipe.preparation is not None:
        train, validation = recipe.preparation.apply(train, validation, seed)
    return PreparedRows(drawn, train, validation)


def chance_levels(rows: PreparedRows, recipe: Recipe) -> ChanceLevels:
    """Return the chance levels of a training and of its validation.

    Keras weights the training loss and not the validation loss, so the latter is compared
    with the constant that is best for the weighted (or resampled) training labels.
    """
    weights = (
        (1.0, 1.0)
        if recipe.class_weight is None
        else (recipe.class_weight.negative, recipe.class_weight.positive)
    )
    share = rows.train.positive_share
    learned = constant_prediction(share, *weights)
    return ChanceLevels(
        train=chance_level(share, *weights),
        validation=loss_of_constant(learned, rows.validation.positive_share),
    )


def fit(recipe: Recipe, rows: PreparedRows, seed: int, on_epoch: OnEpoch) -> Any:
    """Build and train the network of a recipe; return the trained ``keras.Sequential``.

    Parameters
    ----------
    recipe, rows
        How and on what.
    seed
        Of the initial weights, the order of the batches and the dropout.
    on_epoch
        Told the metrics of each epoch as Keras names them, and ``learning_rate``, the
        optimizer's rate at the end of the epoch.
    """
    import keras  # noqa: PLC0415 - takes seconds, and only a training needs it

    keras.utils.set_random_seed(seed)
    model = build(recipe, rows.train.n_features)
    weight = recipe.class_weight

    def report(epoch: int, logs: Mapping[str, float]) -> None:
        rate = float(np.asarray(model.optimizer.learning_rate))
        on_epoch(epoch, {**{name: float(value) for name, value in logs.items()}, "learning_rate": rate})

    model.fit(
        *_arrays(rows.train),
        validation_data=_arrays(rows.validation),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        class_weight=None if weight is None else {0: weight.negative, 1: weight.positive},
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
        verbose=0,
    )
    return model


def _arrays(
    rows: Rows,
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.float32]]]:
    """Return the features, shape (n_rows, n_features), and the labels, shape (n_rows,), in float32."""
    return rows.features.astype(np.float32), rows.labels.astype(np.float32)
