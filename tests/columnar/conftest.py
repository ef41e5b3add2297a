"""A store with runs of every kind that an export has to carry."""

from __future__ import annotations

import math

import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag
from stores import SECOND, START, FilledStore, learning, stalled


@pytest.fixture
def varied(store: FilledStore) -> FilledStore:
    """Return a store with two experiments: sweeps, odd values, no metrics, inputs, notes, a deleted run."""
    sweep, other = store.experiment(), store.experiment()
    for n, rate in enumerate(("1e-5", "1e-3", "1e-2", "1e-1")):
        loss = stalled(seed=n) if n % 2 else learning(seed=n)
        params = {"learning_rate": rate, "positive_share": "0.5", "ü": "[bold]\u202e"}
        store.run(sweep, {"loss": loss, "val_loss": learning(seed=9)}, params=params, name=f"run {n}")
    parent = store.run(sweep, {"loss": stalled(n=3)}, status="FAILED")
    for _ in range(2):
        store.run(sweep, {"loss": stalled()}, tags={"mlflow.parentRunId": parent})
    store.run(other)
    odd = [(2, START, math.nan), (1, START, math.inf), (1, START, 0.0), (0, START + SECOND, -0.5)]
    store.run(other, {"loss": odd, "Loss": stalled(), "bce/dead_units": [0.0, 1.0]}, name="")
    noted = store.run(other, {"loss": stalled()}, tags={"mlflow.note.content": "mine", "team": "a"})
    profile = '{"num_rows": 100, "features_shape": [100, 4]}'
    inputs = [
        DatasetInput(
            Dataset("rows", "digest2", "local", "{}", profile=profile),
            [InputTag("mlflow.data.context", "train")],
        ),
        DatasetInput(Dataset("rows", "digest1", "local", "{}", profile="no json")),
    ]
    store.client.log_inputs(noted, inputs)
    store.client.delete_run(store.run(other, {"loss": learning()}))
    return store
