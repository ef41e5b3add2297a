"""What the plot shows: from a diagnosis to a small frozen picture, without drawing.

``figure`` (PNG) and ``page`` (SVG) draw the same :class:`Picture`; its content is
tested exactly, the pixels are not.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

import numpy as np

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.curves.curve import Curve, Split
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.records import IntArray
from mlflow_bce_monitor.report import numbers, wording
from mlflow_bce_monitor.report.plain_text import plain

DEFAULT_COLUMNS: Final = 360
"""Buckets that a long curve is thinned to: about two pixels wide each in either drawing."""

_WHOLE: Final = 2  # points per column that can still be told apart
_MOST_MARKS: Final = 12  # spikes or gaps; more would hide the curve
_BODY_QUANTILE: Final = (
    0.9  # of the points: what a reader came to see; a diverging start or a spike lies above
)
_CLIP_FACTOR: Final = (
    4.0  # the frame may be this much higher than the body before the body gets too flat to read
)
_HEADROOM: Final = 1.12  # of the highest thing shown
_CLIPPED_HEADROOM: Final = 1.5  # of the body, when taller points are cut off: room for their marks
_LOG_SPREAD: Final = 50.0  # body over chance level: on a linear axis the chance level would lie on the x axis
_LOG_MARGIN: Final = 2.0  # factor above and below everything on a logarithmic axis
_SIDE_MARGIN: Final = 0.02  # of the x range
_FEWEST_FOR_CLOSE_UP: Final = 3  # points: two have no shape
_NEARLY_FLAT: Final = 0.12  # of the frame's height: below, the shape of the curve cannot be seen
_PRINTED_DIGITS: Final = 0.001  # of the frame's height: below, a close-up would show how the loss was rounded
_CLOSE_UP_MARGIN: Final = 0.25  # of the curve's range, above and below
_SKILL_TICKS: Final = (0.0, 1.0, 0.5)  # shares of the labels explained, those worth a label most first
_LABEL_HEIGHT: Final = 0.08  # of the frame's height: labels closer than this touch
_TICKS: Final = 5  # about that many intervals on an axis


class Scale(str, Enum):
    """How loss maps to height."""

    LINEAR = "linear"
    LOG = "log"


class Point(NamedTuple):
    """One point of a curve: logged step and loss."""

    step: int
    value: float


class Extent(NamedTuple):
    """The lowest and the highest value of one column of a thinned curve."""

    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """One curve, thinned when it is long.

    A curve of more points than twice the columns of the picture is cut into columns of
    equal width in steps. Of each column the line shows the median, and ``extents`` keeps the
    lowest and the highest value, so that no extreme is lost.

    Attributes
    ----------
    name, split
        The metric's name made printable; what it was measured on.
    steps, values
        Same length, in order of step: what the line goes through. None where there is no
        number: the line is broken there.
    extents
        Of each column, None where it holds no number; () when every point is in ``values``.
    n_points
        How many points the curve has in full.
    """

    name: str
    split: Split
    steps: tuple[int, ...]
    values: tuple[float | None, ...]
    extents: tuple[Extent | None, ...]
    n_points: int

    @property
    def thinned(self) -> bool:
        """Whether the line stands for more points than it goes through."""
        return bool(self.extents)


@dataclass(frozen=True)
class ChanceLine:
    """The chance level of the curve named ``of``, with bounds and label; ``known`` as in the estimate."""

    of: str
    level: float
    low: float
    high: float
    known: bool
    label: str

    @property
    def banded(self) -> bool:
        """Whether the bounds are wide enough, and narrow enough, to be worth a band."""
        return self.known and numbers.nats(self.low) != numbers.nats(self.high)


class Stretch(NamedTuple):
    """Steps from the first to the last inside, both included."""

    start_step: int
    end_step: int


class PlateauSpan(NamedTuple):
    """A plateau: its steps, its level, and whether it is the one the verdict is about."""

    start_step: int
    end_step: int
    level: float
    judged: bool


class Axis(NamedTuple):
    """Limits in data units, and the ticks inside them with their labels."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Picture:
    """Everything the plot shows, in the order it is drawn.

    Attributes
    ----------
    series
        The training loss first, then its held-back twin; () when there is no curve.
    chances
        The chance level of the judged loss, and that of its held-back twin where it is
        another, as it is under class weights; () without one.
    plateaus
        Plateaus at chance, and the one the verdict is about.
    spikes
        Spikes inside the frame, highest first, at most twelve.
    beyond
        Points above the frame, highest first, at most twelve: drawn at its upper edge.
    not_numbers
        Stretches whose points are NaN or infinite, longest first, at most twelve.
    x, y
        The axes.
    scale
        Of the y axis.
    close_up
        A y axis that a nearly flat curve fills; None when the curve fills ``y`` well enough.
    skill_ticks
        Losses inside ``y`` with the share of the labels they explain, such as
        (0.693, "0%"); () unless there is one known chance level and a linear scale.
    step_word
        "epoch" or "step".
    notes
        What the reader must know about the drawing: thinning, clipping, the scale.
    """

    series: tuple[Series, ...]
    chances: tuple[ChanceLine, ...]
    plateaus: tuple[PlateauSpan, ...]
    spikes: tuple[Point, ...]
    beyond: tuple[Point, ...]
    not_numbers: tuple[Stretch, ...]
    x: Axis
    y: Axis
    scale: Scale
    close_up: Axis | None
    skill_ticks: tuple[tuple[float, str], ...]
    step_word: str
    notes: tuple[str, ...]


