"""What reaches an MLflow run, with and without autologging, and a store that goes away."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import mlflow
import pytest
from small_trainings import SHORT, rows, seeded_network
from stores import FilledStore

from mlflow_bce_monitor.curves.heads import heads_of
from mlflow_bce_monitor.curves.names import read_name
from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.keras.words import as_tag
from mlflow_bce_monitor.keras.writer import Epoch, Writer
from mlflow_bce_monitor.monitored import HEAD_WORDS, LAYERS_ARTIFACT, MEASURED, TAG, WORDS, metric_name

pytestmark = pytest.mark.training


@pytest.fixture
def client(store: FilledStore) -> mlflow.MlflowClient:
    """Return a client of a new store, which is the current one as well."""
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment("trainings")
    return mlflow.MlflowClient(store.uri)


def steps(client: mlflow.MlflowClient, run_id: str, name: str) -> list[int]:
    """Return the steps at which a metric was logged."""
    return sorted(point.step for point in client.get_metric_history(run_id, name))


def fit(monitor: BCEMonitor, **more: Any) -> Any:
    """Train for two epochs, eagerly: tracing would take longer."""
    model = more.pop("model", None) or seeded_network(run_eagerly=True)
    model.fit(*rows(), **{**SHORT, **more}, callbacks=[monitor])
    return model


def test_an_active_run_gets_nothing_where_nothing_was_asked_for(client: mlflow.MlflowClient) -> None:
    """As in the reruns of a verification: what was measured stays with the callback."""
    monitor = BCEMonitor(log_to_mlflow=False)
    with mlflow.start_run() as run:
        fit(monitor)
    found = client.get_run(run.info.run_id).data
    assert not found.metrics
    assert TAG not in found.tags
    assert client.list_artifacts(run.info.run_id) == []
    assert monitor.record().histories["bce/roc_auc"].values.size


def test_the_active_run_gets_everything(client: mlflow.MlflowClient) -> None:
    """Metrics at step = epoch go on over further trainings; tag and artifact are there."""
    monitor = BCEMonitor(max_overhead=float("inf"))
    with mlflow.start_run() as run:
        model = fit(monitor)
        fit(monitor, model=model)
        fit(monitor, model=model, initial_epoch=4, epochs=6)
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    run_id = run.info.run_id
    assert steps(client, run_id, "bce/roc_auc") == [0, 1, 2, 3, 4, 5]
    found = client.get_run(run_id).data
    assert set(found.metrics) <= {metric_name(name) for name in MEASURED}
    assert not found.params
    said = json.loads(found.tags[TAG])
    assert said.keys() == WORDS.keys()
    assert said["heads"][0].keys() == HEAD_WORDS.keys()
    layers = json.loads(mlflow.artifacts.load_text(f"runs:/{run_id}/{LAYERS_ARTIFACT}"))
    assert layers.keys() == {"start", "epochs"}
    assert all("gradient_norm" in of for of in layers["start"].values())


def test_a_run_by_its_id(client: mlflow.MlflowClient) -> None:
    """A run that is not active, finished even, is written to; its status and end time stay."""
    with mlflow.start_run() as run:
        pass
    before = client.get_run(run.info.run_id).info
    fit(BCEMonitor(run_id=run.info.run_id))
    after = client.get_run(run.info.run_id)
    assert (after.info.status, after.info.end_time) == (before.status, before.end_time)
    assert "bce/gradient_norm" in after.data.metrics
    assert mlflow.active_run() is None


def test_without_a_run_nothing_is_written(client: mlflow.MlflowClient) -> None:
    """Without a run the facts stay in memory, and no run is started."""
    monitor = BCEMonitor()
    fit(monitor)
    assert mlflow.active_run() is None
    assert client.search_runs(["0", *[e.experiment_id for e in client.search_experiments()]]) == []
    assert "bce/roc_auc" in monitor.facts


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # MLflow reads the optimizer's settings so
@pytest.mark.parametrize("first", [True, False], ids=["autolog first", "callback first"])
@pytest.mark.parametrize("own_run", [True, False], ids=["own run", "autolog's run"])
def test_beside_autologging(client: mlflow.MlflowClient, *, first: bool, own_run: bool) -> None:
    """Autologging logs what it always does, into the run it starts inside ``fit`` or the active one."""
    monitor = None if first else BCEMonitor()
    mlflow.tensorflow.autolog(log_models=False, log_datasets=False)
    try:
        monitor = monitor or BCEMonitor()
        if own_run:
            with mlflow.start_run():
                fit(monitor)
        else:
            fit(monitor)
    finally:
        mlflow.tensorflow.autolog(disable=True)
    runs = client.search_runs([client.get_experiment_by_name("trainings").experiment_id])
    assert len(runs) == 1
    assert runs[0].info.status == "FINISHED"
    assert {"loss", "accuracy", "bce/roc_auc", "bce/positive_share"} <= runs[0].data.metrics.keys()
    assert runs[0].data.params["opt_name"].startswith("sgd")  # Keras numbers the optimizers of a process
    assert TAG in runs[0].data.tags


def test_no_measurement_is_taken_for_a_curve() -> None:
    """The recogniser reads the shares of positives and nothing else of what the callback logs."""
    names = [metric_name(name, head) for name in MEASURED for head in ("", "click", "train loss")]
    shares = {"bce/positive_share", "bce/validation_positive_share"}
    assert {name for name in names if read_name(name) is not None} == shares
    assert heads_of(["loss", *names]) == ()


def test_a_long_tag_stays_within_its_bounds() -> None:
    """The tag of a model with many long-named outputs is cut between outputs, and stays JSON."""
    heads = [{"name": "x" * 120, "labels": [0.0, 1.0]} for _ in range(100)]
    text = as_tag({"version": "1", "heads": heads})
    assert len(text) <= 5000
    assert 10 < len(json.loads(text)["heads"]) < 100


def test_short_epochs_are_written_together(client: mlflow.MlflowClient) -> None:
    """Many epochs in a moment are few calls, so that writing does not slow them down; none is lost."""
    calls = []

    class Counting(mlflow.MlflowClient):
        def log_batch(self, *args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            return super().log_batch(*args, **kwargs)

    run_id = client.create_run(client.get_experiment_by_name("trainings").experiment_id).info.run_id
    writer = Writer(run_id, None, connect=Counting)
    for step in range(50):
        writer.write(Epoch(step, 1, {"bce/learning_rate": 0.1}))
        time.sleep(0.002)
    assert writer.flush(60.0) == ""
    writer.close()
    assert steps(client, run_id, "bce/learning_rate") == list(range(50))
    assert len(calls) <= 4
    assert writer.take_seconds() > 0.0


@dataclass(frozen=True)
class MortalServer:
    """A server of one test's own, which starts while the tests before it run."""

    address: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module", autouse=True)
