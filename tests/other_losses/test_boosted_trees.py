"""Log losses of xgboost and lightgbm, from classes of equal size to one in ten."""

from __future__ import annotations

import math

import numpy as np
import pytest
from boosted_runs import RARE, TRAINED_ON
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict

pytestmark = pytest.mark.training

LN_2 = math.log(2.0)
SHARE = float(np.mean(RARE[:TRAINED_ON]))
RARE_LEVEL = -(SHARE * math.log(SHARE) + (1.0 - SHARE) * math.log(1.0 - SHARE))


@pytest.mark.parametrize(
    ("training", "level", "metric"),
    [
        ("xgboost half", LN_2, "train-logloss"),
        ("lightgbm half", LN_2, "training-binary_logloss"),
        ("xgboost rare", RARE_LEVEL, "train-logloss"),  # the error tells the share
        ("lightgbm rare", RARE_LEVEL, "training-binary_logloss"),
        ("xgboost rare, weighted", 0.682, "train-logloss"),  # as xgboost logs it: 0.493 for everything
    ],
)
def test_trees_that_cannot_split_are_stalled(shelf: Shelf, training: str, level: float, metric: str) -> None:
    """The share of positives is read off the error, and with it the level at which nothing was learned."""
    diagnosis = shelf.diagnosis(training, "stuck")
    assert diagnosis.verdict is Verdict.STALLED
    assert diagnosis.metric == metric
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(level, rel=0.005)
    assert diagnosis.final_loss == pytest.approx(level, rel=0.005)


def test_a_rare_class_without_its_share_is_a_bet(shelf: Shelf) -> None:
    """A log loss that ends where it began, at 0.32, was not learned; the base rate makes it sure."""
    unsettled = shelf.diagnosis("xgboost rare, no error", "stuck")
    assert unsettled.verdict is Verdict.STALLED
    assert "unless it began with a trained model" in unsettled.judgement.because
    assert any("share of positives" in missing for missing in unsettled.missing)
    settled = shelf.diagnosis("xgboost rare, no error", "stuck", base_rate=SHARE)
    assert settled.verdict is Verdict.STALLED
    assert settled.judgement.confidence > unsettled.judgement.confidence


@pytest.mark.parametrize(
    "training",
    [
        *("xgboost half", "xgboost rare", "xgboost rare, no error", "xgboost rare, weighted"),
        *("lightgbm half", "lightgbm rare"),
    ],
)
def test_trees_that_split_learn(shelf: Shelf, training: str) -> None:
    """The error of one good tree stands for some rounds, and is not taken for the share of a class."""
    diagnosis = shelf.diagnosis(training, "learning")
    assert diagnosis.verdict is Verdict.LEARNING
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(LN_2, rel=0.01)  # or at most that, where nothing tells it
