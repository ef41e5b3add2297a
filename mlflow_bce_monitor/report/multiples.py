"""Small multiples: many curves in small boxes of one scale, so that they can be compared at a glance.

The scale is the loss over its chance level: 1, the orange line, is chance in every box,
whatever its labels; 0, the lower edge, is perfect. A curve of another unit lies right all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report.picture.points import thinned

WIDTH: Final = 120
HEIGHT: Final = 60
TOP: Final = 1.5
"""Times the chance level at the upper edge: what lies above is cut off, and marked."""

CHANCE_Y: Final = round(HEIGHT * (1 - 1 / TOP), 1)
_COLUMNS: Final = 30  # buckets of a long curve: four units of the box each
_LEAST_WIDTH: Final = 1.0  # units of the box: a narrower band could not be seen
_BINS: Final = 50  # of a histogram: two per cent of skill each
_LOWEST_BAR: Final = 1.5  # units of a histogram's height of 20


class Box(NamedTuple):
    """One small multiple, in units of a box of WIDTH times HEIGHT.

    Attributes
    ----------
    train, validation
        Paths of the loss and its held-back twin, "" where there is none.
    plateau
        Left edge and width of the plateau the verdict is about, None without one.
    above
        Places along the upper edge where the curve is cut off, at most one a bucket.
    broken
        Place from where on the loss is no number, None when it ends with one.
    known
        Whether the chance level is known, and not only an upper bound.
    """

    train: str
    validation: str
    plateau: tuple[float, float] | None
    above: tuple[float, ...]
    broken: float | None
    known: bool


def box_of(diagnosis: Diagnosis) -> Box | None:
    """Return the small multiple of a run, None where it has no curve or no chance level."""
    loss, chance = diagnosis.curves.loss, diagnosis.train_chance
    if loss is None or not len(loss) or chance is None or chance.value <= 0:
        return None
    held_back, twin = diagnosis.curves.validation_loss, diagnosis.validation_chance
    across = _Across(loss)
    plateau = diagnosis.plateau
    return Box(
        train=_path(loss, chance, across),
        validation="" if held_back is None or twin is None else _path(held_back, twin, across),
        plateau=None if plateau is None else across.band(plateau.start_step, plateau.end_step),
        above=_above(loss, chance, across),
        broken=_broken(diagnosis, across),
        known=chance.known,
    )


class _Across:
    """From a step to its place in the box; the loss alone spans it."""

    def __init__(self, loss: Curve) -> None:
        self._first = float(loss.steps[0])
        self._range = float(loss.steps[-1]) - self._first

    def __call__(self, step: float) -> float:
        share = 0.5 if self._range <= 0 else (step - self._first) / self._range
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)

    def band(self, start_step: int, end_step: int) -> tuple[float, float]:
        left = self(start_step)
        return left, round(max(self(end_step) - left, _LEAST_WIDTH), 1)


def _path(curve: Curve, chance: ChanceEstimate, across: _Across) -> str:
    """Return the line through the medians of the buckets, broken where there is no number."""
    commands: list[str] = []
    pen_down = False
    series = thinned(curve, _COLUMNS)
    for step, value in zip(series.steps, series.values, strict=True):
        if value is not None:
            commands.append(f"{'L' if pen_down else 'M'}{across(step):g} {_down(value / chance.value):g}")
        pen_down = value is not None
    # One point alone is a line of no length, which round ends make a dot.
    return f"{commands[0]}h0" if len(commands) == 1 else "".join(commands)


def _down(share: float) -> float:
    """Return the distance from the upper edge of a loss as a share of its chance level."""
    return round(HEIGHT * (1 - min(max(share / TOP, -0.1), 1.1)), 1)


def _above(loss: Curve, chance: ChanceEstimate, across: _Across) -> tuple[float, ...]:
    series = thinned(loss, _COLUMNS)
    cut = (
        across(step)
        for step, value in zip(series.steps, series.values, strict=True)
        if value is not None and value > TOP * chance.value
    )
    return tuple(dict.fromkeys(cut))


def _broken(diagnosis: Diagnosis, across: _Across) -> float | None:
    findings = diagnosis.findings
    if findings is None or not findings.ends_non_finite or findings.non_finite_from is None:
        return None
    return across(findings.non_finite_from)


def histogram(skills: Iterable[float]) -> str:
    """Return the bars of a histogram of skills from 0, at the left, to 1, in a box of 100 times 20.

    Worse than chance counts as 0. The tallest bar fills the box; no bar is too low to be seen.
    """
    bins = Counter(min(int(_BINS * min(max(skill, 0.0), 1.0)), _BINS - 1) for skill in skills)
    tallest = max(bins.values(), default=1)
    width = 100 / _BINS
    bars: list[str] = []
    for place, number in sorted(bins.items()):
        height = max(20 * number / tallest, _LOWEST_BAR)
        bars.append(f"M{place * width:g} 20v-{height:.3g}h{width:g}v{height:.3g}z")
    return "".join(bars)
