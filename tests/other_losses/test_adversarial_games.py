"""Discriminators of real games between four numbers."""

from __future__ import annotations

import math

import pytest
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict

pytestmark = pytest.mark.training

LEVELS = {"gan, mean of two terms": math.log(2.0), "gan, sum of two terms": 2.0 * math.log(2.0)}


@pytest.mark.parametrize("training", LEVELS)
@pytest.mark.parametrize(
    ("variant", "verdict"), [("equilibrium", Verdict.BENIGN), ("one-sided", Verdict.LEARNING)]
)
def test_a_game_at_its_equilibrium_is_normal(
    shelf: Shelf, training: str, variant: str, verdict: Verdict
) -> None:
    """A discriminator that is fooled is at chance; one whose generator stands still learns."""
    diagnosis = shelf.diagnosis(training, variant)
    assert diagnosis.metric == "d_loss"
    assert diagnosis.verdict is verdict
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(LEVELS[training])


@pytest.mark.parametrize("training", LEVELS)
def test_the_equilibrium_is_the_cause_of_an_equilibrium_only(shelf: Shelf, training: str) -> None:
    """Networks that were never trained stand at chance too, and the rule says that this is no equilibrium."""
    played = shelf.diagnosis(training, "equilibrium").causes
    never_played = shelf.diagnosis(training, "tiny rates").causes
    assert played[0].cause == "adversarial_equilibrium"
    assert played[0].probability > 0.8
    assert all(cause.probability < 0.5 for cause in never_played if cause.cause == "adversarial_equilibrium")
