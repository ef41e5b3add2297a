"""Putting logged points in clean order: what must not matter, and what must be kept."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import START, history, run

from mlflow_bce_monitor.curves.cleaning import clean, drop_early_stopping_tail, restore_infinity
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory

LOSSES = st.lists(
    st.one_of(st.floats(0.0, 5.0), st.sampled_from([math.nan, math.inf])), min_size=1, max_size=60
)


def points_of(logged: MetricHistory) -> tuple[list[int], list[float]]:
    """Return the cleaned steps and values as lists."""
    steps, values, _ = clean(logged)
    return steps.tolist(), values.tolist()


def same(first: list[float], second: list[float]) -> bool:
    """Whether two lists hold the same numbers, NaN included."""
    return np.array_equal(np.array(first), np.array(second), equal_nan=True)


@given(LOSSES, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(losses: list[float], random: Random) -> None:
    """Stores return points by timestamp, by step or unsorted; the curve is the same."""
    order = list(range(len(losses)))
    random.shuffle(order)
    ordered = history("loss", losses)
    shuffled = MetricHistory("loss", ordered.steps[order], ordered.timestamps[order], ordered.values[order])
    steps, values = points_of(shuffled)
    assert steps == list(range(len(losses)))
    assert same(values, losses)


@given(LOSSES, st.lists(st.integers(0, 59), max_size=30))
def test_duplicate_rows_change_nothing(losses: list[float], again: list[int]) -> None:
    """A point that was sent twice, with its step and timestamp, counts once."""
    extra = [index for index in again if index < len(losses)]
    order = [*range(len(losses)), *extra]
    once = history("loss", losses)
    doubled = MetricHistory("loss", once.steps[order], once.timestamps[order], once.values[order])
    steps, values = points_of(doubled)
    assert steps == list(range(len(losses)))
    assert same(values, losses)


@given(LOSSES, st.integers(-1_000_000, 1_000_000))
def test_a_shift_of_the_steps_shifts_the_steps_alone(losses: list[float], shift: int) -> None:
    """A resumed or negative step count moves the axis and nothing else."""
    steps, values = points_of(history("loss", losses, steps=[i + shift for i in range(len(losses))]))
    assert same(values, losses)
    assert len(losses) == 1 or steps == [i + shift for i in range(len(losses))]


@given(
    st.lists(
        st.tuples(st.integers(-3, 12), st.integers(0, 5), st.floats(allow_nan=True, width=64)), max_size=50
    )
)
def test_the_result_is_a_clean_curve_whatever_was_logged(rows: list[tuple[int, int, float]]) -> None:
    """Steps increase strictly, there is one value a step, and nothing overflows."""
    steps, timestamps, values = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    cleaned_steps, cleaned, _ = clean(history("loss", values, steps, timestamps))
    assert cleaned_steps.shape == cleaned.shape
    assert (np.diff(cleaned_steps) > 0).all()
    assert len(cleaned) <= len(rows)
    assert not (np.abs(cleaned[np.isfinite(cleaned)]) > 1e100).any()


@given(LOSSES, st.integers(-1_000, 1_000), st.randoms(use_true_random=False))
def test_a_shift_of_steps_changes_no_diagnosis(losses: list[float], shift: int, random: Random) -> None:
    """The whole diagnosis is the same for a shuffled, shifted run, but for the steps it names."""
    order = list(range(len(losses)))
    random.shuffle(order)
    moved = history("loss", losses, steps=[i + shift for i in range(len(losses))])
    moved = MetricHistory("loss", moved.steps[order], moved.timestamps[order], moved.values[order])
    first, second = diagnose(run({"loss": losses})), diagnose(run({"loss": moved}))
    assert first.judgement == second.judgement
    assert first.final_loss == second.final_loss
    assert [c.probability for c in first.causes] == [c.probability for c in second.causes]
    if first.plateau is not None and len(losses) > 1:
        assert second.plateau is not None
        assert second.plateau.start_step == first.plateau.start_step + shift


def test_points_all_at_one_step_are_ordered_by_time() -> None:
    """Calls of ``log_metric`` without a step land at step 0; their order is the time's."""
    logged = history("loss", [0.3, 0.1, 0.2], steps=[0, 0, 0], timestamps=[30, 10, 20])
    steps, values, removed = clean(logged)
    assert steps.tolist() == [0, 1, 2]
    assert values.tolist() == [0.1, 0.2, 0.3]
    assert removed == ("all 3 points were logged at step 0: ordered by time",)


