"""What the plot shows, tested exactly; how it is drawn is tested elsewhere."""

from __future__ import annotations

import dataclasses
import math
import time

import handmade_diagnoses as handmade
import numpy as np
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves.curve import Split
from mlflow_bce_monitor.findings.finding import Plateau, Spike
from mlflow_bce_monitor.report.picture import (
    Extent,
    Picture,
    PlateauSpan,
    Point,
    Scale,
    Stretch,
    picture,
)


def _of(values: list[float], **more: object) -> Picture:
    return picture(handmade.diagnosis(Verdict.STALLED, handmade.curve(values), **more))  # type: ignore[arg-type]


def test_a_short_curve_is_shown_point_by_point() -> None:
    """Both losses appear whole, with the chance level, its label, and the plateau of the verdict."""
    shown = picture(handmade.stalled())
    loss, held_back = shown.series
    assert (loss.name, loss.split, loss.steps, loss.thinned) == ("loss", Split.TRAIN, tuple(range(10)), False)
    assert loss.values[:3] == (0.412, 0.338, 0.3262)
    assert (held_back.name, held_back.split) == ("val_loss", Split.VALIDATION)
    assert [chance.label for chance in shown.chances] == ["chance 0.325 = H(0.100)"]
    assert shown.plateaus == (PlateauSpan(2, 9, 0.325, judged=True),)
    assert shown.step_word == "epoch"
    assert shown.notes == ()


def test_without_a_curve_the_picture_is_empty() -> None:
    """A run without a loss gives a picture without series, not an error."""
    shown = picture(handmade.not_applicable())
    assert (shown.series, shown.chances, shown.plateaus, shown.spikes) == ((), (), (), ())
    assert shown.y.low < shown.y.high


def test_two_chance_levels_are_shown_where_class_weights_part_them() -> None:
    """A weighted training loss and an unweighted validation loss each get their own chance level."""
    shown = picture(handmade.weighted())
    assert [(chance.of, round(chance.level, 3)) for chance in shown.chances] == [
        ("loss", 1.248),
        ("val_loss", 0.693),
    ]
    assert shown.skill_ticks == ()


@pytest.mark.parametrize("n_points", [721, 5_000, 100_000])
def test_a_long_curve_keeps_its_extremes(n_points: int) -> None:
    """Thinning never loses the lowest or the highest point, wherever they stand."""
    rng = np.random.default_rng(n_points)
    values = rng.normal(0.69, 0.01, n_points)
    low, high = rng.choice(n_points, 2, replace=False)
    values[low], values[high] = 0.11, 1.37
    (series,) = _of(values.tolist()).series
    extents = [extent for extent in series.extents if extent is not None]
    assert min(extent.low for extent in extents) == 0.11
    assert max(extent.high for extent in extents) == 1.37
    assert len(series.steps) <= 360
    assert series.n_points == n_points


def test_a_thinned_line_goes_through_medians() -> None:
    """Each column is shown by its median, between its lowest and its highest value."""
    values = [0.5, 0.7, 0.6] * 100
    shown = picture(handmade.diagnosis(Verdict.STALLED, handmade.curve(values)), columns=100)
    (series,) = shown.series
    assert series.thinned
    assert set(series.values) == {0.6}
    assert set(series.extents) == {Extent(0.5, 0.7)}
    assert shown.notes == (
        (
            "'loss' has 300 points: the line is the median of each of 100 columns, "
            "the band reaches from their lowest to their highest value."
        ),
    )


def test_columns_are_equally_wide_in_steps() -> None:
    """A curve logged densely at first and rarely later is thinned where it is dense."""
    loss = handmade.curve([0.6] * 1010)
    steps = np.concatenate([np.arange(1000), 1000 + 1000 * np.arange(1, 11)])
    shown = picture(handmade.diagnosis(Verdict.STALLED, dataclasses.replace(loss, steps=steps)), columns=11)
    assert shown.series[0].steps[1:] == tuple(range(2000, 11_000, 1000))


def test_a_million_points_are_thinned_quickly() -> None:
    """A curve of a million points, with its twin of half a million, takes well under two seconds."""
    diagnosis = handmade.endless()
    started = time.process_time()
    shown = picture(diagnosis)
    assert time.process_time() - started < 2.0
    assert {len(series.steps) for series in shown.series} == {360}
    extents = [extent for extent in shown.series[0].extents if extent is not None]
    assert (min(extent.low for extent in extents), max(extent.high for extent in extents)) == (0.05, 1.6)


def test_a_broken_line_shows_where_there_is_no_number() -> None:
    """NaN and infinity break the line and are marked as stretches of steps."""
    shown = _of([0.7, math.nan, math.inf, 0.69, 0.69, math.nan])
    assert shown.series[0].values == (0.7, None, None, 0.69, 0.69, None)
    assert shown.not_numbers == (Stretch(1, 2), Stretch(5, 5))


def test_many_gaps_are_marked_by_the_longest() -> None:
    """Of hundreds of gaps the twelve longest are marked, and a note says so."""
    values = [math.nan if index % 2 else 0.7 for index in range(400)]
    values[100:110] = [math.nan] * 10
    shown = _of(values)
    assert len(shown.not_numbers) == 12
    assert Stretch(99, 109) in shown.not_numbers
    assert "12 of 195 stretches without a number are marked, the longest." in shown.notes


def test_a_huge_spike_does_not_flatten_the_rest() -> None:
    """A point a million times the rest is cut off at the frame, and the note says where and how high."""
    shown = picture(handmade.unstable())
    assert shown.scale is Scale.LINEAR
    assert shown.y.high < 2.0
    assert shown.beyond == (Point(25, 6e5),)
    assert shown.spikes == ()
    assert shown.notes == ("1 point lies above the frame: 600,000 at step 25.",)


