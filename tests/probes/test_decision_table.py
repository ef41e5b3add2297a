"""The decision table of the docs is that of the code."""

from __future__ import annotations

from pathlib import Path

from mlflow_bce_monitor.probes.decision_table import renewed
from mlflow_bce_monitor.probes.run import EXPERIMENTS
from mlflow_bce_monitor.rules.probed import OBSERVATIONS

PAGE = Path(__file__).parents[2] / "docs" / "probes.md"


def test_the_page_is_current() -> None:
    """docs/probes.md shows the weights that the code declares."""
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page


def test_every_observation_belongs_to_an_experiment() -> None:
    """No observation waits for a probe that does not exist, and every experiment says something."""
    assert {one.probe for one in OBSERVATIONS} == {one.name for one in EXPERIMENTS}
