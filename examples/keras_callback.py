"""A Keras training that is watched from inside, ended when it is stuck, and scanned afterwards.

The network is dead from its first step: the biases hold every ReLU below zero. The callback sees
it, says so, and ends the training after a dozen epochs of a hundred.

    pip install -e '.[tensorflow]' && python examples/keras_callback.py
"""

from __future__ import annotations

import keras
import mlflow
import numpy as np

import mlflow_bce_monitor
from mlflow_bce_monitor.keras import BCEMonitor

EXPERIMENT = "keras-callback-example"


def main() -> None:
    """Train, scan, print."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 20)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("float32")

    mlflow.set_experiment(EXPERIMENT)
    model = keras.Sequential(
        [
            keras.layers.Input((20,)),
            keras.layers.Dense(32, activation="relu", bias_initializer=keras.initializers.Constant(-100.0)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    monitor = BCEMonitor(stop_on_stall=True)
    with mlflow.start_run():
        history = model.fit(x, y, epochs=100, verbose=0, callbacks=[monitor])
        mlflow.log_params({"loss": "binary_crossentropy", "epochs": 100})
        for epoch, loss in enumerate(history.history["loss"]):
            mlflow.log_metric("loss", loss, step=epoch)
    print(
        f"ended after {len(history.epoch)} of 100 epochs; dead units: {monitor.facts['bce/dead_units']:.0%}"
    )

    table = mlflow_bce_monitor.scan(experiments=[EXPERIMENT])
    print(table[["run_name", "verdict", "cause", "confidence", "skill"]].to_string(index=False))


if __name__ == "__main__":
    main()
