"""A training with the callback ends in the same weights, to the bit, as one without it."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
from small_trainings import ON_TENSORFLOW, rows, seeded_network

from mlflow_bce_monitor.keras import BCEMonitor

pytestmark = pytest.mark.training


def assert_same_weights(one: Any, other: Any) -> None:
    """Compare all weights of two models, trainable or not, bit by bit."""
    mine, theirs = one.get_weights(), other.get_weights()
    assert len(mine) == len(theirs) > 0
    assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.parametrize("kind", ON_TENSORFLOW)
def test_weights_are_the_same_to_the_bit(kind: str) -> None:
    """Whatever the data come from and however the step runs, measuring every epoch changes no weight."""
    train = ON_TENSORFLOW[kind]
    without = train([])
    monitor = BCEMonitor(max_overhead=float("inf"))
    model = train([monitor])
    assert_same_weights(model, without)
    assert monitor.not_measured == {}
    assert "train_step" not in model.__dict__
    latest = monitor.facts
    gradients = [name for name in latest if name.endswith("gradient_norm")]
    assert gradients
    assert all(np.isfinite(latest[name]) for name in gradients)
    assert any(name.endswith("roc_auc") for name in latest)


def test_epochs_that_are_not_measured_between_those_that_are() -> None:
    """The graph looks at the batches of the first and the last epoch alone, and changes no weight."""

    def train(callbacks: list[Any]) -> Any:
        model = seeded_network()
        model.fit(*rows(), epochs=4, batch_size=16, verbose=0, callbacks=callbacks)
        return model

    without = train([])
    monitor = BCEMonitor(max_overhead=0.0, live=False)
    assert_same_weights(train([monitor]), without)
    shares = [values.get("bce/positive_share") for _, values in monitor.history]
    assert shares == [pytest.approx(rows()[1].mean()), None, None, pytest.approx(rows()[1].mean())]
    assert [values.get("bce/rows") for _, values in monitor.history] == [48, None, None, 48]


def test_random_numbers_go_on_as_without_it() -> None:
    """What Python, NumPy, TensorFlow and Keras draw after the training is what they would have drawn."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load

    def drawn() -> list[float]:
        return [
            random.random(),  # noqa: S311 - no secret
            float(np.random.random()),  # noqa: NPY002 - the global generator is the point
            float(tf.random.normal([])),
            float(keras.random.normal([])),
        ]

    eagerly = ON_TENSORFLOW["run_eagerly"]  # shuffles and draws for the dropout as a graph does
    eagerly([])
    expected = drawn()
    eagerly([BCEMonitor(max_overhead=float("inf"))])
    assert drawn() == expected


def test_an_interrupted_training_leaves_the_model_usable() -> None:
    """After an interruption in mid-epoch the model trains on as it would have without the callback."""

    class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            del logs
            if batch == 1:
                raise KeyboardInterrupt

    def train(callbacks: list[Any]) -> Any:
        model = seeded_network()
        with pytest.raises(KeyboardInterrupt):
            model.fit(*rows(), epochs=2, batch_size=16, verbose=0, callbacks=[*callbacks, Interrupt()])
        callbacks.clear()
        model.fit(*rows(), epochs=1, batch_size=16, verbose=0)
        return model

    without = train([])
    callbacks = [BCEMonitor()]
    model = train(callbacks)
    assert_same_weights(model, without)
    assert "train_step" not in model.__dict__


def test_somebody_elses_training_step_is_put_back() -> None:
    """A step that was set on the model itself is used during the training, and is there afterwards."""
    model = seeded_network()
    own, called = model.train_step, []

    def counted(data: Any) -> Any:
        called.append(1)
        return own(data)

    model.train_step = counted
    model.fit(*rows(), epochs=1, batch_size=16, verbose=0, callbacks=[BCEMonitor()])
    assert called
    assert model.train_step is counted


def test_the_users_step_is_not_run_by_the_slower_executor() -> None:
    """TensorFlow takes no gate in the graph apart into switches, which would slow down every operation."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load

    traced: list[Any] = []

    class Traced(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = seeded_network()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

        def train_step(self, data: Any) -> Any:
            traced.append(tf.compat.v1.get_default_graph())
            return super().train_step(data)

    model = Traced()
    model.compile("sgd", "binary_crossentropy", jit_compile=False)
    model.fit(*rows(), epochs=2, batch_size=16, verbose=0, callbacks=[BCEMonitor(live=False)])
    gates = [one for graph in traced for one in graph.get_operations() if one.type in ("If", "StatelessIf")]
    assert gates
    for gate in gates:
        with pytest.raises(ValueError, match="_lower_using_switch_merge"):
            gate.get_attr("_lower_using_switch_merge")
