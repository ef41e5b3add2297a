"""Keras' special cases in words: what the terminal says while they train, and what a scan says of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import mlflow
import numpy as np
import pytest
from small_trainings import FEATURES, rows
from stores import FilledStore

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.keras import BCEMonitor

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:You are using a softmax"),
    pytest.mark.filterwarnings("ignore:.*received `from_logits=True`"),
]

BCE = "binary_crossentropy"
MISMATCH = ("output_loss_mismatch", "Output and loss do not match")
CONSTANT = ("constant_inputs", "Constant inputs")


@dataclass(frozen=True)
class Case:
    """A training and what must be said of it.

    Attributes
    ----------
    words
        Of the sentence for the cause; "" where nothing is wrong.
    verdicts
        That a scan may give.
    cause
        Word and title.
    """

    words: str
    verdicts: set[str]
    cause: tuple[str, str] = MISMATCH
    output: str | None = "sigmoid"
    loss: Any = BCE
    labels: Any = None
    normalised: bool = False
    fit: dict[str, Any] = field(default_factory=dict)


def of_four(y: Any) -> Any:
    """Return labels 0..3."""
    return (np.arange(len(y)) % 4).astype("float32")


CASES = {
    "one-unit softmax": Case(
        "A softmax over one unit is 1 for every row", {"inconsistent"}, output="softmax"
    ),
    "sigmoid and from_logits": Case(
        "", {"learning"}, loss=keras.losses.BinaryCrossentropy(from_logits=True), fit={"epochs": 25}
    ),
    "-1/1": Case("The labels are -1 and 1, not 0 and 1", {"inconsistent"}, labels=lambda y: 2 * y - 1),
    "1/2": Case("The labels are 1 and 2, not 0 and 1", {"inconsistent"}, labels=lambda y: y + 1),
    "0..3": Case(
        "The labels are 0, 1, 2 and 3, not 0 and 1 (more classes take a softmax unit each, "
        "and sparse_categorical_crossentropy)",
        {"inconsistent"},
        labels=of_four,
    ),
    "ReLU output": Case(
        "The output's activation is relu, which gives no probability",
        {"stalled", "diverged", "slow", "unstable"},
        output="relu",
        fit={"rate": 1e-3},
    ),
    "batches of one row": Case(
        "Batch normalisation over batches of one row gives its bias for every row",
        {"stalled", "diverged"},
        CONSTANT,
        normalised=True,
        fit={"batch_size": 1, "rate": 1e-3, "rows": 32},
    ),
}


def trained(case: Case, store: FilledStore) -> dict[str, Any]:
    """Train in a run that logs its loss and accuracy; return the row of a scan."""
    keras.utils.set_random_seed(1)
    fit = {"epochs": 14, "batch_size": 64, "rate": 0.03, "rows": 128, **case.fit}
    between = [keras.layers.BatchNormalization()] if case.normalised else []
    hidden, end = keras.layers.Dense(16, "relu"), keras.layers.Dense(1, case.output)
    model = keras.Sequential([keras.layers.Input((FEATURES,)), hidden, *between, end])
    model.compile(keras.optimizers.Adam(fit.pop("rate")), case.loss, metrics=["accuracy"])
    x, y = rows(fit.pop("rows"))
    y = y if case.labels is None else case.labels(y).astype("float32")
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment("special")
    with mlflow.start_run():
        found = model.fit(x, y, **fit, verbose=0, callbacks=[BCEMonitor(max_overhead=float("inf"))])
        for name in ("loss", "accuracy"):
            for step, value in enumerate(found.history[name]):
                mlflow.log_metric(name, value, step=step)
    row: dict[str, Any] = scan(store.uri, experiments=["special"]).iloc[0].to_dict()
    return row


@pytest.mark.parametrize("name", CASES)
def test_the_right_words(name: str, store: FilledStore, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal names cause and reason once, and the scan of the run agrees; a sound case is silent."""
    case = CASES[name]
    row = trained(case, store)
    said = capsys.readouterr().out
    assert row["verdict"] in case.verdicts
    if not case.words:
        assert row["cause"] == "none"
        assert "bce-monitor" not in said
        return
    word, title = case.cause
    assert row["cause"] == word
    assert said.count(f"Most probable cause: {title}") == 1
    assert case.words in said
    assert "What to do: " in said
    assert case.words[1:] in row["causes"][0]["because"]
    assert all("BCEMonitor" not in hint for hint in row["missing"])
