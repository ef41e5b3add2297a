"""The chance levels against the losses that Keras itself reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlflow_bce_monitor.chance.level import chance_level, constant_prediction, focal_chance_level

pytestmark = pytest.mark.training

N_ROWS = 1_000


def fitted_loss(loss: Any, share: float, prediction: float, class_weight: dict[int, float] | None) -> float:
    """Return the training loss that Keras reports for a model whose output is one constant."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    x = np.zeros((N_ROWS, 1), dtype=np.float32)
    y = (np.arange(N_ROWS) < round(share * N_ROWS)).astype(np.float32)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
    model.layers[0].set_weights([np.zeros((1, 1)), np.array([np.log(prediction / (1.0 - prediction))])])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
    # One batch: Keras' running mean of several batches is the same up to rounding, and slower.
    fitted = model.fit(x, y, epochs=1, batch_size=N_ROWS, class_weight=class_weight, verbose=0)
    return float(fitted.history["loss"][0])


@pytest.mark.parametrize(
    ("share", "w0", "w1", "smoothing"),
    [
        (0.5, 1.0, 1.0, 0.0),
        (0.1, 1.0, 1.0, 0.0),
        (0.1, 1.0, 9.0, 0.0),
        (0.2, 3.0, 0.5, 0.0),
        (0.1, 1.0, 1.0, 0.2),
        (0.1, 1.0, 9.0, 0.2),
    ],
)
def test_keras_reports_the_chance_level(share: float, w0: float, w1: float, smoothing: float) -> None:
    """A constant model under ``class_weight`` and label smoothing has the level as its loss, a minimum."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    loss = keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    weights = {0: w0, 1: w1}
    best = constant_prediction(share, w0, w1)
    if smoothing:
        positive = share * w1 * (1.0 - smoothing / 2.0) + (1.0 - share) * w0 * smoothing / 2.0
        best = positive / (share * w1 + (1.0 - share) * w0)
    level = chance_level(share, w0, w1, smoothing)
    assert fitted_loss(loss, share, best, weights) == pytest.approx(level, abs=1e-5)
    for other in (0.8 * best, 1.0 - 0.8 * (1.0 - best)):
        assert fitted_loss(loss, share, other, weights) > level + 1e-4


@pytest.mark.parametrize(("share", "gamma"), [(0.5, 2.0), (0.1, 2.0), (0.1, 1.0)])
def test_keras_focal_loss_is_smallest_at_the_focal_level(share: float, gamma: float) -> None:
    """No constant model has a focal loss below the focal chance level, and the best one reaches it."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    y = (np.arange(N_ROWS) < share * N_ROWS).astype(np.float32)[:, None]
    focal = keras.losses.BinaryFocalCrossentropy(gamma=gamma, apply_class_balancing=False)
    losses = [float(focal(y, np.full_like(y, q))) for q in np.linspace(0.01, 0.99, 197)]
    assert min(losses) == pytest.approx(focal_chance_level(share, gamma), rel=1e-3)
    assert min(losses) >= focal_chance_level(share, gamma) - 1e-6
