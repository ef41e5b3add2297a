"""What the callback sees of the data that a training is validated on, and what it makes of all rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from small_trainings import rows, seeded_network

from mlflow_bce_monitor.keras import BCEMonitor, held_back, signal
from mlflow_bce_monitor.rules import Supported
from mlflow_bce_monitor.scores import roc_auc

pytestmark = pytest.mark.training

EVERY: Any = {"max_overhead": float("inf")}


def tf_data(x: Any, y: Any) -> Any:
    """Return a data set that is shuffled anew each time it is read."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load

    return tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=3).batch(16)


def test_held_back_rows_are_measured() -> None:
    """Share, AUC and number are those of the rows given as validation data, not of those trained on."""
    x, y = rows(40, seed=7)
    y[:5] = 1.0
    model = seeded_network(run_eagerly=True)
    monitor = BCEMonitor(**EVERY)
    model.fit(*rows(), validation_data=(x, y), epochs=2, batch_size=16, verbose=0, callbacks=[monitor])
    found = monitor.facts
    assert monitor.not_measured == {}
    assert found["bce/validation_rows"] == 40
    assert found["bce/validation_positive_share"] == pytest.approx(y.mean())
    p = model.predict(x, verbose=0).reshape(-1).astype(np.float64)
    assert found["bce/validation_roc_auc"] == pytest.approx(roc_auc(p, y == 1), abs=1e-3)
    assert found["bce/validation_recomputed"] == pytest.approx(model.evaluate(x, y, verbose=0)[0], abs=1e-4)


def test_validation_data_that_can_be_read_once_more_only_by_moving_them() -> None:
    """Losses of a shuffled data set and weights are those without the callback, in a graph as well."""

    def train(callbacks: list[Any]) -> tuple[Any, Any]:
        model = seeded_network()
        fitted = model.fit(
            tf_data(*rows()),
            validation_data=tf_data(*rows(seed=8)),
            epochs=3,
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        )
        return model, fitted.history

    without, losses = train([])
    monitor = BCEMonitor(**EVERY)
    model, same = train([monitor])
    assert same == losses
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), without.get_weights(), strict=True))
    assert monitor.not_measured == {}
    assert monitor.facts["bce/validation_rows"] == 48
    assert "test_step" not in model.__dict__


def test_evaluations_of_somebody_else_are_left_alone() -> None:
    """What another callback evaluates is no validation, and nothing of it is looked at."""
    x, y = rows(32, seed=9)

    class Other(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            del epoch, logs
            self.model.evaluate(x, np.ones_like(y), verbose=0)

    model = seeded_network(run_eagerly=True)
    monitor = BCEMonitor(**EVERY)
    model.fit(
        *rows(),
        validation_split=0.5,
        epochs=2,
        batch_size=16,
        verbose=0,
        callbacks=[Other(), monitor],
    )
    assert monitor.facts["bce/validation_positive_share"] == pytest.approx(rows()[1][24:].mean())
    before = dict(monitor.facts)
    model.evaluate(x, y, verbose=0, callbacks=[monitor])
    assert monitor.facts == before


@pytest.mark.parametrize(("n", "key"), [(400, "inside_little_signal"), (750, "inside_no_signal")])
def test_labels_without_signal_are_told_from_a_network_that_cannot_learn(n: int, key: str) -> None:
    """The reference learner is asked at the end, and says what no curve of a training does."""
    x, _ = rows(n)
    y = (np.random.default_rng(11).random(n) < 0.5).astype("float32")
    monitor = BCEMonitor(**EVERY)
    model = seeded_network()
    model.fit(x, y, validation_split=0.3, epochs=25, batch_size=64, verbose=0, callbacks=[monitor])
    assert monitor.facts["bce/reference_distance"] < 3.0
    assert monitor.facts["bce/reference_rows"] == n
    assert monitor.diagnosis is not None
    said = monitor.diagnosis.outcomes["no_signal"]
    assert isinstance(said, Supported)
    assert key in [piece.key for piece in said.pieces]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (held_back, "tap_of"),
        (held_back.HeldBack, "rest"),
        (held_back.HeldBack, "measure"),
        (held_back.HeldBack, "restore"),
        (held_back, "_outputs"),
        (signal, "reference"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_fails_is_named_and_changes_nothing(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever part of it raises, the training ends in the same weights with the same validation losses."""

    def train(callbacks: list[Any]) -> tuple[Any, Any]:
        model = seeded_network(run_eagerly=True)
        fitted = model.fit(
            *rows(), validation_split=0.25, epochs=2, batch_size=16, verbose=0, callbacks=callbacks
        )
        return model.get_weights(), fitted.history

    weights, losses = train([])

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of order")

    monkeypatch.setattr(owner, name, broken)
    monitor = BCEMonitor(**EVERY)
    same, as_before = train([monitor])
    assert as_before == losses
    assert all(np.array_equal(a, b) for a, b in zip(same, weights, strict=True))
    assert "out of order" in str(monitor.not_measured)
