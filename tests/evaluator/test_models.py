"""Models of any kind, evaluated in real stores: what is measured, said and written."""

from __future__ import annotations

import json
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from evaluations import EVALUATION, FEATURES, TARGET, evaluate, learnable, measured, quietly, tags, told
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import average_precision_score, balanced_accuracy_score, log_loss, roc_auc_score
from stores import FilledStore, stalled

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.tracking.writing.fingerprint import has_report

SKLEARN = {"pip_requirements": ["scikit-learn"]}


def logged(store: FilledStore, model: Any, rows: pd.DataFrame, labels: Any = None, **settings: Any) -> str:
    """Fit a model of scikit-learn, log it in a run of its own, and return its address."""
    model.fit(rows[FEATURES], rows[TARGET] if labels is None else labels)
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    with mlflow.start_run():
        info = quietly(mlflow.sklearn.log_model, model, name="model", **SKLEARN, **settings)
    return str(info.model_uri)


def test_a_classifier_of_scikit_learn(store: FilledStore) -> None:
    """Its probabilities are asked for, the numbers are scikit-learn's, and the run says it has learned."""
    rows = learnable()
    model = LogisticRegression()
    result = evaluate(store, logged(store, model, rows), rows)
    p = model.predict_proba(rows[FEATURES])[:, 1]
    assert measured(result, "rows") == 400
    assert measured(result, "positive_share") == pytest.approx(rows[TARGET].mean())
    assert measured(result, "cross_entropy") == pytest.approx(log_loss(rows[TARGET], p))
    chance = log_loss(rows[TARGET], np.full(400, rows[TARGET].mean()))
    assert measured(result, "chance_level") == pytest.approx(chance)
    assert measured(result, "skill") == pytest.approx(1.0 - log_loss(rows[TARGET], p) / chance)
    assert measured(result, "roc_auc") == pytest.approx(roc_auc_score(rows[TARGET], p))
    assert measured(result, "pr_auc") == pytest.approx(average_precision_score(rows[TARGET], p))
    assert measured(result, "balanced_accuracy") == pytest.approx(
        balanced_accuracy_score(rows[TARGET], p > 0.5)
    )
    assert measured(result, "near_half") == pytest.approx(np.mean(np.abs(p - 0.5) < 0.01))
    assert measured(result, "output_sd") == pytest.approx(p.std())
    said = tags(store, result.run_id)
    assert said["bce.verdict"] == "learning"
    assert said["bce.cause"] == "none"
    assert said["bce.tier"] == "model"
    assert said["bce.metric"] == "bce/evaluated_cross_entropy"
    assert float(said["bce.skill"]) == pytest.approx(measured(result, "skill"), abs=1e-3)
    assert told(result)["statement"].startswith("1 counts as positive, 0 as negative. 400 rows, ")
    assert "The model has learned something: skill 0." in told(result)["statement"]


