"""Rows, their split, and what is done to them before a training."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mlflow_bce_monitor.scenarios.preparation import (
    OVERSAMPLING,
    UNDERSAMPLING,
    Preparation,
    principal_components,
    products_of_block_means,
)
from mlflow_bce_monitor.scenarios.rows import Rows, label_highest, noisy_measurements, uniform_ranks

SEED = 4


def _rows(n_rows: int, n_features: int = 10, share: float = 0.1, seed: int = SEED) -> Rows:
    rng = np.random.default_rng(seed)
    return Rows(rng.random((n_rows, n_features)), label_highest(rng.random(n_rows), share))


def test_labels_must_fit_the_features() -> None:
    """Rows of two lengths are refused with both shapes."""
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(4,\)"):
        Rows(np.zeros((3, 2)), np.zeros(4))


def test_the_validation_rows_are_the_last_ones() -> None:
    """As Keras' validation_split takes them, before any shuffling."""
    rows = _rows(1000)
    train, validation = rows.split_off_end(0.2)
    assert (len(train), len(validation)) == (800, 200)
    assert np.array_equal(validation.features, rows.features[800:])
    assert np.array_equal(train.labels, rows.labels[:800])


def test_the_highest_scores_are_labelled() -> None:
    """A quarter of eight rows are the two with the highest scores."""
    assert label_highest(np.array([3.0, 1, 9, 2, 8, 0, 5, 4]), 0.25).tolist() == [0, 0, 1, 0, 1, 0, 0, 0]


def test_ranks_keep_the_order_and_spread_evenly() -> None:
    """Each column becomes its ranks in (0, 1), apart from the other column."""
    ranks = uniform_ranks(np.array([[5.0, -1.0], [7.0, -3.0], [6.0, -2.0], [100.0, 0.0]]))
    assert ranks.tolist() == [[0.125, 0.625], [0.625, 0.125], [0.375, 0.375], [0.875, 0.875]]


def test_measurement_noise_has_the_stated_deviation() -> None:
    """Half a unit of noise on a constant factor has a deviation of one half."""
    measured = noisy_measurements(np.random.default_rng(SEED), np.full((100_000, 1), 2.0), 0.5)
    assert measured.mean() == pytest.approx(2.0, abs=0.01)
    assert measured.std() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("preparation", "per_class"), [(OVERSAMPLING, 720), (UNDERSAMPLING, 80)])
def test_resampling_balances_the_training_rows_only(preparation: Preparation, per_class: int) -> None:
    """Both classes get one size, out of training rows alone; the validation rows stay as they were."""
    train, validation = _rows(800), _rows(200, seed=SEED + 1)
    resampled, held_back = preparation.apply(train, validation, SEED)
    assert Counter(resampled.labels.tolist()) == {0.0: per_class, 1.0: per_class}
    assert held_back is validation
    known = {row.tobytes() for row in train.features}
    assert {row.tobytes() for row in resampled.features} <= known


@pytest.mark.parametrize(
    "preparation", [principal_components(5), products_of_block_means(5)], ids=["pca", "products"]
)
def test_features_are_fitted_on_the_training_rows_alone(preparation: Preparation) -> None:
    """Other validation rows change nothing in training, and a validation row depends on no other one."""
    train, validation, other = (
        _rows(n_rows, 100, 0.5, seed) for n_rows, seed in ((800, 1), (200, 2), (200, 3))
    )
    prepared, held_back = preparation.apply(train, validation, SEED)
    again, _ = preparation.apply(train, other, SEED)
    assert np.array_equal(prepared.features, again.features)
    part = Rows(validation.features[:7], validation.labels[:7])
    assert preparation.apply(train, part, SEED)[1].features == pytest.approx(held_back.features[:7])
    assert np.array_equal(held_back.labels, validation.labels)


def test_hand_made_features_are_the_products_of_block_means() -> None:
    """Two blocks of two columns give one feature, scaled to unit deviation."""
    features = np.array([[1.0, 3.0, 0.0, 2.0], [0.0, 0.0, 4.0, 4.0], [2.0, 2.0, 1.0, 3.0]])
    train = Rows(features, np.array([0.0, 1.0, 1.0]))
    prepared, _ = products_of_block_means(2).apply(train, train, SEED)
    centred = features - features.mean()
    expected = centred[:, :2].mean(axis=1) * centred[:, 2:].mean(axis=1)
    assert prepared.features[:, 0] == pytest.approx(expected / expected.std())
