"""The reliability diagram: the share of right answers against the stated probability."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.diagnosis.calibration import Calibration

SIDE: Final = 240.0
"""Units of the square in which probabilities and shares lie."""
BARS: Final = 44.0
"""Units of the tallest bar below it."""


class Point(NamedTuple):
    """One bin: place of its mean probability and its share of right answers, and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    label: str


class Bar(NamedTuple):
    """Answers within one tenth of probability: left edge, width, height, and their number."""

    x: float
    width: float
    height: float
    answers: int


class Diagram(NamedTuple):
    """Everything that is drawn, in units from the lower left corner of the square."""

    points: tuple[Point, ...]
    bars: tuple[Bar, ...]
    n: int
    error: float
    attainable: float


def diagram(calibration: Calibration) -> Diagram:
    """Return where everything lies.

    Parameters
    ----------
    calibration
        Of one answer a run.
    """
    tallest = max(calibration.tenths, default=0)
    width = SIDE / len(calibration.tenths)
    return Diagram(
        points=tuple(
            Point(
                x=SIDE * part.confidence,
                y=SIDE * part.right.value,
                low=SIDE * part.right.interval[0],
                high=SIDE * part.right.interval[1],
                label=f"{part.right.count} of {part.right.n} right, stated {part.low:.2f} to {part.high:.2f}",
            )
            for part in calibration.bins
        ),
        bars=tuple(
            Bar(place * width, width, BARS * count / tallest if tallest else 0.0, count)
            for place, count in enumerate(calibration.tenths)
        ),
        n=calibration.n,
        error=calibration.error,
        attainable=calibration.attainable,
    )


def draw(drawn: Diagram) -> str:
    """Return the diagram as an SVG that follows the reader's light or dark colours."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )
    return environment.get_template("reliability.svg.jinja").render(drawn=drawn, side=SIDE, bars=BARS)
