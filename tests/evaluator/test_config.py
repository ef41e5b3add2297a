"""What may be said in evaluator_config."""

from __future__ import annotations

from typing import Any

import pytest

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.config import Config, config_of
from mlflow_bce_monitor.tracking.writing.reports import Reports


@pytest.mark.parametrize(
    ("given", "config"),
    [
        (None, Config()),
        ({}, Config()),
        ({"probe": True, "budget": 5}, Config(probe=True, budget=5)),
        ({"bce_monitor": {"reports": "all"}}, Config(reports=Reports.ALL)),
        ({"pos_label": "no", "col_mapping": {"a": "b"}}, Config(pos_label="no")),
    ],
)
def test_flat_and_nested(given: dict[str, Any] | None, config: Config) -> None:
    """Keys stand at once or under the evaluator's name; MLflow's own key is left alone."""
    assert config_of(given) == config


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"prob": True, "budgte": 3},
            "does not know 'prob', 'budgte' .* it knows 'pos_label', 'reports', 'probe', 'budget', 'seed'",
        ),
        ({"bce_monitor": {"metric": "loss"}}, "does not know 'metric'"),
        ({"bce_monitor": True}, "must be a dictionary, got True"),
        ({"probe": "yes"}, "probe='yes' is not True or False"),
        ({"budget": 0}, "budget=0 is not a number of seconds above 0"),
        ({"budget": "long"}, "budget='long' is not"),
        ({"seed": -1}, "seed=-1 is not a whole number"),
        ({"reports": "some"}, "reports='some' is not one of"),
    ],
)
def test_what_is_refused(given: dict[str, Any], words: str) -> None:
    """The message names what was received and what is known."""
    with pytest.raises(UsageError, match=words):
        config_of(given)