def test_a_classifier_that_knows_the_share_alone(
    store: FilledStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A constant prediction is at chance; run, terminal and report say so, and name no cause."""
    rows = learnable()
    result = evaluate(store, logged(store, DummyClassifier(), rows), rows)
    share = f"it predicts {rows[TARGET].mean():.3f} for every row, the share of positives"
    assert share in told(result)["statement"]
    assert "One evaluation cannot tell why" in told(result)["statement"]
    assert share in caplog.text
    assert measured(result, "skill") == pytest.approx(0.0, abs=1e-9)
    run = store.client.get_run(result.run_id)
    said = tags(store, result.run_id)
    assert (said["bce.verdict"], said["bce.cause"]) == ("stalled", "unknown")
    assert run.data.metrics["bce/skill"] == pytest.approx(0.0, abs=1e-9)
    assert run.info.status == "FINISHED"
    assert has_report(run)
    names = {file.path for file in store.client.list_artifacts(result.run_id, "bce_monitor")}
    assert names == {f"bce_monitor/{name}" for name in ARTIFACTS}
    diagnosis = json.loads(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/bce_monitor/diagnosis.json"))
    assert {fact["tier"] for fact in diagnosis["facts"]} == {"model"}
    assert "Stalled at chance" in run.data.tags["mlflow.note.content"]


ARTIFACTS = ("curve.png", "diagnosis.json", "evaluation.json", "report.html")


def test_labels_in_words_and_a_positive_label_of_ones_own(store: FilledStore) -> None:
    """Strings are mapped in words; with pos_label the other column of probabilities counts."""
    rows = learnable()
    words = np.where(rows[TARGET] == 1, "spam", "ham")
    uri = logged(store, LogisticRegression(), rows, words)
    rows = rows.assign(**{TARGET: words})
    result = evaluate(store, uri, rows)
    assert told(result)["labels"] == "'spam' counts as positive, 'ham' as negative"
    assert told(result)["predictions"] == "probabilities from the column 'spam'"
    other = evaluate(store, uri, rows, evaluator_config={"pos_label": "ham"})
    assert told(other)["labels"] == "'ham' counts as positive, 'spam' as negative"
    assert measured(other, "cross_entropy") == pytest.approx(measured(result, "cross_entropy"))
    assert measured(other, "positive_share") == pytest.approx(1.0 - measured(result, "positive_share"))


def test_a_model_without_probabilities(store: FilledStore) -> None:
    """Class labels give an accuracy and a clear sentence, and no verdict about chance."""
    rows = learnable()
    result = evaluate(store, logged(store, RidgeClassifier(), rows), rows)
    assert measured(result, "balanced_accuracy") > 0.7
    assert "bce/evaluated_skill" not in result.metrics
    assert tags(store, result.run_id)["bce.verdict"] == "inconclusive"
    assert "class labels; cross-entropy, skill and AUC need probabilities" in told(result)["statement"]


def test_a_loaded_model_and_numpy_arrays(store: FilledStore) -> None:
    """A pyfunc object is taken like its address, and arrays like frames, one-hot targets included."""
    rows = learnable()
    x, y = rows[FEATURES].to_numpy(), rows[TARGET].to_numpy()
    model = LogisticRegression().fit(x, y)
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    with mlflow.start_run():
        info = quietly(mlflow.sklearn.log_model, model, name="model", **SKLEARN)
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    plain = evaluate(store, loaded, x, targets=y)
    pairs = evaluate(store, loaded, x, targets=np.eye(2)[y])
    assert measured(plain, "cross_entropy") == pytest.approx(log_loss(y, model.predict_proba(x)[:, 1]))
    assert pairs.metrics == pytest.approx(plain.metrics)
    assert "one-hot" in told(pairs)["labels"]


def test_a_function(store: FilledStore) -> None:
    """A plain function that returns two columns of probabilities is a model as well."""

    def model(rows: pd.DataFrame) -> pd.DataFrame:
        p = 1.0 / (1.0 + np.exp(-3.0 * (rows["a"] + rows["b"] - 0.8)))
        return pd.DataFrame({"0": 1.0 - p, "1": p})

    result = evaluate(store, model, learnable())
    assert measured(result, "skill") > 0.5
    assert told(result)["predictions"] == "probabilities from the column '1'"


def test_a_model_with_several_columns(store: FilledStore) -> None:
    """Of an output with other columns the one that predictions= names is taken."""

    def model(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"score": rows["a"] + rows["b"], "p": np.full(len(rows), 0.5)})

    result = evaluate(store, model, learnable(), predictions="p")
    assert measured(result, "near_half") == 1.0
    assert "it predicts 0.500 for every row" in told(result)["statement"]


def test_a_column_of_predictions(store: FilledStore) -> None:
    """Without a model the predictions come with the data."""
    rows = learnable()
    rows = rows.assign(p=np.where(rows[TARGET] == 1, 0.9, 0.2))
    result = evaluate(store, None, rows, predictions="p")
    assert measured(result, "roc_auc") == 1.0
    assert tags(store, result.run_id)["bce.verdict"] == "learning"


def test_predictions_that_are_no_numbers(store: FilledStore) -> None:
    """NaN is told with its share, and the run is flagged."""
    rows = learnable(200)
    p = rows[TARGET].to_numpy() * 0.5 + 0.2
    p[:10] = np.nan
    result = evaluate(store, None, rows.assign(p=p), predictions="p")
    assert measured(result, "non_finite_outputs") == pytest.approx(0.05)
    assert tags(store, result.run_id)["bce.verdict"] == "diverged"
    assert "5.0% of the predictions of 200 rows are NaN or infinite" in told(result)["statement"]


def test_next_to_the_default_evaluator(store: FilledStore) -> None:
    """Both evaluate the same run and agree; neither changes what the other measures."""
    rows = learnable()
    uri = logged(store, LogisticRegression(), rows)
    both = evaluate(
        store,
        uri,
        rows,
        model_type="classifier",
        evaluators=["default", "bce_monitor"],
        evaluator_config={"default": {"log_model_explainability": False}, "bce_monitor": {"reports": "all"}},
    )
    assert both.metrics["log_loss"] == pytest.approx(measured(both, "cross_entropy"))
    assert both.metrics["roc_auc"] == pytest.approx(measured(both, "roc_auc"))
    assert EVALUATION in both.artifacts
    assert "confusion_matrix" in both.artifacts
    said = tags(store, both.run_id)
    assert said["bce.verdict"] == "learning"
    assert said["bce.metric"] == "bce/evaluated_cross_entropy"
    assert said["bce.fingerprint"].endswith("+model+report")


def test_a_scan_leaves_the_answer_alone(store: FilledStore) -> None:
    """The run ends after the evaluation; a scan does not judge it anew, and with force comes to the same."""
    rows = learnable()
    result = evaluate(store, None, rows.assign(p=0.5), predictions="p")
    before = store.tables()
    experiment = store.client.get_run(result.run_id).info.experiment_id
    row = scan(store.uri, experiments=[experiment]).iloc[0]
    assert (row["verdict"], row["tier"]) == ("stalled", "model")
    assert store.tables()["tags"] == before["tags"]
    assert store.tables()["metrics"] == before["metrics"]
    forced = scan(store.uri, experiments=[experiment], force=True).iloc[0]
    assert forced["verdict"] == "stalled"
    store.extend(result.run_id, "binary_crossentropy", stalled(), 1)
    assert scan(store.uri, experiments=[experiment]).iloc[0]["metric"] == "binary_crossentropy"


def test_an_active_run_goes_on(store: FilledStore) -> None:
    """Inside a run of the user's own, that run gets the answer, stays active, and keeps what it had."""
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())
    rows = learnable().assign(p=0.5)
    with mlflow.start_run() as run:
        mlflow.log_param("mine", "kept")
        mlflow.set_tag("mlflow.note.content", "my words")
        result = quietly(
            mlflow.models.evaluate,
            None,
            rows,
            targets=TARGET,
            predictions="p",
            model_type="bce_monitor",
        )
        assert mlflow.active_run().info.run_id == run.info.run_id == result.run_id
        assert store.client.get_run(result.run_id).info.status == "RUNNING"
    found = store.client.get_run(result.run_id).data
    assert found.params == {"mine": "kept"}
    assert found.tags["mlflow.note.content"].startswith("my words")
    assert found.tags["bce.verdict"] == "stalled"


