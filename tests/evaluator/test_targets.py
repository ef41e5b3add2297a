"""Labels of every form: which counts as positive, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.targets import targets_of

FORMS = [
    (np.array([0, 1, 1]), "1 counts as positive, 0 as negative"),
    (np.array([0.0, 1.0, 1.0]), "1 counts as positive, 0 as negative"),
    (np.array([-1, 1, 1]), "1 counts as positive, -1 as negative"),
    (np.array([[0], [1], [1]]), "1 counts as positive, 0 as negative"),
    (np.array([False, True, True]), "True counts as positive, False as negative"),
    (np.array(["ham", "spam", "spam"]), "'spam' counts as positive, 'ham' as negative"),
    (np.array(["no", "yes", "yes"], dtype=object), "'yes' counts as positive, 'no' as negative"),
    (np.array([[1, 0], [0, 1], [0, 1]]), "of the one-hot targets the second column counts as positive"),
    (np.array([[1, 0], [0, 1], [0, 1]], dtype=bool), "of the one-hot targets the second column"),
    (np.array([0, [1, 0], [0, 1], [0, 1]], dtype=object)[1:], "of the one-hot targets the second column"),
]


@pytest.mark.parametrize(("labels", "words"), FORMS, ids=lambda value: str(value)[:30])
def test_two_values_of_any_form(labels: Any, words: str) -> None:
    """The larger label is the positive one, and the mapping is told."""
    targets = targets_of(labels)
    assert targets.positive.tolist() == [False, True, True]
    assert targets.words.startswith(words)


def test_the_caller_may_choose_the_positive_label() -> None:
    """With pos_label the other label is positive."""
    targets = targets_of(np.array(["good", "bad", "bad"]), "bad")
    assert targets.positive.tolist() == [False, True, True]
    assert targets.words == "'bad' counts as positive, 'good' as negative"
    pairs = targets_of(np.array([[1, 0], [0, 1]]), 0)
    assert pairs.positive.tolist() == [True, False]
    assert "first column counts as positive" in pairs.words


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "There are no targets: pass targets="),
        (np.array([1, 1, 1]), "All 3 targets are 1: .* both classes"),
        (np.array([0, 1, 2]), "The targets have 3 values: 0, 1, 2. .* one class against the rest"),
        (np.arange(20) / 20, r"The targets have 20 values: 0, 0.05, .* and 12 more"),
        (np.array([0.0, 1.0, np.nan]), "1 of 3 targets are missing"),
        (np.array(["a", "b", None], dtype=object), "1 of 3 targets are missing"),
        (np.eye(3), r"The targets have shape \(3, 3\)"),
        (np.array([[0.3, 0.7], [1.0, 0.0]]), r"shape \(2, 2\), and not every row is a one and a zero"),
        (np.array([]), "There are no rows"),
    ],
)
def test_what_is_refused(labels: Any, words: str) -> None:
    """The message names what was received."""
    with pytest.raises(UsageError, match=words):
        targets_of(labels)


def test_an_unknown_positive_label_is_refused() -> None:
    """The message names the labels there are."""
    with pytest.raises(UsageError, match="pos_label='yes' is none of the targets' labels, which are 0, 1"):
        targets_of(np.array([0, 1]), "yes")
