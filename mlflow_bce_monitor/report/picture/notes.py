"""What a picture leaves out, in sentences."""

from __future__ import annotations

from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.picture.shapes import Point, Series, Stretch


def clipping_note(beyond: tuple[Point, ...], number: int, step_word: str) -> list[str]:
    """Say how many points lie above the frame, and the highest."""
    if not beyond:
        return []
    highest = f"{numbers.nats(beyond[0].value)} at {step_word} {numbers.count(beyond[0].step)}"
    if number == 1:
        return [f"1 point lies above the frame: {highest}."]
    return [f"{numbers.count(number)} points lie above the frame, the highest {highest}."]


def gaps_note(marked: tuple[Stretch, ...], number: int) -> list[str]:
    """Say that only the longest stretches without a number are marked."""
    if number <= len(marked):
        return []
    return [f"{len(marked)} of {numbers.count(number)} stretches without a number are marked, the longest."]


def thinning_notes(series: tuple[Series, ...]) -> list[str]:
    """Say which curves are drawn by columns."""
    return [
        f"'{one.name}' has {numbers.count(one.n_points)} points: the line is the median of each of "
        f"{len(one.steps)} columns, the band reaches from their lowest to their highest value."
        for one in series
        if one.thinned
    ]
