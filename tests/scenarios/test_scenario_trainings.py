"""Real trainings: the faults stall, the remedies work, and everything is logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlflow_bce_monitor.contract import TAG_FINGERPRINT, TAG_VERDICT
from mlflow_bce_monitor.scenarios.catalogue import find_scenario
from mlflow_bce_monitor.scenarios.fitting import chance_levels, fit, prepare
from mlflow_bce_monitor.scenarios.scenario import SourceName
from mlflow_bce_monitor.scenarios.training import Training

if TYPE_CHECKING:
    from stores import FilledStore

pytestmark = [
    pytest.mark.training,
    # Keras and MLflow under NumPy 2 and each other's newest versions.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

SEED = 0
METRICS = {"loss", "accuracy", "precision", "recall", "auc"}
LOGGED = METRICS | {f"val_{name}" for name in METRICS} | {"learning_rate"}


def _training(scenario: str, variant: str, source: SourceName = SourceName.LEARNABLE) -> Training:
    found = find_scenario(scenario)
    chosen = found.source(source).variant(variant)
    return Training(found, found.source(source), chosen, SEED, chosen.recipe)


def _history(training: Training) -> list[Mapping[str, float]]:
    rows = prepare(training.source, training.recipe, training.seed)
    epochs: list[Mapping[str, float]] = []
    fit(training.recipe, rows, training.seed, lambda _, metrics: epochs.append(metrics))
    return epochs


def _skills(training: Training) -> tuple[float, float]:
    """Return (training skill, validation skill) after the last epoch."""
    rows = prepare(training.source, training.recipe, training.seed)
    chance = chance_levels(rows, training.recipe)
    last = _history(training)[-1]
    return 1.0 - last["loss"] / chance.train, 1.0 - last["val_loss"] / chance.validation


@pytest.mark.parametrize("scenario", ["imbalanced_dataset", "learning_rate", "model_complexity"])
def test_a_baseline_stands_at_chance_on_learnable_rows(scenario: str) -> None:
    """The fault keeps a network from learning what there is to learn."""
    training, validation = _skills(_training(scenario, "baseline"))
    assert abs(training) < 0.08
    assert -0.3 < validation < 0.05


@pytest.mark.parametrize(
    ("scenario", "variant", "least"),
    [
        ("imbalanced_dataset", "class_weight", 0.07),
        ("imbalanced_dataset", "oversampling", 0.15),
        ("learning_rate", "lower_rate", 0.4),
        ("model_complexity", "wider", 0.15),
    ],
)
def test_a_remedy_learns_on_learnable_rows(scenario: str, variant: str, least: float) -> None:
    """The remedy brings skill that holds on the validation rows."""
    _, validation = _skills(_training(scenario, variant))
    assert validation > least


def test_class_weights_stay_at_their_chance_level_on_published_rows() -> None:
    """Labels without signal: the weighted loss stands at 1.8 ln 2, not lower."""
    training, validation = _skills(_training("imbalanced_dataset", "class_weight", SourceName.PUBLISHED))
    assert training == pytest.approx(0.0, abs=0.06)
    assert validation == pytest.approx(0.0, abs=0.06)


def test_a_seed_repeats_a_training() -> None:
    """The same seed gives the same curve to the last digit."""
    training = _training("learning_rate", "rmsprop")
    short = replace(training, recipe=replace(training.recipe, epochs=2))
    assert _history(short) == _history(short)


@pytest.fixture
def tracked(store: FilledStore) -> Iterator[FilledStore]:
    """Point MLflow to a fresh store."""
    import mlflow  # noqa: PLC0415 - loads slowly

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    yield store
    mlflow.set_tracking_uri(before)


def test_a_run_holds_its_curves_params_rows_and_model(tracked: FilledStore) -> None:
    """Each metric has one point an epoch, the rate follows its schedule, and the rows are an input."""
    from mlflow_bce_monitor.scenarios.tracked import train_tracked  # noqa: PLC0415 - loads MLflow

    training = _training("learning_rate", "schedule")
    done = train_tracked(replace(training, recipe=replace(training.recipe, epochs=3)))
    run = tracked.client.get_run(done.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "learning_rate/learnable/schedule"
    assert set(run.data.metrics) == LOGGED
    for name in LOGGED:
        points = tracked.client.get_metric_history(done.run_id, name)
        assert [point.step for point in points] == [0, 1, 2]
        assert tuple(point.value for point in points) == done.history[name]
    assert done.history["learning_rate"] == pytest.approx((9e-3, 8.1e-3, 7.29e-3), rel=1e-3)
    assert run.data.params["epochs"] == "3"
    contexts = {tag.value for entry in run.inputs.dataset_inputs for tag in entry.tags}
    assert "training" in contexts
    assert {item.path for item in tracked.client.list_artifacts(done.run_id)} == {"model_summary.txt"}


def test_the_scenario_entry_point_trains_evaluates_and_compares(store: FilledStore, tmp_path: Path) -> None:
    """One command leaves a finished, tagged child and a parent that holds the comparison and no answer."""
    experiment = store.experiment()
    options = ("--name", "learning_rate", "--variant", "lower_rate")
    finished = _command(store, experiment, tmp_path, *options)
    assert finished.returncode == 0, finished.stderr
    assert "learning_rate/learnable/lower_rate" in finished.stdout
    runs = store.client.search_runs([experiment])
    child = next(run for run in runs if "variant" in run.data.params)
    parent = next(run for run in runs if run is not child)
    assert len(runs) == 2
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert child.data.tags[TAG_VERDICT] == "learning"
    assert TAG_FINGERPRINT in child.data.tags
    assert not [tag for tag in parent.data.tags if tag.startswith("bce.")]
    assert not parent.data.metrics
    artifacts = {item.path for item in store.client.list_artifacts(parent.info.run_id)}
    assert {"comparison.csv", "comparison.json", "curves", "skill.png"} <= artifacts
    folder = Path(store.client.download_artifacts(parent.info.run_id, "comparison.json", str(tmp_path)))
    table = json.loads(folder.read_text())
    assert [row[table["columns"].index("verdict")] for row in table["data"]] == ["learning"]


def test_an_unknown_name_ends_with_one_line_and_exit_code_2(store: FilledStore, tmp_path: Path) -> None:
    """Nothing is trained or logged when the scenario does not exist."""
    experiment = store.experiment()
    finished = _command(store, experiment, tmp_path, "--name", "imbalance")
    assert finished.returncode == 2
    assert finished.stderr.strip().splitlines()[-1].startswith("Error: There is no scenario 'imbalance'")
    assert store.client.search_runs([experiment]) == []


def _command(
    store: FilledStore, experiment: str, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "mlflow_bce_monitor.scenarios",
            "scenario",
            "--data-source",
            "learnable",
            *options,
        ],
        cwd=folder,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": store.uri,
            "MLFLOW_EXPERIMENT_ID": experiment,
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        check=False,
    )
