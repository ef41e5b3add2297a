"""The table of scenarios: what it promises, and that reading it is cheap."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mlflow_bce_monitor.contract import CAUSES
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.scenarios import imbalanced_dataset, learning_rate, model_complexity
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS, find_scenario
from mlflow_bce_monitor.scenarios.scenario import (
    BASELINE,
    DataSource,
    ExponentialDecay,
    Optimizer,
    OptimizerName,
    Scenario,
    SourceName,
)
from mlflow_bce_monitor.scenarios.training import plan

SOURCES = [
    pytest.param(scenario, source, id=f"{scenario.name}-{source.name}")
    for scenario in SCENARIOS
    for source in scenario.sources
]
SHAPES = {
    "imbalanced_dataset": (1000, 10),
    "learning_rate": (1000, 10),
    "model_complexity": (1000, 100),
}


def test_reading_the_catalogue_loads_no_framework() -> None:
    """The table can be read where only NumPy is installed, and at once."""
    code = (
        "import sys; import mlflow_bce_monitor.scenarios.catalogue; "
        "frameworks = {'mlflow', 'tensorflow', 'keras', 'sklearn', 'imblearn'}; "
        "print(sorted(frameworks & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("module", [imbalanced_dataset, learning_rate, model_complexity])
def test_a_scenario_is_named_like_its_file(module: object) -> None:
    """One word leads from a run to the file that describes it."""
    name = module.__name__.rpartition(".")[2]  # type: ignore[attr-defined]
    assert find_scenario(name) is module.SCENARIO  # type: ignore[attr-defined]


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    """A slip of the keyboard gets the list of names."""
    with pytest.raises(UsageError, match=r"'imbalance'.*imbalanced_dataset, learning_rate, model_complexity"):
        find_scenario("imbalance")


def test_an_unknown_variant_is_answered_with_the_known_ones() -> None:
    """As for scenarios."""
    source = learning_rate.SCENARIO.source(SourceName.LEARNABLE)
    with pytest.raises(UsageError, match=r"'momentum'.*baseline, lower_rate, schedule, sgd, rmsprop"):
        source.variant("momentum")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_both_sources_have_the_same_variants_with_the_baseline_first(scenario: Scenario) -> None:
    """The two halves of a comparison line up."""
    published, learnable = (
        [variant.name for variant in scenario.source(name).variants] for name in SourceName
    )
    assert published == learnable
    assert published[0] == BASELINE
    assert len(set(published)) == len(published)
    assert scenario.expected_cause in CAUSES


@pytest.mark.parametrize(("scenario", "source"), SOURCES)
def test_rows_have_the_published_shape_and_share(scenario: Scenario, source: DataSource) -> None:
    """Both sources have 1000 rows of uniform features; a tenth of the imbalanced labels are positive."""
    rows = source.draw(3)
    assert rows.features.shape == SHAPES[scenario.name]
    assert rows.features.min() >= 0.0
    assert rows.features.max() < 1.0
    assert rows.features.mean(axis=0) == pytest.approx(np.full(rows.n_features, 0.5), abs=0.05)
    if scenario.name == "imbalanced_dataset":
        assert rows.labels.sum() == 100
    else:
        assert rows.positive_share == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("scenario", "source"), SOURCES)
def test_a_seed_decides_the_rows(scenario: Scenario, source: DataSource) -> None:
    """The same seed gives the same rows, another seed gives others."""
    del scenario
    first, again, other = source.draw(5), source.draw(5), source.draw(6)
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.features, other.features)


@pytest.mark.parametrize(("scenario", "source"), SOURCES)
def test_every_departure_from_the_published_settings_is_stated(
    scenario: Scenario, source: DataSource
) -> None:
    """A recipe that differs from the published one says so, and one that does not, does not."""
    for variant in source.variants:
        published = scenario.source(SourceName.PUBLISHED).variant(variant.name)
        assert (variant.recipe != published.recipe) == bool(variant.deviation), variant.name
        assert not published.deviation


def test_published_recipes_keep_the_articles_numbers() -> None:
    """Ten epochs of batches of 32, a fifth held back; weights 1 and 9, Adam at 1.0, two hidden units."""
    for training in plan(SCENARIOS, [0]):
        if training.source.name is SourceName.PUBLISHED:
            recipe = training.recipe
            assert (recipe.epochs, recipe.batch_size, recipe.validation_split) == (10, 32, 0.2)
    weight = (
        imbalanced_dataset.SCENARIO.source(SourceName.PUBLISHED).variant("class_weight").recipe.class_weight
    )
    assert weight is not None
    assert (weight.negative, weight.positive) == (1.0, 9.0)
    thrown = learning_rate.SCENARIO.source(SourceName.PUBLISHED).variant(BASELINE).recipe.optimizer
    assert thrown == Optimizer(OptimizerName.ADAM, 1.0)
    narrow = model_complexity.SCENARIO.source(SourceName.PUBLISHED).variant(BASELINE).recipe
    assert narrow.hidden_units == (2,)


def test_the_plan_holds_every_variant_on_both_sources_for_every_seed() -> None:
    """Two seeds of 4 + 5 + 6 variants on two sources are 60 trainings, no two alike."""
    trainings = plan(SCENARIOS, [0, 1])
    assert len(trainings) == 2 * 2 * (4 + 5 + 6)
    assert len({(training.name, training.seed) for training in trainings}) == len(trainings)
    assert trainings[0].name == "imbalanced_dataset/published/baseline"


def test_momentum_is_for_sgd() -> None:
    """A momentum that no optimizer would use is refused."""
    with pytest.raises(ValueError, match=r"momentum=0\.9 is for sgd, not for adam"):
        Optimizer(OptimizerName.ADAM, 1e-3, momentum=0.9)
    assert Optimizer(OptimizerName.SGD, 1e-2, schedule=ExponentialDecay(0.9, 25)).momentum == 0.0
