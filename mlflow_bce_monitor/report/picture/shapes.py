"""The parts of a picture: frozen, small and without a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from mlflow_bce_monitor.curves.curve import Split
from mlflow_bce_monitor.report import numbers


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
