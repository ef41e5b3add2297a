"""Rows, models and runs to evaluate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from stores import FilledStore

EVALUATION = "bce_monitor/evaluation.json"
TARGET = "target"
FEATURES = ["a", "b", "c"]


def learnable(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return rows with a label that two of three features decide, a quarter to a third of them positive."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.standard_normal((n, len(FEATURES))), columns=FEATURES)
    return rows.assign(**{TARGET: (rows["a"] + rows["b"] > 0.8).astype(int)})


def evaluate(store: FilledStore, model: Any, data: Any, **settings: Any) -> Any:
    """Evaluate with this evaluator in a new run of a store, and return MLflow's result."""
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    settings = {"targets": TARGET, "model_type": "bce_monitor", "evaluators": "bce_monitor", **settings}
    return quietly(mlflow.models.evaluate, model, data, **settings)


def quietly(function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call something of MLflow, whose own warnings are none of ours, nor those of the way it imports."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(mlflow|sklearn)\.|.*importlib\._bootstrap")
        return function(*arguments, **settings)


def told(result: Any) -> dict[str, Any]:
    """Return what the evaluation says in ``evaluation.json``."""
    content: dict[str, Any] = result.artifacts[EVALUATION].content
    return content


def tags(store: FilledStore, run_id: str) -> dict[str, str]:
    """Return the answer's tags of a run."""
    found = store.client.get_run(run_id).data.tags
    return {name: value for name, value in found.items() if name.startswith("bce.")}


def measured(result: Any, name: str) -> float:
    """Return one of the metrics of an evaluation."""
    value: float = result.metrics[f"bce/evaluated_{name}"]
    return value
