"""What a scenario logs about itself, as the evaluator reads it."""

from __future__ import annotations

import math

import pytest

from mlflow_bce_monitor.chance.level import chance_level
from mlflow_bce_monitor.contract import CAUSES
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS
from mlflow_bce_monitor.scenarios.fitting import chance_levels, prepare
from mlflow_bce_monitor.scenarios.training import Training, params, plan
from mlflow_bce_monitor.settings import Settings, read_settings

TRAININGS = [pytest.param(training, id=training.name) for training in plan(SCENARIOS, [2])]


def _read(training: Training) -> tuple[dict[str, str], Settings]:
    logged = {
        key: str(value)
        for key, value in params(training, prepare(training.source, training.recipe, training.seed)).items()
    }
    return logged, read_settings(RunRecord("run", params=logged))


@pytest.mark.parametrize("training", TRAININGS)
def test_params_never_name_the_fault(training: Training) -> None:
    """The evaluator has to find the cause out, so none of its words is logged."""
    logged, _ = _read(training)
    words = {*logged, *logged.values()}
    assert not words & (set(CAUSES) - {"none"})


@pytest.mark.parametrize("training", TRAININGS)
def test_params_say_what_is_needed_to_repeat_the_training(training: Training) -> None:
    """Everything of the recipe can be read back from the params."""
    logged, settings = _read(training)
    recipe = training.recipe
    assert (logged["scenario"], logged["data_source"], logged["variant"], logged["seed"]) == (
        training.scenario.name,
        training.source.name.value,
        training.variant.name,
        "2",
    )
    assert settings.unreadable == ()
    assert settings.learning_rate is not None
    assert settings.learning_rate.value == recipe.optimizer.learning_rate
    assert settings.optimizer is not None
    assert settings.optimizer.value == recipe.optimizer.name.value
    assert settings.hidden_units is not None
    assert settings.hidden_units.value == recipe.hidden_units
    assert settings.epochs is not None
    assert settings.epochs.value == recipe.epochs
    assert settings.batch_size is not None
    assert settings.batch_size.value == recipe.batch_size


@pytest.mark.parametrize("training", TRAININGS)
def test_params_lead_the_evaluator_to_the_right_chance_level(training: Training) -> None:
    """Share and weights as logged give the chance level of the very labels that were trained on."""
    rows = prepare(training.source, training.recipe, training.seed)
    _, settings = _read(training)
    assert settings.train_positive_share is not None
    weights = settings.class_weights.value if settings.class_weights else None
    pair = (1.0, 1.0) if weights is None else (weights.negative, weights.positive)
    level = chance_level(settings.train_positive_share.value, *pair)
    assert level == pytest.approx(chance_levels(rows, training.recipe).train)


def test_chance_levels_of_the_imbalanced_scenario() -> None:
    """H(0.1) without weights, 1.8 ln 2 with them, ln 2 after resampling, as far as the drawn shares allow."""
    levels, shares = {}, {}
    for training in plan(SCENARIOS[:1], [0])[:4]:
        rows = prepare(training.source, training.recipe, training.seed)
        levels[training.variant.name] = chance_levels(rows, training.recipe)
        shares[training.variant.name] = rows.train.positive_share, rows.validation.positive_share
    assert levels["baseline"].train == pytest.approx(0.325, abs=0.02)
    assert levels["class_weight"].train == pytest.approx(1.248, abs=0.06)
    # Validation is not weighted: it is the loss of what the weighted training settles on.
    train_share, validation_share = shares["class_weight"]
    settled = 9 * train_share / (9 * train_share + 1 - train_share)
    expected = -validation_share * math.log(settled) - (1 - validation_share) * math.log(1 - settled)
    assert levels["class_weight"].validation == pytest.approx(expected)
    for name in ("oversampling", "undersampling"):
        assert levels[name].train == pytest.approx(0.6931, abs=1e-4)
        assert levels[name].validation == pytest.approx(0.6931, abs=1e-4)
