"""An xgboost training logged by MLflow's autologging, scanned like any other run.

The labels are shuffled apart from the rows: the training loss falls, the held-back loss
does not.

    pip install -e '.[test]' && python examples/xgboost_logloss.py
"""

from __future__ import annotations

import mlflow
import numpy as np
import xgboost

import mlflow_bce_monitor

EXPERIMENT = "xgboost-example"


def main() -> None:
    """Train, scan, print."""
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 10))
    y = random.permutation((x[:, 0] > 0).astype(int))
    train = xgboost.DMatrix(x[:800], y[:800])
    held_back = xgboost.DMatrix(x[800:], y[800:])

    mlflow.set_experiment(EXPERIMENT)
    mlflow.xgboost.autolog(log_models=False)
    params = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "max_depth": 3}
    xgboost.train(
        params, train, num_boost_round=30, evals=[(train, "train"), (held_back, "eval")], verbose_eval=False
    )

    table = mlflow_bce_monitor.scan(experiments=[EXPERIMENT])
    print(table[["run_name", "verdict", "cause", "confidence", "skill"]].to_string(index=False))


if __name__ == "__main__":
    main()
