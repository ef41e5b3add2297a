"""What a shared observation is: a question about a run, and which of its answers holds.

A rule makes the observations that speak for or against its own cause. Many of them say something
about other causes too, and some, such as how far the loss has moved, belong to no cause at all.
Those stand here. Their authors give them no weight: what an answer says about each cause is
fitted on real trainings (``calibration.py``), and nothing else.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.weighing import times


@dataclass(frozen=True)
class Answer:
    """One answer of a question.

    Attributes
    ----------
    key
        Its word within the question; weights go by "question_key" and this.
    clause
        The answer in words. "{times}" stands for the measured ratio, "{count}" for the measured number.
    """

    key: str
    clause: str


@dataclass(frozen=True)
class Question:
    """One question about a run.

    Attributes
    ----------
    key
        Its word.
    facts
        What it is answered by; it is not asked unless all of them are known.
    measure
        The number that decides.
    cuts
        Where one answer ends and the next begins, rising; a number on a cut belongs to the lower answer.
    answers
        One more than there are cuts, in the order of the number.
    about
        The causes that it is about; () for every one. The size of a network, say, makes it too small or too
        free for its rows, and no input constant, whatever a fit may find.
    """

    key: str
    facts: tuple[str, ...]
    measure: Callable[[Evidence], float]
    cuts: Callable[[Limits], tuple[float, ...]]
    answers: tuple[Answer, ...]
    about: tuple[str, ...] = ()

    def observations(self) -> tuple[str, ...]:
        """Return the keys of its answers as observations."""
        return tuple(f"{self.key}_{answer.key}" for answer in self.answers)


class Seen(NamedTuple):
    """One observation that was made.

    Attributes
    ----------
    key
        Its own.
    clause
        What says it.
    fact
        The fact that it was made on, "" where these are several.
    """

    key: str
    clause: str
    fact: str = ""


def observe(evidence: Evidence, questions: Sequence[Question], limits: Limits) -> tuple[Seen, ...]:
    """Return the answer of every question whose facts are known, in the order of the questions."""
    known = frozenset(evidence)
    seen = []
    for question in questions:
        if not known.issuperset(question.facts):
            continue
        number = question.measure(evidence)
        if math.isnan(number):
            continue
        answer = question.answers[bisect_left(question.cuts(limits), number)]
        fact = question.facts[0] if len(question.facts) == 1 else ""
        seen.append(Seen(f"{question.key}_{answer.key}", _worded(answer.clause, number), fact))
    return tuple(seen)


def _worded(clause: str, number: float) -> str:
    if "{times}" in clause:
        return clause.replace("{times}", times(number))
    return clause.replace("{count}", f"{number:,.0f}") if "{count}" in clause else clause
