"""Two trainings that look the same, at chance, and what experiments on their models find out.

One has a learning rate far too low, the other labels that were shuffled. The first is probed from the command
line, from the model that its run has logged; the second in Python, from the live model.

    pip install -e '.[tensorflow,scenarios]' && python examples/probe_a_model.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd

from mlflow_bce_monitor.probes import probe

EXPERIMENT = "probe-a-model-example"
ROWS = Path("rows.csv")


def train(x: np.ndarray, y: np.ndarray, rate: float) -> tuple[str, keras.Model]:
    """Train a small network for five epochs and log it; return its run and the model."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((x.shape[1],)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy")
    with mlflow.start_run() as run:
        history = model.fit(x, y, epochs=5, verbose=0)
        mlflow.log_params({"loss": "binary_crossentropy", "positive_share": float(y.mean())})
        for epoch, loss in enumerate(history.history["loss"]):
            mlflow.log_metric("loss", loss, step=epoch)
        mlflow.keras.log_model(model, name="model")
    print(f"learning rate {rate:g}: the loss ends at {history.history['loss'][-1]:.3f}", flush=True)
    return run.info.run_id, model


def main() -> None:
    """Train twice, probe twice."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 4)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("int64")
    mlflow.set_experiment(EXPERIMENT)

    run_id, _ = train(x, y, rate=1e-7)
    pd.DataFrame(x).assign(label=y).to_csv(ROWS, index=False)
    # Ten minutes at most, on a busy machine; it ends when one cause is certain.
    # The model is one's own, so the code in its artifact may run: that is what --trust-model says.
    command = ["probe", run_id, "--data", str(ROWS), "--target", "label", "--trust-model", "--budget", "600"]
    subprocess.run([sys.executable, "-m", "mlflow_bce_monitor", *command], check=True)  # noqa: S603 - our own

    shuffled = random.permutation(y)
    _, model = train(x, shuffled, rate=1e-3)
    report = probe(model, x, shuffled, budget=600.0)
    print(f"cause: {report.cause} ({report.probability:.0%}), decided by {report.decided_by}")
    print(report.result("signal").sentence)


if __name__ == "__main__":
    main()