def test_a_resumed_run_replaces_its_repeated_steps() -> None:
    """Steps that were run again count with the later value."""
    logged = history(
        "loss",
        [0.7, 0.6, 0.5, 0.55, 0.45, 0.4],
        steps=[0, 1, 2, 2, 3, 4],
        timestamps=[START + i for i in range(6)],
    )
    steps, values, removed = clean(logged)
    assert steps.tolist() == [0, 1, 2, 3, 4]
    assert values.tolist() == [0.7, 0.6, 0.55, 0.45, 0.4]
    assert removed == ("1 points replaced by a later one at the same step",)


def test_batches_logged_at_their_epoch_are_averaged() -> None:
    """Many points a step are the batches of one epoch."""
    logged = history("loss", [0.7, 0.6, 0.5, 0.4, 0.3, 0.2], steps=[0, 0, 0, 1, 1, 1])
    steps, values, removed = clean(logged)
    assert steps.tolist() == [0, 1]
    assert values.tolist() == pytest.approx([0.6, 0.3])
    assert "averaged" in removed[0]


def test_batches_with_both_infinities_average_to_nan() -> None:
    """An epoch of +inf and -inf has no mean: NaN, without a warning."""
    logged = history("loss", [math.inf, -math.inf, 1.0, 0.5, 0.5, 0.5], steps=[0, 0, 0, 1, 1, 1])
    _, values, _ = clean(logged)
    assert math.isnan(values[0])
    assert values[1] == 0.5


def test_an_empty_history_is_an_empty_curve() -> None:
    """No points in, no points out."""
    steps, values, removed = clean(history("loss", []))
    assert (steps.size, values.size, removed) == (0, 0, ())


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (1.7976931348623157e308, math.inf),
        (-1.7976931348623157e308, -math.inf),
        (1.797e308, math.inf),
        (1e100, math.inf),
        (math.inf, math.inf),
        (3.4e38, 3.4e38),  # the largest float32 is still a number
        (0.0, 0.0),
        (-5.0, -5.0),
    ],
)
def test_infinity_comes_back(stored: float, meant: float) -> None:
    """SQL stores hold infinity as the largest double; overflow of that size is as good as infinite."""
    assert restore_infinity(np.array([stored])).tolist() == [meant]


def test_nan_stays_nan() -> None:
    """NaN is a finding and survives the cleaning."""
    assert math.isnan(restore_infinity(np.array([math.nan, 1e308]))[0])


@pytest.mark.parametrize(
    ("values", "best", "kept"),
    [
        ([0.6, 0.4, 0.5, 0.6, 0.4], 1.0, 4),  # xgboost counts the best iteration from 0
        ([0.6, 0.4, 0.5, 0.6, 0.4], 2.0, 4),  # lightgbm from 1
        ([0.6, 0.4, 0.5, 0.6, 0.3], 1.0, 5),  # the end is no repeat
        ([0.6, 0.4, 0.5, 0.6, 0.4], None, 5),  # no early stopping
        ([0.6, 0.4, 0.5, 0.6, 0.4], 77.0, 5),  # an iteration that is not there
        ([0.6], 0.0, 1),
        ([], 0.0, 0),
    ],
)
def test_the_tail_of_early_stopping_is_dropped(values: list[float], best: float | None, kept: int) -> None:
    """The repeat of the best iteration that autologging adds goes; anything else stays."""
    steps, cleaned, removed = drop_early_stopping_tail(clean(history("loss", values)), best)
    assert steps.size == cleaned.size == kept
    assert bool(removed) == (kept < len(values))


@pytest.mark.parametrize(
    "arrays",
    [
        (np.zeros(3, np.int64), np.zeros(2, np.int64), np.zeros(3)),
        (np.zeros((3, 1), np.int64), np.zeros((3, 1), np.int64), np.zeros((3, 1))),
    ],
)
def test_a_history_of_unequal_columns_is_refused(arrays: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """A reader that fills a history wrongly hears so at once, with the shapes."""
    with pytest.raises(ValueError, match="one-dimensional and of one length"):
        MetricHistory("loss", *arrays)
