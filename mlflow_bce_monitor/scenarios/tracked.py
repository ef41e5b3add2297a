"""One training as one MLflow run, logged as a careful user would log it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mlflow
import numpy as np
from mlflow.data.numpy_dataset import NumpyDataset, from_numpy

from mlflow_bce_monitor.contract import TAG_RERUN
from mlflow_bce_monitor.scenarios.fitting import ChanceLevels, PreparedRows, chance_levels, fit, prepare
from mlflow_bce_monitor.scenarios.rows import Rows
from mlflow_bce_monitor.scenarios.training import Training, made_alone_by, params

MODEL_SUMMARY = "model_summary.txt"
"""Where Keras autologging puts it as well."""


@dataclass(frozen=True)
class TrackedTraining:
    """A training that was logged.

    Attributes
    ----------
    run_id
        Of its MLflow run.
    training
        What was trained.
    chance
        The chance levels of its two losses, in nats.
    history
        Metric name to its values, one an epoch.
    """

    run_id: str
    training: Training
    chance: ChanceLevels
    history: Mapping[str, tuple[float, ...]]

    @property
    def training_skill(self) -> float:
        """1 - loss / chance level at the last epoch, training data, penalties included."""
        return 1.0 - self.history["loss"][-1] / self.chance.train

    @property
    def validation_skill(self) -> float:
        """1 - loss / chance level at the last epoch, validation data, penalties included."""
        return 1.0 - self.history["val_loss"][-1] / self.chance.validation


def train_tracked(training: Training) -> TrackedTraining:
    """Train and log one run; a child of the active run where there is one.

    The run logs its params, both parts of the data set as inputs, the metrics of every
    epoch as they come, and the model's summary. If the training fails, so does the run.
    """
    rows = prepare(training.source, training.recipe, training.seed)
    history: dict[str, list[float]] = {}
    with mlflow.start_run(run_name=training.name, nested=mlflow.active_run() is not None) as run:
        mlflow.set_tag(TAG_RERUN, made_alone_by(training))
        mlflow.log_params(params(training, rows))
        _log_rows(training, rows)

        def on_epoch(epoch: int, metrics: Mapping[str, float]) -> None:
            mlflow.log_metrics(dict(metrics), step=epoch)
            for name, value in metrics.items():
                history.setdefault(name, []).append(value)

        model = fit(training.recipe, rows, training.seed, on_epoch)
        lines: list[str] = []
        model.summary(print_fn=lambda line, **_: lines.append(line))
        mlflow.log_text("\n".join(lines), MODEL_SUMMARY)
    return TrackedTraining(
        run_id=run.info.run_id,
        training=training,
        chance=chance_levels(rows, training.recipe),
        history={name: tuple(values) for name, values in history.items()},
    )


def _log_rows(training: Training, rows: PreparedRows) -> None:
    name = f"{training.scenario.name}-{training.source.name}-{training.seed}"
    for part, context in ((rows.train, "training"), (rows.validation, "validation")):
        mlflow.log_input(_dataset(part, name), context=context)


def _dataset(rows: Rows, name: str) -> NumpyDataset:
    return from_numpy(rows.features.astype(np.float32), targets=rows.labels.astype(np.float32), name=name)
