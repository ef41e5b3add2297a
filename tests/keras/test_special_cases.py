"""Keras' special cases, really trained: what is measured says what went wrong."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from small_trainings import FEATURES, rows

from mlflow_bce_monitor.keras import BCEMonitor

pytestmark = pytest.mark.training


def facts_of(
    layers: list[Any], loss: Any = "binary_crossentropy", *, y: Any = None, x: Any = None, **fit: Any
) -> dict[str, Any]:
    """Train a small network and return what the callback knows."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((FEATURES,)), *layers])
    graph = fit.get("batch_size") == 1  # many steps; tracing takes longer than a few do
    model.compile(keras.optimizers.Adam(fit.pop("rate", 0.01)), loss, run_eagerly=not graph)
    features, labels = rows(128)
    monitor = BCEMonitor(max_overhead=float("inf"))
    given = {"epochs": 3, "batch_size": 32, **fit}
    model.fit(
        features if x is None else x, labels if y is None else y, verbose=0, callbacks=[monitor], **given
    )
    assert monitor.not_measured == {}
    return monitor.facts


def dense(units: int = 1, activation: str | None = "sigmoid", **more: Any) -> Any:
    """Return a dense layer."""
    return keras.layers.Dense(units, activation=activation, **more)


def dead_layer() -> Any:
    """Return a layer whose biases hold every unit below 0."""
    return dense(8, "relu", bias_initializer=keras.initializers.Constant(-100.0))


def test_a_softmax_over_one_unit() -> None:
    """The loss is computed from the logits and falls, while every prediction is 1: the two differ by nats."""
    with pytest.warns(UserWarning, match="softmax over axis"):
        found = facts_of([dense(8, "relu"), dense(activation="softmax")], epochs=6, rate=0.03)
    assert found["heads"][0]["activation"] == "softmax"
    assert found["heads"][0]["units"] == 1
    assert found["bce/output_mean"] == pytest.approx(1.0, abs=1e-6)
    assert found["bce/output_sd"] == pytest.approx(0.0, abs=1e-6)
    assert found["bce/compiled"] < 0.6
    assert found["bce/recomputed"] > 5.0
    assert found["bce/accuracy"] == pytest.approx(np.mean(rows(128)[1]), abs=0.01)


