"""Where the parts of a picture lie in an SVG that stretches with the page.

Curves are paths in a box of fixed units that the browser stretches both ways; marks and
labels are placed in per cent of the same box, so that they keep their size and shape.
"""

from __future__ import annotations

import itertools
import math
from typing import Final, NamedTuple

from mlflow_bce_monitor.curves.curve import Split
from mlflow_bce_monitor.report.label_places import LabelPlace, Point, Room, free_place
from mlflow_bce_monitor.report.picture import Axis, ChanceLine, Picture, Scale, Series

WIDTH: Final = 1000
HEIGHT: Final = 400
_MOST_DOTS: Final = 40  # points that stand far enough apart to be drawn as dots
_OUTSIDE: Final = (
    2.0  # heights that a point above or below the frame is drawn away, to keep coordinates small
)
_PER_CENT: Final = 100.0
_LABELLED_WIDTH: Final = 14.0  # per cent of the width: what the word "plateau" takes on a narrow page
_SPIKE_ROOM: Final = (13.0, 4.0)  # per cent of width and height: what a spike's circle and word take


class Line(NamedTuple):
    """A curve: CSS class, path and surrounding band in units of the box, and dots as (x, y) in per cent."""

    css: str
    path: str
    band: str
    dots: tuple[tuple[float, float], ...]


class Band(NamedTuple):
    """A rectangle over the whole height: left edge and width in per cent, and its label, "" for none."""

    css: str
    x: float
    width: float
    label: str = ""


class Mark(NamedTuple):
    """A sign at one point, in per cent of the box."""

    css: str
    x: float
    y: float


class Tick(NamedTuple):
    """A label at one place of an axis, in per cent of the box."""

    place: float
    label: str


class ChanceMark(NamedTuple):
    """The chance level: CSS class, height, top and height of its band (0 without one), in per cent; label.

    ``place`` says where at the line the label stands; None where no room is free of curves, or the line lies
    outside the frame: then the legend tells it.
    """

    css: str
    y: float
    band_top: float
    band_height: float
    label: str
    place: LabelPlace | None