def picture(diagnosis: Diagnosis, columns: int = DEFAULT_COLUMNS) -> Picture:
    """Return what the plot of a diagnosis shows.

    Parameters
    ----------
    diagnosis
        Any diagnosis; without a curve the picture has no series.
    columns
        Buckets that a long curve is thinned to.
    """
    curves = tuple(
        c for c in (diagnosis.curves.loss, diagnosis.curves.validation_loss) if c is not None and len(c)
    )
    chances = _chance_lines(diagnosis)
    scale, y, clipped = _y_axis(curves, chances)
    series = tuple(_series(curve, columns) for curve in curves)
    step_word = wording.step_word(diagnosis)
    beyond, n_beyond = _above(curves, y.high) if clipped else ((), 0)
    stretches, n_stretches = _not_numbers(curves)
    return Picture(
        series=series,
        chances=chances,
        plateaus=_plateaus(diagnosis),
        spikes=_spikes(diagnosis.findings, y.high),
        beyond=beyond,
        not_numbers=stretches,
        x=_x_axis(curves),
        y=y,
        scale=scale,
        close_up=None if scale is Scale.LOG else _close_up(series, chances, y),
        skill_ticks=() if scale is Scale.LOG else _skill_ticks(chances, y),
        step_word=step_word,
        notes=(
            *(["The loss axis is logarithmic."] if scale is Scale.LOG else []),
            *_clipping_note(beyond, n_beyond, step_word),
            *_gaps_note(stretches, n_stretches),
            *_thinning_notes(series),
        ),
    )


def _chance_lines(diagnosis: Diagnosis) -> tuple[ChanceLine, ...]:
    trained, twin = diagnosis.train_chance, diagnosis.validation_chance
    loss, held_back = diagnosis.curves.loss, diagnosis.curves.validation_loss
    if trained is None or loss is None:
        return ()
    if held_back is None or twin is None or numbers.nats(trained.value) == numbers.nats(twin.value):
        return (_chance_line(trained, plain(loss.name), f"chance {wording.chance_value(trained)}"),)
    pairs = ((trained, plain(loss.name)), (twin, plain(held_back.name)))
    return tuple(
        _chance_line(chance, of, f"chance of {of} {wording.chance_value(chance)}") for chance, of in pairs
    )


def _chance_line(chance: ChanceEstimate, of: str, label: str) -> ChanceLine:
    return ChanceLine(of, chance.value, chance.low, chance.high, chance.known, label)


# --- points --------------------------------------------------------------------------


def _series(curve: Curve, columns: int) -> Series:
    name, n_points = plain(curve.name), len(curve)
    if n_points <= _WHOLE * columns:
        steps = tuple(int(step) for step in curve.steps)
        values = tuple(float(value) if math.isfinite(value) else None for value in curve.values)
        return Series(name, curve.split, steps, values, (), n_points)
    kept = [_column(curve, start, end) for start, end in _columns(curve.steps, columns)]
    return Series(
        name,
        curve.split,
        tuple(step for step, _, _ in kept),
        tuple(median for _, median, _ in kept),
        tuple(extent for _, _, extent in kept),
        n_points,
    )


