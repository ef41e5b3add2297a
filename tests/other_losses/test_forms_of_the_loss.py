"""Losses that are no plain mean in nats: smoothed, focal, summed, weighted, in bits, under a penalty."""

from __future__ import annotations

import math

import pytest
from keras_runs import BATCH
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict

pytestmark = pytest.mark.training

LN_2 = math.log(2.0)
FOCAL = 0.25 * LN_2
LEVELS = {
    "keras smoothed_labels": LN_2,
    "keras focal": FOCAL,
    "keras focal_with_alpha": 0.415 * FOCAL,  # the best constant under weights of 0.25 and 0.75
    "keras summed": BATCH * LN_2,
    "keras weighted_examples": 4.0 * LN_2,
    "written running sum": 20.0 * LN_2,
    "written bits": 1.0,
    "written unnamed bits": 1.0,
    "written with a factor": 0.05 * LN_2,
}
"""What each of them is when nothing was learned of classes of equal size."""


@pytest.mark.parametrize("training", LEVELS)
def test_a_stuck_loss_of_another_form_is_stalled_at_its_own_level(shelf: Shelf, training: str) -> None:
    """Rows of zeros leave the loss at the chance level of its form, and the form is found."""
    diagnosis = shelf.diagnosis(training, "stuck")
    assert diagnosis.verdict is Verdict.STALLED
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(LEVELS[training], rel=0.02)


@pytest.mark.parametrize("training", LEVELS)
def test_a_loss_of_another_form_that_learns_is_learning(shelf: Shelf, training: str) -> None:
    """The same setup on rows that tell the labels is nowhere called stuck, slow or diverged."""
    assert shelf.diagnosis(training, "learning").verdict is Verdict.LEARNING


@pytest.mark.parametrize(
    "training", ["keras focal", "keras focal_with_alpha", "keras summed", "keras weighted_examples"]
)
def test_the_form_does_not_depend_on_having_learned(shelf: Shelf, training: str) -> None:
    """Both variants of one setup get the same level, give or take what their labels say of the share."""
    stuck, learning = (shelf.diagnosis(training, variant).chance for variant in ("stuck", "learning"))
    assert stuck is not None
    assert learning is not None
    assert learning.value == pytest.approx(stuck.value, rel=0.02)


def test_a_penalty_that_decays_is_no_progress(shelf: Shelf) -> None:
    """Under a penalty the loss falls all the way to ln 2 and stays: at most still falling, never learned."""
    diagnosis = shelf.diagnosis("keras penalised", "stuck")
    loss = diagnosis.curves.loss
    assert loss is not None
    assert loss.finite[0] > 1.5 * LN_2
    assert diagnosis.verdict in (Verdict.STALLED, Verdict.SLOW)


def test_learning_under_a_penalty_is_learning(shelf: Shelf) -> None:
    """A first loss of twice ln 2 with an accuracy below one half is no softmax over many classes."""
    diagnosis = shelf.diagnosis("keras penalised", "learning")
    assert diagnosis.metric == "loss"
    assert diagnosis.verdict is Verdict.LEARNING


@pytest.mark.parametrize(("variant", "verdict"), [("stuck", Verdict.STALLED), ("learning", Verdict.LEARNING)])
def test_the_plain_metric_beside_a_penalised_loss_is_judged(
    shelf: Shelf, variant: str, verdict: Verdict
) -> None:
    """Keras' metric ``binary_crossentropy`` carries no penalty, so it says what the predictions are worth."""
    diagnosis = shelf.diagnosis("keras penalised_beside_plain", variant)
    assert diagnosis.metric == "binary_crossentropy"
    assert diagnosis.verdict is verdict
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(LN_2, rel=0.01)
    assert diagnosis.curves.penalised is not None
    assert diagnosis.curves.penalised.name == "loss"
