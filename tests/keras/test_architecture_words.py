"""What the callback says of a model's build, and what a diagnosis makes of it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.keras.architecture import (
    MOST_WIDTHS,
    depth,
    hidden_units,
    n_features,
    strongest_dropout,
)
from mlflow_bce_monitor.monitored import heads_of
from mlflow_bce_monitor.pipeline import diagnose
from tests.keras.small_trainings import BATCH, EPOCHS, FEATURES, ROWS, SHORT, rows, seeded_network


def stack(*between: layers.Layer, shape: tuple[int, ...] = (4,)) -> Any:
    """Return a model with layers between input and output."""
    return keras.Sequential([keras.Input(shape), *between, layers.Dense(1, activation="sigmoid")])


class Subclassed(keras.Model):
    """A model whose graph nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.end = layers.Dense(9), layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        """Return the predictions."""
        return self.end(self.hidden(inputs))


@pytest.mark.parametrize(
    ("between", "rate"),
    [
        ([layers.Dense(3)], 0.0),
        ([layers.Dense(3), layers.Dropout(0.2), layers.Dense(3), layers.Dropout(0.9)], 0.9),
        ([keras.Sequential([layers.Dense(3), layers.GaussianDropout(0.4)])], 0.4),
        ([layers.Reshape((2, 2)), layers.LSTM(3, recurrent_dropout=0.6)], 0.6),
    ],
)
def test_the_highest_dropout_rate_counts(between: list[Any], rate: float) -> None:
    """Wherever in the model it stands, in a layer of its own or inside one."""
    assert strongest_dropout(stack(*between)) == rate


def test_widths_are_those_of_hidden_dense_layers() -> None:
    """Neither the output nor a convolution is one; a graph that is not known has none."""
    assert hidden_units(stack(layers.Dense(7), layers.Dense(2))) == [7, 2]
    assert hidden_units(stack(layers.Conv1D(5, 2), layers.Flatten(), layers.Dense(3), shape=(6, 4))) == [3]
    assert len(hidden_units(stack(*(layers.Dense(2) for _ in range(MOST_WIDTHS + 3))))) == MOST_WIDTHS
    subclassed = Subclassed()
    subclassed(np.zeros((1, 4), "float32"))
    assert hidden_units(subclassed) == []


def test_depth_counts_layers_that_transform() -> None:
    """As the model summary is read: normalisation and dropout are no layers of it, nested ones are."""
    normalised = stack(layers.Dense(7), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(2))
    assert depth(normalised) == 3
    assert depth(stack(keras.Sequential([layers.Dense(3), layers.Dense(3)]))) == 3
    assert depth(stack(layers.Conv1D(5, 2), layers.Flatten(), shape=(6, 4))) == 2


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own scheduler
def test_what_nobody_logged_is_read_off_the_callback() -> None:
    """Depth, optimizer and the highest rate in force count as if they had been logged as params."""
    monitor = BCEMonitor(log_to_mlflow=False, live=False)
    model = stack(layers.Dense(7), layers.Dense(2))
    model.compile(keras.optimizers.SGD(0.25), "binary_crossentropy")
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, _rate: 0.5 / (1 + epoch))
    model.fit(*rows(), callbacks=[falling, monitor], **SHORT)
    evidence = diagnose(monitor.record()).evidence
    assert evidence.number("depth") == 3
    assert evidence.number("learning_rate") == 0.5
    assert evidence["optimizer"] == "SGD"


def test_vanishing_gradients_are_named_without_anything_else_logged() -> None:
    """Seven layers from tiny weights: the gradients say it, no param has to."""
    keras.utils.set_random_seed(0)
    monitor = BCEMonitor(log_to_mlflow=False, live=False)
    small = {"activation": "tanh", "kernel_initializer": keras.initializers.RandomNormal(stddev=0.01)}
    model = stack(*(layers.Dense(16, **small) for _ in range(6)))
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    model.fit(*rows(), epochs=15, batch_size=8, verbose=0, callbacks=[monitor])
    assert diagnose(monitor.record()).cause == "vanishing_gradients"


def test_columns_are_told_of_one_table() -> None:
    """Images and tokens have none."""
    assert n_features(stack(layers.Dense(3))) == FEATURES
    assert n_features(stack(layers.Flatten(), shape=(8, 8, 1))) is None
    tokens = keras.Sequential([keras.Input((12,), dtype="int32"), layers.Embedding(9, 2), layers.Flatten()])
    assert n_features(tokens) is None


def test_a_training_says_its_rows_widths_and_how_far_its_weights_have_moved() -> None:
    """What a person forgot to log, the callback has seen."""
    monitor = BCEMonitor(max_overhead=float("inf"))
    seeded_network().fit(*rows(), callbacks=[monitor], **SHORT)
    assert monitor.facts["dropout"] == 0.3
    assert monitor.facts["hidden_units"] == [6]
    assert monitor.facts["features"] == FEATURES
    assert monitor.facts["bce/epoch_labels"] == ROWS
    moved = [values["bce/moved"] for _, values in monitor.history]
    steps = [values["bce/update_ratio"] for _, values in monitor.history]
    assert moved[0] == pytest.approx(steps[0], rel=1e-5)
    assert moved[-1] != steps[-1]
    found = monitor.diagnosis
    assert found is None or found.evidence.number("n_updates") == EPOCHS * ROWS / BATCH


def test_labels_are_rows_where_each_row_has_one() -> None:
    """An output of several labels a row has more of them than rows."""
    from mlflow_bce_monitor.keras import live, words  # noqa: PLC0415 - what a run of the training would hold
    from mlflow_bce_monitor.settings import read_settings  # noqa: PLC0415 - as above

    said = {}
    for units in (1, 3):
        model = keras.Sequential([keras.Input((FEATURES,)), layers.Dense(units, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        x, y = rows()
        monitor = BCEMonitor(live=False)
        model.fit(x, np.repeat(y[:, None], units, axis=1), callbacks=[monitor], **SHORT)
        assert heads_of(monitor.facts)[0]["units"] == units
        tag = words.as_tag({key: value for key, value in monitor.facts.items() if "/" not in key})
        histories = {name: live_history(name, value) for name, value in monitor.facts.items() if "/" in name}
        setting = read_settings(live.record_of("run", {}, tag, histories)).n_train
        said[units] = setting.value if setting is not None else None
    assert said == {1: ROWS, 3: None}


def live_history(name: str, value: float) -> Any:
    """Return a metric's history of one point."""
    from mlflow_bce_monitor.records import MetricHistory  # noqa: PLC0415 - as above

    return MetricHistory(name, np.array([0]), np.array([0]), np.array([value]))
