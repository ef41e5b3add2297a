"""How often the verdict is right, how many stalls are found, and how many alarms are false."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.diagnosis.cases import HARMLESS_FAULT, Case
from benchmarks.diagnosis.shares import Share, share
from mlflow_bce_monitor.contract import NO_CAUSE, Verdict

Confusion = Mapping[tuple[Verdict, Verdict], int]
"""(true verdict, verdict it was counted as) to the number of runs."""


@dataclass(frozen=True)
class ClassScore:
    """One verdict against all others.

    Attributes
    ----------
    n
        Runs of which it is true.
    precision
        Of those counted as this verdict, the ones of which it is true; NaN when there are none.
    recall
        Of those of which it is true, the ones counted as it.
    """

    verdict: Verdict
    n: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class StallScores:
    """Runs whose true verdict is ``stalled``.

    Attributes
    ----------
    flagged
        Those reported as being in trouble.
    found
        Those reported as being in trouble with a verdict that is not wrong.
    named
        Those called ``stalled``.
    """

    flagged: Share
    found: Share
    named: Share


@dataclass(frozen=True)
class AlarmScore:
    """Runs of one kind that truly learned.

    Attributes
    ----------
    kind
        What was planned, "escaped" for every run with that true verdict.
    wrong
        Those reported as being in trouble with a verdict that is wrong.
    any_alarm
        Those reported as being in trouble; near a boundary that is not wrong.
    """

    kind: str
    wrong: Share
    any_alarm: Share


@dataclass(frozen=True)
class VerdictScores:
    """Everything about the verdicts of some runs.

    Attributes
    ----------
    right, right_strictly
        Runs with an acceptable verdict, and with the very verdict of the truth.
    macro_f1, macro_f1_strict
        Mean F1 over the verdicts that occur in the truth; see :func:`macro_f1`.
    classes, confusion
        Of the lenient count.
    stalls, clear_stalls
        All stalls, and those of which no other verdict is acceptable.
    alarms
        One row a kind of run that learned, the harmless faults last.
    false_alarms
        All kinds together, without the harmless faults.
    """

    n: int
    right: Share
    right_strictly: Share
    macro_f1: float
    macro_f1_strict: float
    classes: tuple[ClassScore, ...]
    confusion: Confusion
    stalls: StallScores
    clear_stalls: StallScores
    alarms: tuple[AlarmScore, ...]
    false_alarms: AlarmScore


def score_verdicts(cases: Sequence[Case]) -> VerdictScores:
    """Return the scores of some runs' verdicts."""
    stalled = [case for case in cases if case.verdict is Verdict.STALLED]
    lenient = Counter((case.verdict, counted_as(case)) for case in cases)
    strict = Counter((case.verdict, case.said) for case in cases)
    classes = class_scores(lenient)
    return VerdictScores(
        n=len(cases),
        right=share(cases, lambda case: case.is_right),
        right_strictly=share(cases, lambda case: case.said is case.verdict),
        macro_f1=macro_f1(classes),
        macro_f1_strict=macro_f1(class_scores(strict)),
        classes=classes,
        confusion=dict(lenient),
        stalls=_stall_scores(stalled),
        clear_stalls=_stall_scores([case for case in stalled if len(case.acceptable) == 1]),
        alarms=_alarms(cases),
        false_alarms=_alarm_score("all", [case for case in cases if case.learned and is_sound(case)]),
    )


def counted_as(case: Case) -> Verdict:
    """Return the verdict that a run is counted as: the true one if what was said is acceptable."""
    return case.verdict if case.is_right else case.said


def class_scores(confusion: Confusion) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of every verdict that is true of some run, in the contract's order."""
    scores = []
    for verdict in Verdict:
        n = sum(count for (true, _), count in confusion.items() if true is verdict)
        if not n:
            continue
        counted = sum(count for (_, said), count in confusion.items() if said is verdict)
        hits = confusion.get((verdict, verdict), 0)
        precision = hits / counted if counted else float("nan")
        scores.append(ClassScore(verdict, n, precision, hits / n, 2 * hits / (n + counted)))
    return tuple(scores)


def macro_f1(classes: Sequence[ClassScore]) -> float:
    """Return the plain mean of the F1 of every verdict that occurs in the truth; NaN without any.

    Verdicts that were only given, such as ``inconclusive``, have no F1: a run that was given one is
    missing from its true verdict's recall.
    """
    return float(np.mean([score.f1 for score in classes])) if classes else float("nan")


def is_sound(case: Case) -> bool:
    """Return whether no fault had been injected."""
    return case.fault == NO_CAUSE


def kind_of(case: Case) -> str:
    """Return the kind under which an alarm on a run that learned is counted."""
    if case.verdict is Verdict.ESCAPED:
        return "escaped"
    return case.kind if is_sound(case) else HARMLESS_FAULT


def _alarms(cases: Sequence[Case]) -> tuple[AlarmScore, ...]:
    learned = [case for case in cases if case.learned]
    kinds = sorted({kind_of(case) for case in learned}, key=lambda kind: (kind == HARMLESS_FAULT, kind))
    return tuple(_alarm_score(kind, [case for case in learned if kind_of(case) == kind]) for kind in kinds)


def _alarm_score(kind: str, cases: Sequence[Case]) -> AlarmScore:
    return AlarmScore(
        kind,
        wrong=share(cases, lambda case: case.is_flagged and not case.is_right),
        any_alarm=share(cases, lambda case: case.is_flagged),
    )


def _stall_scores(cases: Sequence[Case]) -> StallScores:
    return StallScores(
        flagged=share(cases, lambda case: case.is_flagged),
        found=share(cases, lambda case: case.is_flagged and case.is_right),
        named=share(cases, lambda case: case.said is Verdict.STALLED),
    )