class SvgPlot(NamedTuple):
    """Everything a template needs to write one plot, in drawing order."""

    bands: tuple[Band, ...]
    chances: tuple[ChanceMark, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    skill_ticks: tuple[Tick, ...]


def place(picture: Picture, *, close_up: bool = False) -> SvgPlot:
    """Return where everything lies.

    Parameters
    ----------
    picture
        What the plot shows.
    close_up
        Draw against ``picture.close_up`` instead of ``picture.y``; it must not be None then.
    """
    y = picture.close_up if close_up and picture.close_up is not None else picture.y
    box = _Box(picture.x, y, picture.scale)
    marks = () if close_up else _marks(picture, box)
    return SvgPlot(
        bands=_bands(picture, box),
        chances=_chances(picture, box, marks),
        lines=tuple(
            _line(series, box, judged=series is picture.series[0], banded=not close_up)
            for series in picture.series
        ),
        marks=marks,
        x_ticks=tuple(Tick(box.left(at), label) for at, label in picture.x.ticks),
        y_ticks=tuple(Tick(box.top(at), label) for at, label in y.ticks),
        skill_ticks=() if close_up else tuple(Tick(box.top(at), label) for at, label in picture.skill_ticks),
    )


class _Box(NamedTuple):
    x: Axis
    y: Axis
    scale: Scale

    def left(self, step: float) -> float:
        """Return the distance from the left edge, per cent."""
        return round(_PER_CENT * (step - self.x.low) / (self.x.high - self.x.low), 3)

    def top(self, value: float) -> float:
        """Return the distance from the upper edge, per cent; far points are held near the frame."""
        low, high = self.y.low, self.y.high
        if self.scale is Scale.LOG:
            low, high, value = math.log(low), math.log(high), math.log(value) if value > 0 else -math.inf
        height = (value - low) / (high - low)
        return round(_PER_CENT * (1 - min(max(height, -_OUTSIDE), 1 + _OUTSIDE)), 3)

    def band(self, css: str, start_step: int, end_step: int) -> Band:
        """Return a band over whole steps; half a per cent wide at least, to be seen."""
        left, right = self.left(start_step), self.left(end_step)
        return Band(css, left, max(round(right - left, 3), 0.5))


def _line(series: Series, box: _Box, *, judged: bool, banded: bool) -> Line:
    css = f"{'train' if series.split is Split.TRAIN else 'validation'}{'' if judged else ' twin'}"
    points = _points(series, box)
    inside = [point for point in points if point is not None and 0 <= point[1] <= _PER_CENT]
    alone = len(series.steps) <= _MOST_DOTS
    return Line(css, _path(points), _band(series, box) if banded else "", tuple(inside) if alone else ())


def _points(series: Series, box: _Box) -> list[Point | None]:
    return [
        None if value is None else (box.left(step), box.top(value))
        for step, value in zip(series.steps, series.values, strict=True)
    ]


def _path(points: list[Point | None]) -> str:
    commands: list[str] = []
    pen_down = False
    for point in points:
        if point is not None:
            commands.append(f"{'L' if pen_down else 'M'}{_at(*point)}")
        pen_down = point is not None
    return "".join(commands)


def _band(series: Series, box: _Box) -> str:
    """Return the outline of the extents: along their highest values, and back along the lowest."""
    pieces: list[str] = []
    columns = zip(series.steps, series.extents, strict=False)
    for broken, run in itertools.groupby(columns, key=lambda column: column[1] is None):
        if broken:
            continue
        kept = [(step, extent) for step, extent in run if extent is not None]
        there = [_at(box.left(step), box.top(extent.high)) for step, extent in kept]
        back = [_at(box.left(step), box.top(extent.low)) for step, extent in reversed(kept)]
        pieces.append(f"M{'L'.join(there + back)}Z")
    return "".join(pieces)


def _at(x: float, y: float) -> str:
    return f"{x * WIDTH / _PER_CENT:.1f} {y * HEIGHT / _PER_CENT:.1f}"


def _bands(picture: Picture, box: _Box) -> tuple[Band, ...]:
    plateaus = [
        box.band("plateau judged" if span.judged else "plateau", span.start_step, span.end_step)
        for span in picture.plateaus
    ]
    gaps = [box.band("gap", stretch.start_step, stretch.end_step) for stretch in picture.not_numbers]
    return (*(_labelled(band, "plateau") for band in plateaus), *(_labelled(band, "NaN") for band in gaps))


def _labelled(band: Band, label: str) -> Band:
    return band._replace(label=label) if band.width >= _LABELLED_WIDTH else band


def _chances(picture: Picture, box: _Box, marks: tuple[Mark, ...]) -> tuple[ChanceMark, ...]:
    """Return the chance levels, each labelled where no curve runs; two labels prefer the outer sides."""
    highest = max((chance.level for chance in picture.chances), default=0.0)
    curves = [piece for series in picture.series for piece in _pieces(series, box)]
    heights = [box.top(chance.level) for chance in picture.chances]
    taken = [_around(mark) for mark in marks]
    placed = []
    for chance, y in zip(picture.chances, heights, strict=True):
        others = [Room(0.0, _PER_CENT, other, other) for other in heights if other != y]
        label = None
        if 0.0 <= y <= _PER_CENT:
            avoided = [*taken, *others]
            label = free_place(
                chance.label, y, above_first=chance.level == highest, curves=curves, taken=avoided
            )
        taken += [label.room] if label else []
        css = f"chance{' known' if chance.known else ''}{'' if chance is picture.chances[0] else ' twin'}"
        placed.append(ChanceMark(css, y, *_chance_band(chance, box), chance.label, label))
    return tuple(placed)


def _pieces(series: Series, box: _Box) -> list[list[Point]]:
    """Return the unbroken pieces of a line, and each column of its band."""
    whole = itertools.groupby(_points(series, box), key=lambda point: point is None)
    line = [[point for point in piece if point is not None] for broken, piece in whole if not broken]
    columns = zip(series.steps, series.extents, strict=False)
    return line + [
        [(box.left(step), box.top(extent.high)), (box.left(step), box.top(extent.low))]
        for step, extent in columns
        if extent is not None
    ]


def _around(mark: Mark) -> Room:
    """Return what a mark takes, with the word beside it."""
    width, height = _SPIKE_ROOM
    return Room(mark.x - width, mark.x + width, mark.y - height, mark.y + height)


def _chance_band(chance: ChanceLine, box: _Box) -> tuple[float, float]:
    if not chance.banded:
        return 0.0, 0.0
    top, bottom = max(box.top(chance.high), 0.0), min(box.top(chance.low), _PER_CENT)
    return top, round(max(bottom - top, 0.0), 3)


def _marks(picture: Picture, box: _Box) -> tuple[Mark, ...]:
    spikes = [Mark("spike", box.left(point.step), box.top(point.value)) for point in picture.spikes]
    beyond = [Mark("beyond", box.left(point.step), 0.0) for point in picture.beyond]
    return (*spikes, *beyond)
