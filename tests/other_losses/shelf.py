"""Real trainings, run once a session into a real store and diagnosed as a user would."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import adversarial_runs
import boosted_runs
import keras_runs
import mlflow
import preference_runs
import written_runs

from mlflow_bce_monitor import evaluate_run
from mlflow_bce_monitor.diagnosis import Diagnosis

Training = Callable[[], dict[str, str]]

TRAININGS: dict[str, Training] = {
    **keras_runs.TRAININGS,
    **boosted_runs.TRAININGS,
    **written_runs.TRAININGS,
    **preference_runs.TRAININGS,
    **adversarial_runs.TRAININGS,
}
"""Name to a function that trains one setup and returns variant to run id."""


class Shelf:
    """The trainings of this folder, by name and variant."""

    def __init__(self, uri: str, artifacts: Path) -> None:
        self.uri = uri
        self._artifacts = artifacts
        self._runs: dict[str, dict[str, str]] = {}

    def run_id(self, training: str, variant: str) -> str:
        """Return the run of a training, which is run first when nobody has asked for it yet."""
        if training not in self._runs:
            self._runs[training] = self._train(training)
        return self._runs[training][variant]

    def diagnosis(
        self, training: str, variant: str, metrics: tuple[str, ...] = (), base_rate: float | None = None
    ) -> Diagnosis:
        """Return what the package says about a run; nothing is written."""
        run_id = self.run_id(training, variant)
        return evaluate_run(run_id, tracking_uri=self.uri, metrics=metrics, base_rate=base_rate, dry_run=True)

    def _train(self, training: str) -> dict[str, str]:
        mlflow.set_tracking_uri(self.uri)
        folder = self._artifacts / training
        mlflow.set_experiment(
            experiment_id=mlflow.create_experiment(training, artifact_location=folder.as_uri())
        )
        # Autologging reaches into the frameworks; a warning turned error there would silently log nothing.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TRAININGS[training]()
