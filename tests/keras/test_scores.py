"""The scores, held against scikit-learn and against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from mlflow_bce_monitor import scores

CASES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.51, 0.9, 1.0]), st.booleans()), min_size=2, max_size=40
)


@given(CASES)
def test_areas_are_those_of_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    """ROC AUC and average precision agree with scikit-learn, ties and all."""
    p = np.array([probability for probability, _ in rows])
    positive = np.array([label for _, label in rows])
    assume(0 < positive.sum() < positive.size)
    assert scores.roc_auc(p, positive) == pytest.approx(metrics.roc_auc_score(positive, p))
    assert scores.average_precision(p, positive) == pytest.approx(
        metrics.average_precision_score(positive, p)
    )
    found = scores.scores(p, positive)
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(positive, p > 0.5))
    assert found["recall"] == pytest.approx(metrics.recall_score(positive, p > 0.5))


def test_what_is_not_defined_is_left_out() -> None:
    """Without positives there is no recall and no area; NaN among the outputs is counted."""
    found = scores.scores(np.array([0.2, 0.7, math.nan, math.inf]), np.array([False, False, False, True]))
    assert found["non_finite_outputs"] == 0.5
    assert found["accuracy"] == 0.5
    assert not {"recall", "roc_auc", "pr_auc", "balanced_accuracy"} & found.keys()


@pytest.mark.parametrize(
    ("outputs", "labels", "weights", "logits", "expected"),
    [
        ([0.5, 0.5], [0.0, 1.0], None, False, math.log(2)),
        ([0.0, 0.0], [0.0, 1.0], None, True, math.log(2)),
        ([0.5, 0.5], [0.0, 1.0], [1.0, 3.0], False, 2 * math.log(2)),
        ([1000.0], [0.0], None, True, 1000.0),
        ([1.0], [0.0], None, False, -math.log(1e-7)),
        ([0.25], [-1.0], None, False, math.log(0.25) - 2 * math.log(0.75)),
    ],
)
def test_cross_entropy_by_hand(
    outputs: list[float],
    labels: list[float],
    weights: list[float] | None,
    logits: bool,  # noqa: FBT001 - a table's column
    expected: float,
) -> None:
    """The cross-entropy is that of the formula, clipped where Keras clips, for any label value."""
    w = None if weights is None else np.array(weights)
    found = scores.cross_entropy(np.array(outputs), np.array(labels), w, logits=logits)
    assert found == pytest.approx(expected, rel=1e-6)


def test_an_output_that_is_no_number_has_no_cross_entropy() -> None:
    """One NaN among the outputs leaves the mean undefined."""
    assert scores.cross_entropy(np.array([0.5, math.nan]), np.zeros(2), None, logits=False) is None