def test_a_high_first_loss_is_cut_off() -> None:
    """A first epoch at nine times chance leaves the frame to the rest of the curve."""
    shown = picture(handmade.stalled_unknown_share())
    assert shown.beyond == (Point(0, 6.56),)
    assert shown.y.high < 1.2


def test_spikes_inside_the_frame_are_marked() -> None:
    """A spike of twice the level is inside the frame, and marked there."""
    spike = Spike(5, 5, 1.4)
    shown = _of([0.69] * 5 + [1.4] + [0.69] * 5, spikes=(spike,))
    assert shown.spikes == (Point(5, 1.4),)
    assert shown.beyond == ()


def test_the_frame_holds_all_of_a_curve_far_above_chance() -> None:
    """A curve that settles at 23 times chance is shown whole, with the chance level below it."""
    shown = picture(handmade.diverged_high())
    assert (shown.scale, shown.beyond) == (Scale.LINEAR, ())
    assert shown.y.low == 0.0
    assert shown.y.high > 15.94


def test_a_curve_orders_of_magnitude_above_chance_gets_a_logarithmic_axis() -> None:
    """A curve at a million times chance is drawn on a logarithmic axis, and the note says so."""
    shown = _of([0.7, 5e3, *([1e6] * 20)])
    assert shown.scale is Scale.LOG
    assert shown.y.low < math.log(2) < 1e6 < shown.y.high
    assert shown.notes == ("The loss axis is logarithmic.",)
    assert shown.skill_ticks == ()


def test_a_nearly_flat_curve_gets_a_close_up() -> None:
    """A stalled or creeping curve can be magnified; one that fills the frame needs no magnifying."""
    close_up = picture(handmade.slow()).close_up
    assert close_up is not None
    assert close_up.low > 0.6
    assert close_up.high < 0.75
    assert picture(handmade.learning()).close_up is None


def test_a_close_up_shows_all_points_unless_the_rest_would_be_flat() -> None:
    """A last point twice as far away as the others belongs to the shape; a first one far above does not."""
    near = _of([0.702, 0.686, 0.689, 0.683, 0.722]).close_up
    assert near is not None
    assert near.low < 0.683
    assert near.high > 0.722
    far = _of([0.75, *([0.691, 0.692, 0.6935, 0.694] * 10)]).close_up
    assert far is not None
    assert far.high < 0.7


@pytest.mark.parametrize("value", [math.log(2), 0.6931])
def test_rounding_is_not_magnified(value: float) -> None:
    """A curve that repeats the chance level, exactly or to the printed digit, has no close-up."""
    assert _of([value] * 12).close_up is None


def test_the_axis_of_skill_ends_at_zero_loss() -> None:
    """Beside the loss stands the share explained: 0% at chance, 100% at no loss."""
    ticks = dict(reversed(tick) for tick in picture(handmade.stalled()).skill_ticks)
    assert set(ticks) == {"0%", "50%", "100%"}
    assert ticks["100%"] == 0.0
    assert ticks["0%"] == pytest.approx(0.3251, abs=1e-4)


@pytest.mark.parametrize(
    ("steps", "labels"),
    [
        (range(10), ["0", "2", "4", "6", "8"]),
        (range(0, 60_000, 600), ["0", "20k", "40k"]),
        (range(1_700_000_000_000, 1_700_000_000_004), [f"1,700,000,000,00{digit}" for digit in range(4)]),
        ([7], ["7"]),
    ],
)
def test_ticks_of_steps_are_whole_and_distinct(steps: range | list[int], labels: list[str]) -> None:
    """Steps are labelled with round whole numbers, short where short ones can be told apart."""
    loss = dataclasses.replace(
        handmade.curve([0.7] * len(steps)), steps=np.array(list(steps), dtype=np.int64)
    )
    shown = picture(handmade.diagnosis(Verdict.STALLED, loss))
    assert [label for _, label in shown.x.ticks] == labels
    assert shown.x.low < steps[0] <= steps[-1] < shown.x.high


@pytest.mark.parametrize(
    "values",
    [
        [math.nan] * 8,
        [0.0] * 8,
        [-1.2, -1.4, -1.5, -1.6],
        [1e-300] * 6,
        [1e300, 0.7, 0.7, 0.7, 0.7, 0.7],
        [0.7],
    ],
    ids=["all NaN", "all zero", "negative", "tiny", "huge", "one point"],
)
def test_odd_curves_have_a_frame_too(values: list[float]) -> None:
    """Whatever was logged, the axes have an extent and finite limits."""
    shown = _of(values)
    for axis in (shown.x, shown.y):
        assert math.isfinite(axis.low)
        assert math.isfinite(axis.high)
        assert axis.low < axis.high
        assert all(axis.low <= place <= axis.high for place, _ in axis.ticks)


def test_every_plateau_at_chance_is_shown_and_the_judged_one_stands_out() -> None:
    """An earlier plateau at chance is shown beside the one the verdict is about; others are not."""
    earlier = Plateau(0, 3, 0, 2, 0.69, at_chance=True)
    elsewhere = Plateau(4, 6, 4, 5, 0.3, at_chance=False)
    judged = Plateau(7, 10, 7, 9, 0.69, at_chance=True)
    made = handmade.diagnosis(Verdict.STALLED, handmade.curve([0.69] * 10), plateau=judged)
    assert made.findings is not None
    found = dataclasses.replace(made.findings, plateaus=(earlier, elsewhere, judged))
    shown = picture(dataclasses.replace(made, findings=found))
    assert shown.plateaus == (PlateauSpan(0, 2, 0.69, judged=False), PlateauSpan(7, 9, 0.69, judged=True))
