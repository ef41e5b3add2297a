"""The network of a recipe, in Keras."""

from __future__ import annotations

from typing import Any

from mlflow_bce_monitor.scenarios.scenario import Optimizer, OptimizerName, Recipe


def build(recipe: Recipe, n_features: int) -> Any:
    """Return the compiled ``keras.Sequential`` of a recipe.

    Parameters
    ----------
    recipe
        The recipe.
    n_features
        Columns of the prepared rows.
    """
    import keras  # noqa: PLC0415 - takes seconds, and only a training needs it

    model = keras.Sequential([keras.Input((n_features,))])
    for units in recipe.hidden_units:
        penalty = keras.regularizers.L2(recipe.l2) if recipe.l2 else None
        model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty))
        if recipe.dropout:
            model.add(keras.layers.Dropout(recipe.dropout))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(
        optimizer=_optimizer(recipe.optimizer),
        loss="binary_crossentropy",
        metrics=[
            "accuracy",
            keras.metrics.Precision(name="precision"),
            keras.metrics.Recall(name="recall"),
            keras.metrics.AUC(name="auc"),
        ],
    )
    return model


def _optimizer(optimizer: Optimizer) -> Any:
    import keras  # noqa: PLC0415 - as above

    rate: Any = optimizer.learning_rate
    if optimizer.schedule is not None:
        rate = keras.optimizers.schedules.ExponentialDecay(
            optimizer.learning_rate,
            decay_steps=optimizer.schedule.steps,
            decay_rate=optimizer.schedule.factor,
        )
    if optimizer.name is OptimizerName.SGD:
        return keras.optimizers.SGD(rate, momentum=optimizer.momentum)
    return {OptimizerName.ADAM: keras.optimizers.Adam, OptimizerName.RMSPROP: keras.optimizers.RMSprop}[
        optimizer.name
    ](rate)
