"""Sub-losses of real models with several outputs."""

from __future__ import annotations

import pytest
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("training", "total", "head"),
    [
        ("keras two_heads", "loss", "click_loss"),
        ("written two heads", "train/loss", "train/click_loss"),
    ],
)
def test_a_flat_head_under_a_falling_total_is_found(
    shelf: Shelf, training: str, total: str, head: str
) -> None:
    """The other head brings the total down; the one that stands at ln 2 is judged, and stalled."""
    diagnosis = shelf.diagnosis(training, "stuck")
    assert diagnosis.metric == head
    assert diagnosis.verdict is Verdict.STALLED
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(0.693, rel=0.01)
    asked_for = shelf.diagnosis(training, "stuck", metrics=(total,))
    assert asked_for.curves.loss is not None
    finite = asked_for.curves.loss.finite
    assert finite[-1] < 0.8 * finite[0]  # what hid it


@pytest.mark.parametrize("training", ["keras two_heads", "written two heads"])
def test_heads_that_learn_are_learning(shelf: Shelf, training: str) -> None:
    """Where every head learns, the one that fell least does too, and no sum is judged."""
    diagnosis = shelf.diagnosis(training, "learning")
    assert diagnosis.verdict is Verdict.LEARNING
    assert diagnosis.metric is not None
    assert diagnosis.metric.endswith(("click_loss", "open_loss"))


def test_the_held_back_loss_is_that_of_the_same_head(shelf: Shelf) -> None:
    """The twin of a head's loss and its accuracy are the head's own."""
    diagnosis = shelf.diagnosis("keras two_heads", "stuck")
    assert diagnosis.curves.validation_loss is not None
    assert diagnosis.curves.validation_loss.name == "val_click_loss"
    assert {curve.name for curve in diagnosis.curves.companions.values()} == {
        "click_accuracy",
        "val_click_accuracy",
    }