def test_the_result_can_be_saved_and_loaded(store: FilledStore, tmp_path: Any) -> None:
    """MLflow's own way to keep a result works with ours."""
    result = evaluate(store, None, learnable().assign(p=0.5), predictions="p")
    result.save(str(tmp_path / "result"))
    loaded = type(result).load(str(tmp_path / "result"))
    assert loaded.metrics == pytest.approx(result.metrics)
    assert loaded.artifacts[EVALUATION].content == told(result)


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        ({TARGET: 1}, {"predictions": "p"}, "All 50 targets are 1"),
        ({TARGET: range(50)}, {"predictions": "p"}, "The targets have 50 values: 0, 1, 2"),
        ({"p": 3.0}, {"predictions": "p"}, "The predictions lie between 3 and 3"),
        ({}, {}, "neither a model nor a column of predictions"),
        ({}, {"predictions": "p", "targets": None}, "There are no targets"),
        ({}, {"predictions": "p", "evaluator_config": {"probes": True}}, "does not know 'probes'"),
        ({}, {"predictions": "p", "evaluator_config": {"probe": True}}, "a Keras 3 model with one input"),
    ],
)
def test_what_is_refused(
    store: FilledStore, change: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    """The message says what was received, and nothing of an answer is written."""
    rows = learnable(50).assign(p=0.5).assign(**change)
    with pytest.raises(UsageError, match=words):
        evaluate(store, None, rows, **settings)
    experiments = [one.experiment_id for one in store.client.search_experiments()]
    (run,) = store.client.search_runs(experiments)
    assert not [name for name in (*run.data.tags, *run.data.metrics) if name.startswith("bce")]


def test_the_tags_are_those_of_a_scan(store: FilledStore) -> None:
    """No tag of the answer has a name that a scan does not write."""
    result = evaluate(store, None, learnable().assign(p=0.5), predictions="p")
    assert tags(store, result.run_id).keys() == {
        f"bce.{name}"
        for name in (
            *("verdict", "cause", "confidence", "skill", "chance_level", "metric", "advice", "tier"),
            *("version", "fingerprint", "flagged"),
        )
    }
