"""A plain Keras training with MLflow's autologging, stuck at chance, scanned afterwards.

Nothing in the training knows about this package: the learning rate is simply far too low.

    pip install -e '.[tensorflow]' && python examples/keras_autolog.py
"""

from __future__ import annotations

import keras
import mlflow
import numpy as np

import mlflow_bce_monitor

EXPERIMENT = "keras-autolog-example"


def main() -> None:
    """Train, scan, print."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 20)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("float32")

    mlflow.set_experiment(EXPERIMENT)
    mlflow.tensorflow.autolog(log_models=False)
    model = keras.Sequential(
        [
            keras.layers.Input((20,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-7), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, validation_split=0.2, epochs=10, verbose=0)

    table = mlflow_bce_monitor.scan(experiments=[EXPERIMENT])
    print(table[["run_name", "verdict", "cause", "confidence", "skill"]].to_string(index=False))


if __name__ == "__main__":
    main()
