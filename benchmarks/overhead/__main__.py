"""Time trainings with nothing, with the callback, and with autologging, by turns, and print the ratios.

    python -m benchmarks.overhead [--pairs 5]

Each round trains the same seeded model three times, in changing order, so that whatever else the
machine does falls on all three alike. The first epoch, in which TensorFlow traces, is left out of
the epoch time and stands in the column of the whole training. All log to one new SQLite store.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import keras
import mlflow
import numpy as np

from mlflow_bce_monitor.keras import BCEMonitor

WAYS: Final = ("nothing", "callback", "autolog")


@dataclass(frozen=True)
class Task:
    """A training: so many rows through so wide a network, in batches, for some epochs."""

    name: str
    units: int
    features: int
    rows: int
    batch: int
    epochs: int


TASKS: Final = (
    Task("realistic step", units=512, features=256, rows=7_680, batch=128, epochs=6),
    Task("tiny model", units=16, features=10, rows=1_000, batch=32, epochs=20),
)


@dataclass(frozen=True)
class Timing:
    """Seconds of one training: all of it, the median epoch after the first, and a step of that."""

    whole: float
    epoch: float
    step: float


class EpochTimes(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes when each epoch begins; an epoch lasts until the next one, whatever callbacks do in between."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        del epoch, logs
        self.begun.append(time.perf_counter())


def train(task: Task, way: str) -> Timing:
    """Train once, in one of the three ways."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(task.rows, task.features)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype("float32")
    layers = [keras.layers.Dense(task.units, activation="relu") for _ in range(3)]
    model = keras.Sequential(
        [keras.layers.Input((task.features,)), *layers, keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    times = EpochTimes()
    mlflow.tensorflow.autolog(disable=way != "autolog", log_models=False, log_datasets=False)
    with mlflow.start_run():
        callbacks = [times, *([BCEMonitor()] if way == "callback" else [])]
        began = time.perf_counter()
        model.fit(x, y, batch_size=task.batch, epochs=task.epochs, verbose=0, callbacks=callbacks)
        whole = time.perf_counter() - began
    mlflow.tensorflow.autolog(disable=True)
    epoch = statistics.median(np.diff(times.begun[1:]))
    return Timing(whole, float(epoch), float(epoch) / (task.rows / task.batch))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="rounds of the three trainings")
    pairs = parser.parse_args(arguments).pairs
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{Path(folder) / 'mlflow.db'}")
        mlflow.set_experiment("overhead")
        train(TASKS[-1], "nothing")  # the first training of a process loads what the others find loaded
        for task in TASKS:
            compare(task, pairs)


def compare(task: Task, pairs: int) -> None:
    """Print what the two ways cost above nothing."""
    rounds: list[dict[str, Timing]] = []
    for number in range(pairs):
        order = [WAYS[(at + number) % len(WAYS)] for at in range(len(WAYS))]
        rounds.append({way: train(task, way) for way in order})
    step = statistics.median(one["nothing"].step for one in rounds)
    print(f"\n{task.name}: {step * 1000:.1f} ms a step, {task.epochs} epochs, {pairs} rounds")
    print(f"{'':10}  {'median epoch':>14}  {'whole training':>14}", flush=True)
    for way in WAYS[1:]:
        epoch = statistics.median(one[way].epoch / one["nothing"].epoch for one in rounds)
        whole = statistics.median(one[way].whole - one["nothing"].whole for one in rounds)
        print(f"{way:10}  {epoch - 1:>+13.1%}  {whole:>+12.2f} s", flush=True)


if __name__ == "__main__":
    main()