def test_a_sigmoid_told_to_be_logits() -> None:
    """Keras takes the logits behind the sigmoid and warns; the measured loss and the recomputed one agree."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    with pytest.warns(UserWarning, match="from_logits"):
        found = facts_of([dense(8, "relu"), dense()], loss)
    assert found["heads"][0]["from_logits"] is True
    assert found["heads"][0]["activation"] == "sigmoid"
    assert found["bce/compiled"] == pytest.approx(found["bce/recomputed"], abs=1e-4)


def test_logits_without_an_activation() -> None:
    """A linear output with from_logits=True gives predictions between 0 and 1."""
    found = facts_of(
        [dense(8, "relu"), dense(activation=None)], keras.losses.BinaryCrossentropy(from_logits=True)
    )
    assert 0.0 < found["bce/output_mean"] < 1.0
    assert found["bce/compiled"] == pytest.approx(found["bce/recomputed"], abs=1e-5)


@pytest.mark.parametrize(
    ("shift", "seen", "share"),
    [
        (lambda y: 2 * y - 1, [-1.0, 1.0], "same"),
        (lambda y: y + 1, [1.0, 2.0], "same"),
        (lambda y: np.arange(len(y)) % 4, [0.0, 1.0, 2.0, 3.0], 0.75),
    ],
    ids=["-1/1", "1/2", "0..3"],
)
def test_labels_that_are_not_0_and_1(shift: Any, seen: list[float], share: float | str) -> None:
    """The label values are named, and the share of positives is that of the larger one."""
    y = rows(128)[1]
    found = facts_of([dense(8, "relu"), dense()], y=shift(y).astype("float32"))
    assert found["heads"][0]["labels"] == seen
    assert found["bce/positive_share"] == pytest.approx(y.mean() if share == "same" else share)
    assert found["bce/compiled"] == pytest.approx(found["bce/recomputed"], rel=1e-3)


def test_a_relu_as_output() -> None:
    """A ReLU output is named as such; its predictions below 0.5 are 0."""
    found = facts_of([dense(8, "relu"), dense(activation="relu")])
    assert found["heads"][0]["activation"] == "relu"
    assert found["bce/non_finite_outputs"] == 0.0


def test_batch_normalisation_with_one_row_a_batch() -> None:
    """Batches of one row beside batch normalisation are told: in training every output is the same."""
    found = facts_of([dense(4), keras.layers.BatchNormalization(), dense()], batch_size=1, epochs=1)
    assert found["bce/batch_rows"] == 1
    assert found["batch_norm"] is True
    assert found["bce/rows"] == 128


def test_dead_units() -> None:
    """A layer whose biases hold every unit below 0 is dead from the start, and passes no gradient."""
    found = facts_of([dead_layer(), dense()])
    assert found["bce/dead_units"] == found["bce/initial_dead_units"] == 1.0
    assert found["bce/output_sd"] == 0.0
    assert found["bce/gradient_ratio"] == 0.0


def test_saturated_units() -> None:
    """A sigmoid layer with huge weights is saturated; the relu beside it is not dead."""
    huge = dense(8, "sigmoid", kernel_initializer=keras.initializers.RandomNormal(stddev=500.0))
    found = facts_of([huge, dense(4, "relu"), dense()])
    assert found["bce/saturated_units"] > 0.9
    assert found["bce/dead_units"] < 1.0


def test_zero_kernels_and_equal_units() -> None:
    """A zero initialisation is seen before the first step changes it."""
    found = facts_of([dense(8, "tanh", kernel_initializer="zeros"), dense(kernel_initializer="zeros")])
    assert found["bce/zero_kernels"] == 1.0
    assert found[
        "bce/initial_gradient_ratio" if "bce/initial_gradient_ratio" in found else "bce/equal_units"
    ] in (0.0, 1.0)
    same = facts_of([dense(8, "tanh", kernel_initializer="ones"), dense()])
    assert same["bce/zero_kernels"] == 0.0
    assert same["bce/equal_units"] == 1.0


def test_inputs_that_say_nothing_and_inputs_out_of_scale() -> None:
    """Constant features are counted, and the scale is that of what arrives at the first weights."""
    x = rows(128)[0]
    constant = facts_of([dense(4, "relu"), dense()], x=np.ones_like(x))
    assert constant["bce/constant_features"] == 1.0
    assert constant["bce/arriving_sd"] == 0.0
    large = facts_of([dense(4, "relu"), dense()], x=1000 * x + 5000)
    assert large["bce/input_mean"] == pytest.approx(5000, rel=0.1)
    scaled = facts_of([keras.layers.Rescaling(1e-3), dense(4, "relu"), dense()], x=1000 * x)
    assert scaled["bce/input_sd"] > 500
    assert scaled["bce/arriving_sd"] < 2


NESTED = "nested"
SEPARABLE = "separable"
RECURRENT = "recurrent"


@pytest.mark.parametrize("kind", [NESTED, SEPARABLE, RECURRENT])
def test_what_arrives_is_measured_at_the_first_weights(kind: str) -> None:
    """Dead layers behind them do not make the inputs constant, whatever kind of layer they belong to."""
    column = keras.layers.Reshape((FEATURES, 1))
    separable = keras.layers.SeparableConv1D(4, 2)
    first = {
        NESTED: [keras.Sequential([dead_layer(), dense(4, "relu")])],
        SEPARABLE: [column, separable, keras.layers.Flatten(), dead_layer()],
        RECURRENT: [column, keras.layers.GRU(4), dead_layer()],
    }
    found = facts_of([*first[kind], dense(4, "relu"), dense()])
    assert found["bce/dead_units"] > 0.5
    assert found["bce/arriving_sd"] == pytest.approx(np.std(rows(128)[0]), rel=0.1)


def test_inputs_that_are_no_numbers() -> None:
    """NaN among the inputs is counted, and so are the outputs that come of it."""
    x = rows(128)[0]
    x[::2, 0] = np.nan
    found = facts_of([dense(4, "relu"), dense()], x=x)
    assert found["bce/non_finite_inputs"] == pytest.approx(0.5 / FEATURES, abs=0.05)
    assert found["bce/non_finite_outputs"] == 1.0


def test_two_classes_of_a_softmax() -> None:
    """A softmax over two classes is judged by its second one, with sparse and with one-hot labels."""
    y = rows(128)[1].astype(int)
    sparse = facts_of(
        [dense(8, "relu"), dense(2, "softmax")], "sparse_categorical_crossentropy", y=y.astype(int)
    )
    pairs = np.eye(2)[y]
    one_hot = facts_of([dense(8, "relu"), dense(2, "softmax")], "categorical_crossentropy", y=pairs)
    for found in (sparse, one_hot):
        assert found["bce/positive_share"] == pytest.approx(y.mean())
        assert found["bce/compiled"] == pytest.approx(found["bce/recomputed"], abs=1e-4)
    assert sparse["bce/roc_auc"] == pytest.approx(one_hot["bce/roc_auc"], abs=1e-6)


def test_penalties_stand_apart() -> None:
    """The compiled loss is without the penalty, which has a number of its own."""
    found = facts_of([dense(8, "relu", kernel_regularizer="l2"), dense()])
    assert found["bce/penalty"] > 0.0
    assert found["bce/compiled"] == pytest.approx(found["bce/recomputed"], abs=1e-4)


def test_a_penalty_does_not_hide_a_gradient_that_vanishes() -> None:
    """Weight decay pulls at every layer of a deep sigmoid network; the labels' error reaches the last."""
    plain = [dense(16) for _ in range(8)]
    decayed = [dense(16, kernel_regularizer=keras.regularizers.L2(1e-2)) for _ in range(8)]
    alone, together = (facts_of([*hidden, dense()]) for hidden in (plain, decayed))
    assert together["bce/penalty"] > 0.1
    for found in (alone, together):
        assert found["bce/gradient_ratio"] < 1e-3