def _columns(steps: IntArray, columns: int) -> list[tuple[int, int]]:
    """Return positions [start, end) of the points in each column of equal width, empty ones left out."""
    edges = np.linspace(float(steps[0]), float(steps[-1]), columns + 1)[1:-1]
    starts = [0, *np.searchsorted(steps, edges).tolist(), int(steps.size)]
    return [(start, end) for start, end in itertools.pairwise(starts) if start < end]


def _column(curve: Curve, start: int, end: int) -> tuple[int, float | None, Extent | None]:
    """Return (the step in the middle, the median, the extent) of one column."""
    step = int(curve.steps[(start + end - 1) // 2])
    inside = curve.values[start:end]
    finite = inside[np.isfinite(inside)]
    if finite.size == 0:
        return step, None, None
    return step, float(np.median(finite)), Extent(float(finite.min()), float(finite.max()))


def _not_numbers(curves: tuple[Curve, ...]) -> tuple[tuple[Stretch, ...], int]:
    """Return (the longest stretches of NaN or infinity in order of step, the number of all)."""
    found: set[Stretch] = set()
    number = 0
    for curve in curves:
        broken = np.concatenate(([False], ~np.isfinite(curve.values), [False]))
        bounds = np.flatnonzero(np.diff(broken))
        starts, ends = curve.steps[bounds[::2]], curve.steps[bounds[1::2] - 1]
        longest = np.argsort(starts - ends, kind="stable")[:_MOST_MARKS]
        found |= {Stretch(int(starts[at]), int(ends[at])) for at in longest}
        number += starts.size
    ordered = sorted(found, key=lambda stretch: (stretch.start_step - stretch.end_step, stretch))
    return tuple(sorted(ordered[:_MOST_MARKS])), number


def _above(curves: tuple[Curve, ...], top: float) -> tuple[tuple[Point, ...], int]:
    """Return (the highest points above ``top``, highest first, the number of all)."""
    found: list[Point] = []
    number = 0
    for curve in curves:
        positions = np.flatnonzero(np.isfinite(curve.values) & (curve.values > top))
        highest = positions[np.argsort(-curve.values[positions], kind="stable")[:_MOST_MARKS]]
        found += [Point(int(curve.steps[at]), float(curve.values[at])) for at in highest]
        number += positions.size
    return tuple(sorted(found, key=lambda point: (-point.value, point.step))[:_MOST_MARKS]), number


def _spikes(findings: CurveFindings | None, top: float) -> tuple[Point, ...]:
    if findings is None:
        return ()
    inside = [Point(spike.step, spike.value) for spike in findings.spikes if spike.value <= top]
    return tuple(sorted(inside, key=lambda point: (-point.value, point.step))[:_MOST_MARKS])


def _plateaus(diagnosis: Diagnosis) -> tuple[PlateauSpan, ...]:
    judged, findings = diagnosis.plateau, diagnosis.findings
    found = [] if findings is None else [plateau for plateau in findings.plateaus if plateau.at_chance]
    if judged is not None and judged not in found:
        found.append(judged)
    spans = [PlateauSpan(p.start_step, p.end_step, p.level, p == judged) for p in found]
    return tuple(sorted(spans))


# --- axes ----------------------------------------------------------------------------


def _y_axis(curves: tuple[Curve, ...], chances: tuple[ChanceLine, ...]) -> tuple[Scale, Axis, bool]:
    """Return (scale, axis, whether points above it are cut off)."""
    finite = [curve.finite for curve in curves if curve.finite.size]
    references = [chance.high if chance.banded else chance.level for chance in chances]
    if not finite:
        return Scale.LINEAR, _linear_axis(0.0, max(references, default=1.0) * _HEADROOM), False
    values = np.concatenate(finite)
    lowest, highest = float(values.min()), float(values.max())
    body = max(float(np.quantile(values, _BODY_QUANTILE, method="lower")), *references, 0.0)
    if references and min(lowest, *references) > 0 and body > _LOG_SPREAD * max(references):
        low, high = min(lowest, *references) / _LOG_MARGIN, highest * _LOG_MARGIN
        return Scale.LOG, Axis(low, high, _log_ticks(low, high)), False
    bottom = min(0.0, lowest * _HEADROOM)
    if highest <= _CLIP_FACTOR * body or body <= 0:
        return Scale.LINEAR, _linear_axis(bottom, max(highest, body, *references) * _HEADROOM or 1.0), False
    return Scale.LINEAR, _linear_axis(bottom, body * _CLIPPED_HEADROOM), True


def _close_up(series: tuple[Series, ...], chances: tuple[ChanceLine, ...], whole: Axis) -> Axis | None:
    """Return an axis that the first line fills from edge to edge, None when it fills enough of ``whole``."""
    line = (
        [value for value in series[0].values if value is not None and value <= whole.high] if series else []
    )
    if len(line) < _FEWEST_FOR_CLOSE_UP:
        return None
    ends = [float(np.quantile(line, quantile)) for quantile in (1 - _BODY_QUANTILE, _BODY_QUANTILE)]
    ends += [chance.level for chance in chances[:1]]
    low, high = min(ends), max(ends)
    height = (high - low) / (whole.high - whole.low)
    if not _PRINTED_DIGITS < height < _NEARLY_FLAT:
        return None
    margin = (high - low) * _CLOSE_UP_MARGIN
    return _linear_axis(low - margin, high + margin)


def _skill_ticks(chances: tuple[ChanceLine, ...], y: Axis) -> tuple[tuple[float, str], ...]:
    if len(chances) != 1 or not chances[0].known or chances[0].level <= 0:
        return ()
    apart = _LABEL_HEIGHT * (y.high - y.low)
    ticks: list[tuple[float, str]] = []
    for share in _SKILL_TICKS:
        loss = chances[0].level * (1 - share)
        if y.low <= loss <= y.high and all(abs(loss - other) >= apart for other, _ in ticks):
            ticks.append((loss, numbers.percent(share)))
    return tuple(ticks)


def _linear_axis(low: float, high: float) -> Axis:
    if not low < high:
        low, high = min(low, 0.0), low + 1.0
    return Axis(low, high, tuple((tick, _tick_label(tick)) for tick in _round_ticks(low, high)))


def _round_ticks(low: float, high: float, *, whole: bool = False) -> tuple[float, ...]:
    """Return multiples of 1, 2 or 5 times a power of ten inside [low, high], about five intervals."""
    step = _round_step((high - low) / _TICKS)
    step = max(step, 1.0) if whole else step
    first, last = math.ceil(low / step), math.floor(high / step)
    return tuple(position * step for position in range(first, last + 1))


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if raw <= step * power * (1 + 1e-9))


def _log_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    exponents = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    every = max(1, len(exponents) // _TICKS)
    return tuple((10.0**exponent, _tick_label(10.0**exponent)) for exponent in exponents[::every])


def _tick_label(value: float) -> str:
    return f"{round(value, 10):.10g}"


def _x_axis(curves: tuple[Curve, ...]) -> Axis:
    if not curves:
        return Axis(0.0, 1.0, ())
    first = float(min(curve.steps[0] for curve in curves))
    last = float(max(curve.steps[-1] for curve in curves))
    margin = (last - first) * _SIDE_MARGIN or 0.5  # one step alone stands in the middle
    places = _round_ticks(first, last, whole=True) if last > first else (first,)
    labels = [numbers.short_count(place) for place in places]
    if len(set(labels)) < len(labels):  # steps that are time stamps differ only in their last digits
        labels = [numbers.count(place) for place in places]
    return Axis(first - margin, last + margin, tuple(zip(places, labels, strict=True)))


# --- notes ---------------------------------------------------------------------------


def _clipping_note(beyond: tuple[Point, ...], number: int, step_word: str) -> list[str]:
    if not beyond:
        return []
    highest = f"{numbers.nats(beyond[0].value)} at {step_word} {numbers.count(beyond[0].step)}"
    if number == 1:
        return [f"1 point lies above the frame: {highest}."]
    return [f"{numbers.count(number)} points lie above the frame, the highest {highest}."]


def _gaps_note(marked: tuple[Stretch, ...], number: int) -> list[str]:
    if number <= len(marked):
        return []
    return [f"{len(marked)} of {numbers.count(number)} stretches without a number are marked, the longest."]


def _thinning_notes(series: tuple[Series, ...]) -> list[str]:
    return [
        f"'{one.name}' has {numbers.count(one.n_points)} points: the line is the median of each of "
        f"{len(one.steps)} columns, the band reaches from their lowest to their highest value."
        for one in series
        if one.thinned
    ]
