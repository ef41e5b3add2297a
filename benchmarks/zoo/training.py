"""Trains one plan with Keras and logs it as a stock user would: through ``mlflow.tensorflow.autolog``."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import keras
import mlflow
import numpy as np
import tensorflow as tf
from mlflow import MlflowClient

from benchmarks.zoo.architectures import ARCHITECTURES, HEADS
from benchmarks.zoo.building import build, loss_of
from benchmarks.zoo.datasets import DATA_SETS, HELD_BACK_SHARE, Prepared, prepare
from benchmarks.zoo.measurement import PredictionTrace, auc_above_half, measure_outcome, probabilities_of
from benchmarks.zoo.outcome import Outcome
from benchmarks.zoo.plan import OptimiserPlan, TrainingPlan
from benchmarks.zoo.rows import Rows
from benchmarks.zoo.store import read_record
from mlflow_bce_monitor.records import RunRecord

WARMUP_FACTOR: Final = 1e-3
"""The rate during a warm-up, relative to the rate it reaches."""

SHUFFLE_BUFFER: Final = 2048
"""Rows: more than any training set here, so that tf.data shuffles all of them."""


@dataclass(frozen=True, eq=False)
class Trained:
    """One finished training: its log, its measured outcome, and what it left behind."""

    record: RunRecord
    outcome: Outcome
    model: keras.Model
    rows: Prepared


def train(plan: TrainingPlan, client: MlflowClient) -> tuple[RunRecord, Outcome]:
    """Train one plan in the active experiment and return its log and its measured outcome."""
    trained = train_watched(plan, client, ())
    return trained.record, trained.outcome


def train_watched(
    plan: TrainingPlan, client: MlflowClient, callbacks: Sequence[keras.callbacks.Callback]
) -> Trained:
    """Train one plan in the active experiment with further callbacks."""
    model, rows = _begun(plan)
    watcher = PredictionTrace(plan, rows)
    by_hand = bool(plan.logging.own_params) or plan.logging.test_metrics
    with mlflow.start_run() if by_hand else nullcontext():
        if by_hand:  # logging outside a run would start one
            mlflow.log_params(_own_params(plan, len(rows.train)))
        model.fit(**_fit_arguments(plan, rows, [watcher], callbacks))
        if plan.logging.test_metrics:
            mlflow.log_metrics(_test_metrics(plan, model, rows))
    record = read_record(client, last_run_id())
    return Trained(record, measure_outcome(plan, rows, model, watcher.trace()), model, rows)


def fit_alone(plan: TrainingPlan, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Train one plan with these callbacks and nothing else that looks at it."""
    model, rows = _begun(plan)
    model.fit(**_fit_arguments(plan, rows, (), callbacks))


def _begun(plan: TrainingPlan) -> tuple[keras.Model, Prepared]:
    """Return the compiled network before its training, and the rows."""
    keras.utils.clear_session()
    gc.collect()
    keras.utils.set_random_seed(plan.seed)
    data_set = DATA_SETS[plan.data.name]
    rows = prepare(plan.data)
    model = build(plan.network, data_set.kind, rows.train.features.shape[1:])
    model.compile(optimizer=_optimiser(plan.optimiser), loss=loss_of(plan.network), metrics=_metrics(plan))
    return model, rows


def rebuilt(plan: TrainingPlan, weights: Sequence[Any], rate: float) -> tuple[keras.Model, Prepared]:
    """Return a trained network from its plan and what its training left, and the rows.

    Parameters
    ----------
    weights
        As the model's ``get_weights`` gave them.
    rate
        Its optimizer's learning rate at the end.
    """
    model, rows = _begun(plan)
    model.set_weights(weights)
    model.optimizer.learning_rate = rate
    return model, rows


def last_run_id() -> str:
    """Return the id of the run that was just logged, by hand or by autolog.

    Raises
    ------
    RuntimeError
        When nothing was logged: autolog is off.
    """
    run = mlflow.last_active_run()
    if run is None:
        raise RuntimeError("the training logged no MLflow run; call mlflow.tensorflow.autolog() first")
    return str(run.info.run_id)


def _optimiser(plan: OptimiserPlan) -> keras.optimizers.Optimizer:
    rate = plan.learning_rate
    makers: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "sgd": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
        "adagrad": lambda: keras.optimizers.Adagrad(rate),
    }
    return makers[plan.name]()


def _metrics(plan: TrainingPlan) -> list[Any]:
    head = HEADS[plan.network.head]
    makers: dict[str, Callable[[], Any]] = {
        "accuracy": lambda: "accuracy",
        "auc": lambda: keras.metrics.AUC(from_logits=head.from_logits, name="auc"),
        "precision": lambda: keras.metrics.Precision(name="precision"),
        "recall": lambda: keras.metrics.Recall(name="recall"),
    }
    return [makers[name]() for name in plan.logging.metrics]


