"""Keras models, evaluated in the run that trained them, in another one, and with experiments on copies."""

from __future__ import annotations

import json
from typing import Any

import keras
import mlflow
import numpy as np
import pytest
from evaluations import evaluate, measured, quietly, tags, told
from stores import FilledStore

from mlflow_bce_monitor import scan

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:__array__ implementation"),  # Keras saves weights so
]

N_FEATURES = 8


def rows(n: int = 300, seed: int = 0) -> tuple[Any, Any]:
    """Return rows whose label is whether three standard normal features add up to more than 0."""
    x = np.random.default_rng(seed).standard_normal((n, N_FEATURES)).astype("float32")
    return x, (x[:, :3].sum(axis=1) > 0).astype("float32")


def network(
    bias: float = 0.0, units: int = 1, output: str | None = "sigmoid", loss: Any = "binary_crossentropy"
) -> Any:
    """Return a compiled network; a bias of -100 holds all its ReLUs below zero."""
    keras.utils.set_random_seed(0)
    initial = keras.initializers.Constant(bias)
    hidden = keras.layers.Dense(64, activation="relu", bias_initializer=initial)
    layers = [keras.layers.Input((N_FEATURES,)), hidden, keras.layers.Dense(units, activation=output)]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    return model


def train(model: Any, x: Any, y: Any, epochs: int = 10) -> None:
    """Train, and log the loss and what it is to the active run."""
    history = model.fit(x, y, epochs=epochs, batch_size=32, verbose=0).history["loss"]
    mlflow.log_params({"loss": "binary_crossentropy", "positive_share": 0.5, "epochs": epochs})
    for epoch, value in enumerate(history):
        mlflow.log_metric("loss", value, step=epoch)


def log(model: Any) -> str:
    """Log a model to the active run and return its address."""
    info = quietly(mlflow.keras.log_model, model, name="model", pip_requirements=["keras"])
    return str(info.model_uri)


def without_curves(store: FilledStore, model: Any, x: Any, y: Any) -> str:
    """Train a model outside of any run, log it, and return its address."""
    model.fit(x, y, verbose=0)
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    with mlflow.start_run():
        return log(model)


def trained(store: FilledStore, model: Any, x: Any, y: Any, epochs: int = 10) -> tuple[str, str]:
    """Train and log a model in a run of its own; return (the model's address, the run's id)."""
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    with mlflow.start_run() as run:
        train(model, x, y, epochs)
        return log(model), run.info.run_id


def test_in_the_run_of_the_training(store: FilledStore) -> None:
    """A dead network evaluated where it was trained: its curve counts, and the model confirms it."""
    x, y = rows()
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    with mlflow.start_run() as run:
        model = network(bias=-100.0)
        train(model, x, y)
        uri = log(model)
        result = quietly(
            mlflow.models.evaluate, uri, x, targets=y, model_type="bce_monitor", evaluators="bce_monitor"
        )
    said = tags(store, run.info.run_id)
    assert (said["bce.verdict"], said["bce.tier"], said["bce.metric"]) == ("stalled", "model", "loss")
    assert measured(result, "output_sd") < 1e-6
    assert "The training: Stalled at chance" in told(result)["statement"]
    assert told(result)["curves_of_run"] is None
    before = store.tables()
    experiment = store.client.get_run(run.info.run_id).info.experiment_id
    row = scan(store.uri, experiments=[experiment]).iloc[0]
    assert (row["verdict"], row["cause"], row["tier"]) == ("stalled", said["bce.cause"], "model")
    assert store.tables()["tags"] == before["tags"]


def test_the_curves_of_the_run_that_logged_the_model(store: FilledStore) -> None:
    """Evaluated elsewhere, the training's curves count too; the answer stays in the run of the evaluation."""
    x, y = rows()
    uri, source = trained(store, network(), x, y)
    untouched = store.client.get_run(source).to_dictionary()
    result = evaluate(store, uri, x, targets=y)
    assert told(result)["curves_of_run"] == source
    assert f"The training, run {source}: Learning" in told(result)["statement"]
    said = tags(store, result.run_id)
    assert (said["bce.verdict"], said["bce.metric"]) == ("learning", "loss")
    assert store.client.get_run(source).to_dictionary() == untouched
    assert source != result.run_id


