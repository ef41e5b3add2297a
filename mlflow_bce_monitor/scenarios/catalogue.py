"""The table of scenarios. Each line is one file; see it for rows, variants and reasons."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.scenarios import imbalanced_dataset, learning_rate, model_complexity
from mlflow_bce_monitor.scenarios.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    imbalanced_dataset.SCENARIO,  # 90/10          class weights, over- and undersampling
    learning_rate.SCENARIO,  #      Adam at 1.0    a lower rate, a schedule, SGD, RMSprop
    model_complexity.SCENARIO,  #   2 hidden units  wider, deeper, regularised, PCA, features by hand
)


def find_scenario(name: str) -> Scenario:
    """Return a scenario by name.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    known = ", ".join(scenario.name for scenario in SCENARIOS)
    raise UsageError(f"There is no scenario {name!r}; known are {known}. Pass one of these.")
