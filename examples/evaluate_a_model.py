"""Two classifiers on rows that they have not seen: one has learned, one only knows the share of positives.

MLflow's own evaluator measures beside ours. Their accuracies hardly differ, because one label in ten
is positive; skill and verdict do.

    pip install -e '.[scenarios]' && python examples/evaluate_a_model.py
"""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

EXPERIMENT = "evaluate-a-model-example"
THRESHOLD = 2.2  # of a score with standard deviation 1.7: one row in ten lies above


def rows(seed: int) -> pd.DataFrame:
    """Return a thousand rows; two of five features decide the label, with noise."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(size=(1000, 5)), columns=list("abcde"))
    score = table["a"] + table["b"] + random.normal(size=1000)
    return table.assign(label=(score > THRESHOLD).astype(int))


def main() -> None:
    """Train, evaluate on other rows, print."""
    train, held_back = rows(seed=0), rows(seed=1)
    mlflow.set_experiment(EXPERIMENT)
    for model in (LogisticRegression(), DummyClassifier()):
        model.fit(train.drop(columns="label"), train["label"])
        with mlflow.start_run(run_name=type(model).__name__):
            logged = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"])
            result = mlflow.models.evaluate(
                logged.model_uri,
                held_back,
                targets="label",
                model_type="classifier",
                evaluators=["default", "bce_monitor"],
                evaluator_config={"default": {"log_model_explainability": False}},
            )
        print(f"{type(model).__name__}, accuracy {result.metrics['accuracy_score']:.2f}")
        print(result.artifacts["bce_monitor/evaluation.json"].content["statement"], end="\n\n")

    runs = mlflow.search_runs(experiment_names=[EXPERIMENT])
    columns = {"tags.mlflow.runName": "run", "tags.bce.verdict": "verdict", "tags.bce.skill": "skill"}
    print(runs[list(columns)].rename(columns=columns).to_string(index=False))


if __name__ == "__main__":
    main()