def _schedule(plan: OptimiserPlan) -> list[keras.callbacks.Callback]:
    if not plan.schedule:
        return []
    if plan.schedule == "reduce_on_plateau":
        return [keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=5)]
    name, _, share = plan.schedule.partition(":")
    first_full = round(float(share or 0) * plan.epochs)

    def rate(epoch: int, _current: float) -> float:
        if name == "warmup":
            return plan.learning_rate * (WARMUP_FACTOR if epoch < first_full else 1.0)
        return plan.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / plan.epochs))

    return [keras.callbacks.LearningRateScheduler(rate)]


def _fit_arguments(
    plan: TrainingPlan,
    rows: Prepared,
    before: Sequence[keras.callbacks.Callback],
    after: Sequence[keras.callbacks.Callback],
) -> dict[str, Any]:
    """Return what ``fit`` is called with: arrays or a tf.data pipeline, with or without validation.

    Parameters
    ----------
    before, after
        Callbacks that are called before those of the plan, and after them.
    """
    optimiser, logging = plan.optimiser, plan.logging
    callbacks = [*before, *_schedule(optimiser)]
    if optimiser.patience is not None:
        monitor = "loss" if logging.validation == "none" else "val_loss"
        callbacks.append(keras.callbacks.EarlyStopping(monitor=monitor, patience=optimiser.patience))
    callbacks += after
    arguments: dict[str, Any] = {"epochs": optimiser.epochs, "callbacks": callbacks, "verbose": 0}
    if optimiser.class_weight is not None:
        arguments["class_weight"] = dict(enumerate(optimiser.class_weight))
    if logging.input_pipeline == "tf_data":
        arguments["x"] = _pipeline(plan, rows.train, shuffled=True)
        if logging.validation != "none":
            arguments["validation_data"] = _pipeline(plan, rows.held_back, shuffled=False)
        return arguments
    arguments["batch_size"] = optimiser.batch_size
    if logging.validation == "split":
        # Keras takes the last part, which is the rows held back.
        together = Rows(
            np.concatenate([rows.train.features, rows.held_back.features]),
            np.concatenate([rows.train.labels, rows.held_back.labels]),
        )
        labels = coded_labels(plan, together)
        return arguments | {"x": together.features, "y": labels, "validation_split": HELD_BACK_SHARE}
    arguments |= {"x": rows.train.features, "y": coded_labels(plan, rows.train)}
    if logging.validation == "data":
        arguments["validation_data"] = (rows.held_back.features, coded_labels(plan, rows.held_back))
    return arguments


def coded_labels(plan: TrainingPlan, rows: Rows) -> Any:
    """Return the labels as the network is given them, shape (n_rows,)."""
    low, high = plan.data.label_coding
    coded = np.where(rows.labels == 1, high, low)
    return coded if HEADS[plan.network.head].is_two_class else coded.astype(np.float32)


def _pipeline(plan: TrainingPlan, rows: Rows, *, shuffled: bool) -> tf.data.Dataset:
    options = tf.data.Options()
    # Tuning costs more than it saves on rows this small: 13 ms for every pass over the rows.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.threading.private_threadpool_size = 1
    pipeline = tf.data.Dataset.from_tensor_slices((rows.features, coded_labels(plan, rows))).with_options(
        options
    )
    if shuffled:
        pipeline = pipeline.shuffle(SHUFFLE_BUFFER, seed=plan.seed)
    return pipeline.batch(plan.optimiser.batch_size)


def _own_params(plan: TrainingPlan, n_train: int) -> dict[str, str | int | float]:
    values: dict[str, str | int | float] = {
        "lr": plan.optimiser.learning_rate,
        "learning_rate": plan.optimiser.learning_rate,
        "hidden_units": plan.network.width,
        "n_layers": ARCHITECTURES[plan.network.architecture].depth,
        "dropout": plan.network.dropout,
        "seed": plan.seed,
        "n_train": n_train,
        "optimizer": plan.optimiser.name,
    }
    return {name: values[name] for name in plan.logging.own_params}


def _test_metrics(plan: TrainingPlan, model: keras.Model, rows: Prepared) -> dict[str, float]:
    part = rows.held_back
    probabilities = probabilities_of(plan.network.head, np.asarray(model.predict_on_batch(part.features)))
    accuracy = float(np.mean((probabilities > 0.5) == (part.labels == 1)))
    return {"test_accuracy": accuracy, "test_auc": auc_above_half(part.labels, probabilities)[0]}
