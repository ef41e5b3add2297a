"""The reference learner tells labels that depend on inputs from labels that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlflow_bce_monitor.reference import MOST_ROWS, reference

SURE = 4.0
"""Standard deviations above permuted labels that are no accident."""


def table(n: int = 400, columns: int = 5, seed: int = 0) -> Any:
    """Return features."""
    return np.random.default_rng(seed).normal(size=(n, columns)).astype(np.float32)


@pytest.mark.parametrize(
    "rule",
    [
        lambda x: x[:, 0] - x[:, 1] > 0,
        lambda x: x[:, 0] * x[:, 1] > 0,
        lambda x: x[:, 0] ** 2 + x[:, 1] ** 2 > 1.4,
    ],
    ids=["linear", "product", "ring"],
)
def test_signal_is_found(rule: Any) -> None:
    """Straight and curved boundaries are ranked far above permuted labels."""
    x = table()
    found = reference([x], rule(x))
    assert found is not None
    assert found.distance > SURE
    assert found.auc > found.detectable > 0.5
    assert found.rows == len(x)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_taken_for_signal(seed: int) -> None:
    """Labels drawn apart from the rows stay within what permuted labels give."""
    y = np.random.default_rng(100 + seed).random(400) < 0.3
    found = reference([table(seed=seed)], y)
    assert found is not None
    assert found.distance < 3.0
    assert found.detectable < 0.65


def test_copies_of_rows_are_no_signal() -> None:
    """Oversampled rows stand in all folds, and a learner that knows them by heart has learned nothing."""
    random = np.random.default_rng(1)
    chosen = random.integers(0, 120, 600)
    found = reference([table(120)[chosen]], (random.random(120) < 0.5)[chosen])
    assert found is not None
    assert found.rows <= 120
    assert found.distance < 3.0


def test_tokens_are_counted_and_placed() -> None:
    """Token numbers have no size: which ones come, and where, is what is looked at."""
    random = np.random.default_rng(2)
    tokens = random.integers(1, 30, (500, 8)).astype(np.int32)
    is_there = (tokens == 17).any(axis=1)
    at_the_end = tokens[:, -1] % 2 == 0
    for y in (is_there, at_the_end):
        found = reference([tokens], y)
        assert found is not None
        assert found.distance > SURE


def test_neighbours_are_seen_wherever_they_stand() -> None:
    """A pattern in any place of an image, and two tokens that count only side by side, are found."""
    random = np.random.default_rng(3)
    images = random.normal(0.0, 0.3, (500, 12, 12, 1)).astype(np.float32)
    lies = random.random(500) < 0.5
    for image, is_flat in zip(images, lies, strict=True):
        down, across = random.integers(0, 8, 2)
        image[(down, slice(across, across + 4)) if is_flat else (slice(down, down + 4), across)] += 1.0
    tokens = random.integers(0, 6, (900, 6)).astype(np.int32)
    pair = ((tokens[:, :-1] == 2) & (tokens[:, 1:] == 5)).any(axis=1)
    for x, y in ((images, lies), (tokens, pair)):
        found = reference([x], y)
        assert found is not None
        assert found.distance > SURE
        of_table = _of_the_table_alone(x, y)
        assert found.distance > of_table + 1.0


def _of_the_table_alone(x: Any, y: Any) -> float:
    """Return the distance that the same values reach as columns of no order: there filters see nothing."""
    found = reference(list(x.reshape(len(x), -1).T[:, :, None]), y)
    assert found is not None
    return found.distance


def test_labels_that_are_wrong_for_a_third_need_many_rows() -> None:
    """What 150 rows do not show for certain, 2,000 do."""
    random = np.random.default_rng(4)
    x = table(MOST_ROWS, 12, seed=4)
    y = (x[:, :3].sum(axis=1) > 0) ^ (random.random(len(x)) < 0.36)
    few, many = reference([x[:150]], y[:150]), reference([x], y)
    assert few is not None
    assert many is not None
    assert few.distance < SURE < many.distance
    assert many.detectable < few.detectable - 0.05


def test_the_best_of_many_kernels_is_compared_with_the_best_of_many() -> None:
    """Labels drawn apart from the rows lie as far above permuted ones as below them, on average."""
    random = np.random.default_rng(5)
    distances = [
        found.distance
        for seed in range(40)
        if (found := reference([table(150, seed=seed)], random.random(150) < 0.5)) is not None
    ]
    assert len(distances) == 40
    assert abs(np.mean(distances)) < 0.5
    assert sum(distance > 2.0 for distance in distances) <= 5
    assert max(distances) < SURE


def test_wide_inputs_are_projected() -> None:
    """Images of thousands of points are ranked by what projections keep of them."""
    x = table(300, 40 * 40).reshape(300, 40, 40, 1)
    y = x[:, :20].mean(axis=(1, 2, 3)) > 0
    x[y] += 0.3
    found = reference([x], y)
    assert found is not None
    assert found.distance > SURE


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (table(60), np.arange(60) < 5),
        (np.zeros((200, 3), np.float32), np.arange(200) % 2 == 0),
        (np.array([["a"], ["b"]] * 100), np.arange(200) % 2 == 0),
    ],
    ids=["five positives", "constant inputs", "text"],
)
def test_no_answer_where_rows_do_not_allow_of_one(x: Any, y: Any) -> None:
    """Too few rows of a class, inputs that are all the same, and text give no answer."""
    assert reference([x], y) is None


def test_values_that_are_no_numbers_and_many_rows() -> None:
    """NaN counts as 0, and of many rows the first are taken; the answer is the same each time."""
    x = table(MOST_ROWS + 1_000)
    x[::7, 2] = np.nan
    first, second = reference([x], x[:, 0] > 0), reference([x], x[:, 0] > 0)
    assert first == second
    assert first is not None
    assert first.rows == MOST_ROWS
    assert first.distance > SURE
