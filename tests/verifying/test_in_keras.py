"""A Keras training that is stuck, verified in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.scenarios.catalogue import find_scenario
from mlflow_bce_monitor.scenarios.scenario import SourceName
from mlflow_bce_monitor.verifying import Result, verify
from mlflow_bce_monitor.verifying.experiments import FEW_ROWS, PERMUTE_LABELS, ZERO_INPUTS
from mlflow_bce_monitor.verifying.keras_trainer import KerasTrainer
from mlflow_bce_monitor.verifying.rows import changed_rows, given

pytestmark = pytest.mark.training

STUCK = {"learning_rate": 1e-7, "optimizer": "adam", "epochs": 6, "batch_size": 8}


def rows(n: int = 600, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return features, and labels that follow from their sum."""
    x = np.random.default_rng(seed).standard_normal((n, 4)).astype(np.float32)
    return x, (x.sum(axis=1) > 0).astype(np.float32)


def build(settings: Mapping[str, Any], n_features: int = 4) -> Any:
    """Return a small network; it reads its learning rate and nothing else."""
    model = keras.Sequential(
        [keras.Input((n_features,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.Adam(settings["learning_rate"]), "binary_crossentropy")
    return model


def test_the_remedy_of_a_stuck_training_works() -> None:
    """The rate goes up, the skill with it, and the caller's random numbers are left alone."""
    np.random.seed(3)  # noqa: NPY002 - the global state is the point
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    told: list[str] = []
    report = verify(
        build,
        rows(),
        "learning_rate_too_low",
        settings=STUCK,
        seeds=3,
        tell=lambda _d, _l, what: told.append(what),
    )
    assert np.random.random() == expected  # noqa: NPY002
    assert report.result is Result.WORKS
    assert report.trial is not None
    assert dict(report.trial.arm.changes) == {"learning_rate": 0.001}
    assert told[0] == "baseline, seed 0"
    assert len(told) == report.n_reruns == 7
    assert len(report.trial.remedied[0].curve.values) == 6


def test_on_the_published_rows_of_the_scenario_nothing_helps_and_the_labels_are_named() -> None:
    """Their labels are coins. A rate of 1.0 hides that from the diagnosis, and the reruns bring it out."""
    published = find_scenario("learning_rate").source(SourceName.PUBLISHED).draw(0)
    first = {"learning_rate_too_high": 0.7, "dead_relu": 0.2, "unknown": 0.098, "no_signal": 0.002}
    report = verify(
        lambda settings: build(settings, published.n_features),
        (published.features.astype(np.float32), published.labels.astype(np.float32)),
        [RankedCause(cause, probability, "", "") for cause, probability in first.items()],
        settings={"learning_rate": 1.0, "optimizer": "adam", "epochs": 3},
        facts={},
        seeds=2,
    )
    assert report.result is Result.NO_EFFECT
    assert {str(trial.comparison.result) for trial in report.trials if trial.comparison} == {"no_effect"}
    assert {"rate down", "permuted labels, reference learner"} <= {step.name for step in report.steps}
    assert report.cause == "no_signal"
    assert report.probability > 0.5
    assert "the labels carry no signal about these inputs" in report.sentence


def test_settings_that_are_not_read_cannot_be_changed() -> None:
    """A change that build_model ignores would be no change."""
    trainer = KerasTrainer(build, given(rows()), STUCK)
    assert trainer.able({"hidden_units": 64}) == (
        {},
        "build_model does not read hidden_units, so it cannot be tried.",
    )
    assert trainer.able({"learning_rate": 0.1, "class_weight": "balanced"})[1] == ""
    assert trainer.compiled() == {"optimizer": "adam", "learning_rate": pytest.approx(1e-7)}


def test_controls_change_the_rows_as_they_say() -> None:
    """Few rows are repeated, labels shuffled, inputs zeroed; held-back rows keep their labels."""
    train, held = given(rows()).parts(0)
    few, _ = changed_rows(train, held, {FEW_ROWS: 32}, 0)
    assert (few.n, len(np.unique(few.x, axis=0))) == (train.n, 32)
    mixed, same = changed_rows(train, held, {PERMUTE_LABELS: True}, 0)
    assert mixed.positive.sum() == train.positive.sum()
    assert (mixed.positive != train.positive).any()
    assert same is held
    zeroed, _ = changed_rows(train, held, {ZERO_INPUTS: True}, 0)
    assert not zeroed.x.any()
    scaled, _ = changed_rows(train, held, {"scale_inputs": True}, 0)
    assert scaled.x.std(axis=0) == pytest.approx(np.ones(4), rel=1e-3)


def test_held_back_rows_are_those_of_the_seed() -> None:
    """Both trainings of a pair are judged by the same rows; another seed holds back others."""
    data = given(rows())
    first, again, other = data.parts(1)[1], data.parts(1)[1], data.parts(2)[1]
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    assert first.n == 120


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (rows()[0], "data is"),
        ((rows()[0], np.zeros(600)), "two values"),
        ((rows()[0], rows(10)[1]), "one label for each row"),
    ],
)
def test_data_that_do_not_fit(data: Any, words: str) -> None:
    """The message says what is expected."""
    with pytest.raises(UsageError, match=words):
        given(data)


def test_a_cause_that_is_none() -> None:
    """The message lists the known ones."""
    with pytest.raises(UsageError, match="known are class_imbalance"):
        verify(build, rows(), "bad_luck", settings=STUCK)
