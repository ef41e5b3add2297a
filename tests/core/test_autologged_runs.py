"""Runs that real frameworks autologged into a real store, read and recognised end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves import LossCertainty, Role, Split
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from stores import FilledStore

pytestmark = [
    pytest.mark.training,
    # Autologging reaches into the frameworks: Keras' arrays under NumPy 2, lightgbm's eval_set and MLflow's
    # signature hints warn, and inside autologging a warning turned error would silently log nothing.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

N_TRAIN, N_HELD_BACK, N_FEATURES = 300, 100, 5
PATIENCE = 5

Rows = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def rows() -> tuple[Rows, Rows]:
    """Return learnable training and held-back rows."""
    random = np.random.default_rng(0)
    x = random.random((N_TRAIN + N_HELD_BACK, N_FEATURES))
    y = (x[:, 0] + 0.3 * random.random(len(x)) > 0.6).astype(int)
    return (x[:N_TRAIN], y[:N_TRAIN]), (x[N_TRAIN:], y[N_TRAIN:])


@pytest.fixture
def logged(store: FilledStore) -> Iterator[Callable[..., Any]]:
    """Return a context that autologs one flavour into a fresh store and leaves the run's record behind."""
    import mlflow  # noqa: PLC0415 - loads slowly, and only these tests need it

    from mlflow_bce_monitor.tracking.reading.reader import ClientReader  # noqa: PLC0415 - as above

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_experiment(experiment_id=store.experiment())

    @contextmanager
    def log(flavour: Any) -> Iterator[list[RunRecord]]:
        records: list[RunRecord] = []
        flavour.autolog(log_models=False)
        try:
            with mlflow.start_run() as run:
                yield records
        finally:
            flavour.autolog(disable=True)
        record = ClientReader(store.client).read_one(store.client.get_run(run.info.run_id))
        assert isinstance(record, RunRecord)
        records.append(record)

    yield log
    mlflow.set_tracking_uri(before)


def loss_names(diagnosis: Diagnosis) -> tuple[str | None, str | None]:
    """Return the names of the loss and of its twin."""
    curves = diagnosis.curves
    return (
        curves.loss.name if curves.loss else None,
        curves.validation_loss.name if curves.validation_loss else None,
    )