def mortal_server(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalServer]:
    """Start a server without waiting for it, and without the workers for jobs that nobody gives it."""
    folder = tmp_path_factory.mktemp("mortal")
    database = Path(shutil.copy(empty_database, folder / "mlflow.db"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{database}"]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True
        )
    server = MortalServer(f"http://127.0.0.1:{port}", process)
    yield server
    server.kill()


def test_a_server_that_dies_in_mid_training(
    mortal_server: MortalServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training finishes without delay when its server is killed, and what is missing is said once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    _wait_until_healthy(f"{mortal_server.address}/health")
    mlflow.set_tracking_uri(mortal_server.address)
    run_id = mlflow.MlflowClient().create_run("0").info.run_id
    monitor = BCEMonitor(run_id=run_id, max_overhead=float("inf"), write_timeout=1.0)

    class Kill(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            del logs
            if epoch == 1:
                mortal_server.kill()

    began = time.monotonic()
    model = seeded_network(run_eagerly=True)
    with caplog.at_level(logging.WARNING, "mlflow_bce_monitor.keras"):
        history = model.fit(*rows(), epochs=6, batch_size=16, verbose=0, callbacks=[monitor, Kill()])
    assert time.monotonic() - began < 60
    assert len(history.history["loss"]) == 6
    said = [record.getMessage() for record in caplog.records if "could not write" in record.getMessage()]
    assert len(said) == 1
    assert run_id in said[0]
    assert len(monitor.history) == 6


def _wait_until_healthy(address: str) -> None:
    deadline = time.monotonic() + 120
    while not _answers(address):
        assert time.monotonic() < deadline, f"no server at {address}"
        time.sleep(0.2)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=1).close()  # noqa: S310 - our own address
    except OSError:
        return False
    return True
