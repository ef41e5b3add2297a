"""One training in a process of its own, which trains a few epochs whenever it is told to.

Prints a line of JSON for each turn, with what the process has used up to then.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import mlflow
import numpy as np
import tensorflow as tf

from benchmarks.overhead.tasks import TASKS, Task
from mlflow_bce_monitor.keras import BCEMonitor


class Turns(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets the training wait after every few epochs until a line comes in; tells what was used until then."""

    def __init__(self, epochs: int, monitor: BCEMonitor) -> None:
        super().__init__()
        self._epochs = epochs
        self._budget = monitor._budget  # noqa: SLF001 - it shall not take the waiting for training
        self._wall = 0.0
        self._began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Hand over; the time of waiting does not count."""
        del logs
        if epoch % self._epochs:
            return
        self._wall += time.perf_counter() - self._began
        used = {"epoch": epoch, "wall": self._wall, "cpu": time.process_time(), "rss": resident()}
        print(json.dumps(used), flush=True)
        self._budget.stop()
        sys.stdin.readline()
        self._budget.start()
        self._began = time.perf_counter()


def resident() -> float:
    """Return the megabytes of memory that the process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Train one task in one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("way")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--turn", type=int, required=True)
    parser.add_argument("--store", required=True)
    asked = parser.parse_args()
    # One core: the others of a shared machine come and go, and threads that wait for them count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    mlflow.set_tracking_uri(asked.store)
    mlflow.set_experiment("overhead")
    mlflow.tensorflow.autolog(disable=asked.way != "autolog", log_models=False, log_datasets=False)
    model, x, y = made(TASKS[asked.task])
    monitor = BCEMonitor()
    watching = [monitor] if asked.way == "callback" else []
    with mlflow.start_run():
        model.fit(
            x,
            y,
            batch_size=TASKS[asked.task].batch,
            epochs=asked.epochs + 1,
            verbose=0,
            callbacks=[Turns(asked.turn, monitor), *watching],
        )
    own = {"own": monitor.facts["bce/overhead"], "measured": len(measured(monitor))} if watching else {}
    print(json.dumps({"end": own}), flush=True)


def made(task: Task) -> tuple[Any, Any, Any]:
    """Return a compiled model, inputs and learnable labels."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(task.rows, task.features)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("float32")
    layers = [keras.layers.Dense(task.units, activation="relu") for _ in range(3)]
    model = keras.Sequential(
        [keras.layers.Input((task.features,)), *layers, keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y


def measured(monitor: BCEMonitor) -> list[int]:
    """Return the epochs that were measured."""
    return [step for step, values in monitor.history if "bce/gradient_norm" in values]


if __name__ == "__main__":
    main()
