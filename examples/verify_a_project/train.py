"""A project as somebody else may have it: scikit-learn, its own param names, a data set that comes along.

Make a run that is stuck, then let bce-monitor prove its remedy::

    mlflow run examples/verify_a_project --env-manager local
    bce-monitor verify RUN_ID
"""

from __future__ import annotations

import argparse

import mlflow
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler


def main() -> None:
    """Train a small network for some passes, and log the loss of either part after each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--step-size", type=float, required=True)
    parser.add_argument("--neurons", type=int, required=True)
    parser.add_argument("--n-iter", type=int, required=True)
    parser.add_argument("--random-state", type=int, required=True)
    asked = parser.parse_args()

    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_valid, y_train, y_valid = train_test_split(
        x, y, test_size=0.3, random_state=asked.random_state, stratify=y
    )
    scaler = MinMaxScaler().fit(x_train)
    x_train, x_valid = scaler.transform(x_train), scaler.transform(x_valid)
    model = MLPClassifier(
        hidden_layer_sizes=(asked.neurons,),
        learning_rate_init=asked.step_size,
        random_state=asked.random_state,
    )
    with mlflow.start_run():
        mlflow.log_param("positive_share", round(float(y_train.mean()), 6))
        for passed in range(asked.n_iter):
            model.partial_fit(x_train, y_train, classes=np.array([0, 1]))
            for name, rows, labels in (("train", x_train, y_train), ("valid", x_valid, y_valid)):
                p = model.predict_proba(rows)[:, 1]
                scores = {
                    f"{name}_logloss": log_loss(labels, p),
                    f"{name}_accuracy": accuracy_score(labels, p > 0.5),  # noqa: PLR2004 - the usual threshold
                    f"{name}_auc": roc_auc_score(labels, p),
                }
                mlflow.log_metrics(scores, step=passed)


if __name__ == "__main__":
    main()