def test_what_was_learned_by_heart(store: FilledStore) -> None:
    """Labels without signal, memorised in training: nothing is left on other rows, which is overfitting."""
    x, _ = rows(100)
    labels = np.random.default_rng(1).permutation(np.arange(100) % 2).astype("float32")
    uri, source = trained(store, network(), x, labels, epochs=60)
    other, _ = rows(400, seed=7)
    result = evaluate(store, uri, other, targets=np.random.default_rng(2).permutation(np.arange(400) % 2))
    said = tags(store, result.run_id)
    assert said["bce.verdict"] == "overfitting"
    assert told(result)["curves_of_run"] == source


def test_probes_find_the_cause(store: FilledStore) -> None:
    """With probe=True experiments on copies name the dead units; a scan leaves that answer alone."""
    x, y = rows()
    uri = without_curves(store, network(bias=-100.0), x, y)
    config = {"bce_monitor": {"probe": True, "budget": 60, "seed": 1}}
    result = evaluate(store, uri, x, targets=y, evaluator_config=config)
    said = tags(store, result.run_id)
    assert (said["bce.verdict"], said["bce.cause"]) == ("stalled", "dead_relu")
    assert float(said["bce.confidence"]) > 0.9
    assert "Most probable cause: dead_relu" in told(result)["statement"]
    run = store.client.get_run(result.run_id)
    report = json.loads(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/bce_monitor/probe.json"))
    assert report["cause"] == "dead_relu"
    scan(store.uri, experiments=[run.info.experiment_id])
    assert tags(store, result.run_id) == said


def test_probing_logs_nothing_of_its_own(store: FilledStore) -> None:
    """Autologging would log the fits of copies and reference learners: the run holds our answer alone."""
    x, y = rows(120)
    uri = without_curves(store, network(bias=-100.0), x, y)
    quietly(mlflow.sklearn.autolog)
    try:
        result = evaluate(store, uri, x, targets=y, evaluator_config={"probe": True, "budget": 20})
    finally:
        quietly(mlflow.sklearn.autolog, disable=True)
    run = store.client.get_run(result.run_id)
    assert run.data.params == {}
    assert all(name.startswith("bce/") for name in run.data.metrics)
    experiment = run.info.experiment_id
    assert len(store.client.search_runs([experiment])) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"output": None, "loss": keras.losses.BinaryCrossentropy(from_logits=True)}, "probabilities"),
        ({"units": 2, "output": "softmax", "loss": "sparse_categorical_crossentropy"}, "column 2 of 2"),
        (
            {
                "units": 2,
                "output": None,
                "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            },
            "column 2 of 2",
        ),
    ],
    ids=("logits", "two units", "two logits"),
)
def test_outputs_of_other_forms(store: FilledStore, settings: dict[str, Any], words: str) -> None:
    """Logits go through a sigmoid, and of two units the second is the positive label's."""
    x, y = rows()
    model = network(**settings)
    uri, _ = trained(store, model, x, y)
    result = evaluate(store, uri, x, targets=y)
    assert measured(result, "roc_auc") > 0.9
    assert measured(result, "skill") > 0.4
    assert words in told(result)["predictions"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras warns of such a layer
def test_a_softmax_of_one_unit(store: FilledStore) -> None:
    """It gives 1.0 for every row, which are probabilities and no class labels."""
    x, y = rows()
    uri = without_curves(store, network(output="softmax"), x, y)
    result = evaluate(store, uri, x, targets=y)
    assert measured(result, "output_mean") == 1.0
    assert tags(store, result.run_id)["bce.verdict"] == "diverged"