def test_weights_that_a_penalty_shrank_are_told_from_large_steps() -> None:
    """At the end neither penalty nor gradient is left, and every step is large beside the weights."""
    keras.utils.set_random_seed(1)
    hidden = [dense(16, "relu", kernel_regularizer=keras.regularizers.L2(3.0)) for _ in range(3)]
    model = keras.Sequential([keras.layers.Input((FEATURES,)), *hidden, dense()])
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    monitor = BCEMonitor(max_overhead=float("inf"), log_to_mlflow=False)
    model.fit(*rows(256), epochs=30, batch_size=16, verbose=0, callbacks=[monitor])
    assert monitor.diagnosis is not None
    assert monitor.diagnosis.causes[0].cause == "over_regularization"
    assert "penalty" in monitor.diagnosis.causes[0].because


def test_what_is_measured_once_and_what_each_epoch() -> None:
    """Sizes and inputs are measured once, predictions each epoch; label smoothing is read off the loss."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((FEATURES,)), dense(5, "relu"), dense()])
    model.compile("adam", keras.losses.BinaryCrossentropy(label_smoothing=0.1))
    monitor = BCEMonitor(max_overhead=float("inf"))
    model.fit(*rows(), epochs=3, verbose=0, callbacks=[monitor])
    epochs = [values for _, values in monitor.history]
    assert ["bce/parameters" in one for one in epochs] == [True, False, False]
    assert ["bce/roc_auc" in one for one in epochs] == [True, True, True]
    assert monitor.facts["bce/trainable_parameters"] == 5 * FEATURES + 5 + 6
    assert monitor.facts["heads"][0]["label_smoothing"] == 0.1
