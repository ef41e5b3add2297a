"""A scorecard as the package keeps it: JSON, an answer a line, so that a change can be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from mlflow_bce_monitor.scorecards import Characteristic, Scorecard

DIGITS: Final = 3
"""Digits of the points kept: the fourth is far inside their error."""

AS_STORED: Final = (
    "Points in nats of log odds, by answer: where the fact is not known, then bin by bin. "
    "An answer that is missing gets none."
)
"""What a reader of the file has to know."""


def as_json(fitted: Scorecard, about: str) -> str:
    """Return the text that :func:`mlflow_bce_monitor.scorecards.read_scorecard` reads."""
    lines = [
        "{",
        f' "about": {json.dumps(about)},',
        f' "answers": {json.dumps(list(map(str, fitted.answers)))},',
        f' "base": {_points(fitted.base)},',
        ' "characteristics": {',
        ",\n".join(_of_characteristic(one, fitted.answers) for one in fitted.characteristics),
        " }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _of_characteristic(one: Characteristic, answers: Sequence[str]) -> str:
    by_answer = zip(answers, zip(*one.rows, strict=True), strict=True)
    points = ",\n".join(
        f'    "{answer}": {_points(column)}' for answer, column in by_answer if any(_rounded(column))
    )
    return (
        f'  "{one.fact}": {{\n'
        f'   "range": {json.dumps([one.lowest, one.highest])},\n'
        f'   "cuts": {json.dumps(one.cuts)},\n'
        f'   "points": {{\n{points}\n   }}\n'
        "  }"
    )


def _points(points: Sequence[float]) -> str:
    return json.dumps(_rounded(points))


def _rounded(points: Sequence[float]) -> list[float]:
    return [round(value, DIGITS) + 0.0 for value in points]  # no -0.0
