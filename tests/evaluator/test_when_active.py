"""Active when it was asked for, and never when MLflow tries every evaluator by itself."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import mlflow
import pandas as pd
import pytest
from evaluations import TARGET, evaluate, learnable, tags
from mlflow.exceptions import MlflowException
from mlflow.models.evaluation.base import resolve_evaluators_and_configs
from stores import FilledStore

from mlflow_bce_monitor.evaluator import BCEMonitorEvaluator


def by_the_label(rows: pd.DataFrame) -> Any:
    """Return predictions with skill, as a function that knows the rule."""
    return (0.1 + 0.8 * (rows["a"] + rows["b"] > 0.8)).to_numpy()


ASKED = [
    {"evaluators": "bce_monitor", "model_type": "classifier"},
    {"evaluators": ["bce_monitor"], "model_type": "classifier"},
    {"evaluators": "bce_monitor", "model_type": "question-answering"},
    {"evaluators": None, "model_type": "bce_monitor"},
]


@pytest.mark.parametrize("settings", ASKED, ids=str)
def test_it_is_active_when_asked_for(store: FilledStore, settings: dict[str, Any]) -> None:
    """Named alone or in a list, or by its model type, it evaluates and writes to the run."""
    result = evaluate(store, by_the_label, learnable(), **settings)
    assert result.metrics["bce/evaluated_skill"] > 0.5
    assert tags(store, result.run_id)["bce.verdict"] == "learning"


@pytest.mark.parametrize(
    "config", [None, {"pos_label": 1}, {"bce_monitor": {"budget": 1.0}}], ids=("none", "flat", "nested")
)
def test_it_is_never_active_by_itself(store: FilledStore, config: dict[str, Any] | None) -> None:
    """With evaluators=None and another model type the run has no tag, metric or artifact of ours."""
    rows = learnable()
    rows["said"] = by_the_label(rows) > 0.5
    data = {"predictions": "said", "evaluators": None, "model_type": "classifier", "evaluator_config": config}
    result = evaluate(store, None, rows.assign(said=rows["said"].astype(int)), **data)
    run = store.client.get_run(result.run_id)
    assert "accuracy_score" in result.metrics
    assert not [name for name in (*run.data.tags, *run.data.metrics) if name.startswith("bce")]
    assert store.client.list_artifacts(result.run_id, "bce_monitor") == []


def test_it_is_not_active_after_a_failure_either(store: FilledStore) -> None:
    """A failed evaluation leaves nothing behind that would make the next one ours."""
    rows = learnable()
    with pytest.raises(Exception, match="targets have 400 values"):
        evaluate(store, by_the_label, rows, targets="c")
    said = rows.assign(said=rows[TARGET])
    result = evaluate(store, None, said, predictions="said", evaluators=None, model_type="classifier")
    assert tags(store, result.run_id) == {}


def test_another_model_type_finds_no_evaluator(store: FilledStore) -> None:
    """With a model type that nobody knows MLflow says that nothing fits, as without this package."""
    with pytest.raises(MlflowException, match="could not be evaluated by any"):
        evaluate(store, by_the_label, learnable(), evaluators=None, model_type="unheard of")


def test_mlflow_chooses_without_it() -> None:
    """Among the evaluators that MLflow resolves by itself for a classifier this one is not."""
    names = [one.name for one in resolve_evaluators_and_configs(None, None, "classifier")]
    assert "classifier" in names
    assert "bce_monitor" not in names
    assert not BCEMonitorEvaluator.can_evaluate(model_type="classifier", evaluator_config={})


def test_it_is_registered() -> None:
    """MLflow lists it among its evaluators."""
    assert "bce_monitor" in mlflow.models.list_evaluators()


def test_registering_it_loads_nothing_heavy() -> None:
    """Importing the class adds neither Keras nor a renderer nor scikit-learn to what MLflow has loaded."""
    program = (
        "import sys, mlflow.models.evaluation.base\n"
        "before = set(sys.modules)\n"
        "import mlflow_bce_monitor.evaluator\n"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['mlflow_bce_monitor']"
