"""Where the parts of a picture lie in the page's plot."""

from __future__ import annotations

import math

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.report.picture import picture
from mlflow_bce_monitor.report.svg import HEIGHT, WIDTH, SvgPlot, place


def _placed(values: list[float]) -> SvgPlot:
    return place(picture(handmade.diagnosis(Verdict.STALLED, handmade.curve(values))))


def test_a_line_is_broken_where_there_is_no_number() -> None:
    """After NaN the pen is lifted: a new piece of the path begins."""
    (line,) = _placed([0.7, 0.6, math.nan, 0.5, 0.4]).lines
    assert line.path.count("M") == 2
    assert line.path.count("L") == 2
    assert len(line.dots) == 4


def test_places_run_from_the_upper_left_corner() -> None:
    """The first point is on the left, and a lower loss lies further down."""
    (line,) = _placed([0.7, 0.35]).lines
    (left, top), (right, bottom) = line.dots
    assert 0 < left < right < 100
    assert 0 < top < bottom < 100


def test_points_far_outside_the_frame_keep_coordinates_small() -> None:
    """A spike of 6e5 is drawn just outside the box, not a million units away."""
    placed = place(picture(handmade.unstable()))
    numbers = [float(part) for part in placed.lines[0].path.replace("M", " ").replace("L", " ").split()]
    assert max(abs(number) for number in numbers) <= max(WIDTH, 3 * HEIGHT)
    assert [(mark.css, mark.y) for mark in placed.marks] == [("beyond", 0.0)]


def test_a_band_is_never_too_thin_to_see() -> None:
    """A single NaN among a thousand points is still half a per cent wide."""
    (gap,) = [band for band in _placed([0.7] * 500 + [math.nan] + [0.7] * 499).bands if band.css == "gap"]
    assert gap.width == 0.5


def test_a_long_curve_is_a_line_inside_a_band() -> None:
    """A thinned curve has the outline of its extents; its close-up has the line alone."""
    shown = picture(handmade.endless(5_000))
    assert all(line.band.startswith("M") and line.band.endswith("Z") for line in place(shown).lines)
    assert {line.band for line in place(shown, close_up=True).lines} == {""}


def _labels(values: list[float]) -> list[tuple[str, bool] | None]:
    places = [chance.place for chance in _placed(values).chances]
    return [None if place is None else (place.anchor, place.above) for place in places]


def test_the_chance_label_gives_way_to_the_curve() -> None:
    """It stands above a flat curve, below one that rises at the end, and nowhere in noise that fills both."""
    chance = math.log(2)
    assert _labels([chance] * 20) == [("end", True)]
    assert _labels([*[chance] * 4, chance * 1.04]) == [("end", False)]
    assert _labels([chance * (1 + 0.15 * (-1) ** step) for step in range(30)]) == [None]


def test_the_band_of_a_long_curve_is_in_the_way_too() -> None:
    """A label inside the band of a noisy curve could not be read, though the median keeps away from it."""
    chance = math.log(2)
    noisy = [chance * (1 + 0.2 * math.sin(step * step)) for step in range(5_000)]
    assert _labels(noisy) == [None]


@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_every_verdict_can_be_placed(name: str) -> None:
    """Whatever the verdict, all places are finite numbers."""
    shown = picture(handmade.EVERY_VERDICT[name])
    for placed in (place(shown), *([place(shown, close_up=True)] if shown.close_up else [])):
        ticks = (*placed.x_ticks, *placed.y_ticks, *placed.skill_ticks)
        assert all(-1e-6 <= tick.place <= 100 + 1e-6 for tick in ticks)
        assert all("nan" not in line.path and "inf" not in line.path for line in placed.lines)
