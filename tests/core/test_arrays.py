"""The quick array functions give what NumPy gives, to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlflow_bce_monitor.arrays import median, medians_of_five, row_medians, running_max

NUMBERS = st.floats(-1e100, 1e100) | st.sampled_from([0.0, -0.0, 0.5, np.log(2.0), 5e-324, -1e100])
CURVES = st.lists(NUMBERS, min_size=1, max_size=60).map(np.array)


@given(st.lists(NUMBERS | st.sampled_from([np.nan, np.inf]), min_size=1, max_size=60).map(np.array))
def test_the_median_is_that_of_numpy(values: np.ndarray) -> None:
    """Of any numbers, NaN and infinity among them, and the array is left as it was."""
    before = values.copy()
    assert repr(median(values)) == repr(float(np.median(values)))
    assert np.array_equal(values, before, equal_nan=True)


def test_the_median_of_many_is_that_of_numpy() -> None:
    """Beyond the length up to which everything is sorted."""
    for n in (4095, 4096, 4097, 10_000):
        values = np.random.default_rng(n).normal(size=n)
        assert median(values) == float(np.median(values))


@given(st.lists(NUMBERS, min_size=12, max_size=48).map(np.array), st.sampled_from([1, 2, 3, 4]))
def test_row_medians_are_those_of_numpy(values: np.ndarray, width: int) -> None:
    """Of rows of even and of odd length."""
    rows = values[: values.size // width * width].reshape(-1, width)
    assert row_medians(rows).tobytes() == np.median(rows, axis=1).tobytes()


@given(st.lists(NUMBERS, min_size=5, max_size=60).map(np.array))
def test_the_running_median_is_that_of_every_window(values: np.ndarray) -> None:
    """Five neighbours each."""
    windows = np.lib.stride_tricks.sliding_window_view(values, 5)
    assert medians_of_five(values).tobytes() == np.median(windows, axis=1).tobytes()


@given(CURVES, st.integers(1, 60))
def test_the_running_maximum_is_that_of_every_window(values: np.ndarray, width: int) -> None:
    """Of any width that fits."""
    width = min(width, values.size)
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    assert np.array_equal(running_max(values, width), windows.max(axis=1))
