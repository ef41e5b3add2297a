"""Pairs of trainings, compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mlflow_bce_monitor.verifying.arm import Arm, Measured
from mlflow_bce_monitor.verifying.comparison import Result, compare, is_futile, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 4, 9, 10, 11, 20, 60])
def test_quantiles_are_students(degrees: int) -> None:
    """The table and the series behind it are those of SciPy to three digits."""
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-3)


@pytest.mark.parametrize(
    ("before", "after", "result"),
    [
        ([0.0, 0.0, 0.0], [0.5, 0.6, 0.55], Result.WORKS),
        ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6], Result.WORKS),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], Result.NO_EFFECT),
        ([0.0, 0.0, 0.0], [0.003, 0.004, 0.003], Result.NO_EFFECT),  # sure, and too little to matter
        ([0.0, 0.0, 0.0], [0.9, 0.0, 0.0], Result.NO_EFFECT),  # large on the average, and not sure
        ([0.5, 0.6, 0.55], [0.0, 0.0, 0.0], Result.WORSE),
    ],
)
def test_what_pairs_show(before: list[float], after: list[float], result: Result) -> None:
    """A gain counts when its interval lies above 0 and it is worth a change."""
    assert compare(before, after).result is result


def test_the_interval_is_that_of_the_paired_t_test() -> None:
    """Pairing takes out what both trainings owe to the seed."""
    rng = np.random.default_rng(0)
    before = list(rng.uniform(0.1, 0.5, 5))
    after = [one + 0.1 + 0.01 * luck for one, luck in zip(before, rng.standard_normal(5), strict=True)]
    found = compare(before, after)
    expected = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-3)


def test_the_interval_holds_the_true_gain_as_often_as_it_says() -> None:
    """With three pairs of differing luck, 95 of 100 intervals hold the true gain."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(2000):
        gains = 0.3 + 0.1 * rng.standard_normal(3)
        found = compare([0.2, 0.2, 0.2], list(0.2 + gains))
        inside += found.low <= 0.3 <= found.high
    assert inside / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_pair_is_no_comparison() -> None:
    """Nothing is known about the variation then."""
    with pytest.raises(ValueError, match="1 pairs are too few"):
        compare([0.0], [0.5])


def test_a_trial_without_any_gain_ends_early() -> None:
    """Three pairs without gain are enough; one gain among them is worth going on."""
    assert is_futile([0.0, 0.01, 0.0])
    assert not is_futile([0.0, 0.3, 0.0])
    assert not is_futile([0.0, 0.0])


@pytest.mark.parametrize(
    ("skill", "usable"), [(0.4, 0.4), (-8.0, 0.0), (None, 0.0), (math.nan, 0.0), (-math.inf, 0.0)]
)
def test_below_chance_nothing_is_explained(skill: float | None, usable: float) -> None:
    """A remedy that only brings a loss of six nats down to chance has taught nothing."""
    assert Measured(Arm("a"), 0, skill).usable == usable
