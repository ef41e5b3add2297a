"""What the comparison shows, computed from finished trainings."""

from __future__ import annotations

import pytest

from mlflow_bce_monitor.scenarios import comparison
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS
from mlflow_bce_monitor.scenarios.fitting import ChanceLevels
from mlflow_bce_monitor.scenarios.tracked import TrackedTraining
from mlflow_bce_monitor.scenarios.training import plan

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHANCE = ChanceLevels(train=0.5, validation=0.4)


def _done(run_id: str, losses: tuple[float, ...], position: int = 0) -> TrackedTraining:
    history = {"loss": losses, "val_loss": losses, "val_auc": (0.5,), "val_recall": (0.0,)}
    return TrackedTraining(run_id, plan(SCENARIOS, [0])[position], CHANCE, history)


def test_skill_bars_are_measured_from_each_losss_own_chance_level() -> None:
    """A loss of 0.4 is skill 0.2 in training and chance in validation, where the levels are 0.5 and 0.4."""
    (bar,) = comparison.skill_bars([_done("a", (0.6, 0.4))])
    assert bar == comparison.SkillBar(
        "imbalanced_dataset/published/baseline", pytest.approx(0.2), pytest.approx(0.0)
    )


@pytest.mark.parametrize(
    ("losses", "clipped"),
    [((0.6, 0.4), False), ((7.0, 0.5), True), ((float("nan"), 0.5), True), ((1.0, 0.5), False)],
)
def test_a_panel_says_when_a_loss_lies_outside_of_it(losses: tuple[float, ...], clipped: bool) -> None:  # noqa: FBT001 - a column of the table
    """The axis ends at twice the chance level, so that a spike does not flatten the rest, and says so."""
    (panel,) = comparison.curve_panels([_done("a", losses)])
    assert (panel.highest_shown, panel.clipped) == (1.0, clipped)
    assert (panel.training_chance, panel.validation_chance) == (0.5, 0.4)


def test_the_table_has_the_answers_of_its_runs() -> None:
    """A run's row carries its verdict and cause; a run that was not evaluated has none."""
    answers = {"a": {"verdict": "stalled", "cause": "no_signal", "confidence": 0.6}}
    rows = comparison.table([_done("a", (0.5,)), _done("b", (0.5,), 1)], answers)
    assert [(row["verdict"], row["cause"]) for row in rows] == [("stalled", "no_signal"), (None, None)]


def test_figures_can_be_drawn() -> None:
    """Both figures draw any number of runs."""
    trainings = [_done(str(position), (0.6, 0.5, 0.4), position) for position in range(3)]
    panels = comparison.draw_curves("title", comparison.curve_panels(trainings), columns=2)
    assert sum(axes.get_visible() for axes in panels.axes) == 3
    bars = comparison.draw_skill(comparison.skill_bars(trainings))
    assert len(bars.axes[0].get_yticklabels()) == 3
