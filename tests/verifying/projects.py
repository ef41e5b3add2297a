"""Real MLflow projects in temporary folders: a logistic regression in NumPy that logs its losses."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

from stores import FilledStore, stalled

MLPROJECT = """
name: small
entry_points:
  main:
    parameters:
      eta: {type: float, default: 1e-9}
      solver: {type: string, default: sgd}
      rng_seed: {type: float, default: 0}
      rows: {type: string, default: ""}
    command: "python train.py {eta} {rng_seed} {rows}"
"""

TRAIN = """
import os, sys, time
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric

rate, seed, path = float(sys.argv[1]), int(float(sys.argv[2])), sys.argv[3] if len(sys.argv) > 3 else ""
if path == "slow":
    open("started", "w").close()
    time.sleep(600)
elif path:
    np.loadtxt(path)
rng = np.random.default_rng(seed)
x = rng.standard_normal((300, 3))
y = (x.sum(axis=1) + 0.5 * rng.standard_normal(300) > 0).astype(float)
w, points = np.zeros(3), []
for epoch in range(30):
    for row in range(200):
        p = 1 / (1 + np.exp(-x[row] @ w))
        w -= rate * (p - y[row]) * x[row]
    p = np.clip(1 / (1 + np.exp(-x @ w)), 1e-7, 1 - 1e-7)
    losses = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    hits = (p > 0.5) == (y > 0.5)
    for name, part in (("", slice(0, 200)), ("val_", slice(200, 300))):
        points.append(Metric(name + "loss", losses[part].mean(), 0, epoch))
        points.append(Metric(name + "accuracy", hits[part].mean(), 0, epoch))
client = MlflowClient()
client.log_batch(os.environ["MLFLOW_RUN_ID"], metrics=points)
client.log_param(os.environ["MLFLOW_RUN_ID"], "positive_share", round(float(y[:200].mean()), 6))
"""


def project(folder: Path, *, mlproject: str = MLPROJECT, train: str = TRAIN) -> Path:
    """Write a project into a folder, and return that."""
    folder.mkdir(parents=True)
    (folder / "MLproject").write_text(textwrap.dedent(mlproject), encoding="utf-8")
    (folder / "train.py").write_text(textwrap.dedent(train), encoding="utf-8")
    return folder


def git(folder: Path, *words: str) -> str:
    """Call Git in a folder, and return what it prints."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """Commit everything in a folder; return the commit."""
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


def made_by(
    store: FilledStore,
    source: object,
    *,
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> str:
    """Log a run as MLflow logs one of a project, stuck at chance; return its id."""
    return store.run(
        store.experiment(),
        {"loss": stalled(30), "val_loss": stalled(30, seed=1)},
        name="stuck",
        params={"eta": "1e-9", "solver": "sgd", "rng_seed": "0", "rows": "''", "positive_share": "0.5"}
        | (params or {}),
        tags={
            "mlflow.project.entryPoint": "main",
            "mlflow.source.name": str(source),
            "mlflow.source.type": "PROJECT",
            **(tags or {}),
        },
    )


def statuses(store: FilledStore) -> dict[str, str]:
    """Return the status of every run of a store by its id."""
    ids = [one.experiment_id for one in store.client.search_experiments()]
    return {run.info.run_id: run.info.status for run in store.client.search_runs(ids)}


DEEP = """
name: deep
entry_points:
  main:
    parameters:
      learning_rate: {type: float, default: 0.001}
      initializer: {type: string, default: small}
      activation: {type: string, default: tanh}
      seed: {type: float, default: 0}
    command: "python train.py {learning_rate} {initializer} {activation} {seed}"
"""

TRAIN_KERAS = """
import importlib.util
import sys

assert importlib.util.find_spec("keras") is not None
import keras
import mlflow
import numpy as np

import sitecustomize
assert sitecustomize.__file__ == {sitecustomize!r}, sitecustomize.__file__

rate, initializer, activation, seed = float(sys.argv[1]), sys.argv[2], sys.argv[3], int(float(sys.argv[4]))
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(0)
x = rng.standard_normal((400, 6)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")
start = keras.initializers.RandomNormal(stddev=1e-4) if initializer == "small" else initializer
model = keras.Sequential([keras.Input((6,))])
for _ in range(6):
    model.add(keras.layers.Dense(16, activation=activation, kernel_initializer=start))
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")


class Log(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        mlflow.log_metrics({{name: float(value) for name, value in logs.items()}}, step=epoch)


with mlflow.start_run():
    mlflow.log_param("positive_share", round(float(y[:320].mean()), 6))
    model.fit(x, y, validation_split=0.2, epochs=15, batch_size=16, verbose=0, callbacks=[Log()])
"""
"""A deep network whose gradients vanish; it logs its losses and nothing else. Formatted with the path of the
``sitecustomize`` that it expects to be the user's own."""
