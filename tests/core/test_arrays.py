"""The quick array functions give what NumPy gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_bce_monitor.arrays import (
    are_finite,
    first_true,
    last_true,
    median,
    medians_of_first,
    medians_of_five,
    row_medians,
    running_max,
)

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


@pytest.mark.parametrize("width", [256, 257, 300, 301, 5_000])
def test_row_medians_of_many_are_those_of_numpy(width: int) -> None:
    """Beyond the width up to which everything is sorted, of even and odd numbers, with ties."""
    rows = np.random.default_rng(width).normal(size=(3, width)).round(2)
    assert row_medians(rows).tobytes() == np.median(rows, axis=1).tobytes()


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=1, max_size=5))
def test_medians_of_parts_of_rows_are_those_of_numpy(parts: list[list[float]]) -> None:
    """Each row has its own number of values, and NaN after them."""
    width = max(map(len, parts)) + 1
    rows = np.array([part + [np.nan] * (width - len(part)) for part in parts])
    lengths = np.array([len(part) for part in parts])
    expected = [float(np.median(part)) for part in parts]
    assert list(map(repr, medians_of_first(rows, lengths).tolist())) == list(map(repr, expected))


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5))
def test_where_rows_are_true(rows: list[list[bool]]) -> None:
    """First and last place, and what stands for nowhere."""
    found = np.array(rows)
    assert first_true(found).tolist() == [row.index(True) if True in row else 4 for row in rows]
    assert last_true(found).tolist() == [3 - row[::-1].index(True) if True in row else -1 for row in rows]


@given(st.lists(NUMBERS | st.sampled_from([np.nan, np.inf, -np.inf, 1e200]), max_size=9).map(np.array))
def test_what_is_called_finite_is(values: np.ndarray) -> None:
    """Never wrongly, and always where the numbers are of a usual size."""
    if are_finite(values):
        assert np.isfinite(values).all()
    else:
        assert not (np.abs(values) < 1e90).all()
