"""Predictions of every form: probabilities, pairs, frames, class labels, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.measuring import measure
from mlflow_bce_monitor.evaluator.predictions import predictions_of
from mlflow_bce_monitor.evaluator.targets import targets_of

TARGETS = targets_of(np.array([0, 1, 1]))
P = np.array([0.2, 0.7, 0.9])
PAIRS = np.stack([1.0 - P, P], axis=1)


@pytest.mark.parametrize(
    "outputs",
    [
        P,
        P.tolist(),
        P.reshape(-1, 1),
        P.astype(object),
        PAIRS,
        PAIRS.tolist(),
        pd.Series(P),
        pd.DataFrame({"p": P}),
        pd.DataFrame(PAIRS),
        pd.DataFrame(PAIRS[:, ::-1], columns=["1", "0"]),
        pd.DataFrame(PAIRS[:, ::-1], columns=[1, 0]),
        {"p": P},
        {"p": P.reshape(-1, 1)[:, 0]},
        [{"p": p} for p in P],
    ],
    ids=lambda value: f"{type(value).__name__} {np.shape(value)}",
)
def test_probabilities_of_any_form(outputs: Any) -> None:
    """Each form gives the probability of the positive label."""
    found = predictions_of(outputs, TARGETS)
    assert found.probabilities is not None
    assert found.probabilities == pytest.approx(P)
    assert "probabilities" in found.words


def test_a_column_may_be_chosen() -> None:
    """Of several columns the one that was named is taken."""
    frame = pd.DataFrame({"other": [5.0, 6.0, 7.0], "p": P})
    found = predictions_of(frame, TARGETS, "p")
    assert found.probabilities == pytest.approx(P)
    assert found.words == "probabilities from the column 'p'"


def test_pairs_follow_the_positive_label() -> None:
    """Where the smaller label is positive, its column is the first."""
    swapped = targets_of(np.array([0, 1, 1]), 0)
    assert predictions_of(PAIRS, swapped).probabilities == pytest.approx(1.0 - P)
    named = pd.DataFrame(PAIRS, columns=["ham", "spam"])
    spam = targets_of(np.array(["ham", "spam", "spam"]), "ham")
    assert predictions_of(named, spam).probabilities == pytest.approx(1.0 - P)


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        ([0, 1, 0], [0, 1, 1]),
        ([0.0, 1.0, 0.0], [0, 1, 1]),
        ([False, True, False], [0, 1, 1]),
        ([False, True, False], [False, True, True]),
        ([1, 2, 1], [1, 2, 2]),
        (["no", "yes", "no"], ["no", "yes", "yes"]),
        (["0", "1", "0"], [0, 1, 1]),
        (np.array([False, True, False], dtype=object), [0, 1, 1]),
    ],
)
def test_class_labels(outputs: list[Any], labels: list[Any]) -> None:
    """Class labels are known as such; accuracy is measured, and nothing that needs probabilities."""
    targets = targets_of(np.array(labels))
    found = predictions_of(np.array(outputs), targets)
    assert found.probabilities is None
    assert found.said_positive is not None
    assert found.said_positive.tolist() == [False, True, False]
    measured = measure(targets, found, np.zeros((3, 1)))
    assert measured["accuracy"] == pytest.approx(2 / 3)
    assert measured["balanced_accuracy"] == pytest.approx(0.75)
    assert not measured.keys() & {"skill", "cross_entropy", "roc_auc", "output_sd", "near_half"}


def test_certain_probabilities_are_not_taken_for_labels_where_that_is_known() -> None:
    """A saturated network that gives 1.0 for everything gives probabilities."""
    found = predictions_of(np.ones(3), TARGETS, are_probabilities=True)
    assert found.probabilities == pytest.approx(np.ones(3))


def test_predictions_that_are_no_numbers_are_kept() -> None:
    """NaN stays NaN: that is a finding, and nothing else about the predictions is measured."""
    found = predictions_of(np.array([0.2, np.nan, 0.9]), TARGETS)
    measured = measure(TARGETS, found, np.zeros((3, 1)))
    assert measured["non_finite_outputs"] == pytest.approx(1 / 3)
    assert not measured.keys() & {"skill", "cross_entropy", "accuracy", "output_mean"}
    everything = predictions_of(np.full((3, 2), np.nan), TARGETS)
    assert measure(TARGETS, everything, np.zeros((3, 1)))["non_finite_outputs"] == 1.0


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (np.array([-3.0, 0.2, 4.1]), "between -3 and 4.1, .* through a sigmoid"),
        (np.eye(3), r"shape \(3, 3\): a binary cross-entropy takes one probability"),
        (np.full((3, 2), 0.9), r"shape \(3, 2\), and their rows do not sum to 1"),
        (pd.DataFrame({"a": [3.0] * 3, "b": P}), "The columns are 'a', 'b'; pass predictions="),
        (np.array([0.2, 0.7]), "2 predictions for 3 rows"),
        (np.array(["cat", "dog", "cat"]), "hold 'cat', 'dog', and the targets 0, 1"),
        (np.array([[{}], [{}], [{}]]), "The predictions hold '{}'"),
        (pd.DataFrame({"a": ["x"] * 3, "b": ["y"] * 3}), "are no numbers .* the first is 'x'"),
    ],
)
def test_what_is_refused(outputs: Any, words: str) -> None:
    """The message names what was received."""
    with pytest.raises(UsageError, match=words):
        predictions_of(outputs, TARGETS)


def test_an_unknown_column_is_refused() -> None:
    """The message names the columns there are."""
    with pytest.raises(UsageError, match="no column 'q'; they have 'p'"):
        predictions_of(pd.DataFrame({"p": P}), TARGETS, "q")


def test_features_that_never_change_are_counted() -> None:
    """The share of the numeric features with one value; words and missing values do not disturb it."""
    frame = pd.DataFrame(
        {
            "same": [1.0, 1.0, 1.0],
            "word": ["a", "b", "c"],
            "varies": [1, 2, 3],
            "gap": [np.nan, 2.0, 2.0],
            "none": [np.nan] * 3,
        }
    )
    measured = measure(TARGETS, predictions_of(P, TARGETS), frame)
    assert measured["constant_features"] == pytest.approx(3 / 4)
    assert "constant_features" not in measure(TARGETS, predictions_of(P, TARGETS), frame[["word"]])
