"""Softmax over two classes is a binary cross-entropy, over ten it is not, over five labels it is a mean."""

from __future__ import annotations

import math

import pytest
from shelf import Shelf

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves import LossCertainty

pytestmark = pytest.mark.training

LN_2 = math.log(2.0)


@pytest.mark.parametrize(
    ("training", "variant", "verdict", "certainty"),
    [
        ("keras softmax_over_two", "learning", Verdict.LEARNING, LossCertainty.IMPLIED),
        ("keras softmax_over_two", "stuck", Verdict.STALLED, LossCertainty.IMPLIED),
        ("written cross-entropy over two", "learning", Verdict.LEARNING, LossCertainty.NAMED),
        ("written cross-entropy over two", "stuck", Verdict.STALLED, LossCertainty.NAMED),
    ],
)
def test_a_softmax_over_two_classes_is_judged_against_ln_2(
    shelf: Shelf, training: str, variant: str, verdict: Verdict, certainty: LossCertainty
) -> None:
    """Two classes of equal size have ln 2 at chance, whether one output or two say so."""
    diagnosis = shelf.diagnosis(training, variant)
    assert diagnosis.verdict is verdict
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(LN_2, rel=0.01)
    assert diagnosis.curves.certainty is certainty


@pytest.mark.parametrize("variant", ["learning", "stuck"])
@pytest.mark.parametrize(
    "training",
    [
        "keras softmax_over_ten",
        "written cross-entropy over ten",
        "written cross-entropy over an unsaid ten",
        "xgboost thirds",
    ],
)
def test_a_softmax_over_more_classes_is_not_applicable(shelf: Shelf, training: str, variant: str) -> None:
    """No loss over ten classes is taken for a binary one, stuck or not, and the reason says what it is."""
    diagnosis = shelf.diagnosis(training, variant)
    assert diagnosis.verdict is Verdict.NOT_APPLICABLE
    assert diagnosis.metric is None
    assert diagnosis.curves.reason


@pytest.mark.parametrize(
    ("training", "metric"),
    [("keras softmax_over_ten", "loss"), ("written cross-entropy over ten", "train_loss")],
)
@pytest.mark.parametrize(("variant", "verdict"), [("learning", Verdict.LEARNING), ("stuck", Verdict.STALLED)])
def test_a_softmax_that_is_asked_for_is_judged_against_ln_k(
    shelf: Shelf, training: str, metric: str, variant: str, verdict: Verdict
) -> None:
    """``--metric`` compares a loss over ten classes with ln 10, which equal classes have at chance."""
    diagnosis = shelf.diagnosis(training, variant, metrics=(metric,))
    assert diagnosis.verdict is verdict
    assert diagnosis.metric == metric
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(math.log(10))
    assert not diagnosis.chance.known  # classes of unequal size have less


def test_many_labels_are_judged_as_a_mean(shelf: Shelf) -> None:
    """Five labels have at most ln 2; at chance below that nobody can say without their shares."""
    learning, stuck = (shelf.diagnosis("keras five_labels", variant) for variant in ("learning", "stuck"))
    assert learning.verdict is Verdict.LEARNING
    assert stuck.verdict is Verdict.INCONCLUSIVE
    assert stuck.curves.n_labels == 5
    assert stuck.chance is not None
    assert (stuck.chance.value, stuck.chance.known) == (pytest.approx(LN_2), False)
    assert "5 labels" in stuck.chance.formula


def test_a_base_rate_bounds_the_level_of_many_labels(shelf: Shelf) -> None:
    """The mean share that the caller states bounds the mean of the entropies from above."""
    diagnosis = shelf.diagnosis("keras five_labels", "stuck", base_rate=0.29)
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(-(0.29 * math.log(0.29) + 0.71 * math.log(0.71)))


def test_a_regression_is_not_applicable(shelf: Shelf) -> None:
    """A squared error is no cross-entropy, and a metric beside it says so."""
    assert shelf.diagnosis("written regression", "named").verdict is Verdict.NOT_APPLICABLE


def test_a_bare_loss_at_0_69_is_no_more_than_assumed(shelf: Shelf) -> None:
    """A squared error that ends at 0.69 under the name "loss" alone is judged with at most even odds."""
    diagnosis = shelf.diagnosis("written regression", "bare")
    assert diagnosis.curves.certainty is LossCertainty.ASSUMED
    assert diagnosis.judgement.confidence <= 0.5
    assert "assumed" in diagnosis.judgement.because
    assert all(cause.probability <= 0.5 for cause in diagnosis.causes if cause.cause != "unknown")