def test_xgboost_with_early_stopping(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """Both log losses are found, and the repeat at the end is dropped from each metric."""
    import mlflow  # noqa: PLC0415 - see above
    import xgboost  # noqa: PLC0415 - see above

    train, held_back = (xgboost.DMatrix(x, y) for x, y in rows)
    with logged(mlflow.xgboost) as records:
        xgboost.train(
            {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"]},
            train,
            200,
            evals=[(train, "train"), (held_back, "eval")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
    diagnosis = diagnose(records[0])
    logged_points = records[0].histories["train-logloss"]
    assert loss_names(diagnosis) == ("train-logloss", "eval-logloss")
    assert diagnosis.curves.certainty is LossCertainty.NAMED
    assert diagnosis.curves.loss is not None
    assert len(diagnosis.curves.loss) == len(logged_points) - 1
    assert (np.diff(diagnosis.curves.loss.values) < 0).all()  # the repeat would be a step up
    for split in Split:
        area = diagnosis.curves.companion(Role.AUC, split)
        assert area is not None
        assert len(area) == len(logged_points) - 1
    assert diagnosis.verdict is Verdict.LEARNING


def test_the_scikit_learn_interface_of_xgboost(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """``validation_0`` is the training set when a ``validation_1`` follows it."""
    import mlflow  # noqa: PLC0415 - see above
    import xgboost  # noqa: PLC0415 - see above

    with logged(mlflow.xgboost) as records:
        xgboost.XGBClassifier(n_estimators=100, early_stopping_rounds=PATIENCE).fit(
            *rows[0], eval_set=list(rows), verbose=False
        )
    diagnosis = diagnose(records[0])
    assert loss_names(diagnosis) == ("validation_0-logloss", "validation_1-logloss")
    assert diagnosis.curves.loss is not None
    assert diagnosis.curves.loss.split is Split.TRAIN
    assert any("early stopping" in note for note in diagnosis.curves.loss.removed)


def test_xgboost_regression_is_not_applicable(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """A run of squared errors has no binary cross-entropy."""
    import mlflow  # noqa: PLC0415 - see above
    import xgboost  # noqa: PLC0415 - see above

    train = xgboost.DMatrix(*rows[0])
    with logged(mlflow.xgboost) as records:
        xgboost.train(
            {"objective": "reg:squarederror"}, train, 10, evals=[(train, "train")], verbose_eval=False
        )
    assert diagnose(records[0]).verdict is Verdict.NOT_APPLICABLE


def test_lightgbm_with_early_stopping(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """Lightgbm counts the best iteration from 1; the repeat at the end is dropped all the same."""
    import lightgbm  # noqa: PLC0415 - see above
    import mlflow  # noqa: PLC0415 - see above

    train = lightgbm.Dataset(*rows[0])
    held_back = lightgbm.Dataset(*rows[1], reference=train)
    with logged(mlflow.lightgbm) as records:
        lightgbm.train(
            {"objective": "binary", "metric": ["binary_logloss", "auc"], "verbose": -1, "num_threads": 1},
            train,
            200,
            valid_sets=[train, held_back],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
    diagnosis = diagnose(records[0])
    assert loss_names(diagnosis) == ("training-binary_logloss", "valid_1-binary_logloss")
    loss = diagnosis.curves.loss
    assert loss is not None
    assert len(loss) == len(records[0].histories["training-binary_logloss"]) - 1
    assert (np.diff(loss.values) < 0).all()
    assert diagnosis.final_loss == loss.values[-1]


def test_boosted_noise_is_not_blamed_on_the_rate(logged: Callable[..., Any]) -> None:
    """Trees fitted to random labels at their usual rate of 0.1 do not get Adam's verdict on that rate."""
    import lightgbm  # noqa: PLC0415 - see above
    import mlflow  # noqa: PLC0415 - see above

    random = np.random.default_rng(0)
    x, y = random.random((600, 10)), random.integers(0, 2, 600)
    with logged(mlflow.lightgbm) as records:
        lightgbm.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1).fit(
            x[:400], y[:400], eval_set=[(x[400:], y[400:])]
        )
    diagnosis = diagnose(records[0])
    assert diagnosis.evidence["rate_ratio"] == pytest.approx(1.0)
    assert all(cause.cause != "learning_rate_too_high" for cause in diagnosis.causes[:2])


def test_scikit_learn_logs_one_point(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """The training log loss is found; its weighted rates tell no share, and one point no verdict."""
    import mlflow  # noqa: PLC0415 - see above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - see above

    with logged(mlflow.sklearn) as records:
        LogisticRegression().fit(*rows[0])
    diagnosis = diagnose(records[0])
    assert loss_names(diagnosis) == ("training_log_loss", None)
    assert diagnosis.curves.certainty is LossCertainty.NAMED
    assert diagnosis.verdict is Verdict.INCONCLUSIVE
    assert diagnosis.chance is not None
    assert not diagnosis.chance.known
    for role in (Role.ACCURACY, Role.PRECISION, Role.RECALL, Role.F1, Role.AUC):
        assert diagnosis.curves.companion(role, Split.TRAIN) is not None


@pytest.mark.parametrize("flavour", ["tensorflow", "keras"])
def test_keras(logged: Callable[..., Any], rows: tuple[Rows, Rows], flavour: str) -> None:
    """Losses per epoch beat ``validation_*`` at step 0; settings and shares are read right."""
    import keras  # noqa: PLC0415 - see above
    import mlflow  # noqa: PLC0415 - see above

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((N_FEATURES,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(), keras.metrics.Precision(), keras.metrics.Recall()],
    )
    with logged(getattr(mlflow, flavour)) as records:
        model.fit(*rows[0], validation_data=rows[1], epochs=12, verbose=0)
        model.evaluate(*rows[1], verbose=0)
    record = records[0]
    assert set(record.histories["validation_loss"].steps.tolist()) == {0}

    diagnosis = diagnose(record)
    assert loss_names(diagnosis) == ("loss", "val_loss")
    assert diagnosis.curves.certainty is LossCertainty.IMPLIED
    share = float(rows[0][1].mean())
    assert diagnosis.chance is not None
    assert diagnosis.chance.share.value == pytest.approx(share, abs=5e-3)
    assert diagnosis.evidence["rate_ratio"] == pytest.approx(10.0)
    assert diagnosis.evidence["narrowest_layer"] == 8
    assert diagnosis.evidence["n_updates"] == 12 * 10  # 300 rows in batches of 32
    assert not diagnosis.flagged


def test_a_named_metric_is_taken_from_a_real_run(logged: Callable[..., Any], rows: tuple[Rows, Rows]) -> None:
    """Naming a metric decides which curve is judged, whatever the names would have said."""
    import mlflow  # noqa: PLC0415 - see above
    import xgboost  # noqa: PLC0415 - see above

    train = xgboost.DMatrix(*rows[0])
    with logged(mlflow.xgboost) as records:
        xgboost.train(
            {"objective": "binary:logistic", "eval_metric": ["logloss", "error"]},
            train,
            10,
            evals=[(train, "train")],
            verbose_eval=False,
        )
    diagnosis = diagnose(records[0], Question(metrics=("train-error",), base_rate=0.5))
    assert diagnosis.metric == "train-error"
