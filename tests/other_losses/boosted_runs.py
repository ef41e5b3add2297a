"""xgboost and lightgbm under autologging; "stuck" sees rows of zeros, on which no tree can split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS, TRAINED_ON = 600, 400
ROUNDS = 30

_random = np.random.default_rng(5)
ROWS_TOLD = _random.normal(size=(ROWS, 5))
_score = ROWS_TOLD[:, 0] + 0.5 * _random.normal(size=ROWS)
HALF = (_score > np.median(_score)).astype(int)
RARE = (_score > np.quantile(_score, 0.9)).astype(int)
THIRDS = np.digitize(_score, np.quantile(_score, [1 / 3, 2 / 3]))
VARIANTS = {"learning": ROWS_TOLD, "stuck": np.zeros_like(ROWS_TOLD)}


def xgboosted(labels: Any, metrics: list[str], **params: Any) -> dict[str, str]:
    """Train both variants with ``xgboost.train``."""
    import mlflow  # noqa: PLC0415 - only when something is trained
    import xgboost  # noqa: PLC0415 - as above

    runs = {}
    # Without a split there is no importance to plot, and MLflow logs that failure as an error.
    mlflow.xgboost.autolog(log_models=False, importance_types=[], silent=True)
    try:
        for variant, rows in VARIANTS.items():
            train = xgboost.DMatrix(rows[:TRAINED_ON], labels[:TRAINED_ON])
            held_back = xgboost.DMatrix(rows[TRAINED_ON:], labels[TRAINED_ON:])
            with mlflow.start_run() as run:
                xgboost.train(
                    {"objective": "binary:logistic", "max_depth": 2, "eval_metric": metrics, **params},
                    train,
                    ROUNDS,
                    evals=[(train, "train"), (held_back, "eval")],
                    verbose_eval=False,
                )
            runs[variant] = run.info.run_id
    finally:
        mlflow.xgboost.autolog(disable=True)
    return runs


def lightgbm_trained(labels: Any, **params: Any) -> dict[str, str]:
    """Train both variants with ``lightgbm.train``."""
    import lightgbm  # noqa: PLC0415 - only when something is trained
    import mlflow  # noqa: PLC0415 - as above

    runs = {}
    mlflow.lightgbm.autolog(log_models=False, silent=True)
    try:
        for variant, rows in VARIANTS.items():
            train = lightgbm.Dataset(rows[:TRAINED_ON], labels[:TRAINED_ON])
            held_back = lightgbm.Dataset(rows[TRAINED_ON:], labels[TRAINED_ON:], reference=train)
            with mlflow.start_run() as run:
                lightgbm.train(
                    {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 4, **params},
                    train,
                    ROUNDS,
                    valid_sets=[train, held_back],
                )
            runs[variant] = run.info.run_id
    finally:
        mlflow.lightgbm.autolog(disable=True)
    return runs


TRAININGS: dict[str, Callable[[], dict[str, str]]] = {
    "xgboost half": lambda: xgboosted(HALF, ["logloss", "error"]),
    "xgboost rare": lambda: xgboosted(RARE, ["logloss", "error"]),
    "xgboost rare, no error": lambda: xgboosted(RARE, ["logloss"]),
    "xgboost rare, weighted": lambda: xgboosted(RARE, ["logloss", "error"], scale_pos_weight=9),
    "xgboost thirds": lambda: xgboosted(
        THIRDS, ["mlogloss", "merror"], objective="multi:softprob", num_class=3
    ),
    "lightgbm half": lambda: lightgbm_trained(HALF, metric=["binary_logloss", "binary_error"]),
    "lightgbm rare": lambda: lightgbm_trained(RARE, metric=["binary_logloss", "binary_error"]),
}
