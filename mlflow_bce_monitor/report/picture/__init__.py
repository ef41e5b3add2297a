"""What the plot shows: from a diagnosis to a small frozen picture, without drawing.

``figure`` (PNG) and ``page`` (SVG) draw the same :class:`Picture`; its content is
tested exactly, the pixels are not.
"""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import numbers, wording
from mlflow_bce_monitor.report.picture.axes import close_up, skill_ticks, x_axis, y_axis
from mlflow_bce_monitor.report.picture.notes import clipping_note, gaps_note, thinning_notes
from mlflow_bce_monitor.report.picture.points import above, not_numbers, plateaus, spikes, thinned
from mlflow_bce_monitor.report.picture.shapes import (
    Axis,
    ChanceLine,
    Extent,
    Picture,
    PlateauSpan,
    Point,
    Scale,
    Series,
    Stretch,
)
from mlflow_bce_monitor.report.plain_text import plain

__all__ = [
    "DEFAULT_COLUMNS",
    "Axis",
    "ChanceLine",
    "Extent",
    "Picture",
    "PlateauSpan",
    "Point",
    "Scale",
    "Series",
    "Stretch",
    "picture",
]


DEFAULT_COLUMNS: Final = 360
"""Buckets that a long curve is thinned to: about two pixels wide each in either drawing."""


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
    scale, y, clipped = y_axis(curves, chances)
    series = tuple(thinned(curve, columns) for curve in curves)
    step_word = wording.step_word(diagnosis)
    beyond, n_beyond = above(curves, y.high) if clipped else ((), 0)
    stretches, n_stretches = not_numbers(curves)
    return Picture(
        series=series,
        chances=chances,
        plateaus=plateaus(diagnosis),
        spikes=spikes(diagnosis.findings, y.high),
        beyond=beyond,
        not_numbers=stretches,
        x=x_axis(curves),
        y=y,
        scale=scale,
        close_up=None if scale is Scale.LOG else close_up(series, chances, y),
        skill_ticks=() if scale is Scale.LOG else skill_ticks(chances, y),
        step_word=step_word,
        notes=(
            *(["The loss axis is logarithmic."] if scale is Scale.LOG else []),
            *clipping_note(beyond, n_beyond, step_word),
            *gaps_note(stretches, n_stretches),
            *thinning_notes(series),
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
