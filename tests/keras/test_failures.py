"""Whatever fails in the measuring, the training goes on and ends as it would have."""

from __future__ import annotations

import logging
from typing import Any

import keras
import numpy as np
import pytest
from small_trainings import ON_TENSORFLOW, arrays, rows, seeded_network

from mlflow_bce_monitor import scores
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.keras import (
    BCEMonitor,
    forward,
    gradients,
    heads,
    inputs,
    live,
    measuring,
    randomness,
    run_log,
    tap,
    tap_tensorflow,
    weights,
    words,
)
from mlflow_bce_monitor.keras import (
    rows as rows_module,
)

pytestmark = pytest.mark.training

PARTS: list[tuple[Any, str]] = [
    (measuring, "tap_of"),
    (measuring.Measuring, "begin"),
    (measuring.Measuring, "begin_epoch"),
    (measuring.Measuring, "settings_now"),
    (measuring.Measuring, "measure_now"),
    (measuring.Measuring, "test_signal"),
    (measuring.Measuring, "restore"),
    (measuring.Measuring, "forget"),
    (tap.RowBuffer, "add"),
    (tap.RowBuffer, "rows"),
    (tap_tensorflow, "table_in_graph"),
    (tap_tensorflow.TensorFlowTap, "look"),
    (tap_tensorflow.TensorFlowTap, "rest"),
    (tap_tensorflow.TensorFlowTap, "tables"),
    (tap_tensorflow.TensorFlowTap, "_take"),
    (tap_tensorflow.TensorFlowTap, "_copy_for"),
    (forward, "watched_pass"),
    (forward, "_look"),
    (forward, "loss_of"),
    (gradients, "gradient_norms"),
    (heads, "head_scores"),
    (heads, "heads_of"),
    (inputs, "input_facts"),
    (scores, "roc_auc"),
    (weights, "copies_of"),
    (weights, "update_ratios"),
    (weights, "initial_facts"),
    (words, "words_of"),
    (words, "as_tag"),
    (randomness.random, "getstate"),
    (live, "diagnose"),
    (run_log.RunLog, "send_epoch"),
    (run_log.RunLog, "finish"),
]


class BrokenError(RuntimeError):
    """What the parts are made to raise."""


EAGER = ON_TENSORFLOW["run_eagerly"]
"""Nothing has to be traced, which takes longer than such a training; the hooks are the same."""


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    """Return the weights of the training without the callback."""
    found: list[Any] = EAGER([]).get_weights()
    return found


@pytest.mark.parametrize(("owner", "name"), PARTS, ids=[f"{name}" for _, name in PARTS])
def test_a_part_that_raises_is_named_once(
    owner: Any,
    name: str,
    expected: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The training ends in the same weights, and the failure is said once with its reason."""
    calls = []

    def broken(*_: Any, **__: Any) -> Any:
        calls.append(1)
        raise BrokenError("out of order")

    monkeypatch.setattr(owner, name, broken)
    monkeypatch.setattr(live, "HELD_FOR", 1)
    monitor = BCEMonitor(max_overhead=float("inf"))
    with caplog.at_level(logging.WARNING):
        model = EAGER([monitor])
    assert calls, "the part is not used"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), expected, strict=True))
    reasons = [record.getMessage() for record in caplog.records if "out of order" in record.getMessage()]
    assert reasons
    assert len(reasons) == len(set(reasons)) <= 4
    assert all("BrokenError" in reason and "The training goes on" in reason for reason in reasons)
    assert "BrokenError" in str(monitor.not_measured)


def test_counting_that_fails_while_a_graph_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in the middle of a branch of the graph leaves the user's step as it is."""
    without = arrays([])

    def broken(*_: Any, **__: Any) -> Any:
        raise BrokenError("out of order")

    monkeypatch.setattr(tap_tensorflow, "table_in_graph", broken)
    monitor = BCEMonitor()
    model = arrays([monitor])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), without.get_weights(), strict=True))
    assert "BrokenError" in str(monitor.not_measured)


def test_an_interruption_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while something is measured ends the training, as it should."""

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(gradients, "gradient_norms", interrupted)
    with pytest.raises(KeyboardInterrupt):
        arrays([BCEMonitor()])


def test_inputs_that_cannot_be_captured(caplog: pytest.LogCaptureFixture) -> None:
    """Sparse inputs are trained on as ever; what can be measured without rows is."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load

    x, y = rows()
    dense = keras.layers.Dense(1, activation="sigmoid")
    entrance = keras.Input((4,), sparse=True)
    model = keras.Model(entrance, dense(entrance))
    model.compile("sgd", "binary_crossentropy")
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    sparse = data.map(lambda features, label: (tf.sparse.from_dense(features), label))
    monitor = BCEMonitor(max_overhead=float("inf"))
    model.fit(sparse, epochs=2, shuffle=False, verbose=0, callbacks=[monitor])
    assert monitor.facts["bce/learning_rate"] == pytest.approx(0.01)
    assert "bce/update_ratio" in monitor.facts
    assert "bce/roc_auc" not in monitor.facts
    assert not [record for record in caplog.records if "Traceback" in record.getMessage()]


def test_an_optimizer_changed_and_a_model_compiled_anew_in_mid_training() -> None:
    """A model that is compiled again between two trainings is measured with its new loss."""
    model = seeded_network()
    monitor = BCEMonitor(max_overhead=float("inf"))
    model.fit(*rows(), epochs=1, verbose=0, callbacks=[monitor])
    model.compile("sgd", "mse")
    model.fit(*rows(), epochs=1, verbose=0, callbacks=[monitor])
    assert monitor.not_measured == {}
    assert monitor.facts["heads"][0]["loss"] == "mse"
    assert monitor.facts["optimizer"] == "SGD"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_overhead": -0.1}, "max_overhead is a share .* got -0.1"),
        ({"max_overhead": float("nan")}, "got nan"),
        ({"write_timeout": -1}, "write_timeout is in seconds"),
        ({"run_id": "a" * 32, "log_to_mlflow": False}, "names a run to log to"),
        ({"stop_on_stall": True, "live": False}, "stop_on_stall=True needs live=True"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    """An argument that cannot be is refused at once, before any training."""
    with pytest.raises(UsageError, match=said):
        BCEMonitor(**arguments)


def test_the_row_buffer_keeps_to_its_size() -> None:
    """Rows are kept up to a number, fewer where they are large; sequences of another length are left out."""
    buffer = rows_module.RowBuffer()
    for _ in range(30):
        buffer.add((0, 0, None), [np.zeros((20, 3)), np.zeros(20), None])
    kept = buffer.rows()
    assert kept is not None
    assert buffer.full
    assert (kept.n, kept.x.shape, kept.y.shape, kept.weights) == (256, (256, 3), (256,), None)
    buffer.clear()
    buffer.add((0, 0, None), [np.zeros((8, 1024, 1024)), np.zeros(8), None])
    assert buffer.full
    assert buffer.rows().n == 3  # type: ignore[union-attr]
